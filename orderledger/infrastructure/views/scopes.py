"""Whether a halt, or its end, is about something that the ledger knows: a mistyped account would be
halted in vain."""

from collections.abc import Iterable
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

from orderledger.domain.accounts import EVERY_ACCOUNT
from orderledger.domain.stream_names import quoted
from orderledger.infrastructure.errors import UnknownScope
from orderledger.infrastructure.storage.store import Store, reaching
from orderledger.infrastructure.storage.table_names import EVENTS_TABLE
from orderledger.infrastructure.views.queries import Queries

WITH_INSTRUMENTS = ("orders", "trades", "instruments", "account_events", "proposals")
"""The views that name instruments."""


def check_scope(ledger: Queries, store: Store, message: Any) -> None:
    """Raise UnknownScope if the account or the instrument of a `halt` or `resume_trading` is in no
    event but halts. The scope of a halt that holds is known."""
    account: str = message.account
    instrument: str | None = message.instrument
    active = ledger.halts(active_only=True, account=account)
    if message.type == "resume_trading" and (instrument, message.strategy) in [
        (row["instrument"], row["strategy"]) for row in active
    ]:
        return
    if account != EVERY_ACCOUNT and not _has_events(store, account):
        raise _unknown("account", account, _accounts(ledger))
    within = None if account == EVERY_ACCOUNT else account
    if instrument is not None and not _has_instrument(ledger, within, instrument):
        raise _unknown("instrument", instrument, _instruments(ledger, within))


def _has_events(store: Store, account: str) -> bool:
    """True if any event but halts is about the account. From the log: this works while the views
    are rebuilt."""
    head = quoted(account)
    with reaching("the store"), store.database.reading() as session:
        stream = session.exact("originator_id")
        between = f"({stream} >= ? AND {stream} < ?)"
        halts = (f"{head}#halt/", f"{head}#halt0")
        statement = (
            f"SELECT 1 FROM {EVENTS_TABLE} WHERE ({between} OR {between}) AND NOT {between} LIMIT 1"
        )
        return bool(
            session.execute(statement, (f"{head}/", f"{head}0", f"{head}#", f"{head}$", *halts))
        )


def _has_instrument(ledger: Queries, account: str | None, instrument: str) -> bool:
    where: dict[str, Any] = {
        "instrument": instrument,
        **({} if account is None else {"account": account}),
    }
    page = ledger.views.page
    return any(page(view, limit=1, columns=("account",), **where).rows for view in WITH_INSTRUMENTS)


def _accounts(ledger: Queries) -> set[str]:
    counted = ledger.views.account_counts(datetime.now(UTC))
    return {
        row["account"]
        for row in (
            *counted,
            *ledger.positions(),
            *ledger.instruments(),
            *ledger.reconciliations.last_certificates(),
        )
    }


def _instruments(ledger: Queries, account: str | None) -> set[str]:
    rows = (*ledger.positions(), *ledger.instruments(), *ledger.open_orders())
    return {
        row["instrument"]
        for row in rows
        if row["instrument"] is not None and account in (None, row["account"])
    }


def _unknown(field: str, name: str, known: Iterable[str]) -> UnknownScope:
    names = sorted(known)
    return UnknownScope(field, name, get_close_matches(name, names), names)
