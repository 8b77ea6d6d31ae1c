"""An account with thousands of orders a second: what its stream remembers and asks does not grow with them."""

from collections.abc import Sequence
from typing import Any

from orderledger.domain.values import Source
from orderledger.infrastructure.venues.hyperliquid import batches
from orderledger.infrastructure.venues.hyperliquid.legs import Legs
from orderledger.infrastructure.venues.hyperliquid.speaking import Context
from orderledger.infrastructure.venues.hyperliquid.translate import translate_frame
from orderledger.projections.tables import Row

ACCOUNT = "hyperliquid:main"
PUSHED = Context(account=ACCOUNT, source=Source.VENUE_PUSH)


class Asked:
    """A ledger that knows nothing, and notes what it is asked."""

    def __init__(self) -> None:
        self.questions: list[list[str]] = []

    def order(self, account: str, name: str) -> Row | None:
        self.questions.append([name])
        return None

    def trades(self, account: str, venue_order_id: str) -> list[Row]:
        return []

    def orders_named(self, account: str, names: Sequence[str], *, alias: str) -> dict[str, Row]:
        self.questions.append(list(names))
        return {}


def cloid(number: int) -> str:
    return f"0x{number:032x}"


def frame(*orders: int, status: str = "open", at: int = 0) -> dict[str, Any]:
    rows = [
        {
            "order": {
                "coin": "BTC", "side": "B", "limitPx": "100", "sz": "1", "oid": 700 + number, "timestamp": 1_795_000_000_000,
                "origSz": "1", "cloid": cloid(number),
            },
            "status": status,
            "statusTimestamp": 1_795_000_000_000 + at,
        }
        for number in orders
    ]  # fmt: skip
    return {"channel": "orderUpdates", "data": rows}


def test_the_ledger_is_asked_once_for_the_new_orders_of_a_frame() -> None:
    asked = Asked()
    legs = Legs(ACCOUNT, asked)
    for told in (frame(1, 2, 3), frame(2, 3, 4, at=1), frame(1, 2, 3, 4, at=2)):
        assert translate_frame(told, legs, PUSHED).faults == []
    assert asked.questions == [[cloid(1), cloid(2), cloid(3)], [cloid(4)]]


def test_a_cancel_that_may_be_half_of_a_modify_is_handed_out_to_be_released_once() -> None:
    legs = Legs(ACCOUNT)
    translate_frame(frame(1, 2), legs, PUSHED)
    assert translate_frame(frame(1, status="canceled", at=1), legs, PUSHED).messages == []
    (held,) = legs.newly_held()
    assert legs.newly_held() == []
    assert translate_frame(frame(2, status="canceled", at=2), legs, PUSHED).messages == []
    assert [row.cloid for row in legs.newly_held()] == [cloid(2)]
    assert legs.is_held(held)
    (told,) = batches.release([held], legs, PUSHED).messages
    assert (told.type, told.at) == ("cancel", held.status_at)  # type: ignore[attr-defined]
    assert not legs.is_held(held)
