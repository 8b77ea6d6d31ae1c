"""Rebuilds that meet another one: they take turns, and where a lock is lost the views stay as they
are."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from orderledger import Ledger, StoreError
from orderledger.infrastructure.storage.postgres.tables import REBUILDING_LOCK
from orderledger.infrastructure.views import rebuild
from orderledger.infrastructure.views.rebuild import Rebuilt
from tests.core.contract.sql import run_sql
from tests.core.contract.streams import lives, parsed, story

CUT = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND objid = "
    f"{REBUILDING_LOCK & 0xFFFFFFFF}"
)
"""The connection that holds the lock of a rebuild."""


@pytest.mark.slow
def test_a_rebuild_that_has_lost_its_lock_does_not_touch_what_the_next_one_builds(
    postgres_schema_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild, "BATCH_FAR_BEHIND", 100)
    has_begun, may_go_on = threading.Event(), threading.Event()

    def wait(done: int, total: int) -> None:
        has_begun.set()
        assert may_go_on.wait(60)

    with (
        Ledger.open(postgres_schema_url, update_views=False) as ledger,
        Ledger.open(postgres_schema_url, update_views=False) as other,
    ):
        ledger.record_many(parsed(*lives(100)))
        ledger.views.catch_up()
        with ThreadPoolExecutor(1) as pool:
            next_ones: list[Future[Rebuilt]] = []

            def lose(done: int, total: int) -> None:
                if not next_ones:
                    run_sql(postgres_schema_url, CUT)
                    next_ones.append(pool.submit(other.views.rebuild, progress=wait))
                    assert has_begun.wait(60)

            with pytest.raises(StoreError, match="__rebuilt_[0-9a-f]{8}. does not exist"):
                ledger.views.rebuild(progress=lose)
            assert ledger.views.check().differences == ()
            may_go_on.set()
            assert next_ones[0].result().is_equal
        assert ledger.views.check().differences == ()


def test_a_rebuild_counts_whose_lock_went_with_its_connection(postgres_schema_url: str) -> None:
    with Ledger.open(postgres_schema_url, update_views=False) as ledger:
        ledger.record_many(parsed(*story()))
        assert ledger.views.rebuild(
            progress=lambda done, total: run_sql(postgres_schema_url, CUT)
        ).is_equal


@pytest.mark.slow
def test_rebuilds_by_a_file_and_by_a_link_to_it_take_turns(tmp_path: Path) -> None:
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "link.db").symlink_to(tmp_path / "orders.db")
    has_begun = threading.Event()
    with (
        Ledger.open(str(tmp_path / "orders.db"), update_views=False) as ledger,
        Ledger.open(str(tmp_path / "links" / "link.db"), update_views=False) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        ledger.record_many(parsed(*story()))
        ledger.views.catch_up()
        others: list[Future[Rebuilt]] = []

        def begin_another(done: int, total: int) -> None:
            others.append(
                pool.submit(other.views.rebuild, progress=lambda done, total: has_begun.set())
            )
            assert not has_begun.wait(1)

        assert ledger.views.rebuild(progress=begin_another).is_equal
        assert others[0].result().is_equal
    assert [path.name for path in (tmp_path / "links").iterdir()] == ["link.db"]
