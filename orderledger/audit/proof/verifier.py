"""Verifies a proof without the store. Needs only Python and `cryptography`; nothing else of this
package.

    python verifier.py proof.json key.pub

A proof is a JSON object: `format`, `checkpoint` (a C2SP signed note) and `events`. Each event has
its place in the log and the hashes on the way to the root of the Merkle tree (RFC 6962).
`docs/reference/proof-format.md` describes every byte.
"""

import hashlib
import json
import struct
import sys
import zipfile
import zlib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

FORMAT = "orderledger-proof-v1"
ED25519, COSIGNATURE = 1, 4
"""Types of signatures in signed notes."""

DASH = "\N{EM DASH} "
EVENT_FIELDS = {"index", "position", "stream", "version", "name", "event", "path"}
SHOWN_FIELDS = {"salt", "evidence", "text"}
PLACE = struct.Struct(">QQII")
LARGEST = 2**63


class ProofError(ValueError):
    """The proof does not hold, or the document is not a proof. The text states why."""


class Checkpoint(NamedTuple):
    """A signed statement: the log named `origin` has `size` events, and their Merkle tree has this
    root."""

    origin: str
    size: int
    root: bytes
    body: str
    signatures: tuple[tuple[str, bytes], ...]
    """Name of the key, and key id followed by the signature."""


class Key(NamedTuple):
    """A public key with its name and its type."""

    name: str
    id: bytes
    type: int
    public: bytes


# Hashes


def leaf_bytes(position: int, stream: str, version: int, name: str, event: bytes) -> bytes:
    """The canonical bytes of an event: position and version in 8 bytes, the lengths of stream and
    name in 4, big-endian; then the stream and the name in UTF-8, and the stored event, which begins
    with its time of recording."""
    stream_bytes, name_bytes = stream.encode(), name.encode()
    return (
        PLACE.pack(position, version, len(stream_bytes), len(name_bytes))
        + stream_bytes
        + name_bytes
        + event
    )


def leaf_hash(data: bytes) -> bytes:
    """RFC 6962, section 2.1: the hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 6962, section 2.1: the hash of an interior node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of_path(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes:
    """The root that a leaf and its path give (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        raise ProofError(f"index {index} is not in a log of {size} events")
    node, last, found = index, size - 1, leaf
    for other in path:
        if last == 0:
            raise ProofError("the path is too long")
        if node & 1 or node == last:
            found = node_hash(other, found)
            while not node & 1 and node != 0:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, other)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofError("the path is too short")
    return found


def check_consistency(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> None:
    """Raise ProofError unless the log of the old root is the beginning of the log of the new one
    (RFC 9162, section 2.1.4.2)."""
    if old_size > new_size:
        raise ProofError(f"the later checkpoint has {new_size} events, the earlier one {old_size}")
    if old_size in (0, new_size):
        if path or (old_size == new_size and old_root != new_root):
            raise ProofError(
                "two checkpoints of one size have different roots"
                if not path
                else "the path is too long"
            )
        return
    node, last, hashes = old_size - 1, new_size - 1, list(path)
    while node & 1:
        node, last = node >> 1, last >> 1
    if old_size & (old_size - 1) == 0:
        hashes.insert(0, old_root)
    if not hashes:
        raise ProofError("the path is too short")
    first = second = hashes[0]
    for other in hashes[1:]:
        if last == 0:
            raise ProofError("the path is too long")
        if node & 1 or node == last:
            first, second = node_hash(other, first), node_hash(other, second)
            while not node & 1 and node != 0:
                node, last = node >> 1, last >> 1
        else:
            second = node_hash(second, other)
        node, last = node >> 1, last >> 1
    if last != 0 or first != old_root or second != new_root:
        raise ProofError("the earlier checkpoint is not the beginning of the later one")


# Signed notes


def parse_key(text: str) -> Key:
    """A public key as C2SP signed notes have it: name, key id and key, joined by +."""
    name, _, rest = text.strip().partition("+")
    given_id, _, encoded = rest.partition("+")
    data = _from_base64(encoded, "the key")
    if (
        not name
        or any(c.isspace() for c in name)
        or len(data) != 33
        or data[0] not in (ED25519, COSIGNATURE)
    ):
        raise ProofError("this is not a public Ed25519 key of the form NAME+ID+KEY")
    if key_id(name, data).hex() != given_id:
        raise ProofError("the id of the public key does not fit the key")
    return Key(name, key_id(name, data), data[0], data[1:])


def key_id(name: str, data: bytes) -> bytes:
    """The first four bytes of SHA-256 of the name, a line feed, the type of signature, and the
    public key."""
    return hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]


def parse_checkpoint(note: str) -> Checkpoint:
    """Parse a checkpoint. Its signatures are not verified yet."""
    body, blank, signed = note.rpartition("\n\n")
    lines = body.split("\n")
    if not blank or len(lines) < 3 or not signed.endswith("\n") or "" in lines or "\r" in note:
        raise ProofError("this is not a signed checkpoint")
    origin, size, root = lines[:3]
    if not size.isascii() or not size.isdecimal() or size != str(int(size)) or int(size) >= LARGEST:
        raise ProofError("the checkpoint has no size")
    digest = _from_base64(root, "the root of the checkpoint")
    if len(digest) != 32:
        raise ProofError("the root of the checkpoint is not a SHA-256 hash")
    return Checkpoint(
        origin, int(size), digest, body + "\n", tuple(map(_signature, signed[:-1].split("\n")))
    )


def _signature(line: str) -> tuple[str, bytes]:
    name, _, encoded = line.removeprefix(DASH).partition(" ")
    data = _from_base64(encoded, "a signature")
    if not line.startswith(DASH) or not name or len(data) < 5:
        raise ProofError("a signature of the checkpoint cannot be read")
    return name, data


def check_signature(checkpoint: Checkpoint, key: Key) -> None:
    """Raise ProofError unless the checkpoint has a valid signature of this key. Signatures of other
    keys are ignored."""
    found = [
        data[4:] for name, data in checkpoint.signatures if name == key.name and data[:4] == key.id
    ]
    if not found:
        raise ProofError(f"the checkpoint is not signed by {key.name}+{key.id.hex()}")
    for signature in found:
        signed = checkpoint.body.encode()
        if key.type == COSIGNATURE:
            if len(signature) != 72:
                raise ProofError(f"the cosignature of {key.name} cannot be read")
            seconds = int.from_bytes(signature[:8], "big")
            signed, signature = f"cosignature/v1\ntime {seconds}\n".encode() + signed, signature[8:]
        if not _is_signed(key.public, signature, signed):
            raise ProofError(f"the signature of {key.name} is not valid")


def _is_signed(public: bytes, signature: bytes, signed: bytes) -> bool:
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        raise ProofError(
            "cryptography is not installed: pip install 'orderledger[proof]'"
        ) from None
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True


# Proofs


def verify_proof(
    proof: str | bytes, key: str, witnesses: Sequence[str] = ()
) -> tuple[Checkpoint, list[dict[str, Any]]]:
    """Verify a proof: the signatures of its checkpoint, and that each event is in the log of that
    checkpoint.

    `key` and `witnesses` are public keys. Returns the checkpoint and the events. Raises ProofError.
    """
    checkpoint, document = verify_inclusion(proof)
    for each in (key, *witnesses):
        check_signature(checkpoint, parse_key(each))
    if checkpoint.origin != parse_key(key).name:
        raise ProofError(
            f"the checkpoint is of the log {checkpoint.origin}, and the key is of "
            f"{parse_key(key).name}"
        )
    return checkpoint, document["events"]


def verify_inclusion(proof: str | bytes) -> tuple[Checkpoint, dict[str, Any]]:
    """Verify that each event is in the log of the checkpoint, whoever signed that. Returns the
    checkpoint and the proof."""
    document = _parsed(proof)
    checkpoint = parse_checkpoint(_text(document, "checkpoint"))
    events = document["events"]
    if not isinstance(events, list) or not events:
        raise ProofError("the proof has no events")
    places = [_check_event(event, checkpoint) for event in events]
    if any(later <= earlier for earlier, later in pairwise(places)):
        raise ProofError("the events of the proof are not in the order of the log")
    return checkpoint, document


def _parsed(proof: str | bytes) -> dict[str, Any]:
    try:
        document = json.loads(
            proof, object_pairs_hook=_without_repetition, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        raise (
            error
            if isinstance(error, ProofError)
            else ProofError(f"the proof is not JSON: {error}")
        ) from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ProofError(f"this is not a proof of the format {FORMAT}")
    if document.keys() != {"format", "checkpoint", "events"}:
        raise ProofError("the proof has missing or unknown fields")
    return document


def _check_event(event: Any, checkpoint: Checkpoint) -> tuple[int, int]:
    """Check one event, and return its index and position."""
    if (
        not isinstance(event, dict)
        or not EVENT_FIELDS <= event.keys() <= EVENT_FIELDS | SHOWN_FIELDS
    ):
        raise ProofError("an event of the proof has missing or unknown fields")
    index, position, version = (_number(event, name) for name in ("index", "position", "version"))
    stored = _text(event, "event").encode()
    leaf = leaf_hash(
        leaf_bytes(position, _text(event, "stream"), version, _text(event, "name"), stored)
    )
    path = event["path"]
    if not isinstance(path, list) or len(path) > 64:
        raise ProofError("the path of an event is not a list of hashes")
    hashes = [_hash(other) for other in path]
    if root_of_path(index, checkpoint.size, leaf, hashes) != checkpoint.root:
        raise ProofError(f"the event at position {position} is not in the log of the checkpoint")
    _check_shown(event, stored)
    return index, position


def _check_shown(event: dict[str, Any], stored: bytes) -> None:
    """Check evidence and text that the proof shows: the event holds their hashes."""
    if not SHOWN_FIELDS & event.keys():
        return
    envelope = json.loads(stored)
    salt = _from_base64(_text(event, "salt"), "a salt")
    shown = [name for name in ("evidence", "text") if name in event]
    for name in shown:
        digest = hashlib.sha256(salt + _text(event, name).encode()).digest()
        if envelope.get(f"{name}_hash") != b64encode(digest).decode():
            raise ProofError(
                f"the {name} of the event at position {event['position']} is not what was recorded"
            )
    if not shown:
        raise ProofError("a salt is shown without evidence or text")


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ProofError("the proof has a field twice")
    return dict(pairs)


def _no_constant(name: str) -> None:
    raise ProofError(f"{name} is no JSON")


def _number(event: dict[str, Any], name: str) -> int:
    value = event.get(name)
    if type(value) is not int or not 0 <= value < LARGEST:
        raise ProofError(f"{name} is not a count")
    return value


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        raise ProofError(f"{name} is not text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ProofError(f"{name} is not Unicode text") from None
    return value


def _hash(text: Any) -> bytes:
    data = _from_base64(text, "a hash of a path")
    if len(data) != 32:
        raise ProofError("a hash of a path is not a SHA-256 hash")
    return data


def _from_base64(text: Any, what: str) -> bytes:
    try:
        data = b64decode(text, validate=True)
    except (ValueError, TypeError):
        raise ProofError(f"{what} is no base64") from None
    if b64encode(data).decode() != text:  # unused bits that are set
        raise ProofError(f"{what} is not canonical base64")
    return data


def read_proof(path: str) -> bytes:
    """The proof in a file, which may be a bundle."""
    with open(path, "rb") as file:
        if file.read(2) != b"PK":
            file.seek(0)
            return file.read()
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read("proof.json")
    except (zipfile.BadZipFile, zlib.error, KeyError, NotImplementedError, RuntimeError) as error:
        raise ProofError(f"the bundle is damaged: {error}") from None


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 2:
        print("usage: python verifier.py PROOF KEY", file=sys.stderr)
        return 2
    try:
        with open(arguments[1], encoding="utf-8") as key:
            checkpoint, events = verify_proof(read_proof(arguments[0]), key.read())
    except (ProofError, OSError, UnicodeDecodeError) as error:
        print(f"NOT PROVED: {error}", file=sys.stderr)
        return 1
    print(f"proved: {len(events)} events are in {checkpoint.origin} at {checkpoint.size} events")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
