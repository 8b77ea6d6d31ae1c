"""Which answers end an order as rejected, and which leave its outcome unknown: by the documents of
each venue, over sockets."""

import asyncio
import json
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import pytest

from orderledger.testing.order_entry import EntryHarness
from orderledger.venues import Unanswered
from orderledger.venues.base.refusals import Mark, Proof, Refusals
from tests.venues.order_entry.kinds import KINDS
from tests.venues.tables import TABLES
from tests.venues.test_keyed_order_entry import Desk, played

Case = tuple[str, int, Any, str]
"""What was asked (new, cancel or replace), the status and document of the answer, and our word for
it."""


def desk(text: str) -> dict[str, Any]:
    return {"errors": {"error": text}}


def fault(text: str) -> dict[str, Any]:
    return {"fault": {"faultstring": text, "detail": {"errorcode": "x"}}}


def one(text: str) -> dict[str, Any]:
    return {"status": "ok", "response": {"type": "order", "data": {"statuses": [{"error": text}]}}}


def err(text: str) -> dict[str, Any]:
    return {"status": "err", "response": text}


def failed(code: str) -> dict[str, Any]:
    return {"status": "failed", "code": code, "message": "…"}


def invalid(field: str, **more: Any) -> dict[str, Any]:
    return {
        "success": False,
        "message": "The given data was invalid.",
        "result": {field: ["is invalid"]},
        "code": 422,
        **more,
    }


def checked(field: str) -> dict[str, Any]:
    return {"detail": [{"loc": ["body", field], "msg": "not valid", "type": "value_error"}]}


DENIED: Case = ("new", 401, {"detail": "who?", "message": "who?", "success": False}, "unauthorized")
PROVED: dict[str, Sequence[Case]] = {
    "tradier": (
        DENIED,
        ("new", 401, fault("Invalid Access Token"), "unauthorized"),
        ("cancel", 400, fault("Invalid Access Token"), "unauthorized"),
        ("new", 429, fault("Rate limit quota violation"), "rate_limited"),
        ("cancel", 400, "order already in finalized state", "too_late"),
        (
            "new",
            400,
            desk("Backoffice rejected override of the order: DayTradingBuyingPowerExceeded"),
            "insufficient_funds",
        ),
        (
            "new",
            200,
            desk("Sell order cannot be placed unless you are closing a long position"),
            "no_position",
        ),
        ("new", 400, desk("Account is not enabled for trading."), "not_allowed"),
        ("cancel", 404, desk("Order not found"), "unknown_order"),
        ("new", 400, desk("Invalid symbol"), "unknown_instrument"),
        ("replace", 400, desk("price is not valid"), "incorrect_price"),
        ("new", 400, desk("Invalid quantity"), "incorrect_quantity"),
        ("new", 400, desk("something new"), "rejected"),
    ),
    "hyperliquid": (
        DENIED,
        (
            "cancel",
            200,
            one("Order was never placed, already canceled, or filled. asset=1"),
            "unknown_order",
        ),
        ("replace", 200, one("Cannot modify canceled or filled order"), "too_late"),
        ("new", 200, one("Insufficient margin to place order. asset=1"), "insufficient_margin"),
        ("new", 200, one("Order has insufficient spot balance to trade"), "insufficient_funds"),
        (
            "new",
            200,
            one("Post only order would have immediately matched, bbo was 1@2."),
            "post_only_would_match",
        ),
        (
            "new",
            200,
            one("Order could not immediately match against any resting orders. asset=1"),
            "no_liquidity",
        ),
        ("new", 200, one("No liquidity available for market order."), "no_liquidity"),
        ("new", 200, one("Price must be divisible by tick size. asset=1"), "incorrect_price"),
        ("new", 200, one("Invalid TP/SL price."), "incorrect_price"),
        ("new", 200, one("Order price too far from oracle"), "price_too_far"),
        (
            "new",
            200,
            one("Order price cannot be more than 80% away from the reference price"),
            "price_too_far",
        ),
        (
            "new",
            200,
            one(
                "Order rejected due to price more aggressive than oracle while at open interest cap"
            ),
            "price_too_far",
        ),
        ("new", 200, one("Order has invalid price."), "incorrect_price"),
        ("new", 200, one("Order has zero size."), "incorrect_quantity"),
        ("new", 200, one("Order must have minimum value of $10."), "incorrect_quantity"),
        ("new", 200, one("Order must have minimum value of 10 USDH."), "incorrect_quantity"),
        ("new", 200, one("Reduce only order would increase position."), "reduce_only"),
        ("new", 200, one("Order would increase open interest too quickly"), "open_interest_cap"),
        (
            "new",
            200,
            one("Order would cause position to exceed margin tier limit at current leverage"),
            "position_limit",
        ),
        (
            "new",
            200,
            err("User or API Wallet 0x00000000000000000000000000000000000000aa does not exist."),
            "unauthorized",
        ),
        ("cancel", 200, err("Must deposit before performing actions. User: 0xaa"), "unauthorized"),
        ("new", 200, err("Invalid nonce: duplicate nonce 7"), "invalid_nonce"),
        ("new", 200, err("Action already expired"), "expired"),
        ("cancel", 200, err("Too many cumulative requests sent (37986 > 10436)"), "rate_limited"),
    ),
    "lighter": (
        ("new", 200, {"code": 23000, "message": "Too Many Requests!"}, "rate_limited"),
        (
            "new",
            400,
            {"code": 21506, "message": "too many pending txs. Please try again later"},
            "rate_limited",
        ),
        ("new", 400, {"code": 21104, "message": "invalid nonce"}, "invalid_nonce"),
        ("new", 400, {"code": 21100, "message": "account not found"}, "unauthorized"),
        ("new", 400, {"code": 20558, "message": "restricted jurisdiction"}, "not_allowed"),
        (
            "new",
            400,
            {"code": 21712, "message": "account has a queued cancel all orders request"},
            "cancel_all_queued",
        ),
        (
            "cancel",
            400,
            {"code": 21715, "message": "given order is not an active order"},
            "unknown_order",
        ),
        ("new", 400, {"code": 21701, "message": "invalid base amount"}, "incorrect_quantity"),
        ("replace", 400, {"code": 21702, "message": "invalid price"}, "incorrect_price"),
        ("new", 400, {"code": 21711, "message": "invalid expiry"}, "incorrect_expire_at"),
        (
            "new",
            400,
            {"code": 21717, "message": "maximum active limit order count reached"},
            "too_many_orders",
        ),
        (
            "new",
            400,
            {"code": 21727, "message": "invalid client order index"},
            "incorrect_client_id",
        ),
        ("new", 400, {"code": 21732, "message": "reduce only increases position"}, "reduce_only"),
        (
            "new",
            400,
            {"code": 21734, "message": "limit order price is too far from the mark price"},
            "price_too_far",
        ),
        (
            "new",
            400,
            {"code": 21739, "message": "not enough margin to create the order"},
            "insufficient_margin",
        ),
        ("new", 400, {"code": 21602, "message": "invalid market index"}, "rejected"),
        DENIED,
    ),
    "nobitex": (
        DENIED,
        ("new", 200, failed("OverValueOrder"), "insufficient_funds"),
        ("new", 200, failed("SmallOrder"), "too_small"),
        ("new", 200, failed("BadPrice"), "incorrect_price"),
        ("new", 200, failed("InvalidMarketPair"), "unknown_instrument"),
        ("new", 200, failed("MarketClosed"), "market_closed"),
        ("new", 200, failed("TradingUnavailable"), "not_allowed"),
        ("new", 400, failed("ParseError"), "rejected"),
        ("new", 429, failed("TooManyRequests"), "rate_limited"),
        ("cancel", 404, failed("NotFound"), "unknown_order"),
        ("cancel", 200, failed("UpdateStatusFailed"), "rejected"),
    ),
    "wallex": (
        DENIED,
        ("new", 422, invalid("quantity"), "incorrect_quantity"),
        ("new", 422, invalid("price"), "incorrect_price"),
        ("new", 422, invalid("stop_Price"), "incorrect_stop_price"),
        ("new", 422, invalid("symbol"), "unknown_instrument"),
        (
            "cancel",
            404,
            {"success": False, "message": "no such order", "result": None, "code": 404},
            "unknown_order",
        ),
        ("new", 429, {"success": False, "message": "slower", "code": 429}, "rate_limited"),
        ("new", 400, {"success": False, "message": "no", "code": 1}, "rejected"),
    ),
    "invex": (
        DENIED,
        ("new", 422, checked("quantity"), "incorrect_quantity"),
        ("new", 422, checked("price"), "incorrect_price"),
        ("new", 422, checked("symbol"), "unknown_instrument"),
        ("cancel", 422, checked("order_id"), "rejected"),
    ),
}
"""By the sources that the venue's table names."""

TOO_MANY = 429
NOTHING_SAID: Sequence[Case] = [
    (asked, status, body, reason)
    for asked in ("new", "cancel")
    for status, body, reason in (
        (500, "{}", "http_500"),
        (502, "<html>bad gateway</html>", "http_502"),
        (503, "Service Unavailable", "http_503"),
        (504, "{}", "http_504"),
        (408, "{}", "http_408"),
        (TOO_MANY, "<html>slower</html>", "http_429"),
        (400, "<html>bad request</html>", "refusal_not_proved"),
        (404, "{}", "refusal_not_proved"),
    )
]
NOT_PROVED: dict[str, Sequence[Case]] = {
    "tradier": (
        ("new", 500, desk("Account is not enabled for trading."), "http_500"),
        ("new", 408, desk("Account is not enabled for trading."), "http_408"),
        ("new", 400, desk("Internal server error"), "refusal_not_proved"),
        ("cancel", 400, desk("The request timed out, try again"), "refusal_not_proved"),
        ("new", 400, fault("Unexpected EOF at target"), "refusal_not_proved"),
        ("new", 400, "order already in finalized state", "refusal_not_proved"),
    ),
    "hyperliquid": (
        ("new", 500, one("Insufficient margin to place order."), "http_500"),
        ("new", 200, one("Something that nobody has documented"), "refusal_not_proved"),
        (
            "new",
            200,
            one("Order was never placed, already canceled, or filled."),
            "refusal_not_proved",
        ),
        ("new", 200, err("Internal error"), "refusal_not_proved"),
        ("cancel", 200, one("Insufficient margin to place order."), "refusal_not_proved"),
        (
            "new",
            422,
            "Failed to deserialize the JSON body into the target type",
            "refusal_not_proved",
        ),
    ),
    "lighter": (
        (
            "new",
            503,
            {"code": 21739, "message": "not enough margin to create the order"},
            "http_503",
        ),
        (
            "new",
            400,
            {"code": 21728, "message": "client order index already exists"},
            "duplicate_order",
        ),
        ("new", 400, {"code": 29500, "message": "internal server error"}, "refusal_not_proved"),
        ("cancel", 200, {"code": 20001, "message": "invalid param"}, "refusal_not_proved"),
    ),
    "nobitex": (
        ("new", 500, failed("OverValueOrder"), "http_500"),
        ("new", 408, failed("TooManyRequests"), "http_408"),
        ("new", 200, failed("DuplicateClientOrderId"), "duplicate_order"),
        ("new", 200, failed("DuplicateOrder"), "duplicate_order"),
        ("new", 200, failed("UnexpectedError"), "refusal_not_proved"),
        (
            "cancel",
            400,
            failed("InternalError") | {"message": "internal error"},
            "refusal_not_proved",
        ),
    ),
    "wallex": (
        ("new", 500, invalid("quantity"), "http_500"),
        ("new", 422, invalid("client_id"), "duplicate_order"),
        ("new", 200, {"success": False, "message": "no", "code": 1}, "refusal_not_proved"),
        (
            "new",
            400,
            {"success": False, "message": "Service is busy, try again", "code": 1},
            "refusal_not_proved",
        ),
    ),
    "invex": (
        ("new", 500, checked("quantity"), "http_500"),
        ("new", 422, checked("client_order_id"), "duplicate_order"),
        ("new", 400, {"detail": "Order cannot be placed"}, "refusal_not_proved"),
        ("cancel", 404, {"detail": "Order not found"}, "refusal_not_proved"),
        ("new", 429, {"detail": "Too many requests"}, "http_429"),
    ),
}


def lines_of(name: str) -> Sequence[Proof]:
    if name in TABLES:
        return TABLES[name].refusals.proofs
    table: Refusals = import_module(f"orderledger.venues.{name}.refusals").REFUSALS
    return table.proofs


async def outcomes(name: str, cases: Sequence[Case]) -> list[str]:
    """What becomes of each request: our word for its refusal, or the reason of Unanswered with a
    question mark."""
    found = []
    async with EntryHarness(KINDS[name]).served() as world:
        for number, (asked, status, body, _) in enumerate(cases):
            world.server.answers_instead = None
            await world.warm_up(f"warm-{number}")
            order = world.order(f"C-{number}")
            world.server.answers_instead = (
                status,
                body if isinstance(body, str) else json.dumps(body),
            )
            found.append(
                await outcome_of(
                    world.entry,
                    asked,
                    {**order, "venue_order_id": "77"} if asked != "new" else order,
                )
            )
        world.server.answers_instead = None
        assert world.at_venue() == []
    return found


async def outcome_of(entry: Any, asked: str, order: Any) -> str:
    price = {"quantity": None, "limit_price": order["limit_price"], "stop_price": None}
    try:
        match asked:
            case "new":
                (told,) = await entry.submit(order)
            case "cancel":
                (told,) = await entry.cancel(order, "R-1")
            case _:
                (told,) = await entry.replace(order, {"request_id": "R-1", **price})
    except Unanswered as error:
        return f"{error.reason}?"
    assert (
        told.type
        == {"new": "rejected", "cancel": "cancel_rejected", "replace": "replace_rejected"}[asked]
    )
    return str(told.reason)


async def keyed_outcomes(desk: Desk, cases: Sequence[Case]) -> list[str]:
    found = []
    for number, (asked, status, body, _) in enumerate(cases):
        order = desk.requested(f"C-{number}")
        desk.server.answers_instead = status, body if isinstance(body, str) else json.dumps(body)
        found.append(await outcome_of(desk.entry, asked, order))
    return found


def judged(name: str, cases: Sequence[Case]) -> list[str]:
    if name in KINDS:
        return asyncio.run(outcomes(name, cases))
    found: list[str] = []

    async def story(desk: Desk) -> None:
        found.extend(await keyed_outcomes(desk, cases))

    played(name, story)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", PROVED)
def test_an_answer_that_the_venue_s_documents_call_a_refusal_ends_the_order(name: str) -> None:
    assert judged(name, PROVED[name]) == [reason for *_, reason in PROVED[name]]


@pytest.mark.slow
@pytest.mark.parametrize("name", PROVED)
def test_any_other_answer_leaves_the_outcome_unknown(name: str) -> None:
    """A venue pauses after a 429, Lighter for a minute. So each of them ends an account's case."""
    cases = [*NOTHING_SAID, *NOT_PROVED[name]]
    others = [case for case in cases if case[1] != TOO_MANY]
    for some in (others, *([case] for case in cases if case[1] == TOO_MANY)):
        assert judged(name, some) == [f"{reason}?" for *_, reason in some]


@pytest.mark.parametrize("name", PROVED)
def test_every_line_of_a_table_names_its_source_and_decides_about_an_answer(name: str) -> None:
    """A line that another one hides would never be used: its example has its own word."""
    lines = lines_of(name)
    assert all(line.source and line.reason for line in lines)
    told = {reason for *_, reason in [*PROVED[name], *NOT_PROVED[name]]}
    assert {line.reason for line in lines} <= told
    assert any(line.mark is Mark.TURNED_AWAY for line in lines)
