"""Positions by side are the auditor's, whatever is told of sides and modes, in whatever order,
again and again."""

from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest

from orderledger import Ledger
from orderledger.infrastructure.clock import SteppingClock
from tests.core.properties.checks import Audited
from tests.core.properties.stories import START, Message
from tests.seeds import of_seeds

SIDES = (None, None, "long", "long", "short", "net")


def hedge_story(chance: Random) -> list[Message]:
    """Fills of a few orders in one or two instruments, with what is told of their sides at once,
    later, by their order, or never; every message has a time of its own."""
    seconds = iter(chance.sample(range(1_000), 60))
    instruments = chance.choice([("X",), ("X", "Y")])
    usual = chance.choice([(None,), ("long", "short"), SIDES])
    told: list[Message] = []

    def say(kind: str, **fields: object) -> Message:
        at = START + timedelta(seconds=next(seconds))
        message = {
            "type": kind,
            "at": at.isoformat(),
            **{name: value for name, value in fields.items() if value is not None},
        }
        told.append(message)
        return message

    for name in instruments:
        say("instrument", instrument=name, currency="USD", inverse=chance.random() < 0.2)
        for _ in range(chance.choice((0, 0, 1, 1, 2))):
            say(
                "instrument",
                instrument=name,
                position_mode=chance.choice(("net", "hedge", "hedge", "unknown")),
            )
    for number in range(chance.randint(2, 9)):
        instrument, side, position_side = (
            chance.choice(instruments),
            chance.choice(("buy", "sell")),
            chance.choice(usual),
        )
        order = {"client_order_id": f"C-{number}", "instrument": instrument, "side": side}
        position_id = chance.choice((None, None, None, "7"))
        price = chance.choice(("1", "2", "4", "0")) if chance.random() < 0.9 else "8"
        filled = {
            "fill_id": f"F-{number}",
            "quantity": chance.choice("12"),
            "price": price,
            "position_id": position_id,
        }
        fill = say(
            "fill", **order, **filled, position_side=position_side, fee="0.1", fee_currency="USD"
        )
        if chance.random() < 0.3:  # the side, or another one, or an earlier time comes later
            told.append({**fill, "position_side": chance.choice(("long", "short"))})
        if chance.random() < 0.2:
            say(
                "acknowledged",
                client_order_id=f"C-{number}",
                position_side=chance.choice(("long", "short")),
            )
        if chance.random() < 0.2:
            terms = {"order_type": "limit", "limit_price": "9", "quantity": "9"}
            say("request", **order, **terms, position_side=chance.choice((None, "long", "short")))
        if chance.random() < 0.15:
            say("fill_busted", client_order_id=f"C-{number}", fill_id=f"F-{number}")
        elif chance.random() < 0.2:
            corrected = {
                "fill_id": f"F-{number}b",
                "corrects": f"F-{number}",
                "quantity": "1",
                "price": "3",
            }
            say(
                "fill_corrected",
                client_order_id=f"C-{number}",
                **corrected,
                position_side=chance.choice((None, "long")),
            )
    for _ in range(chance.choice((0, 0, 1, 2))):
        given = {"instrument": chance.choice(instruments), "position_side": chance.choice(usual)}
        say("adjust", **given, quantity=chance.choice(("0", "1", "-2")), price="2")
        say("funding", **given, amount=chance.choice(("1", "-1")), currency="USD")
    say("mark", instrument="X", price="2")
    chance.shuffle(told)
    return told


@of_seeds
def test_positions_by_side_are_the_auditors(seeds: range) -> None:
    for seed in range(10 * seeds.start, 10 * seeds.stop):
        chance = Random(seed)
        with Ledger.open(
            "memory://", clock=SteppingClock(START + timedelta(days=1)), update_views=False
        ) as ledger:
            audited = Audited(ledger)
            for message in hedge_story(chance):
                if audited.offer(message) == "recorded" and chance.random() < 0.3:
                    ledger.views.catch_up()
            try:
                audited.compare()
            except AssertionError as error:
                raise AssertionError(f"seed {seed}") from error
            assert ledger.views.check().differences == (), seed
            assert ledger.pnl() == ledger.pnl(effective_at=START + timedelta(days=2)), seed
            moment = START + timedelta(seconds=chance.randint(0, 1_000))
            check_equity(ledger)
            assert {row["reason"] for row in ledger.pnl(effective_at=moment)} <= {None, *REASONS}


REASONS = ("position_side_unknown", "impossible_price", "currency_unknown")


def check_equity(ledger: Ledger) -> None:
    """Every way to the same figures agrees: what fills realized, P&L by strategy, and the rows
    themselves."""
    rows = {
        (row["instrument"], row["position_side"], row["position_id"]): row
        for row in ledger.pnl(method="fifo")
    }
    realized: dict[tuple[str, str, str], Fraction | None] = {}
    for one in ledger.pnl_of_fills():
        key = (one["instrument"], one["position_side"], one["position_id"])
        known, more = realized.get(key, Fraction()), one["realized_pnl_fifo"]
        realized[key] = None if known is None or more is None else known + Fraction(more)
    for key, amount in realized.items():
        shown = rows[key]["realized_pnl"]
        assert (None if shown is None else Fraction(shown)) == amount or rows[key][
            "reason"
        ] == "impossible_price", key
    for row in ledger.pnl(
        method="fifo", by=["account", "instrument", "strategy", "day"], timezone="UTC"
    ):
        if (
            rows[row["instrument"], row["position_side"], row["position_id"]]["reason"]
            == "position_side_unknown"
        ):
            assert (row["position_quantity"], row["realized_pnl"]) == (None, None)


@pytest.mark.slow
def test_several_processes_build_positions_by_side(tmp_path: Path) -> None:
    with Ledger.open(str(tmp_path / "orders.db"), update_views=False, synchronous="OFF") as ledger:
        for seed in range(40):
            audited = Audited(ledger)
            for message in hedge_story(Random(seed)):
                audited.offer(message)
            ledger.views.catch_up()
        assert ledger.views.rebuild(jobs=3).is_equal
        assert ledger.views.check().differences == ()
