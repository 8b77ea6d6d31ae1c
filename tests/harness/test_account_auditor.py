"""The oracle of accounts against itself: what holds for every account, whatever its figures."""

from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from random import Random

import pytest

from tests.account_auditor import AccountAuditor
from tests.auditing.account_answers import ALL_METHODS, METHODS, POSITION, faults_between
from tests.auditing.account_cases import EVENT_CASES, KINDS_OF_EVENTS, OWN_CASES, cases_in
from tests.auditing.disposals import Disposals
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
    event_story,
    rename,
    settle,
    split,
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


STORIES = pytest.mark.parametrize("story", [account_story, event_story])


@STORIES
@of_seeds
def test_any_order_of_recording_gives_the_same_answers_at_any_moment(
    story: Callable[[Random], list[Message]], seeds: range
) -> None:
    for seed in seeds:
        chance = Random(seed)
        messages = story(chance)
        again = messages + [message for message in messages if chance.random() < 0.2]
        chance.shuffle(again)
        one, other = recorded(messages), recorded(again)
        for moment in (START + LENGTH, START + LENGTH * chance.random()):
            first, second = (auditor.seen(effective_at=moment) for auditor in (one, other))
            currency = chance.choice(("USDT", "USD", "BTC"))
            parities = chance.sample(PARITIES, chance.randint(0, 2))
            asked = [currency], parities, ALL_METHODS
            assert faults_between(first, second, *asked) == [], seed
            assert first.codes() == second.codes(), seed


@STORIES
@of_seeds
def test_recording_a_story_again_records_nothing(
    story: Callable[[Random], list[Message]], seeds: range
) -> None:
    for seed in seeds:
        messages = story(Random(seed))
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


DOLLARS: dict[str, Message] = {
    "XYZ": KINDS["XYZ"],
    "XYZ-C100": KINDS["XYZ-C100"],
    "FUTURE": {"kind": "margined", "settlement": "USD", "multiplier": "50"},
}


@of_seeds
def test_splits_settlements_and_renames_create_no_money(seeds: range) -> None:
    """Cash, lots by each method and marks are three ways to one sum, whatever happened."""
    for seed in seeds:
        story = Story(Random(seed), DOLLARS)
        auditor = recorded(dollar_story(story))
        paid_in = sum(Fraction(m["amount"]) for m in story.messages if m["type"] == "adjust")
        (equity,) = (row["equity"] for row in auditor.balances() if row["currency"] == "USD")
        for method in ALL_METHODS:
            rows = auditor.positions(method)
            earned = (row["net_pnl"] + (row["unrealized_pnl"] or 0) for row in rows)
            assert equity - paid_in == sum(earned), (seed, method)


@of_seeds
def test_what_the_lots_of_a_report_gained_adds_up_to_the_profit_and_loss(seeds: range) -> None:
    for seed in seeds:
        auditor = recorded(dollar_story(Story(Random(seed), DOLLARS)))
        for method in ALL_METHODS:
            closed = auditor.disposals(method)
            for row, (name, held) in zip(
                auditor.positions(method), auditor.each_holding(), strict=True
            ):
                lots = Disposals(method, is_inverse=False)
                lots.of(held.by(method), auditor.fees_by(held.terms))
                assert lots.lots == held.lots(method)[0], (seed, method)
                own = [one for one in closed if one["instrument"] == name]
                gained = sum(one["gain"] for one in own)
                unspent = sum(lots.fees) + lots.loose_fees
                assert gained + sum(one["fees"] for one in own) == row["realized_pnl"], seed
                assert gained - unspent == row["net_pnl"], (seed, method)
                for one in own:
                    if one["cost"] is not None:
                        assert one["gain"] == one["proceeds"] - one["cost"] - one["fees"], seed


def case_of_events(name: str) -> AccountAuditor:
    case = next(one for one in cases_in(EVENT_CASES, KINDS_OF_EVENTS) if one["id"] == name)
    return recorded([{**message, "account": ACCOUNT} for message in case["input"]])


def test_the_lots_of_a_year() -> None:
    """50 at 16 and 100 at 15, split 1-for-3; 40 are sold in 2009."""
    auditor = case_of_events("EV-NAME-01")
    assert auditor.disposals("fifo", 2003) == []
    rows = auditor.disposals("fifo", 2009)
    assert [(row["acquired"].date().isoformat(), row["quantity"]) for row in rows] == [
        ("2003-05-05", Fraction(100, 3)),
        ("2003-06-05", Fraction(20, 3)),
    ]
    assert [(row["proceeds"], row["cost"], row["gain"]) for row in rows] == [
        (1000, 1500, -500),
        (200, 320, -120),
    ]
    assert [row["held_for"].days for row in rows] == [2416, 2385]


def test_a_premium_that_is_carried_is_no_gain_of_the_option() -> None:
    """Publication 550: the cost of the call is in that of the stock."""
    rows = case_of_events("EV-OPT-05").disposals()
    assert [(row["instrument"], row["proceeds"], row["cost"]) for row in rows] == [
        ("XYZ", 6000, 4000),
        ("XYZ", 3000, 2600),
        ("XYZ 50 C", 200, 200),
    ]


def dollar_story(story: Story) -> list[Message]:
    """Events of instruments in dollars, in a random order. At the end each name has its terms and a
    mark, since it may be that of another instrument by then."""
    chance = story.chance
    story.instruments = sorted(DOLLARS)
    for second, (name, terms) in enumerate(DOLLARS.items()):
        story.add("instrument", second, instrument=name, **terms)
    story.add("adjust", 10, currency="USD", amount="100", reason="opening_balance")
    for _ in range(chance.randint(0, 2)):
        rename(story)
    for _ in range(chance.randint(2, 8)):
        numbers = {"quantity": chance.choice(QUANTITIES), "price": chance.choice(PRICES)}
        ids = {"client_order_id": story.id("C"), "fill_id": story.id("F")}
        name = chance.choice(story.instruments)
        story.add("fill", **ids, instrument=name, side=chance.choice(("buy", "sell")), **numbers)
    for happen in chance.choices((split, settle, settle), k=chance.randint(1, 5)):
        happen(story, chance.choice(story.instruments))
    for message in story.messages:
        for fee in [*message.get("fees", ()), *message.get("into", {}).get("fees", ())]:
            fee["currency"] = "USD"
    end = int(LENGTH.total_seconds())
    for name in sorted(set(story.instruments)):
        story.add("instrument", end, instrument=name, **story.terms(name))
        story.add("mark", end, instrument=name, price=chance.choice(PRICES))
    chance.shuffle(story.messages)
    return story.messages


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


def test_an_order_under_the_old_name_and_its_fill_under_the_new_have_one_instrument() -> None:
    named = (case for case in cases_in(EVENT_CASES, {"rename"}) if case["id"] == "EV-NAME-05")
    messages = [{**message, "account": ACCOUNT} for message in next(named)["input"]]
    assert recorded(messages).codes() == set()
    without_rename = [message for message in messages if message["type"] != "rename"]
    assert recorded(without_rename).codes() == {"terms_conflict"}


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
