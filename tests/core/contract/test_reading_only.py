"""Who may only read a PostgreSQL database is answered as everybody is, whether the views are up to
date or not."""

from collections.abc import Callable
from urllib.parse import quote

import pytest

from orderledger import Ledger, StoreUnreachable
from tests.core.contract.streams import fill, parsed, request, story

ANSWERS: dict[str, Callable[[Ledger], object]] = {
    "orders": lambda ledger: ledger.orders(),
    "order": lambda ledger: ledger.order("C-1", account="sim:main"),
    "history": lambda ledger: ledger.history("C-1", account="sim:main"),
    "trades": lambda ledger: ledger.trades(include_busted=True),
    "positions": lambda ledger: ledger.positions(),
    "pnl": lambda ledger: ledger.pnl(by="strategy,day"),
    "anomalies": lambda ledger: ledger.anomalies(),
    "recover": lambda ledger: ledger.recover().open,
}


@pytest.mark.slow
@pytest.mark.parametrize("is_behind", [False, True])
@pytest.mark.parametrize("setting", ["role=pg_read_all_data", "default_transaction_read_only=on"])
def test_who_may_only_read_is_answered(
    postgres_schema_url: str, setting: str, is_behind: bool
) -> None:
    theirs = postgres_schema_url.replace("options=", f"options={quote(f'-c {setting} ')}")
    with Ledger.open(postgres_schema_url, update_views=False) as ours:
        ours.record_many(parsed(*story(), request("C-1"), fill("C-1", "F-1", 1)))
        ours.views.catch_up()
        if is_behind:
            ours.record_many(parsed(request("late"), fill("late", "F-2", 2)))
        with Ledger.open(theirs, update_views=False) as ledger:
            answers = {name: ask(ledger) for name, ask in ANSWERS.items()}
            events = len(list(ledger.events()))
            checked = ledger.views.check()
            assert (checked.events, checked.differences) == (events, ())
            assert (ledger.recover().events_read > 0) == is_behind
            assert (ledger.status()["views_behind"] > 0) == is_behind
            with pytest.raises(StoreUnreachable, match="permission denied|read-only transaction"):
                ledger.record_many(parsed(request("N-1")))
        assert answers == {name: ask(ours) for name, ask in ANSWERS.items()}
        assert events == len(list(ours.events()))
