"""Hummingbot: the events of its connectors, the updates of its order tracker, and
`InFlightOrder`."""

from collections.abc import Callable, Mapping
from datetime import datetime

from orderledger import InvalidMessage, Message, Source
from orderledger.venues.interop.context import ObjectContext
from orderledger.venues.interop.hummingbot_parts import (
    NO_ID,
    NOT_YET_ANSWERED,
    REPORTS,
    failure_of,
    fee_of,
    names_of,
    position_of,
    quote_of,
    side_of,
    status_of,
    terms_of,
)
from orderledger.venues.interop.objects import ForeignObject

SILENT = frozenset(
    {
        "BalanceUpdateEvent", "MarketTransactionFailureEvent", "OrderBookTradeEvent",
        "PositionModeChangeEvent",
        "RangePositionLiquidityAddedEvent", "RangePositionLiquidityRemovedEvent",
        "RangePositionUpdateFailureEvent",
        "TokenApprovalCancelledEvent", "TokenApprovalFailureEvent", "TokenApprovalSuccessEvent",
    }
)  # fmt: skip
"""Events that are not about an order or a position."""


def from_hummingbot(
    obj: object,
    *,
    account: str,
    at: datetime | None = None,
    strategy: str | None = None,
    instruments: Mapping[str, str] | None = None,
    is_hedged: bool = False,
) -> list[Message]:
    """The messages of one Hummingbot object: an event of a connector, an `OrderUpdate`, a
    `TradeUpdate` or an `InFlightOrder`.

    - `at`: time of receipt, for objects without a time of their own.
    - `strategy`: name for the requests.
    - `instruments`: the ledger's names of instruments, by trading pair (`BTC-USDT`), if they
      differ.
    - `is_hedged`: whether the account is in hedge mode (`PositionMode.HEDGE`), which no event says:
      orders and fills then name the long or the short position.

    Hummingbot has no event before it sends an order: record its `InFlightOrder` when it is placed.
    An order created event produces the request, if it is not recorded yet, and the venue's
    acknowledgement. A failure is a reject only if the venue refused. If sending ended without an
    answer, or Hummingbot gives no reason, it is `unresolved`; the ledger refuses that for an
    unknown order.

    Raises InvalidMessage, naming the attribute, if it is not such an object or lacks something.
    """
    given = ForeignObject(obj)
    context = ObjectContext.of(given, account, at, instruments)
    name = given.class_name
    if name in CREATED:
        return _created(given, context, CREATED[name], strategy, is_hedged)
    if name == "OrderFilledEvent":
        return _filled(given, context, is_hedged)
    if name in EVENTS:
        return EVENTS[name](given, context)
    if given.has("client_order_id", "current_state", "order_fills"):
        return _order(given, context, strategy, is_hedged)
    if given.has("new_state", "client_order_id"):
        return _update(given, context)
    if given.has("trade_id", "fill_price", "fill_base_amount"):
        return [_trade(given, context, None)]
    if name in SILENT:
        return []
    raise InvalidMessage(
        "obj", f"{name or type(obj).__name__!r} is not an event or order of Hummingbot"
    )


CREATED = {"BuyOrderCreatedEvent": "buy", "SellOrderCreatedEvent": "sell"}


def _created(
    given: ForeignObject, context: ObjectContext, side: str, strategy: str | None, is_hedged: bool
) -> list[Message]:
    names = names_of(given)
    instrument = context.instrument(given.needed("trading_pair"))
    request = context.message(
        "request",
        at=given.moment("creation_timestamp", "timestamp"),
        client_order_id=names["client_order_id"],
        instrument=instrument,
        side=side,
        quantity=given.needed_number("amount"),
        strategy=strategy,
        **terms_of(given, given.word("type")),
        **position_of(given, side, is_hedged=is_hedged),
    )
    if given.identifier("exchange_order_id") == NO_ID:
        return [request, _unanswered(given, context)]
    cause = context.message(
        "acknowledged", at=given.moment("timestamp"), **names, instrument=instrument, side=side
    )
    return [request, cause]


def _unanswered(given: ForeignObject, context: ObjectContext) -> Message:
    """The exchange did not say whether it has the order."""
    own = given.identifier("order_id") or given.identifier("client_order_id")
    return context.message(
        "unresolved",
        at=given.moment("timestamp"),
        client_order_id=own,
        reason="no_exchange_order_id",
    )


def _filled(given: ForeignObject, context: ObjectContext, is_hedged: bool) -> list[Message]:
    names, side = names_of(given), side_of(given, "trade_type")
    trade_id = given.identifier("exchange_trade_id")
    if trade_id is None:
        raise given.fault(
            "exchange_trade_id",
            "is missing: without it, two equal fills could not be distinguished",
        )
    return [
        context.message(
            "fill",
            at=given.moment("timestamp"),
            **names,
            fill_id=trade_id,
            instrument=context.instrument(given.needed("trading_pair")),
            side=side,
            **position_of(given, side, is_hedged=is_hedged),
            quantity=given.needed_number("amount"),
            price=given.needed_number("price"),
            **fee_of(
                given, "trade_fee", given.needed_number("price"), given.needed_number("amount")
            ),
        )
    ]


def _canceled(given: ForeignObject, context: ObjectContext) -> list[Message]:
    return [context.message("canceled", at=given.moment("timestamp"), **names_of(given))]


def _expired(given: ForeignObject, context: ObjectContext) -> list[Message]:
    return [context.message("expired", at=given.moment("timestamp"), **names_of(given))]


def _completed(given: ForeignObject, context: ObjectContext) -> list[Message]:
    """Hummingbot reports the order as completely filled. This is only a claim: the fills have
    their own events.
    """
    reported = {"status": "filled", "cum_quantity": given.needed_number("base_asset_amount")}
    return [
        context.message(
            "status_observed",
            at=given.moment("timestamp"),
            **names_of(given),
            status="filled",
            reported=reported,
        ),
    ]


def _failed(given: ForeignObject, context: ObjectContext) -> list[Message]:
    kind, cause = failure_of(given.identifier("error_type"), given.identifier("error_message"))
    return [context.message(kind, at=given.moment("timestamp"), **names_of(given), **cause)]


def _funding(given: ForeignObject, context: ObjectContext) -> list[Message]:
    """A funding payment, in the quote currency of the pair: positive when received."""
    pair = str(given.needed("trading_pair"))
    return [
        context.message(
            "funding",
            at=given.moment("timestamp"),
            instrument=context.instrument(pair),
            amount=given.needed_number("amount"),
            currency=quote_of(pair),
        )
    ]


def _position(given: ForeignObject, context: ObjectContext) -> list[Message]:
    """A position. Its side gives the sign if the connector sends an unsigned amount."""
    amount, side = given.needed_number("amount"), given.word("position_side")
    if side in ("LONG", "SHORT"):
        amount = -abs(amount) if side == "SHORT" else abs(amount)
    return [
        context.message(
            "balance",
            at=given.moment("timestamp"),
            instrument=context.instrument(given.needed("trading_pair")),
            quantity=amount,
            average_price=given.above_zero("entry_price") if amount else None,
        )
    ]


def _update(given: ForeignObject, context: ObjectContext) -> list[Message]:
    """A change of state in the order tracker."""
    state, names = given.word("new_state") or "", names_of(given)
    when = given.moment("update_timestamp")
    instrument = context.instrument(given.get("trading_pair"))
    if state in NOT_YET_ANSWERED:
        return []
    if state == "FAILED":
        misc = ForeignObject(given.get("misc_updates") or {})
        kind, cause = failure_of(misc.identifier("error_type"), misc.identifier("error_message"))
        return [context.message(kind, at=when, **names, **cause)]
    if state in REPORTS:
        return [context.message(REPORTS[state], at=when, **names, instrument=instrument)]
    return [
        context.message(
            "status_observed", at=when, **names, instrument=instrument, **status_of(state)
        )
    ]


def _trade(
    given: ForeignObject, context: ObjectContext, side: str | None, instrument: str | None = None
) -> Message:
    return context.message(
        "fill",
        at=given.moment("fill_timestamp"),
        **names_of(given),
        fill_id=str(given.needed("trade_id")),
        instrument=context.instrument(given.get("trading_pair")) or instrument,
        side=side,
        quantity=given.needed_number("fill_base_amount"),
        price=given.needed_number("fill_price"),
        **fee_of(
            given, "fee", given.needed_number("fill_price"), given.needed_number("fill_base_amount")
        ),
    )


def _order(
    given: ForeignObject, context: ObjectContext, strategy: str | None, is_hedged: bool
) -> list[Message]:
    """An order as the tracker knows it: the request, its fills, and its state."""
    names, state = names_of(given), given.word("current_state") or ""
    instrument, side = (
        context.instrument(given.needed("trading_pair")),
        side_of(given, "trade_type"),
    )
    created_at = given.moment("creation_timestamp")
    request = context.message(
        "request",
        at=created_at,
        client_order_id=names["client_order_id"],
        instrument=instrument,
        side=side,
        quantity=given.needed_number("amount"),
        strategy=strategy,
        **terms_of(given, given.word("order_type")),
        **position_of(given, side, is_hedged=is_hedged),
    )
    submit = context.message("submit", at=created_at, client_order_id=names["client_order_id"])
    fills = [_trade(fill, context, side, instrument) for fill in given.parts("order_fills") or []]
    if state in NOT_YET_ANSWERED:
        return [request, submit, *fills]
    when = given.moment("last_update_timestamp")
    if state == "FAILED":
        kind, cause = failure_of(None, None)
        return [
            request,
            submit,
            *fills,
            context.message(kind, at=when, client_order_id=names["client_order_id"], **cause),
        ]
    executed = given.number("executed_amount_base")
    reported = None if executed is None else {"cum_quantity": executed}
    state_message = context.message(
        "status_observed",
        at=when,
        **names,
        instrument=instrument,
        side=side,
        reported=reported,
        source=Source.VENUE_POLL,
        **status_of(state),
    )
    return [request, submit, *fills, state_message]


EVENTS: dict[str, Callable[[ForeignObject, ObjectContext], list[Message]]] = {
    "OrderCancelledEvent": _canceled,
    "OrderExpiredEvent": _expired,
    "BuyOrderCompletedEvent": _completed,
    "SellOrderCompletedEvent": _completed,
    "MarketOrderFailureEvent": _failed,
    "FundingPaymentCompletedEvent": _funding,
    "PositionUpdateEvent": _position,
}
