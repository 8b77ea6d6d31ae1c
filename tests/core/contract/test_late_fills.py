"""What is told late, or taken back, changes the positions as if it had been told in time, on every
store."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.infrastructure.clock import SteppingClock
from orderledger.projections import lots, position_fold
from orderledger.projections.position_tables import CHECKPOINTS, LOTS
from tests.core.properties.checks import RECORDED_AT, Audited
from tests.core.properties.stories import START

SEEDS = range(3)


@pytest.fixture
def ledger(store_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """With a checkpoint after every third entry, and lots put away by twos."""
    monkeypatch.setattr(position_fold, "CHECKPOINT_EVERY", 3)
    monkeypatch.setattr(lots, "PACK", 2)
    with Ledger.open(store_url, clock=SteppingClock(RECORDED_AT), update_views=False) as ledger:
        yield ledger


class Tape:
    """Messages about one instrument: fills in runs of one side, some of them late, corrected,
    busted or told again."""

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)
        self._fills = 0
        self._side = "buy"

    def at(self, second: float) -> str:
        return (START + timedelta(seconds=second)).isoformat()

    def message(self, number: int) -> dict[str, Any]:
        chance = self._chance
        second = number * 10 if chance.random() < 0.75 else chance.randrange(number * 10 + 1)
        common = {"instrument": "BTC-USD", "at": self.at(second)}
        kind = chance.choices(
            ("fill", "bust", "correct", "again", "funding", "adjust", "define"),
            (60, 6, 6, 6, 6, 3, 5),
        )[0]
        if kind == "funding":
            return {
                "type": "funding",
                **common,
                "amount": str(chance.randint(-5, 5) or 1),
                "currency": chance.choice(["USD", "BNB"]),
            }
        if kind == "adjust":
            return {
                "type": "adjust",
                **common,
                "quantity": str(chance.randint(-6, 6)),
                "price": "100",
            }
        if kind == "define":
            terms: list[dict[str, Any]] = [
                {"multiplier": "10"},
                {"multiplier": "0.5"},
                {"inverse": True},
                {"inverse": False},
            ]
            return {"type": "instrument", **common, **chance.choice([*terms, {"currency": "USD"}])}
        numbers = {"quantity": str(chance.randint(1, 4)), "price": str(chance.randint(90, 110))}
        known = f"F-{chance.randrange(self._fills)}" if self._fills else None
        if kind == "fill" or known is None:
            if chance.random() < 0.1:
                self._side = "sell" if self._side == "buy" else "buy"
            self._fills += 1
            fee: dict[str, Any] = {
                "fee": "0.1",
                **(
                    {"fee_currency": chance.choice(["USD", "BNB"])} if chance.random() < 0.5 else {}
                ),
            }
            told = {
                "type": "fill",
                "client_order_id": self._side,
                "fill_id": f"F-{self._fills - 1}",
                "side": self._side,
            }
            return {**told, **common, **numbers, **fee}
        order = {"client_order_id": self._side, "fill_id": known}
        if kind == "bust":
            return {"type": "fill_busted", **order, "at": self.at(number * 10)}
        if kind == "correct":
            corrected = {"fill_id": f"G-{number}", "corrects": known, "at": self.at(number * 10)}
            return {"type": "fill_corrected", **order, **corrected, **numbers}
        return {
            "type": "fill",
            **order,
            **common,
            **numbers,
            "side": self._side,
            "fee": "0.2",
            "fee_currency": "BNB",
        }


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_positions_are_those_of_a_fold_from_the_first_fill(ledger: Ledger, seed: int) -> None:
    tape, audited = Tape(seed), Audited(ledger)
    for number in range(90):
        audited.offer(tape.message(number))
        if number % 4 == 0:
            ledger.views.catch_up()
    audited.compare()
    assert ledger.views.check().differences == ()
    with ledger._store.database.reading() as session:
        assert session.select(CHECKPOINTS)
        assert session.select(LOTS)
    assert ledger.views.rebuild().is_equal
    assert ledger.views.rebuild(["positions"]).names == ("positions",)


@pytest.mark.slow
@pytest.mark.parametrize("depth", [3, 40])
def test_lots_that_were_put_away_are_closed_in_their_order(ledger: Ledger, depth: int) -> None:
    audited = Audited(ledger)
    for number in range(2 * depth):
        side = "buy" if number < depth else "sell"
        numbers = {
            "fill_id": f"F-{number}",
            "side": side,
            "quantity": "1",
            "price": str(100 + number),
        }
        at = Tape(0).at(10 * number)
        audited.offer(
            {"type": "fill", "client_order_id": side, "instrument": "BTC-USD", "at": at, **numbers}
        )
        if number % 14 == 0:
            audited.compare()
    audited.compare()
    assert ledger.views.check().differences == ()
