"""The equity curve of an account has the valuation of each of its moments."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from orderledger import Ledger, parse_document
from orderledger.infrastructure.clock import SteppingClock
from tests.core.properties.accounts import PARITIES, account_story, event_story
from tests.core.properties.test_accounts import ACCOUNT, RECORDED_AT, Messages
from tests.seeds import of_seeds

SAID_LATER = ("position_side", "position_mode", "settlement_busted")
"""What a later fact says of earlier ones: a valuation of the time before does not know it."""


def knows_no_later(story: Messages) -> bool:
    """Whether no fact changes what an earlier one meant."""
    of_sides = any(name in one for one in story for name in SAID_LATER)
    times: dict[str, set[str]] = {}
    for one in story:
        if "fill_id" in one and one["type"] == "fill":
            times.setdefault(one["fill_id"], set()).add(one["at"])
    is_completed = any(len(found) > 1 for found in times.values())
    return not of_sides and not is_completed and not any(one["type"] in SAID_LATER for one in story)


def events(chance: Random) -> Messages:
    return event_story(chance, has_renames=False)


@of_seeds
@pytest.mark.parametrize("tell", [account_story, events])
def test_each_point_is_the_valuation_of_its_time(
    seeds: range, tell: Callable[[Random], Messages]
) -> None:
    for seed in seeds:
        chance = Random(seed)
        story = tell(chance)
        while not knows_no_later(story):
            story = tell(chance)
        declared = chance.sample(PARITIES, chance.choice((0, 1, 2)))
        clock = SteppingClock(RECORDED_AT)
        with Ledger.open("memory://", parities=declared, clock=clock, update_views=False) as ledger:
            for message in story:
                ledger.record(parse_document({**message, "account": ACCOUNT}))
            asked: dict[str, Any] = {
                "parities": chance.sample(PARITIES, 1),
                "mark_serves": timedelta(hours=chance.choice((3, 24))),
            }
            currency = chance.choice(("USDT", "USD", "BTC"))
            rows = ledger.equity(in_currency=currency, points=None, **asked)
            for row in rows:
                (value,) = ledger.valuation(
                    currency=currency, account=ACCOUNT, effective_at=row["at"], **asked
                )
                found = row["equity"], row["reason"]
                assert found == (value["amount"], value["reason"]), (seed, row)
