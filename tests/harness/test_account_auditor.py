"""The oracle of accounts against itself: what holds for every account, whatever its figures."""

from datetime import timedelta
from fractions import Fraction
from random import Random

import pytest

from tests.account_auditor import AccountAuditor
from tests.auditing.account_answers import METHODS, POSITION, faults_between
from tests.auditing.account_cases import OWN_CASES, cases_in
from tests.auditor import Auditor
from tests.core.properties.accounts import (
    AMOUNTS,
    KINDS,
    LENGTH,
    PARITIES,
    PRICES,
    QUANTITIES,
    Story,
    account_story,
)
from tests.core.properties.stories import START, Message
from tests.core.properties.test_sides import hedge_story
from tests.seeds import of_seeds

ACCOUNT = "sim:main"
FIGURES = ("instrument", "position_side", "position_id", *POSITION)


def recorded(messages: list[Message]) -> AccountAuditor:
    auditor = AccountAuditor(ACCOUNT, parities=PARITIES[:1])
    for index, message in enumerate(messages):
        recorded_at = START + LENGTH + timedelta(seconds=index)
        outcome = auditor.offer({**message, "account": ACCOUNT}, recorded_at)
        assert outcome in {"recorded", "duplicate"}, message
    return auditor


@of_seeds
def test_any_order_of_recording_gives_the_same_answers_at_any_moment(seeds: range) -> None:
    for seed in seeds:
        chance = Random(seed)
        messages = account_story(chance)
        again = messages + [message for message in messages if chance.random() < 0.2]
        chance.shuffle(again)
        one, other = recorded(messages), recorded(again)
        for moment in (START + LENGTH, START + LENGTH * chance.random()):
            first, second = (auditor.seen(effective_at=moment) for auditor in (one, other))
            currency = chance.choice(("USDT", "USD", "BTC"))
            parities = chance.sample(PARITIES, chance.randint(0, 2))
            assert faults_between(first, second, [currency], parities) == [], seed
            assert first.codes() == second.codes(), seed


@of_seeds
def test_recording_a_story_again_records_nothing(seeds: range) -> None:
    for seed in seeds:
        messages = account_story(Random(seed))
        auditor = recorded(messages)
        outcomes = [auditor.offer({**m, "account": ACCOUNT}, START + LENGTH) for m in messages]
        assert set(outcomes) == {"duplicate"}, seed


@of_seeds
def test_positions_are_those_of_the_oracle_of_orders_where_nothing_new_is_stored(
    seeds: range,
) -> None:
    for seed in seeds:
        messages = hedge_story(Random(seed))
        accounts, orders = recorded(messages), Auditor()
        for message in messages:
            orders.offer({**message, "account": ACCOUNT}, START + LENGTH)
        for method in ("average", "fifo", "lifo"):
            rows = [{name: row[name] for name in FIGURES} for row in orders.pnl(method)]
            found = [{name: row[name] for name in FIGURES} for row in accounts.positions(method)]
            assert found == rows, seed


@pytest.mark.parametrize("instrument", sorted(KINDS))
@of_seeds
def test_equity_grows_by_what_positions_earn_and_what_is_paid_in(
    instrument: str, seeds: range
) -> None:
    """Cash, lots by each method and marks are three ways to one sum."""
    for seed in seeds:
        story = Story(Random(seed))
        auditor = recorded(one_instrument(story, instrument))
        terms, mark = auditor.terms(instrument), Fraction(story.messages[-1]["price"])
        equity = {row["currency"]: row["equity"] for row in auditor.balances()}
        paid_in = sum(
            (Fraction(m["amount"]) for m in story.messages if m["type"] in {"adjust", "transfer"}),
            Fraction(),
        )
        grown = equity[terms.currency] + equity.get(terms.base, Fraction()) * mark - paid_in
        for method in METHODS:
            rows = auditor.positions(method)
            assert grown == sum(row["net_pnl"] + row["unrealized_pnl"] for row in rows), seed
            for row in auditor.assets(str(terms.currency), method):
                assert row["realized_pnl"] == rows[0]["realized_pnl"], seed


def test_a_coin_bought_in_one_pair_and_sold_in_another_has_one_cost() -> None:
    story = Story(Random(0))
    for name in ("BTCUSDT", "BTCUSDC"):
        story.add("instrument", 0, instrument=name, kind="spot", base="BTC", quote=name[3:])
    names = {"client_order_id": "C", "quantity": "1"}
    bought = {"instrument": "BTCUSDT", "side": "buy", "price": "40000"}
    sold = {"instrument": "BTCUSDC", "side": "sell", "price": "41000"}
    story.add("fill", 1, **names, fill_id="1", **bought)
    story.add("fill", 2, **names, fill_id="2", **sold)
    rows = recorded(story.messages).assets("USDT", parities=["USDC=USDT"])
    assert [(row["asset"], row["quantity"], row["realized_pnl"]) for row in rows] == [
        ("BTC", 0, 1000),
        ("USDC", 41000, 0),
    ]


def test_a_coin_paid_as_a_fee_is_sold_at_its_rate() -> None:
    """Crypto Tax Calculator, Why is there a gain on my fee: 0.5 BNB bought at 10, paid at 15."""
    case = next(case for case in cases_in(OWN_CASES) if case["id"] == "MORE-FEE-01")
    rows = recorded(case["input"]).assets("USD", "fifo")
    assert [(row["asset"], row["quantity"], row["realized_pnl"]) for row in rows] == [
        ("BNB", Fraction(1, 2), Fraction(5, 2)),
        ("DOGE", 0, 400),
    ]


def one_instrument(story: Story, name: str) -> list[Message]:
    """Trades of one instrument with fees of its own currencies, and a mark at the end."""
    chance, terms = story.chance, KINDS[name]
    currency = terms.get("settlement") or terms["quote"]
    story.add("instrument", 0, instrument=name, **terms)
    story.add("adjust", 1, currency=currency, amount="100", reason="opening_balance")
    story.add("transfer", kind="deposit", currency=currency, amount="5")
    for index in range(chance.randint(1, 8)):
        numbers = {"quantity": chance.choice(QUANTITIES), "price": chance.choice(PRICES)}
        paid = {"fee": chance.choice(AMOUNTS), "fee_currency": terms.get("base") or currency}
        paid = paid if story.is_now(0.5) else {}
        ids = {"client_order_id": f"C-{index}", "fill_id": f"F-{index}", "instrument": name}
        story.add("fill", **ids, side=chance.choice(("buy", "sell")), **numbers, **paid)
    amount = chance.choice(AMOUNTS)
    story.add("funding", instrument=name, amount=amount, currency=currency)
    end = int(LENGTH.total_seconds())
    story.add("mark", end, instrument=name, price=chance.choice(PRICES))
    return story.messages
