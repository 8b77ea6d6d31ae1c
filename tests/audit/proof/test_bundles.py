"""A bundle is one file that proves itself and answers as the ledger does."""

import zipfile
from contextlib import suppress
from datetime import timedelta
from operator import attrgetter
from pathlib import Path
from random import Random

import pytest

from orderledger import Ledger, StoreError, StoreUnreachable
from orderledger.audit import NotProved
from orderledger.audit.proof.verifier import ProofError, read_proof, verify_proof
from tests.audit.proof import auditor
from tests.audit.proof.orders import SECRET, with_evidence
from tests.audit.proof.test_evidence import with_evidence_inside
from tests.core.contract.streams import START, every_view, lives, opened, parsed, request, story


@pytest.mark.slow
def test_a_bundle_of_a_whole_account_answers_as_the_ledger_does(
    durable_store_url: str, key: Path, public: str, tmp_path: Path
) -> None:
    path = tmp_path / "all.zip"
    with opened(durable_store_url) as ledger:
        ledger.record_many(parsed(*story()))
        accounts = sorted({row["account"] for row in ledger.orders()})
        ledger.record_many(parsed(*lives(2, "another")))
        ledger.proof.checkpoint(key)
        for account in accounts:
            count = ledger.proof.bundle(path, account=account)
            with Ledger.open(path, update_views=False) as opened_bundle:
                asked = {"account": account}
                for name in (
                    "orders",
                    "trades",
                    "positions",
                    "pnl",
                    "anomalies",
                    "proposals",
                    "log.account_events",
                    "instruments",
                ):
                    expected, found = (
                        attrgetter(name)(ledger)(**asked),
                        attrgetter(name)(opened_bundle)(**asked),
                    )
                    assert list(found) == list(expected), name
                assert list(opened_bundle.events()) == list(ledger.events(account=account))
                assert opened_bundle.views.check().differences == ()
            assert len(verify_proof(read_proof(str(path)), public)[1]) == count
            assert auditor.holds(read_proof(str(path)).decode(), public)


def test_a_bundle_cannot_be_recorded_in_and_leaves_nothing_behind(
    key: Path, tmp_path: Path
) -> None:
    path = tmp_path / "b.zip"
    with opened("memory://") as ledger:
        ledger.record_many(parsed(*with_evidence(2)))
        ledger.proof.checkpoint(key)
        ledger.proof.bundle(path, account="sim:main")
    before = path.read_bytes()
    bundle = Ledger.open(path)
    folder = Path(str(bundle.internals.store.url)).parent
    with bundle:
        with pytest.raises(StoreUnreachable, match="is a bundle, and read-only"):
            bundle.record(parsed(request("C-9"))[0])
        assert folder.exists() and len(bundle.orders()) == 2
    assert not folder.exists() and path.read_bytes() == before


def test_a_redacted_bundle_has_no_evidence_and_its_proof_holds(
    key: Path, public: str, tmp_path: Path
) -> None:
    with opened("memory://") as ledger:
        ledger.record_many(parsed(*with_evidence(6)))
        ledger.proof.checkpoint(key)
        for is_redacted in (False, True):
            path = tmp_path / f"{is_redacted}.zip"
            ledger.proof.bundle(path, account="sim:main", is_redacted=is_redacted)
            verify_proof(read_proof(str(path)), public)
            assert (SECRET.encode() in read_proof(str(path))) != is_redacted
            with Ledger.open(path, update_views=False) as bundle:
                assert [row["evidence"] for row in bundle.history("C-1")] == (
                    [None] * 4
                    if is_redacted
                    else [row["evidence"] for row in ledger.history("C-1")]
                )
                assert list(bundle.orders()) == list(ledger.orders())
        again = tmp_path / "again.zip"
        ledger.proof.bundle(again, account="sim:main", is_redacted=True)
        assert again.read_bytes() == path.read_bytes(), "the same bundle has the same bytes"


def test_a_period_chooses_whole_orders(key: Path, tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    with opened("memory://") as ledger:
        ledger.record_many(parsed(*with_evidence(6)))  # ten seconds apart
        ledger.proof.checkpoint(key)
        ledger.proof.bundle(
            path,
            account="sim:main",
            since=START + timedelta(seconds=12),
            until=START + timedelta(seconds=30),
        )
        with Ledger.open(path, update_views=False) as bundle:
            assert [row["client_order_id"] for row in bundle.orders()] == ["C-1", "C-2"]
            assert list(bundle.history("C-1")) == list(ledger.history("C-1"))
        with pytest.raises(NotProved, match="no event of nobody"):
            ledger.proof.bundle(path, account="nobody")


def test_evidence_inside_older_events_cannot_be_redacted(
    durable_store_url: str, key: Path, tmp_path: Path
) -> None:
    with opened(durable_store_url) as ledger:
        with_evidence_inside(ledger, with_evidence(1))
        ledger.proof.checkpoint(key)
        with pytest.raises(NotProved, match="cannot be left out"):
            ledger.proof.bundle(tmp_path / "b.zip", account="sim:main", is_redacted=True)
        assert not (tmp_path / "b.zip").exists()


def test_a_damaged_bundle_is_refused(key: Path, public: str, tmp_path: Path) -> None:
    path, chance = tmp_path / "b.zip", Random(3)
    with opened("memory://") as ledger:
        ledger.record_many(parsed(*with_evidence(3)))
        ledger.proof.checkpoint(key)
        ledger.proof.bundle(path, account="sim:main")
    data = path.read_bytes()
    expected = verify_proof(read_proof(str(path)), public)
    for _ in range(60):
        at = chance.randrange(4, len(data))
        path.write_bytes(data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :])
        with suppress(ProofError):
            assert verify_proof(read_proof(str(path)), public) == expected
        with suppress(StoreError):
            Ledger.open(path, update_views=False).close()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("something", "else")
    with pytest.raises(StoreUnreachable, match="not a bundle"):
        Ledger.open(path)


def test_every_view_of_a_bundle_can_be_asked(key: Path, tmp_path: Path) -> None:
    with opened("memory://") as ledger:
        ledger.record_many(parsed(*with_evidence(1)))
        ledger.proof.checkpoint(key)
        ledger.proof.bundle(tmp_path / "b.zip", account="sim:main")
        with Ledger.open(tmp_path / "b.zip", update_views=False) as bundle:
            assert every_view(bundle) == every_view(ledger)
