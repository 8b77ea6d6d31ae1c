"""Accounts are the auditor's: positions, lots, balances and valuations of random accounts, as of
random moments, in whatever order they were recorded."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from orderledger import Ledger, parse_document
from orderledger.infrastructure.clock import SteppingClock
from tests.account_auditor import AccountAuditor
from tests.auditing.account_answers import ALL_METHODS, faults_between
from tests.auditing.account_cases import (
    EVENT_CASES,
    KINDS_OF_EVENTS,
    OWN_CASES,
    Case,
    Rows,
    cases_in,
    faults_of,
    faults_of_row,
    is_same,
    moment_of,
)
from tests.core.properties.accounts import LENGTH, PARITIES, account_story, event_story
from tests.core.properties.stories import START
from tests.seeds import of_seeds

Messages = list[dict[str, Any]]
RECORDED_AT = START + LENGTH + timedelta(days=1)
ACCOUNT = "sim:main"


@dataclass(frozen=True)
class Answered:
    """The questions to the ledger about one account at one moment."""

    ledger: Any
    moment: datetime
    account: str = ACCOUNT

    @property
    def asked(self) -> dict[str, Any]:
        return {"account": self.account, "effective_at": self.moment}

    def positions(self, method: str) -> Rows:
        return self.ledger.pnl(method=method, **self.asked)  # type: ignore[no-any-return]

    def lots(self, method: str) -> Rows:
        return self.ledger.lots(method=method, **self.asked)  # type: ignore[no-any-return]

    def balances(self) -> Rows:
        return self.ledger.balances(**self.asked)  # type: ignore[no-any-return]

    def valuation(self, currency: str, parities: Sequence[str]) -> Any:
        (row,) = self.ledger.valuation(currency=currency, parities=parities, **self.asked)
        return row

    def orders(self) -> Rows:
        return self.ledger.orders(**self.asked)  # type: ignore[no-any-return]

    def codes(self) -> set[str]:
        return {row["code"] for row in self.ledger.anomalies(open_only=True, **self.asked)}


def faults_of_assets(
    answered: Answered, auditor: AccountAuditor, asked: dict[str, Any]
) -> list[str]:
    """P&L by asset against the oracle's, and against the balances."""
    found = answered.ledger.pnl(
        by="asset",
        in_currency=asked["currency"],
        parities=asked["parities"],
        method=asked["method"],
        **answered.asked,
    )
    rows = {row["asset"]: row for row in found}
    totals = {row["currency"]: row["total"] for row in answered.balances()}
    own = rows.pop(asked["currency"], {"position_quantity": 0})
    assert is_same(own["position_quantity"], totals.get(asked["currency"], 0))
    faults = []
    for row in auditor.assets(**asked):
        figures = {name: value for name, value in row.items() if name != "quantity"}
        figures["position_quantity"] = figures["total"] = row["quantity"]
        other = rows.pop(row["asset"], None)
        if other is not None or row["quantity"]:
            total = {"total": totals.get(row["asset"], 0)}
            faults += faults_of_row(f"asset {row['asset']}", figures, (other or {}) | total)
    return faults + [
        f"asset {name} is not expected" for name, row in rows.items() if row["position_quantity"]
    ]


def is_completed_later(story: Sequence[dict[str, Any]]) -> bool:
    """Whether a fill or an instrument is reported again after a balance, or a settlement busted.
    The total at the time of the balance then has what later reports say of that time, and the
    auditor's has not."""
    if any(message["type"] == "settlement_busted" for message in story):
        return True
    times: dict[tuple[str, str], list[str]] = {}
    for message in story:
        name = message.get("fill_id") or message.get("instrument")
        if message["type"] in ("fill", "fill_corrected", "instrument"):
            times.setdefault((message["type"], str(name)), []).append(str(message["at"]))
    balances = [str(one["at"]) for one in story if one["type"] == "balance" and "currency" in one]
    return any(min(one) <= at < max(one) for one in times.values() for at in balances)


OF_CASH = ("balances", "valuation")


def has_undefined(seen: AccountAuditor) -> bool:
    """Whether the currency of an instrument is not known, as of a new name before its rename. The
    ledger then says more of balances than the auditor does."""
    return any(holding.terms.currency is None for _, holding in seen.each_holding())


@of_seeds
@pytest.mark.parametrize("tell", [account_story, event_story])
def test_accounts_are_the_auditors(seeds: range, tell: Callable[[Random], Messages]) -> None:
    for seed in seeds:
        chance = Random(seed)
        declared = chance.sample(PARITIES, chance.choice((0, 0, 1, 2)))
        serves = chance.choice((timedelta(hours=24), timedelta(hours=24), timedelta(hours=3)))
        auditor = AccountAuditor(ACCOUNT, declared, serves)
        with Ledger.open(
            "memory://",
            parities=declared,
            mark_serves=int(serves.total_seconds()),
            clock=SteppingClock(RECORDED_AT),
            update_views=False,
        ) as ledger:
            story = tell(chance)
            for message in story:
                given = {**message, "account": ACCOUNT}
                outcome = ledger.record(parse_document(given))
                assert outcome.outcome == auditor.offer(given, RECORDED_AT), (seed, given)
                if outcome.outcome == "recorded" and chance.random() < 0.3:
                    ledger.views.catch_up()
            for moment in (START + LENGTH, START + LENGTH * chance.random()):
                currency = chance.choice(("USDT", "USD", "BTC"))
                parities = chance.sample(PARITIES, chance.randint(0, 2))
                pair = Answered(ledger, moment), auditor.seen(effective_at=moment)
                faults = faults_between(*pair, [currency], parities, ALL_METHODS)
                if has_undefined(pair[1]):
                    faults = [one for one in faults if not one.startswith(OF_CASH)]
                if is_completed_later(story):
                    faults = [one for one in faults if "difference" not in one]
                asked = {
                    "currency": currency,
                    "parities": parities,
                    "method": chance.choice(ALL_METHODS),
                }
                if tell is account_story:
                    faults += faults_of_assets(*pair, asked)
                assert faults == [], (seed, moment)
            assert ledger.views.check().differences == (), seed


OF_KNOWN_METHODS = [
    case
    for case in (*cases_in(OWN_CASES), *cases_in(EVENT_CASES, KINDS_OF_EVENTS))
    if case["method"] in ALL_METHODS
]


@pytest.mark.parametrize("case", OF_KNOWN_METHODS, ids=lambda case: case["id"])
def test_cases_worked_out_by_hand(case: Case) -> None:
    with Ledger.open("memory://", clock=SteppingClock(RECORDED_AT)) as ledger:
        for message in case["input"]:
            ledger.record(parse_document(message))
        assert faults_of(case, Answered(ledger, moment_of(case), case["account"])) == []
