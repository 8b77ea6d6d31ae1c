"""The fold of transfers, opening balances and the venue's balances into the rows of `CASH`."""

from datetime import datetime
from decimal import Decimal

from orderledger.domain.accounts import BalanceReported
from orderledger.domain.exact import EXACT, ZERO, plain
from orderledger.projections.account_events import ACCOUNT_EVENTS, AccountEventRow
from orderledger.projections.cash import CASH, CashRow, Openings, openings_of
from orderledger.projections.sides import when
from orderledger.projections.store import Rows

LENDING = ("borrow", "repay")


class KnownOpenings:
    """The opening balances of accounts, each read once."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._known: dict[str, Openings] = {}

    def of(self, account: str) -> Openings:
        if account not in self._known:
            self._known[account] = openings_of(
                self._rows.select(ACCOUNT_EVENTS, account=account, instrument=None, kind="adjust")
            )
        return self._known[account]

    def forget(self, account: str | None = None) -> None:
        """Read those of an account again, or all."""
        if account is None:
            self._known.clear()
        else:
            self._known.pop(account, None)


class CashFold:
    """Keeps the rows of `CASH`, and the states of transfers."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._openings = KnownOpenings(rows)

    def take_transfer(self, row: AccountEventRow) -> None:
        """A new transfer: of those with its id the first counts, by time and then by log
        position."""
        same = [] if row["venue_id"] is None else self._with_id(row)
        counted = min((*same, row), key=when)
        for one in (*same, row):
            state = _state(one, counted)
            if one is row:
                self._put(row, state)
                self._add(row, "", state)
            elif one["state"] != state:
                self._put(one, state)
                self._add(one, one["state"] or "", state)

    def open(self, account: str) -> None:
        """The opening balances of the account have changed: add all of its transfers again."""
        self._openings.forget(account)
        transfers = [
            row
            for row in self._rows.select(
                ACCOUNT_EVENTS, account=account, instrument=None, kind="transfer"
            )
            if row["state"] == "active"
        ]
        known = {row["currency"] for row in self._rows.select(CASH, account=account)}
        for currency in sorted(known | set(self._openings.of(account).own)):
            before = self._row(account, currency)
            opened_at, opening = self._openings.of(account).of(currency)
            opened: CashRow = {
                **before,
                "opened_at": opened_at,
                "opening": opening,
                "transferred": ZERO,
                "owed": ZERO,
            }
            self._rows.put(CASH, opened)
        for row in transfers:
            self._add(row, "", "active")

    def report(self, account: str, event: BalanceReported, at: datetime, position: int) -> None:
        """The venue has reported a balance. The latest counts."""
        row, amount = self._row(account, event.currency or ""), plain(event.amount or ZERO)
        if row["reported_at"] is not None and row["reported_at"] > at:
            return
        known = [] if row["reported"] is None else [plain(row["reported"])]
        known = (row["conflicting"] or known) if row["reported_at"] == at else []
        amounts = sorted({*known, amount})
        reported: CashRow = {
            **row,
            "reported": event.amount if len(amounts) == 1 else None,
            "reported_at": at,
            "reported_position": position,
            "conflicting": amounts if len(amounts) > 1 else None,
        }
        self._rows.put(CASH, reported)

    def forget(self) -> None:
        self._openings.forget()

    def _with_id(self, row: AccountEventRow) -> list[AccountEventRow]:
        found = self._rows.select(
            ACCOUNT_EVENTS, account=row["account"], instrument=None, venue_id=row["venue_id"]
        )
        return [
            one
            for one in found
            if one["transfer"] == row["transfer"] and one["position"] != row["position"]
        ]

    def _put(self, row: AccountEventRow, state: str) -> None:
        stated: AccountEventRow = {**row, "state": state}
        self._rows.put(ACCOUNT_EVENTS, stated)

    def _add(self, transfer: AccountEventRow, before: str, state: str) -> None:
        """The state of a transfer has changed."""
        account, currency = transfer["account"], transfer["currency"] or ""
        row = self._row(account, currency)
        reused = row["reused"] + (state == "reused") - (before == "reused")
        row = {**row, "reused": reused}
        times = (state == "active") - (before == "active")
        openings, at = self._openings.of(account), transfer["at"]
        amount = EXACT.multiply(transfer["quantity"] or ZERO, Decimal(times))
        if openings.has(currency, at):
            row = {**row, "transferred": EXACT.add(row["transferred"], amount)}
        if transfer["transfer"] in LENDING and (openings.first is None or at >= openings.first):
            row = {**row, "owed": EXACT.add(row["owed"], amount)}
        self._rows.put(CASH, row)

    def _row(self, account: str, currency: str) -> CashRow:
        row = self._rows.get(CASH, (account, currency))
        if row is not None:
            return row
        opened_at, opening = self._openings.of(account).of(currency)
        return {
            "account": account,
            "currency": currency,
            "opened_at": opened_at,
            "opening": opening,
            "transferred": ZERO,
            "owed": ZERO,
            "reported": None,
            "reported_at": None,
            "reported_position": None,
            "conflicting": None,
            "reused": 0,
        }


def _state(row: AccountEventRow, counted: AccountEventRow) -> str:
    if row is counted:
        return "active"
    numbers = ("currency", "quantity")
    is_same = all(row[name] == counted[name] for name in numbers)  # type: ignore[literal-required]
    return "repeated" if is_same else "reused"
