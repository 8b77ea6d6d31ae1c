"""Every figure of a statement is that of the queries, to the last digit: on random ledgers, and on
real cases of P&L."""

import json
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings

from orderledger import InvalidMessage, Ledger, parse_document
from orderledger.infrastructure.clock import SteppingClock
from orderledger.infrastructure.engine.entries import to_entry
from orderledger.projections.positions import METHODS
from tests.core.properties.any_messages import any_messages
from tests.core.properties.checks import RECORDED_AT
from tests.core.properties.profiles import many, quick
from tests.core.properties.stories import START, Story, stories
from tests.seeds import of_seeds
from tests.serve.statement.books import DAY, fill, ledger_of, request, told
from tests.serve.statement.figures import check_statement

SECOND = timedelta(seconds=1)


def ledger_of_any(seed: int) -> Ledger:
    ledger = Ledger.open("memory://", clock=SteppingClock(RECORDED_AT), update_views=False)
    for document in any_messages(Random(seed), are_timed=True):
        try:
            message = parse_document(document)
            to_entry(message)
        except InvalidMessage:
            continue
        ledger.record(message)
    return ledger


@of_seeds
def test_of_ledgers_in_which_all_names_collide(seeds: range) -> None:
    for seed in seeds:
        chance = Random(seed)
        begin, end = sorted(chance.sample(range(10), 2))
        asked: dict[str, Any] = {
            "method": chance.choice(METHODS),
            "account": chance.choice((None, None, "a")),
        }
        with ledger_of_any(seed) as ledger:
            try:
                check_statement(ledger, START + begin * SECOND, START + end * SECOND, **asked)
                check_statement(
                    ledger,
                    START,
                    RECORDED_AT + timedelta(days=1),
                    as_of=ledger.status()["position"] // 2,
                    **asked,
                )
            except AssertionError as error:
                raise AssertionError(f"seed {seed}") from error


def check_stories(profile: settings) -> None:
    @profile
    @given(stories())
    def run(story: Story) -> None:
        with Ledger.open(
            "memory://", clock=SteppingClock(RECORDED_AT), update_views=False
        ) as ledger:
            ledger.record_many(
                parse_document({**message, "account": "sim:main"}) for message in story.messages
            )
            check_statement(ledger, START + 15 * SECOND, START + 40 * SECOND)

    run()


@pytest.mark.slow
def test_of_stories_that_the_venue_tells_late_twice_and_in_disorder() -> None:
    check_stories(settings(quick, max_examples=25))


@pytest.mark.long
def test_of_thousands_of_such_stories() -> None:
    check_stories(many)


def test_a_fill_of_an_order_that_became_known_later_counts_once() -> None:
    """It is in the log twice: under the venue's id, and under the order that it turned out to be
    of."""
    venue = {"venue_order_id": "V-1", "instrument": "BTC-USD", "side": "buy"}
    unknown = {**fill("", "F-1", "09:00:00", "2", "64000", **venue), "client_order_id": None}
    known = [
        request("C-1", "08:00:00", quantity="2"),
        told("acknowledged", "08:00:01", client_order_id="C-1", venue_order_id="V-1"),
    ]
    marks = [
        told("mark", f"{hour}:00:00", instrument="BTC-USD", price=price)
        for hour, price in (("10", "65000"), ("12", "63000"))
    ]
    definition = told("instrument", "07:00:00", instrument="BTC-USD", currency="USD")
    with ledger_of([definition, unknown, *marks, *known]) as ledger:
        assert [event["name"] for event in ledger.events()].count("order_attributed.v1") == 1
        statement = check_statement(ledger, date.fromisoformat(DAY), date.fromisoformat(DAY))
        assert [value for _, value, _ in statement.curves[0].points][-2:] == [2000, -2000]


@pytest.mark.slow
@pytest.mark.shared
def test_of_the_profit_and_loss_cases_of_other_systems(shared: Path) -> None:
    """One ledger with an account for each case, which other systems have worked out."""
    cases = json.loads((shared / "data" / "cases" / "pnl.json").read_text())["cases"]
    with Ledger.open("memory://", update_views=False) as ledger:
        for case in cases:
            ledger.record_many(map(parse_document, messages_of(case)))
        begin = START.replace(month=1, day=5, hour=10, minute=0)
        statement = check_statement(ledger, begin + 2 * SECOND, begin + 300 * SECOND)
        assert len(statement["results"].rows) > 50
        assert len(statement["trades"].rows) > 50


def messages_of(case: dict[str, Any]) -> list[dict[str, Any]]:
    """The definition of the instrument, then each fill for an order of its own."""
    account, terms = f"pnl:{case['id']}", case["instrument"]
    name, currency = (
        terms.get("symbol", "X"),
        terms.get("settlement") or terms.get("quote") or "USD",
    )
    about = {
        "multiplier": str(terms.get("multiplier", "1")),
        "inverse": bool(terms.get("inverse")),
        "currency": currency,
    }
    messages: list[dict[str, Any]] = [
        {"type": "instrument", "account": account, "instrument": name, **about}
    ]
    messages[0]["at"] = "2026-01-05T09:00:00Z"
    for number, traded in enumerate(case["fills"], start=1):
        if not {"qty", "price", "side"} <= traded.keys():
            continue
        at = f"2026-01-05T10:{number // 60:02d}:{number % 60:02d}Z"
        who = {"account": account, "client_order_id": f"C-{number}", "at": at}
        order = {
            "instrument": name,
            "side": traded["side"].lower(),
            "order_type": "market",
            "quantity": traded["qty"],
        }
        fee = (
            {"fee": traded["commission"], "fee_currency": traded.get("commission_ccy") or currency}
            if traded.get("commission")
            else {}
        )
        filled = {
            "fill_id": f"F-{number}",
            "quantity": traded["qty"],
            "price": traded["price"],
            **fee,
        }
        messages += [{"type": "request", **who, **order}, {"type": "fill", **who, **filled}]
        if number % 2:
            messages.append(
                {
                    "type": "mark",
                    "account": account,
                    "instrument": name,
                    "price": traded["price"],
                    "at": at,
                }
            )
    return messages


def deposit(at: str, amount: str) -> dict[str, Any]:
    return told("transfer", at, currency="USD", amount=amount) | {"kind": "deposit"}


def test_balances_of_an_account_with_an_opening_balance() -> None:
    spot = {"kind": "spot", "base": "BTC", "quote": "USD"}
    numbers = {"instrument": "BTC-USD", "side": "buy"}
    messages = [
        told("instrument", "2026-10-20T00:00:00Z", instrument="BTC-USD") | spot,
        told("adjust", "2026-10-24T09:00:00Z", currency="USD", amount="100", reason="opening"),
        fill("C-1", "F-1", "09:00:00", "2", "30", **numbers),
        deposit("10:00:00", "5"),
        told("balance", "11:00:00", currency="USD", amount="44"),
        told("fill_busted", "12:00:00", client_order_id="C-1", fill_id="F-1"),
        deposit("2026-10-28T00:00:00Z", "9"),
    ]
    with ledger_of(messages) as ledger:
        statement = check_statement(ledger, date(2026, 10, 25), date(2026, 10, 25))
        (row,) = statement["balances"].rows
        assert (row["currency"], row["opening"], row["closing"]) == ("USD", 100, 105)
        assert (row["reported"], row["difference"]) == (44, -1)
        assert (row["equity"], row["equity_reason"]) == (105, None)


def test_without_an_opening_balance_the_statement_has_pnl_only() -> None:
    with ledger_of([deposit("10:00:00", "5")]) as ledger:
        (row,) = check_statement(ledger, date(2026, 10, 25), date(2026, 10, 25))["balances"].rows
        assert (row["opening"], row["closing"]) == (0, 5)
        assert (row["equity"], row["equity_reason"]) == (None, "no_opening_balance")
