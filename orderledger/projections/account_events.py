"""The view of funding, transfers, adjustments, what happens to instruments, gaps, and losses of
the log."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, TypedDict, assert_never, cast, final

from orderledger.domain.accounts import (
    FundingRecorded,
    GapRecorded,
    InstrumentRenamed,
    InstrumentSettled,
    InstrumentSplit,
    LogWentBack,
    PositionAdjusted,
    SettlementBusted,
    TransferRecorded,
)
from orderledger.domain.exact import plain
from orderledger.domain.orders.fill import Fees
from orderledger.domain.recorded import Recorded
from orderledger.domain.values import Cause, PositionSide, Premium, Side, TransferKind
from orderledger.projections.view import Table

KINDS = (
    *("funding", "transfer", "adjust", "split", "settle", "delivery", "rename"),
    "settlement_busted",
    *("gap", "log_went_back"),
)


@final
class AccountEventRow(TypedDict):
    """One row per fact, and one more for what a settlement delivers."""

    position: Annotated[int, "Log position."]
    account: Annotated[str, "Trading account."]
    kind: Annotated[
        str,
        "funding, transfer, adjust, split, settle, delivery, rename, settlement_busted, gap or "
        "log_went_back.",
        KINDS,
    ]
    instrument: Annotated[
        str | None,
        "Instrument of a funding, an adjustment, a split, a settlement, a delivery or a rename, by "
        "its latest name. Null for an adjusted balance.",
    ]
    former_name: Annotated[
        str | None, "Name under which it was recorded, where the instrument has another now."
    ]
    quantity: Annotated[
        Decimal | None,
        "Amount of a funding, a transfer or an adjusted balance; quantity of an adjusted position "
        "(signed), after a split (signed), that was settled (null: all of it), or delivered "
        "(signed: bought is positive).",
    ]
    price: Annotated[Decimal | None, "Price of an adjusted position, a settlement or a delivery."]
    position_side: Annotated[
        str | None,
        "Position that it is of, where it was named.",
        PositionSide,
    ]
    position_id: Annotated[str | None, "The venue's id of that position, where it was given."]
    currency: Annotated[str | None, "Currency of a funding, a transfer or a balance."]
    transfer: Annotated[str | None, "Kind of a transfer.", TransferKind]
    venue_id: Annotated[
        str | None,
        "The venue's id of a transfer; without one, and of a funding, a split and a settlement: "
        "the id of its message.",
    ]
    cause: Annotated[
        dict[str, Any] | None, "Origin of a transfer or an adjusted balance: `kind`, `instrument`."
    ]
    terms: Annotated[
        dict[str, Any] | None,
        "Of a split: `ratio`, `cash_in_lieu`; of a settlement: `kind`, `fees`, `into`, `premium`; "
        "of a delivery: `of` (the settled instrument), `kind`, `fees`, and by method the `premium` "
        "that is carried into its cost; of a rename: `to`.",
    ]
    state: Annotated[
        str | None,
        "Of a transfer: active; repeated, if its id was recorded before with the same numbers; "
        "reused, if with others. Of a funding, a split or a settlement: repeated or reused alike, "
        "if another report of it counts; of a settlement: busted; else null. Only active ones, and "
        "those without a state, count.",
        ("active", "repeated", "reused", "busted"),
    ]
    at: Annotated[datetime, "When it happened."]
    from_at: Annotated[datetime | None, "When a gap began."]
    to_at: Annotated[datetime | None, "When a gap ended, null while it is not known to be covered."]
    reason: Annotated[str | None, "Why."]


ACCOUNT_EVENTS = Table(
    "account_events",
    "One row per funding, transfer, adjustment, split, settlement, rename, bust of a settlement, "
    "gap, and loss of the log, and one more for what a settlement delivers.",
    ("position", "kind"),
    AccountEventRow,
    ("at", "position"),
    (("account", "instrument", "kind"), ("account", "venue_id")),
    version=19,
)


Shown = (
    FundingRecorded
    | TransferRecorded
    | PositionAdjusted
    | InstrumentSplit
    | InstrumentSettled
    | InstrumentRenamed
    | SettlementBusted
    | GapRecorded
    | LogWentBack
)
"""Facts with a row."""


def account_event_row(account: str, recorded: Recorded, event: Shown) -> AccountEventRow:
    """The columns of `tables.ACCOUNT_EVENTS`."""
    row: dict[str, Any] = {
        **dict.fromkeys(AccountEventRow.__annotations__),
        "position": recorded.position or 0,
        "account": account,
        "kind": event.stream_kind,
        "at": recorded.at,
        "reason": event.detail if isinstance(event, LogWentBack) else event.reason,
    }
    return cast(AccountEventRow, row | _named(event) | _columns(event))


def delivery_row(settled: AccountEventRow, event: InstrumentSettled) -> AccountEventRow | None:
    """The row of what a settlement delivers, if it does. `settled`: the row of the settlement."""
    leg = event.into
    if leg is None:
        return None
    terms: dict[str, Any] = {"of": event.instrument, "kind": str(event.kind)}
    if leg.fees:
        terms["fees"] = fees_listed(leg.fees)
    if event.premium == Premium.CARRY:
        terms["premium"] = {}
    delivered: AccountEventRow = {
        **settled,
        "kind": "delivery",
        "instrument": leg.instrument,
        "former_name": None,
        "position_side": None,
        "position_id": None,
        "quantity": leg.quantity if leg.side == Side.BUY else leg.quantity.copy_negate(),
        "price": leg.price,
        "terms": terms,
    }
    return delivered


def _named(event: Shown) -> dict[str, Any]:
    """The instrument and the position that an event names."""
    side = getattr(event, "position_side", None)
    return {
        "instrument": getattr(event, "instrument", None),
        "position_side": None if side is None else str(side),
        "position_id": getattr(event, "position_id", None),
    }


def _columns(event: Shown) -> dict[str, Any]:
    match event:
        case GapRecorded():
            return {"from_at": event.from_at, "to_at": event.to_at}
        case FundingRecorded():
            paid = {"quantity": event.amount, "currency": event.currency}
            return {**paid, "venue_id": event.message_id}
        case TransferRecorded():
            return {
                "quantity": event.amount,
                "currency": event.currency,
                "transfer": str(event.kind),
                "venue_id": event.venue_id or event.message_id,
                "cause": cause_row(event.cause),
                "state": "active",
            }
        case PositionAdjusted() if event.currency is not None:
            return {
                "quantity": event.amount,
                "currency": event.currency,
                "cause": cause_row(event.cause),
            }
        case PositionAdjusted():
            return {
                "quantity": event.quantity,
                "price": event.price,
                "cause": cause_row(event.cause),
            }
        case InstrumentSplit():
            terms = _terms_of_split(event)
            return {"quantity": event.quantity, "terms": terms, "venue_id": event.message_id}
        case InstrumentSettled():
            return {
                "quantity": event.quantity,
                "price": event.price,
                "terms": _terms_of_settlement(event),
                "venue_id": event.message_id,
            }
        case SettlementBusted():
            return {"kind": "settlement_busted", "venue_id": event.settlement_id}
        case InstrumentRenamed():
            return {"terms": {"to": event.to}}
        case LogWentBack():
            return {}
        case _:
            assert_never(event)


def _terms_of_split(event: InstrumentSplit) -> dict[str, Any]:
    terms: dict[str, Any] = {"ratio": list(event.ratio)}
    if (paid := event.cash_in_lieu) is not None:
        terms["cash_in_lieu"] = {
            "quantity": plain(paid.quantity),
            "currency": paid.currency,
            "amount": plain(paid.amount),
        }
    return terms


def _terms_of_settlement(event: InstrumentSettled) -> dict[str, Any]:
    terms: dict[str, Any] = {"kind": str(event.kind)}
    if event.fees:
        terms["fees"] = fees_listed(event.fees)
    if event.into is not None:
        terms["into"] = event.into.instrument
    if event.premium is not None:
        terms["premium"] = str(event.premium)
    return terms


def fees_listed(fees: Fees) -> list[dict[str, str]]:
    """As the views show them."""
    return [
        {"currency": one.currency, "amount": plain(one.amount), "kind": str(one.kind)}
        for one in fees
    ]


def cause_row(cause: Cause | None) -> dict[str, Any] | None:
    """As the view shows it."""
    return None if cause is None else {"kind": cause.kind, "instrument": cause.instrument}
