"""Which index is which instrument, in both directions."""

import json
from typing import Any

import pytest

from orderledger.venues.lighter.markets import Markets

DETAILS = {
    "code": 200,
    "order_book_details": [{"market_id": 0, "symbol": "ETH"}, {"market_id": 1, "symbol": "BTC"}],
    "spot_order_book_details": [{"market_id": 2048, "symbol": "ETH/USDC"}],
}


def test_markets_are_named_and_found_by_their_names() -> None:
    markets = Markets.of(DETAILS)
    assert [(index, markets.instrument(index)) for index in (0, 1, 2048)] == [
        (0, "ETH"),
        (1, "BTC"),
        (2048, "ETH/USDC"),
    ]
    assert [markets.index(name) for name in ("ETH", "BTC", "ETH/USDC")] == [0, 1, 2048]


def test_a_market_that_nobody_knows_is_named_after_its_index_and_found_by_it() -> None:
    markets = Markets.of(DETAILS)
    assert markets.instrument(7) == "lighter:market:7"
    assert markets.index("lighter:market:7") == 7
    assert (markets.index("SOL"), markets.index("lighter:market:x")) == (None, None)
    assert [markets.knows(index) for index in (0, 7)] == [True, False]


def test_what_is_known_never_changes_and_what_is_new_counts_a_version() -> None:
    first = Markets.of(DETAILS)
    assert first.version == 1
    assert first.learned(DETAILS) is first
    renamed = first.learned(
        {
            "order_book_details": [
                {"market_id": 0, "symbol": "ETHER"},
                {"market_id": 2, "symbol": "SOL"},
            ]
        }
    )
    assert (renamed.instrument(0), renamed.instrument(2), renamed.version) == ("ETH", "SOL", 2)


def test_a_symbol_that_comes_again_for_another_market_is_not_mixed_up_with_the_first() -> None:
    markets = Markets.of(DETAILS).learned(
        {"order_book_details": [{"market_id": 9, "symbol": "ETH"}]}
    )
    assert (markets.instrument(9), markets.index("ETH")) == ("lighter:market:9", 0)


def test_markets_can_be_kept_in_a_file() -> None:
    markets = Markets.of(DETAILS)
    assert Markets.of(json.loads(json.dumps(markets.to_document()))) == markets


@pytest.mark.parametrize(
    "known",
    [{0: "ETH"}, {"0": "ETH"}, {"version": 1, "symbols": {"0": "ETH"}}, Markets({0: "ETH"}, 1)],
)
def test_markets_are_given_in_several_ways(known: Any) -> None:
    assert Markets.of(known) == Markets({0: "ETH"}, 1)
    assert Markets.of({}) == Markets()


@pytest.mark.parametrize(
    "row",
    [
        5,
        None,
        {},
        {"market_id": 3},
        {"market_id": "x", "symbol": "X"},
        {"market_id": 3, "symbol": 4},
    ],
)
def test_a_market_that_cannot_be_read_costs_the_others_nothing(row: Any) -> None:
    markets = Markets.of(
        {
            "order_book_details": [row, {"market_id": 0, "symbol": "ETH"}],
            "spot_order_book_details": None,
        }
    )
    assert dict(markets.symbols) == {0: "ETH"}
