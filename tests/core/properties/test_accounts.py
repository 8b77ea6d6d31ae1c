"""Accounts are the auditor's: positions, lots, balances and valuations of random accounts, as of
random moments, in whatever order they were recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from orderledger import Ledger, parse_document
from orderledger.infrastructure.clock import SteppingClock
from tests.account_auditor import AccountAuditor
from tests.auditing.account_answers import faults_between
from tests.auditing.account_cases import OWN_CASES, Case, Rows, cases_in, faults_of, moment_of
from tests.core.properties.accounts import LENGTH, PARITIES, account_story
from tests.core.properties.stories import START
from tests.seeds import of_seeds

RECORDED_AT = START + LENGTH + timedelta(days=1)
ACCOUNT = "sim:main"

pytestmark = pytest.mark.skipif(
    not hasattr(Ledger, "balances"), reason="the ledger has no view `balances` yet"
)


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
        return self.ledger.valuation(currency=currency, parities=parities, **self.asked)

    def orders(self) -> Rows:
        return self.ledger.orders(**self.asked)  # type: ignore[no-any-return]

    def codes(self) -> set[str]:
        return {row["code"] for row in self.ledger.anomalies(open_only=True, **self.asked)}


@of_seeds
def test_accounts_are_the_auditors(seeds: range) -> None:
    for seed in seeds:
        chance = Random(seed)
        auditor = AccountAuditor(ACCOUNT)
        with Ledger.open(
            "memory://", clock=SteppingClock(RECORDED_AT), update_views=False
        ) as ledger:
            for message in account_story(chance):
                given = {**message, "account": ACCOUNT}
                outcome = ledger.record(parse_document(given))
                assert outcome.outcome == auditor.offer(given, RECORDED_AT), (seed, given)
                if outcome.outcome == "recorded" and chance.random() < 0.3:
                    ledger.views.catch_up()
            for moment in (START + LENGTH, START + LENGTH * chance.random()):
                currency = chance.choice(("USDT", "USD", "BTC"))
                parities = chance.sample(PARITIES, chance.randint(0, 2))
                pair = Answered(ledger, moment), auditor.seen(effective_at=moment)
                assert faults_between(*pair, [currency], parities) == [], (seed, moment)
            assert ledger.views.check().differences == (), seed


@pytest.mark.parametrize("case", cases_in(OWN_CASES), ids=lambda case: case["id"])
def test_cases_worked_out_by_hand(case: Case) -> None:
    with Ledger.open("memory://", clock=SteppingClock(RECORDED_AT)) as ledger:
        for message in case["input"]:
            ledger.record(parse_document(message))
        assert faults_of(case, Answered(ledger, moment_of(case), case["account"])) == []
