"""proof-format.md: every byte of a proof, and test vectors."""

# ruff: noqa: E501  (a line of a test vector)

import json
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from markdown import code

from orderledger.audit.proof.proving import as_json
from orderledger.audit.proof.verifier import ED25519, key_id, leaf_bytes, leaf_hash
from orderledger.infrastructure.clock import SteppingClock
from orderledger.infrastructure.messages.registry import Acknowledged, Fill, Request
from orderledger.ledger import Ledger

INTRODUCTION = """# Proof format

A verifier needs this page, RFC 6962 and the C2SP page [signed-note](https://c2sp.org/signed-note). `orderledger/audit/proof/verifier.py` is one, in
one file. All text is UTF-8, all numbers are big-endian, base64 is the standard alphabet with padding.

## Key

A public key is one line, `NAME+ID+KEY`. `KEY` is base64 of the byte 1 (Ed25519) and the 32 bytes of the key. `ID` is the first 4 bytes of
SHA-256 of `NAME`, a line feed (0x0A), the byte 1 and the 32 bytes, in hexadecimal. The key of a witness has the byte 4 instead of 1.

## Checkpoint

A checkpoint is a signed note. Its text has three lines, each with a line feed at its end: the name of the log, the number of its events in
decimal, and the root in base64. An empty line follows, then one line per signature: an em dash (U+2014), a space, the name of the key, a space, and
base64 of the 4 bytes of the key id and the 64 bytes of the signature. The text with its last line feed is signed, without the empty line.

A witness signs `cosignature/v1`, a line feed, `time`, a space, seconds since 1970 in decimal, a line feed, and the text. His signature line has the
key id, the seconds in 8 bytes, and the 64 bytes.

## Leaf

The canonical bytes of an event:

| bytes | content |
|---|---|
| 8 | log position |
| 8 | version: number of the event in its stream |
| 4 | length of the stream in bytes |
| 4 | length of the name in bytes |
| | stream |
| | stored name of the event |
| | the stored event: a JSON object that begins with `recorded_at` |

The hash of a leaf is SHA-256 of the byte 0 and these bytes; the hash of an inner node is SHA-256 of the byte 1 and both its children (RFC 6962,
section 2.1).

## Proof

One JSON object with exactly these fields:

| field | meaning |
|---|---|
| `format` | `orderledger-proof-v1` |
| `checkpoint` | The signed note |
| `events` | The events, in the order of the log |

Each event:

| field | meaning |
|---|---|
| `index` | Number of the leaf, from 0 |
| `position`, `stream`, `version`, `name` | As in the leaf |
| `event` | The stored event as text |
| `path` | Hashes in base64, from the leaf to the root (RFC 6962, section 2.1.1) |
| `salt` | Only if evidence or text is shown: the salt, in base64 |
| `evidence`, `text` | If shown: SHA-256 of the salt and the bytes of this text is `evidence_hash` or `text_hash` of the event, in base64 |

A verifier refuses unknown and repeated fields. It checks the signature, that the name of the log is the name of the key, and for each event
that leaf and path give the root. Indexes and positions must grow. To verify by hand: begin with the hash of the leaf. From the number of leaves `n` and
the index `m`, find the largest power of two `k` below `n`. If `m` is below `k`, the last hash of the path is the right child, otherwise the
left one; go on with the other half.

A bundle is a zip file with `proof.json`, which is such a proof, and `bundle.json`: `format` (`orderledger-bundle-v1`), `account`, `from`, `to`, `is_redacted`
and `schema`.

## Test vectors

The private key is made of 32 bytes 0, 1, 2, … 31. The log has four events of two orders.
"""


def proof_format() -> str:
    seed = bytes(range(32))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "log.key"
        public = _write_key(path, seed)
        proof = _proof(path)
    document = json.loads(proof)
    event = document["events"][0]
    leaf = leaf_bytes(
        event["position"], event["stream"], event["version"], event["name"], event["event"].encode()
    )
    parts = [INTRODUCTION, "The public key:\n", code("text", public)]
    parts += ["The checkpoint:\n", code("text", document["checkpoint"])]
    parts += [
        "The canonical bytes of the first event of the proof, in hexadecimal, and the hash of its leaf:\n"
    ]
    parts += [
        code("text", f"{leaf.hex()}\n{leaf_hash(leaf).hex()}"),
        "The proof:\n",
        code("json", proof),
    ]
    parts += [
        "SHA-256 of the proof, which ends with a line feed:\n",
        code("text", sha256(proof.encode()).hexdigest()),
    ]
    return "\n".join(parts)


def _write_key(path: Path, seed: bytes) -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    data = (
        bytes([ED25519])
        + Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    )
    name = "vectors.example/orders"
    identity = key_id(name, data).hex()
    path.touch(0o600)
    path.write_text(
        f"PRIVATE+KEY+{name}+{identity}+{b64encode(bytes([ED25519]) + seed).decode()}\n"
    )
    return f"{name}+{identity}+{b64encode(data).decode()}"


def _proof(key: Path) -> str:
    at = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    terms = {
        "account": "sim:main",
        "instrument": "BTC-USD",
        "side": "buy",
        "quantity": "2",
        "order_type": "limit",
        "limit_price": "100",
        "at": at,
    }
    messages = [
        Request(client_order_id="C-1", text="first of the day", **terms),
        Request(client_order_id="C-2", **terms),
        Acknowledged(
            account="sim:main",
            client_order_id="C-1",
            venue_order_id="V-1",
            at=at,
            evidence={"id": "V-1"},
        ),
        Fill(
            account="sim:main",
            client_order_id="C-1",
            fill_id="F-1",
            quantity="2",
            price="99.50",
            at=at,
        ),
    ]
    clock, salts = SteppingClock(at), Random(1).randbytes
    with Ledger.open("memory://", clock=clock, update_views=False, random_bytes=salts) as ledger:
        ledger.record_many(messages)
        ledger.proof.checkpoint(key)
        return as_json(ledger.proof.prove("C-1", shows_evidence=True))
