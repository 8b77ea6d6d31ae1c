"""A collector, and a venue that says the same in other words, one seed each: in the end the ledger
knows what is true.

Numbers come as text and texts as numbers, rows in another order or twice, optional fields are empty
or left out, others are new.
"""

import json
import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest

from orderledger.infrastructure.numbers_and_times import PLAIN_NUMBER
from orderledger.testing import VenueHarness
from orderledger.testing.spoiling import RAW, written
from tests.seeds import few
from tests.venues.harness import every_venue, played

MANY_SEEDS = range(100, 160)
RETOLD = 0.5
CHANGED = 0.2
OPTIONAL = {
    "hyperliquid": {"crossed", "closedPnl", "hash", "startPosition", "twapId", "triggerCondition",
    "isPositionTpsl", "tif"},
    "lighter": {
        "side", "order_expiry", "trigger_status", "created_at", "updated_at", "reduce_only",
        "order_index", "client_order_index",
        "trade_id", "ask_client_id_str", "bid_client_id_str", "ask_id", "bid_id_str", "maker_fee",
        "usd_amount", "time_in_force",
    },
    "tradier": {
        "last_fill_price", "last_fill_quantity", "remaining_quantity", "create_date", "duration",
        "price", "stop_price", "class",
    },
}  # fmt: skip
"""Fields without which a row says less, and nothing else."""


def retelling(name: str, seed: int) -> Callable[[str], str]:
    chance, optional = random.Random(seed), OPTIONAL.get(name, set())

    def told(value: Any) -> Any:
        if isinstance(value, dict):
            return fields(value)
        if isinstance(value, list):
            return rows([told(one) for one in value])
        if (
            isinstance(value, str)
            and PLAIN_NUMBER.fullmatch(value.strip(RAW))
            and chance.random() < CHANGED
        ):
            return value.strip(RAW) if value.startswith(RAW) else f"{RAW}{value}{RAW}"
        return value

    def fields(row: dict[str, Any]) -> dict[str, Any]:
        kept = {key: told(value) for key, value in row.items()}
        for key in [key for key in kept if key in optional and chance.random() < CHANGED]:
            kept[key] = chance.choice([None, ""])
            if chance.random() < CHANGED:
                del kept[key]
        is_row = bool(kept) and not any(key.isdigit() for key in kept)
        return kept | (
            {"newField": chance.choice([None, "new", [], {}])}
            if is_row and chance.random() < CHANGED
            else {}
        )

    def rows(values: list[Any]) -> list[Any]:
        if (
            not values
            or not all(isinstance(value, dict) for value in values)
            or chance.random() > 2 * CHANGED
        ):
            return values
        return chance.choice([values[::-1], [*values, chance.choice(values)], values * 2])

    def retell(text: str) -> str:
        if chance.random() > RETOLD:
            return text
        return written(told(json.loads(text, parse_int=_raw, parse_float=_raw)))

    return retell


def _raw(number: str) -> str:
    return f"{RAW}{number}{RAW}"


async def retold_for_a_while(harness: VenueHarness, name: str, seed: int) -> None:
    harness.server.rewritten = retelling(name, seed)
    async with harness.collected() as counters:
        await harness.live()
        await harness.settle(counters)
    assert counters.unreadable == 0
    assert filled(harness) == {
        harness.under_test.venue_id(order): order.filled
        for order in harness.exchange.orders(harness.there)
        if order.filled
    }
    standing = {
        harness.under_test.venue_id(order) for order in harness.exchange.open_orders(harness.there)
    }
    assert {order["venue_order_id"] for order in harness.ledger.open_orders()} == standing
    assert {
        code
        for order in harness.ledger.orders()
        for code in order["anomalies"]
        if not (is_refused_late(order, code) or is_expired_early(order, code))
    } <= {"unknown_order"}


def is_expired_early(order: Any, code: str) -> bool:
    """Lighter dates the expiry of an order as the order. If the order was changed since, the change
    comes after the expiry, and contradicts it."""
    of_lighter = order["account"].startswith("lighter")
    is_expired = of_lighter and order["status"] == "expired"
    return is_expired and code in ("status_conflict", "quantity_mismatch")


def is_refused_late(order: Mapping[str, Any], code: str) -> bool:
    """A venue that refuses an order which has rested contradicts itself."""
    return order["status"] == "rejected" and code == "status_conflict"


def filled(harness: VenueHarness) -> dict[str, Decimal]:
    """By order."""
    sums = defaultdict[str, Decimal](Decimal)
    for fill in harness.ledger.trades():
        sums[fill["venue_order_id"]] += fill["quantity"]  # type: ignore[index]
    return sums


@pytest.mark.slow
@every_venue
@pytest.mark.parametrize("seed", few(1, 2))
def test_a_venue_that_says_the_same_in_other_words_is_understood(name: str, seed: int) -> None:
    played(name, lambda harness: retold_for_a_while(harness, name, seed))


@every_venue
@pytest.mark.long
@pytest.mark.parametrize("seed", MANY_SEEDS)
def test_many_ways_to_say_the_same_are_understood(name: str, seed: int) -> None:
    played(name, lambda harness: retold_for_a_while(harness, name, seed))
