"""A verifier of proofs, written from RFC 6962 and the C2SP pages signed-note and tlog-checkpoint
alone.

It imports nothing of the package. It is slow and plain: roots are computed by the recursive
definitions of the RFC.
"""

import base64
import hashlib
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def leaf_data(event: dict[str, Any]) -> bytes:
    """The canonical bytes, as the page on the proof format defines them."""
    stream, name = event["stream"].encode(), event["name"].encode()
    numbers = event["position"].to_bytes(8, "big") + event["version"].to_bytes(8, "big")
    lengths = len(stream).to_bytes(4, "big") + len(name).to_bytes(4, "big")
    return bytes(numbers + lengths + stream + name + event["event"].encode())


def tree_hash(entries: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1."""
    if not entries:
        return hashlib.sha256().digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    k = largest_power_of_two_below(len(entries))
    return hashlib.sha256(b"\x01" + tree_hash(entries[:k]) + tree_hash(entries[k:])).digest()


def audit_path(m: int, entries: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962, section 2.1.1."""
    if len(entries) == 1:
        return []
    k = largest_power_of_two_below(len(entries))
    if m < k:
        return [*audit_path(m, entries[:k]), tree_hash(entries[k:])]
    return [*audit_path(m - k, entries[k:]), tree_hash(entries[:k])]


def consistency_proof(m: int, entries: list[bytes]) -> list[bytes]:
    """PROOF of RFC 6962, section 2.1.2."""
    return sub_proof(m, entries, is_complete=True) if 0 < m < len(entries) else []


def sub_proof(m: int, entries: list[bytes], *, is_complete: bool) -> list[bytes]:
    if m == len(entries):
        return [] if is_complete else [tree_hash(entries)]
    k = largest_power_of_two_below(len(entries))
    if m <= k:
        return [*sub_proof(m, entries[:k], is_complete=is_complete), tree_hash(entries[k:])]
    return [*sub_proof(m - k, entries[k:], is_complete=False), tree_hash(entries[:k])]


def root_from_path(m: int, n: int, leaf: bytes, path: list[bytes]) -> bytes:
    """The root of a tree of n leaves, from leaf m and its path: PATH read backwards."""
    if n == 1:
        assert path == []
        return leaf
    k = largest_power_of_two_below(n)
    *inner, sibling = path
    if m < k:
        return hashlib.sha256(b"\x01" + root_from_path(m, k, leaf, inner) + sibling).digest()
    return hashlib.sha256(b"\x01" + sibling + root_from_path(m - k, n - k, leaf, inner)).digest()


def largest_power_of_two_below(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def checked_note(note: str, key: str) -> tuple[str, int, bytes]:
    """Origin, size and root of a checkpoint that this key signed."""
    name, identity, encoded = key.strip().split("+", 2)
    algorithm_and_key = base64.b64decode(encoded)
    assert algorithm_and_key[:1] == b"\x01"
    key_hash = hashlib.sha256(name.encode() + b"\x0a" + algorithm_and_key).digest()[:4]
    assert key_hash.hex() == identity
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    lines = [line for line in signatures.split("\n") if line.startswith(f"— {name} ")]
    assert lines, "not signed"
    for line in lines:
        signature = base64.b64decode(line.split(" ")[2])
        assert signature[:4] == key_hash
        Ed25519PublicKey.from_public_bytes(algorithm_and_key[1:]).verify(
            signature[4:], text.encode()
        )
    origin, size, root, *_ = text.split("\n")
    return origin, int(size), base64.b64decode(root)


def holds(proof: str, key: str) -> bool:
    """Check a whole proof."""
    document = json.loads(proof)
    try:
        _, size, root = checked_note(document["checkpoint"], key)
        for event in document["events"]:
            leaf = hashlib.sha256(b"\x00" + leaf_data(event)).digest()
            path = [base64.b64decode(node) for node in event["path"]]
            if (
                not 0 <= event["index"] < size
                or root_from_path(event["index"], size, leaf, path) != root
            ):
                return False
            shown = json.loads(event["event"])
            for field in ("evidence", "text"):
                if field in event:
                    digest = hashlib.sha256(
                        base64.b64decode(event["salt"]) + event[field].encode()
                    ).digest()
                    if base64.b64decode(shown[f"{field}_hash"]) != digest:
                        return False
    except (InvalidSignature, AssertionError, ValueError, KeyError):
        return False
    return True
