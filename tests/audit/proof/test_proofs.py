"""Proofs hold, also for a verifier that was written from the RFC alone, and spoiled proofs do
not."""

import base64
import json
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from orderledger import Ledger, UnknownOrder
from orderledger.audit import NotProved
from orderledger.audit.proof import keys, verifier
from orderledger.audit.proof.proving import as_json, consistency
from orderledger.audit.proof.verifier import ProofError, verify_proof
from tests.audit.proof import auditor
from tests.audit.proof.orders import with_evidence
from tests.core.contract.streams import lives, opened, parsed

SPOILED = 400


@pytest.fixture(scope="module")
def proof(key: Path) -> str:
    with opened("memory://") as ledger:
        ledger.record_many(parsed(*lives(120), *with_evidence(40, "a/b")))
        ledger.proof.checkpoint(key)
        return as_json(ledger.proof.prove("C-7", account="a/b", shows_evidence=True))


def test_a_proof_of_an_order_holds_for_both_verifiers(
    store_url: str, key: Path, public: str
) -> None:
    with opened(store_url) as ledger:
        ledger.record_many(parsed(*with_evidence(30)))
        made = ledger.proof.checkpoint(key)
        ledger.record_many(parsed(*lives(3, "other")))
        for order in ("C-0", "C-13", "C-29"):
            proof = as_json(ledger.proof.prove(order, account="sim:main", checkpoint=made.note))
            checkpoint, events = verify_proof(proof, public)
            assert auditor.holds(proof, public)
            assert [event["version"] for event in events] == [
                1,
                2,
                3,
                4,
            ] and checkpoint.size == made.size
            assert [event["position"] for event in events] == [
                row["position"] for row in ledger.history(order, account="sim:main")
            ]
        assert verify_proof(as_json(ledger.proof.prove(event=17)), public)[1][0]["position"] == 17


def test_what_cannot_be_proved_says_why(store_url: str, key: Path) -> None:
    with opened(store_url) as ledger:
        ledger.record_many(parsed(*with_evidence(2)))
        with pytest.raises(NotProved, match="no checkpoint"):
            ledger.proof.prove("C-1")
        note = ledger.proof.checkpoint(key).note
        ledger.record_many(parsed(*lives(1, "other")))
        with pytest.raises(NotProved, match="newer than the checkpoint"):
            ledger.proof.prove("C-0", account="other", checkpoint=note)
        with pytest.raises(NotProved, match="no event at position 999"):
            ledger.proof.prove(event=999)
        with pytest.raises(UnknownOrder):
            ledger.proof.prove("X-1")
        with pytest.raises(NotProved, match="not a signed checkpoint"):
            ledger.proof.prove("C-1", checkpoint="nothing")
        with opened("memory://") as another:
            another.record_many(parsed(*with_evidence(2)))
            foreign = another.proof.checkpoint(key).note
        with pytest.raises(NotProved, match="do not fit the checkpoint"):
            ledger.proof.prove("C-1", checkpoint=foreign)


def spoiled(proof: str, chance: Random) -> str:
    """The proof with one random change that changes its meaning."""
    document = json.loads(proof)
    event = chance.choice(document["events"])
    match chance.randrange(9):
        case 0:
            name = chance.choice(["index", "position", "version"])
            event[name] += chance.choice([-1, 1, 256, 1 << 40])
        case 1:
            name = chance.choice(["stream", "name", "event", "evidence", "text", "salt"])
            name = name if event.get(name) else "event"
            at = chance.randrange(len(event[name]))
            event[name] = event[name][:at] + chr(ord(event[name][at]) ^ 1) + event[name][at + 1 :]
        case 2:
            number = chance.randrange(len(event["path"]))
            node = bytearray(base64.b64decode(event["path"][number]))
            node[chance.randrange(32)] ^= 1 << chance.randrange(8)
            event["path"][number] = base64.b64encode(node).decode()
        case 3:
            del event["path"][chance.randrange(len(event["path"]))]
        case 4:
            event["path"].insert(chance.randrange(len(event["path"])), event["path"][0])
        case 5:
            event.pop(chance.choice(list(verifier.EVENT_FIELDS)))
        case 6:
            event[chance.choice(["index", "position", "path", "event"])] = chance.choice(
                [None, True, -1, "1", 1.5, [], {}, [None]]
            )
        case 7:
            document["events"].append(document["events"][0])
        case 8:
            note = document["checkpoint"]
            at = chance.randrange(len(note))
            document["checkpoint"] = note[:at] + chr(ord(note[at]) ^ 1) + note[at + 1 :]
    return json.dumps(document)


@pytest.mark.parametrize("seed", range(4))
def test_a_spoiled_proof_is_refused(proof: str, public: str, seed: int) -> None:
    chance = Random(seed)
    verify_proof(proof, public)
    for _ in range(SPOILED // 4):
        bad = spoiled(proof, chance)
        with pytest.raises(ProofError):
            verify_proof(bad, public)


@pytest.mark.parametrize("seed", range(4))
def test_any_changed_byte_is_refused_or_changes_nothing(proof: str, public: str, seed: int) -> None:
    chance, data = Random(seed), proof.encode()
    for _ in range(SPOILED // 4):
        at = chance.randrange(len(data))
        bad = data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
        try:
            verify_proof(bad, public)
        except ProofError:
            continue
        assert json.loads(bad) == json.loads(data)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "{}",
        "[]",
        "null",
        "NaN",
        '{"format":"orderledger-proof-v1"}',
        "\x00",
        "[" * 100_000,
        '{"format":1,"format":1}',
        '"\ud800"',
    ],
    ids=repr,
)
def test_what_is_no_proof_is_refused(bad: str, public: str) -> None:
    with pytest.raises(ProofError):
        verify_proof(bad, public)


def test_a_checkpoint_of_another_key_or_another_log_is_refused(
    proof: str, key: Path, public: str, tmp_path: Path
) -> None:
    for name in ("desk.example/orders", "another"):
        other = keys.generate(tmp_path / f"{name[:4]}.key", name)
        with pytest.raises(ProofError, match="not signed by"):
            verify_proof(proof, other)
    document = json.loads(proof)
    parsed_note = verifier.parse_checkpoint(document["checkpoint"])
    body = parsed_note.body.replace("desk.example/orders", "another/log")
    document["checkpoint"] = keys.load(key).signed(body)
    with pytest.raises(ProofError, match="of the log another/log"):
        verify_proof(json.dumps(document), public)


def test_a_checkpoint_is_the_beginning_of_a_later_one(store_url: str, key: Path) -> None:
    with opened(store_url) as ledger:
        notes = []
        for number in range(4):
            ledger.record_many(parsed(*lives(10 + number, f"account-{number}")))
            notes.append(ledger.proof.checkpoint(key).note)
        for old in range(4):
            for new in range(old, 4):
                path = [
                    base64.b64decode(node)
                    for node in consistency(ledger.internals.store, notes[old], notes[new])
                ]
                one, two = (
                    verifier.parse_checkpoint(notes[old]),
                    verifier.parse_checkpoint(notes[new]),
                )
                verifier.check_consistency(one.size, two.size, one.root, two.root, path)


def test_the_verifier_is_one_file_that_runs_alone(proof: str, public: str, tmp_path: Path) -> None:
    alone = tmp_path / "verifier.py"
    alone.write_bytes(Path(verifier.__file__).read_bytes())
    (tmp_path / "proof.json").write_text(proof)
    (tmp_path / "key.pub").write_text(public)
    run: Any = lambda: subprocess.run(  # noqa: E731
        [sys.executable, "-I", alone, tmp_path / "proof.json", tmp_path / "key.pub"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run().returncode, run().stdout[:15]) == (0, "proved: 4 event")
    (tmp_path / "proof.json").write_text(proof.replace("C-7", "C-8"))
    assert run().returncode == 1 and "NOT PROVED" in run().stderr


def test_a_witness_who_cosigned_is_accepted_and_one_who_did_not_is_missed(
    proof: str, public: str
) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    data = bytes([verifier.COSIGNATURE]) + private.public_key().public_bytes_raw()
    identity = verifier.key_id("witness.example", data)
    witness = f"witness.example+{identity.hex()}+{base64.b64encode(data).decode()}"
    with pytest.raises(ProofError, match="not signed by witness"):
        verify_proof(proof, public, [witness])
    document = json.loads(proof)
    body = verifier.parse_checkpoint(document["checkpoint"]).body
    signature = private.sign(f"cosignature/v1\ntime 1700000000\n{body}".encode())
    line = base64.b64encode(identity + (1_700_000_000).to_bytes(8, "big") + signature).decode()
    document["checkpoint"] += f"{verifier.DASH}witness.example {line}\n"
    verify_proof(json.dumps(document), public, [witness])
    document["checkpoint"] = document["checkpoint"].replace(
        line, line[:20] + ("A" if line[20] != "A" else "B") + line[21:]
    )
    with pytest.raises(ProofError):
        verify_proof(json.dumps(document), public, [witness])


def test_a_signer_refuses_to_contradict_an_earlier_checkpoint(tmp_path: Path, key: Path) -> None:
    with Ledger.open(tmp_path / "orders.db", update_views=False) as ledger:
        ledger.record_many(parsed(*with_evidence(5)))
        ledger.proof.checkpoint(key)
        with ledger.internals.store.database.writing() as session:
            session.execute("DELETE FROM proof_tiles")
            with session.unguarded_events():
                session.execute("DELETE FROM orderledger_events WHERE notification_id = 20")
        with pytest.raises(NotProved, match="does not continue its checkpoint"):
            ledger.proof.checkpoint(key)
