"""Where checkpoints go, and what a proof needs beside the ledger."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from orderledger import InvalidSetting
from orderledger.audit import NotProved
from orderledger.audit.proof import checkpoints, keys, verifier
from orderledger.audit.proof.proving import as_json
from orderledger.audit.proof.verifier import verify_proof
from tests.core.contract.streams import lives, moment, opened, parsed, request


def test_a_command_gets_the_note_on_its_standard_input(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    checkpoints.to_command(f"cat > {copy}")("a note\n")
    assert copy.read_text() == "a note\n"
    with pytest.raises(NotProved, match="the command for the checkpoint failed"):
        checkpoints.to_command("cat > /dev/null; exit 3")("a note\n")


def test_the_verifier_is_a_program_with_two_arguments() -> None:
    program = Path(verifier.__file__)
    for arguments in ([], ["one"], ["one", "two", "three"]):
        ended = subprocess.run(
            [sys.executable, program, *arguments], capture_output=True, text=True, check=False
        )
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr == "usage: python verifier.py PROOF KEY\n"
    assert verifier.main(["none", "none"]) == 1


def test_an_order_of_one_event_is_proved(key: Path, public: str) -> None:
    with opened("memory://") as ledger:
        ledger.record_many(parsed(request("C-1")))
        ledger.proof.checkpoint(key)
        (event,) = verify_proof(as_json(ledger.proof.prove("C-1")), public)[1]
    assert event["position"] == 1


def test_a_bundle_names_its_period_and_its_files_can_be_read_by_all(
    key: Path, tmp_path: Path
) -> None:
    path = tmp_path / "b.zip"
    with opened("memory://") as ledger:
        ledger.record_many(parsed(*lives(3)))
        ledger.proof.checkpoint(key)
        since = ledger.orders()[0]["requested_at"]
        ledger.proof.bundle(path, account="sim:main", since=since)
    with zipfile.ZipFile(path) as archive:
        modes = {entry.external_attr >> 16 for entry in archive.infolist()}
        texts = [archive.read(name) for name in archive.namelist() if name.endswith(".json")]
    assert modes == {0o644}
    described = [found for found in map(json.loads, texts) if "format" in found and "from" in found]
    assert [(one["account"], one["to"]) for one in described] == [("sim:main", None)]
    assert described[0]["from"].startswith(moment(0)[:19])


def test_without_its_library_a_key_cannot_be_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name = "cryptography.hazmat.primitives.asymmetric.ed25519"
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InvalidSetting, match=r"pip install 'orderledger\[proof\]'"):
        keys._ed25519()
