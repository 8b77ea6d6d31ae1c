"""Events of instruments: splits, and settlements at their end."""

from decimal import Decimal
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from orderledger.domain.account_event import AccountEvent
from orderledger.domain.exact import short
from orderledger.domain.fields import Positive
from orderledger.domain.values import Fee, PositionSide, Premium, SettlementKind, Side
from orderledger.domain.wording import because, word


class CashInLieu(msgspec.Struct, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """Money for a fraction of a unit that a split would leave."""

    quantity: Annotated[Positive, Meta(description="The fraction, in units after the split.")]
    currency: Annotated[str, Meta(description="Currency of the amount.")]
    amount: Annotated[Decimal, Meta(description="The money: of a long position received.")]


class OtherLeg(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    gc=False,
    forbid_unknown_fields=True,
):
    """The purchase or sale that a settlement brings: of the stock, or of the goods."""

    instrument: Annotated[str, Meta(description="Instrument that is delivered.")]
    side: Annotated[Side, Meta(description="Whether the account buys or sells it.")]
    quantity: Annotated[Positive, Meta(description="Quantity in units of that instrument.")]
    price: Annotated[Decimal, Meta(description="Price of the delivery, e.g. the strike.")]
    fees: Annotated[tuple[Fee, ...], Meta(description="Fees of the delivery.")] = ()


TIMED: dict[str, str] = {"at": "Time from which it holds. Required: the order of facts matters."}


class InstrumentSplit(AccountEvent, frozen=True, kw_only=True):
    """Split of an instrument: every open lot keeps its date and its cost, and its quantity is
    multiplied by the ratio.

    Cash in lieu sells a fraction at that time. Without a position side it holds for all positions
    of the instrument; with cash in lieu or a quantity, a hedge needs the side.
    """

    stored_name = "instrument_split.v1"
    wire_name = "split"
    needs_role = "collect"
    needs: ClassVar = TIMED
    stream_kind = "split"
    instrument: str
    ratio: Annotated[
        tuple[int, ...],
        Meta(description="[new, old]: [4, 1] makes four of one.", extra={"wire": "Ratio"}),
    ]
    cash_in_lieu: Annotated[
        CashInLieu | None, Meta(description="The fraction that was paid out.")
    ] = None
    quantity: Annotated[
        Decimal | None,
        Meta(description="Signed position after it, as the broker states it. It wins."),
    ] = None
    position_side: PositionSide | None = None
    position_id: str | None = None
    reason: str | None = None

    def sentence(self) -> str:
        new, old = self.ratio
        return f"{self.instrument} was split: {new} for {old}{because(self.reason)}."


class InstrumentRenamed(AccountEvent, frozen=True, kw_only=True):
    """A new name of an instrument. Facts that are dated before it and have the old name belong to
    the instrument with the new one. From that time on the old name is another instrument."""

    stored_name = "instrument_renamed.v1"
    wire_name = "rename"
    needs_role = "collect"
    needs: ClassVar = TIMED
    stream_kind = "rename"
    instrument: str
    to: Annotated[str, Meta(description="The new name.")]
    reason: str | None = None

    def sentence(self) -> str:
        return f"{self.instrument} was renamed to {self.to}{because(self.reason)}."


class InstrumentSettled(AccountEvent, frozen=True, kw_only=True):
    """Expiry, exercise, assignment, delivery or redemption: closes a position at a price, and may
    open the position of the other leg."""

    stored_name = "instrument_settled.v1"
    wire_name = "settle"
    needs_role = "collect"
    needs: ClassVar = TIMED
    stream_kind = "settle"
    instrument: str
    kind: Annotated[SettlementKind, Meta(description="What ended it.")]
    price: Annotated[
        Decimal, Meta(description="Price at which the position is closed. 0: it is worth nothing.")
    ]
    quantity: Annotated[
        Positive | None, Meta(description="How much is closed. Default: all that is open.")
    ] = None
    into: Annotated[
        OtherLeg | None,
        Meta(description="The other leg: a purchase or sale at the same time."),
    ] = None
    premium: Annotated[
        Premium | None,
        Meta(
            description="Whether the result stays with this instrument (`realize`, the default) "
            "or moves into the price of the other leg (`carry`)."
        ),
    ] = None
    fees: Annotated[tuple[Fee, ...], Meta(description="Fees of the settlement.")] = ()
    position_side: PositionSide | None = None
    position_id: str | None = None
    reason: str | None = None

    def sentence(self) -> str:
        quantity = "All" if self.quantity is None else short(self.quantity)
        ended = f"{quantity} of {self.instrument} was settled at {short(self.price)}"
        leg = self.into
        other = (
            ""
            if leg is None
            else f"; the account {'bought' if leg.side == Side.BUY else 'sold'} "
            f"{short(leg.quantity)} {leg.instrument} at {short(leg.price)}"
        )
        return f"{ended} ({word(self.kind)}){because(self.reason)}{other}."


class SettlementBusted(AccountEvent, frozen=True, kw_only=True):
    """Withdraws a settlement: from then on it never was. It may arrive before the settlement."""

    stored_name = "settlement_busted.v1"
    wire_name = "settlement_busted"
    needs_role = "collect"
    needs: ClassVar = TIMED
    stream_kind = "settle"
    instrument: str
    settlement_id: Annotated[
        str, Meta(description="`message_id` of the settlement of that instrument.")
    ]
    reason: str | None = None

    def sentence(self) -> str:
        which = f"Settlement {self.settlement_id} of {self.instrument}"
        return f"{which} was busted{because(self.reason)}."
