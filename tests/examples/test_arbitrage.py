"""The arbitrage bot of `examples/`, killed twice at random moments. The judge counts at the
exchanges."""

import random
import time
from collections import Counter
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from examples.arbitrage.bot import LEG, groups_of, net
from examples.arbitrage.run import LIMITS, Floor, floor, kill, sent_today, wait_until
from orderledger import Ledger
from orderledger.domain.values import Certainty
from orderledger.rows import OrderRow

ALLOWED = 16
"""Legs of one day."""
HEALING_SECONDS = 60.0


def limits_in(folder: Path) -> Path:
    text = LIMITS.read_text()
    assert text.count("orders_per_day = 40") == 1
    written = folder / "limits.toml"
    written.write_text(text.replace("orders_per_day = 40", f"orders_per_day = {ALLOWED}"))
    return written


def fills_of(books: dict[str, Any]) -> Counter[tuple[str, ...]]:
    """The fills as the exchanges have them."""
    return Counter(
        (account, fill["client_id"], fill["side"], fill["quantity"].rstrip("0"), fill["price"])
        for account, book in books.items()
        for fill in book["fills"]
    )


def recorded_fills(ledger: Ledger) -> Counter[tuple[str, ...]]:
    """The fills as the ledger has them."""
    return Counter(
        (
            row["account"],
            str(row["client_order_id"]),
            str(row["side"]),
            f"{row['quantity']:f}".rstrip("0"),
            f"{row['price']:f}",
        )
        for row in ledger.trades()
    )


def names_at(books: dict[str, Any]) -> set[tuple[str, str | None]]:
    """The orders that the exchanges have, by account and client order id."""
    return {
        (account, order["client_id"]) for account, book in books.items() for order in book["orders"]
    }


def has_reached_the_limit(ledger: Ledger) -> bool:
    return bool(ledger.orders(reason="orders_per_day"))


def is_stuck(desk: Floor, ledger: Ledger) -> bool:
    """A kill between the commit and the sending leaves orders that their exchange never had. Two
    exchanges that wait for the proof of that leave the bot no pair to trade."""
    unknown = ledger.open_orders(certainty=Certainty.UNRESOLVED)
    there = names_at(desk.books())
    return (
        len(
            {
                order["account"]
                for order in unknown
                if (order["account"], order["client_order_id"]) not in there
            }
        )
        > 1
    )


def run_and_kill(desk: Floor, ledger: Ledger, seconds: float) -> int:
    """Run the bot until it has sent something, and so many seconds more. Returns the orders sent by
    then."""
    before, bot = sent_today(ledger, desk.limits), desk.start_bot()
    wait_until(
        lambda: (
            sent_today(ledger, desk.limits) > before
            or has_reached_the_limit(ledger)
            or is_stuck(desk, ledger)
        ),
        "the bot",
    )
    time.sleep(seconds)
    kill(bot)
    return sent_today(ledger, desk.limits)


def agrees(desk: Floor, ledger: Ledger) -> bool:
    """Whether nothing is open but orders that their exchange never had, and the fills are the
    exchanges'."""
    books = desk.books()
    there = names_at(books)
    has_ended = not any(
        (order["account"], order["client_order_id"]) in there for order in ledger.open_orders()
    )
    return has_ended and fills_of(books) == recorded_fills(ledger)


def is_flat(legs: list[OrderRow]) -> bool:
    """Whether nothing is left of a group. One with an order of unknown outcome waits."""
    return any(order["is_open"] for order in legs) or net(legs) == 0


@pytest.mark.slow
def test_the_bot_is_killed_twice_and_sends_nothing_twice_nor_unrecorded_nor_beyond_its_limit(
    tmp_path: Path,
) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}")  # shown if it fails
    chance = random.Random(seed)
    with (
        floor(tmp_path, limits=limits_in(tmp_path), seed=seed) as desk,
        Ledger.open(desk.db) as ledger,
    ):
        counts = [run_and_kill(desk, ledger, chance.uniform(0, 1.5)) for _ in range(2)]
        bot = desk.start_bot()
        wait_until(lambda: has_reached_the_limit(ledger) or is_stuck(desk, ledger), "the limit", 60)
        desk.calm()
        judge_orders(desk.books(), ledger)
        wait_until(
            lambda: agrees(desk, ledger) and all(map(is_flat, groups_of(ledger))),
            "agreement",
            HEALING_SECONDS,
        )
        kill(bot)  # perhaps while it flattens a group whose last order was resolved just now
        wait_until(lambda: agrees(desk, ledger), "agreement without the bot", HEALING_SECONDS)
        judge_orders(desk.books(), ledger)
        judge_fills(desk.books(), ledger)
        judge_counts([*counts, sent_today(ledger, desk.limits)], ledger)
        assert ledger.views.check().differences == ()


def judge_orders(books: dict[str, Any], ledger: Ledger) -> None:
    """No client order id has worked twice, and each was recorded as submitted before the exchange
    had it."""
    orders = [
        (account, order["client_id"], datetime.fromisoformat(order["at"]))
        for account in books
        for order in books[account]["orders"]
    ]
    assert orders and len({(account, name) for account, name, _ in orders}) == len(orders)
    for account, name, at in orders:
        submitted = ledger.history(name, account=account, name="order_submitted")
        assert submitted and submitted[0]["recorded_at"] <= at, (account, name)


def judge_fills(books: dict[str, Any], ledger: Ledger) -> None:
    """Fills and positions are the exchanges'. A fee in the coin leaves the position."""
    assert fills_of(books) == recorded_fills(ledger)
    held = {
        (row["account"], row["instrument"]): row["position_quantity"] for row in ledger.positions()
    }
    for account, book in books.items():
        instrument = book["instrument"]
        paid = sum(
            trade["fee"]
            for trade in ledger.trades(account=account, instrument=instrument)
            if trade["fee"] and trade["fee_currency"] == instrument.partition("/")[0]
        )
        assert held.get((account, instrument), 0) == Decimal(book["position"]) - paid, account


def judge_counts(counts: list[int], ledger: Ledger) -> None:
    """The limit of the day holds for the orders of all three processes together, and no order less
    was allowed."""
    assert 0 < counts[0] <= counts[1] <= counts[2] <= ALLOWED
    if has_reached_the_limit(ledger):
        reached = (
            f"orders_per_day of {LEG}: the orders of this day would become {ALLOWED + 1}, the "
            f"limit is {ALLOWED}"
        )
        denials = [event["text"] for event in ledger.events(name="order_denied")]
        assert counts[2] == ALLOWED and reached in denials, counts
