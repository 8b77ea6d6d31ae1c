"""The thread that updates the views rests while told to, and goes on afterwards."""

import time
from collections.abc import Callable
from pathlib import Path

from orderledger import Ledger
from orderledger.infrastructure import secrecy
from orderledger.infrastructure.storage import urls
from tests.core.contract.streams import parsed, request


def until(condition: Callable[[], bool], seconds: float = 30) -> bool:
    ends_at = time.monotonic() + seconds
    while not condition() and time.monotonic() < ends_at:
        time.sleep(0.01)
    return condition()


def test_after_a_pause_the_views_follow_the_log_again(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "orders.db") as ledger:
        follower = ledger._follower

        def is_caught_up() -> bool:
            status = ledger.status()
            return bool(status["position"] == status["views_position"])

        ledger.record_many(parsed(request("C-1", 1)))
        assert until(is_caught_up)
        with follower.resting(), follower.pausing():
            ledger.record_many(parsed(request("C-2", 2)))
            time.sleep(0.2)
            assert not is_caught_up()
        assert until(is_caught_up)
        ledger.record_many(parsed(request("C-3", 3)))
        assert until(is_caught_up)


def test_the_password_of_a_postgres_url_is_never_shown() -> None:
    assert urls._server_of("postgresql://anna:very%2Fsecret@db.example/orders") is not None
    assert "very/secret" not in secrecy.masked("FATAL: password very/secret was refused")


def test_a_zip_file_is_a_bundle_and_nothing_else_is(tmp_path: Path) -> None:
    for content, is_one in ((b"PK\x03\x04rest", True), (b"PK\x03", False), (b"SQLite", False)):
        path = tmp_path / "file"
        path.write_bytes(content)
        assert urls.is_bundle(str(path)) == is_one
    assert not urls.is_bundle(str(tmp_path / "missing")) and not urls.is_bundle(None)
