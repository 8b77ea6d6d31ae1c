"""Proof that events are unaltered: tiles of hashes, signed checkpoints, proofs of inclusion,
forgetting, bundles."""
