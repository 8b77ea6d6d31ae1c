"""Completion of ids, accounts and instruments from the ledger, for the shell."""

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import click

MOST = 50
"""So many ids are offered at once."""
Found = Callable[[Any, dict[str, Any], str], list[str]]


def completing(name: str) -> Any:
    """The completion of a parameter of this name. None if the ledger does not know its values."""
    find = FINDS.get(name)
    if find is None:
        return None

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
        db = ctx.params.get("db") or os.environ.get("ORDERLEDGER_DB") or "orderledger.db"
        with suppress(Exception):  # a shell that completes shows no errors
            from orderledger.cli.options import open_ledger

            with open_ledger(db) as ledger:
                return find(ledger, ctx.params, incomplete)
        return []

    return complete


def _ids(ledger: Any, given: dict[str, Any], incomplete: str) -> list[str]:
    page = ledger.views.page(
        "orders",
        search=incomplete or None,
        account=given.get("account"),
        order="newest",
        limit=MOST,
        columns=("client_order_id", "venue_order_id"),
    )
    names = [row[column] for row in page.rows for column in ("client_order_id", "venue_order_id")]
    return [name for name in names if name is not None and name.startswith(incomplete)]


def _accounts(ledger: Any, given: dict[str, Any], incomplete: str) -> list[str]:
    from datetime import UTC, datetime

    known = {
        row["account"] for row in ledger.views.account_counts(datetime.max.replace(tzinfo=UTC))
    }
    return sorted(name for name in known if name.startswith(incomplete))


def _instruments(ledger: Any, given: dict[str, Any], incomplete: str) -> list[str]:
    account = given.get("account")
    rows = [*ledger.instruments(account=account), *ledger.positions(account=account)]
    return sorted({row["instrument"] for row in rows if row["instrument"].startswith(incomplete)})


FINDS: dict[str, Found] = {
    "id": _ids,
    "order": _ids,
    "account": _accounts,
    "instrument": _instruments,
}
