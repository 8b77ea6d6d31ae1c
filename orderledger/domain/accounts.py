"""Facts about an account besides its orders: instruments, marks, funding, transfers, adjustments,
gaps, balances, certificates of reconciliation, halts of trading, and who sends its orders.

These facts decide nothing about each other; the projections combine them.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from orderledger.domain.account_event import AccountEvent as AccountEvent
from orderledger.domain.exact import short
from orderledger.domain.fields import Positive
from orderledger.domain.instrument_events import (
    InstrumentRenamed as InstrumentRenamed,
)
from orderledger.domain.instrument_events import (
    InstrumentSettled as InstrumentSettled,
)
from orderledger.domain.instrument_events import (
    InstrumentSplit as InstrumentSplit,
)
from orderledger.domain.instrument_events import (
    SettlementBusted as SettlementBusted,
)
from orderledger.domain.values import (
    BalanceState,
    Cause,
    HaltEnd,
    HaltMode,
    InstrumentKind,
    PositionMode,
    PositionSide,
    Source,
    TransferKind,
)
from orderledger.domain.wording import because, listed, moment, shown, word

EVERY_ACCOUNT = "*"
"""The account of a halt that is about every account of the store."""


class InstrumentDefined(AccountEvent, frozen=True, kw_only=True):
    """Definition of an instrument, term by term. A term that a definition leaves out keeps its
    value; of two values, that with the later `at` counts.

    `kind` says what its fills move. Left out, a `settlement` or `inverse` means margined, a `base`
    spot, and the rest is paid in full.
    """

    stored_name = "instrument_defined.v1"
    wire_name = "instrument"
    needs_role = "collect"
    default_source = Source.OPERATOR
    stream_kind = "instrument"
    instrument: str
    multiplier: Positive | None = None
    inverse: bool | None = None
    currency: Annotated[
        str | None,
        Meta(description="Settlement currency of P&L and fees. Default: `settlement` or `quote`."),
    ] = None
    kind: Annotated[
        InstrumentKind | None, Meta(description="Kind: it says which balances its fills move.")
    ] = None
    base: Annotated[str | None, Meta(description="Coin that is bought and sold at spot.")] = None
    quote: Annotated[str | None, Meta(description="Currency in which its price is paid.")] = None
    settlement: Annotated[
        str | None, Meta(description="Currency in which a margined instrument settles.")
    ] = None
    position_mode: PositionMode | None = None
    tick: Positive | None = None
    lot: Positive | None = None
    reason: str | None = None

    def sentence(self) -> str:
        names = (
            *("kind", "base", "quote", "settlement"),
            *("multiplier", "inverse", "currency", "tick", "lot"),
        )
        terms = [(name, getattr(self, name)) for name in names]
        given = listed(f"{name} {shown(value)}" for name, value in terms if value is not None)
        return f"{self.instrument} is defined{because(self.reason)}: {given or 'no terms'}."


class MarkRecorded(AccountEvent, frozen=True, kw_only=True):
    """Price at which open positions are valued."""

    stored_name = "mark_recorded.v1"
    wire_name = "mark"
    needs_role = "collect"
    stream_kind = "mark"
    instrument: str
    price: Annotated[Decimal, Meta(description="Price that values open positions.")]
    reason: str | None = None

    def sentence(self) -> str:
        price = short(self.price)
        return f"The mark price of {self.instrument} is {price}{because(self.reason)}."


class FundingRecorded(AccountEvent, frozen=True, kw_only=True):
    """Funding payment."""

    stored_name = "funding_recorded.v1"
    wire_name = "funding"
    needs_role = "collect"
    stream_kind = "funding"
    instrument: str
    amount: Decimal
    currency: str
    position_side: PositionSide | None = None
    position_id: str | None = None
    reason: str | None = None

    def sentence(self) -> str:
        verb = "received" if self.amount > 0 else "paid"
        return (
            f"The account {verb} funding of {short(abs(self.amount))} {self.currency} for "
            f"{self.instrument}{because(self.reason)}."
        )


class TransferRecorded(AccountEvent, frozen=True, kw_only=True):
    """Money or coins that moved without a trade. It never counts as P&L."""

    stored_name = "transfer_recorded.v1"
    wire_name = "transfer"
    needs_role = "collect"
    stream_kind = "transfer"
    currency: Annotated[str, Meta(description="Currency or coin that moved.")]
    amount: Annotated[Decimal, Meta(description="Signed as the balance moves.")]
    kind: Annotated[TransferKind, Meta(description="Why it moved.")]
    venue_id: Annotated[
        str | None,
        Meta(description="The venue's id. With the kind it identifies the transfer."),
    ] = None
    cause: Annotated[
        Cause | None, Meta(description="Its origin, e.g. the dividend of an instrument.")
    ] = None
    reason: str | None = None

    def sentence(self) -> str:
        verb = "received" if self.amount > 0 else "gave"
        of = "" if self.cause is None or self.cause.instrument is None else self.cause.instrument
        return (
            f"The account {verb} {short(abs(self.amount))} {self.currency} "
            f"({word(self.kind)}{of and ' of '}{of}){because(self.reason)}."
        )


class PositionAdjusted(AccountEvent, frozen=True, kw_only=True):
    """Opening or corrected position: from `at` on, `quantity` (signed) at the average price
    `price`. It realizes no P&L. With `currency` instead of `instrument`: the balance of the
    account is `amount` at that time. The first one opens the account's cash."""

    stored_name = "position_adjusted.v1"
    wire_name = "adjust"
    needs_role = "operate"
    default_source = Source.OPERATOR
    stream_kind = "adjust"
    is_ours = True
    forms: ClassVar = {"instrument": ("quantity", "price"), "currency": ("amount",)}
    instrument: str | None = None
    quantity: Annotated[
        Decimal | None, Meta(description="Signed. From `at` on, the position has this quantity.")
    ] = None
    price: Annotated[Decimal | None, Meta(description="Average open price of the position.")] = None
    currency: Annotated[str | None, Meta(description="Currency or coin of a balance.")] = None
    amount: Annotated[
        Decimal | None,
        Meta(
            description="The balance at `at`: without what a `borrow` of that time or a later one "
            "adds, and with what was borrowed before. `owed` stays."
        ),
    ] = None
    cause: Annotated[Cause | None, Meta(description="Origin of the change of a balance.")] = None
    position_side: PositionSide | None = None
    position_id: str | None = None
    reason: str | None = None

    def sentence(self) -> str:
        why = because(self.reason)
        if self.amount is not None:
            return f"The balance in {self.currency} was set to {short(self.amount)}{why}."
        quantity, price = shown(self.quantity), shown(self.price)
        return f"The position in {self.instrument} was set to {quantity} at {price}{why}."


class GapRecorded(AccountEvent, frozen=True, kw_only=True):
    """Period in which a stream of the venue was down. The missed reports must be queried."""

    stored_name = "gap_recorded.v1"
    wire_name = "gap"
    needs_role = "collect"
    stream_kind = "gap"
    from_at: Annotated[datetime, Meta(extra={"wire_name": "from"})]
    to_at: Annotated[datetime | None, Meta(extra={"wire_name": "to"})] = None
    reason: str | None = None

    def sentence(self) -> str:
        end = "and is still down" if self.to_at is None else f"until {moment(self.to_at)}"
        return (
            f"A stream of the venue was down from {moment(self.from_at)} {end}"
            f"{because(self.reason)}: reports may have been missed."
        )


class BalanceReported(AccountEvent, frozen=True, kw_only=True):
    """Position, or balance of a currency, as reported by the venue: evidence beside the sum of
    what was recorded, never instead of it."""

    stored_name = "balance_reported.v1"
    wire_name = "balance"
    needs_role = "collect"
    stream_kind = "balance"
    forms: ClassVar = {"instrument": ("quantity",), "currency": ("amount",)}
    instrument: str | None = None
    quantity: Annotated[
        Decimal | None, Meta(description="Signed position, as reported by the venue.")
    ] = None
    average_price: Decimal | None = None
    currency: Annotated[str | None, Meta(description="Currency or coin of a balance.")] = None
    amount: Annotated[
        Decimal | None,
        Meta(
            description="The whole balance, free and locked, without unrealized P&L, as reported "
            "by the venue."
        ),
    ] = None
    position_side: PositionSide | None = None
    position_id: str | None = None
    reason: str | None = None

    def sentence(self) -> str:
        of, value = (
            (f"the position in {self.instrument}", self.quantity)
            if self.amount is None
            else (f"the balance in {self.currency}", self.amount)
        )
        return f"The venue says that {of} is {shown(value)}{because(self.reason)}."


class OpenBreak(msgspec.Struct, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """Difference from the venue that is not settled, and the time since which it is known."""

    id: str
    since: datetime


class CertifiedBalance(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    gc=False,
    forbid_unknown_fields=True,
):
    """Balance in one currency, by the log and by the venue.

    It closes if the difference is at most the residual: half of `place` for each row that the venue
    may have rounded.
    """

    currency: Annotated[str, Meta(description="Currency or coin.")]
    state: Annotated[BalanceState, Meta(description="Whether it closes.")]
    total: Annotated[Decimal | None, Meta(description="The balance that follows from the log.")] = (
        None
    )
    reported: Annotated[Decimal | None, Meta(description="The balance that the venue states.")] = (
        None
    )
    difference: Annotated[
        Decimal | None, Meta(description="The reported balance less the total.")
    ] = None
    residual: Annotated[
        Decimal | None, Meta(description="Largest difference that rounding by the venue explains.")
    ] = None
    place: Annotated[
        Decimal | None, Meta(description="The last decimal place that the venue prints.")
    ] = None
    rows: Annotated[
        int, Meta(description="Fills, fundings and transfers in it since its opening balance.")
    ] = 0
    rounded: Annotated[
        int, Meta(description="Of these, rows with more decimals than the venue prints.")
    ] = 0
    counted_to: Annotated[
        int | None, Meta(description="Log position up to which they were counted.")
    ] = None
    reason: Annotated[
        str | None, Meta(description="Why it is unknown, e.g. currency_unknown:BTC-USD.")
    ] = None


class ReconciliationCertified(AccountEvent, frozen=True, kw_only=True):
    """Result of a comparison of the account with its venue: the counts that agreed, the balances,
    and the open breaks.

    `covered_from` to `covered_to`: the period for which the venue was queried for every fill.
    """

    stored_name = "reconciliation_certified.v1"
    wire_name = "certify"
    needs_role = "collect"
    default_source = Source.RECONCILIATION
    stream_kind = "certificate"
    covered_from: datetime
    covered_to: datetime
    orders: int
    fills: int
    positions: int
    open_breaks: Annotated[tuple[OpenBreak, ...], Meta(extra={"most": 10_000})] = msgspec.field(
        default=(), name="breaks_open"
    )
    balances: Annotated[
        tuple[CertifiedBalance, ...] | None,
        Meta(
            description="Balances by currency. Left out: they were not compared.",
            extra={"most": 10_000},
        ),
    ] = None
    not_reported: Annotated[
        tuple[str, ...] | None,
        Meta(
            description="Not compared, because the venue does not state it: "
            "`position:INSTRUMENT`, `balance:CURRENCY`, or `balances` for all of them.",
            extra={"most": 10_000},
        ),
    ] = None
    reason: str | None = None

    def sentence(self) -> str:
        counted = f"{self.orders} orders, {self.fills} fills and {self.positions} positions agreed"
        if self.balances is not None:
            closed = sum(one.state == BalanceState.CLOSES for one in self.balances)
            counted = f"{counted}, {closed} of {len(self.balances)} balances closed"
        count = len(self.open_breaks)
        differences = (
            "no difference is open"
            if not count
            else f"{count} difference{'s are' if count > 1 else ' is'} open"
        )
        why = because(self.reason)
        return f"The account was compared with its venue{why}: {counted}; {differences}."


ONLY = Meta(description="New orders of this one alone are denied. Default: of all.")
AS_HALTED = Meta(description="As in the halt.")


class TradingHalted(AccountEvent, frozen=True, kw_only=True):
    """From here on in the log, new orders of this scope are denied: an instrument, a strategy,
    both, or the whole account. It lasts until a `resume_trading` of the same scope.

    The account `*` means every account of the store. `mode`: `stop` denies every order, `reduce`
    lets those pass that only reduce a position. `cancels_orders`: the gateway also cancels the
    open orders of the scope; in the mode `reduce`, those that may increase a position.
    """

    stored_name = "trading_halted.v1"
    wire_name = "halt"
    needs_role = "operate"
    default_source = Source.OPERATOR
    needs: ClassVar = {"at": "Time of the halt. Required: it distinguishes two halts of one scope."}
    stream_kind = "halt"
    is_ours = True
    instrument: Annotated[str | None, ONLY] = None
    strategy: Annotated[str | None, ONLY] = None
    cancels_orders: bool = False
    mode: Annotated[HaltMode, Meta(description="Orders that pass while the halt holds.")] = (
        HaltMode.STOP
    )
    resumes: Annotated[HaltEnd, Meta(description="The one that may end the halt.")] = (
        HaltEnd.OPERATOR
    )
    reason: str | None = None

    def sentence(self) -> str:
        scope = _scope(self.instrument, self.strategy)
        cancels = ", and its open orders are canceled" if self.cancels_orders else ""
        passing = (
            "; orders that only reduce a position pass" if self.mode is HaltMode.REDUCE else ""
        )
        return f"Trading was halted{scope}{because(self.reason)}{cancels}{passing}."


class TradingResumed(AccountEvent, frozen=True, kw_only=True):
    """Ends all halts of exactly this scope, or those with one reason. Wider and narrower halts
    remain."""

    stored_name = "trading_resumed.v1"
    wire_name = "resume_trading"
    needs_role = "operate"
    default_source = Source.OPERATOR
    needs: ClassVar = {"at": "Time of the end. Required, as for a halt."}
    stream_kind = "halt"
    is_ours = True
    instrument: Annotated[str | None, AS_HALTED] = None
    strategy: Annotated[str | None, AS_HALTED] = None
    halt_reason: Annotated[
        str | None, Meta(description="Only halts with this reason end. Default: all.")
    ] = None
    reason: str | None = None

    def ends(self, instrument: str | None, strategy: str | None, reason: str | None) -> bool:
        """Whether it ends a halt with this scope and reason."""
        return (instrument, strategy) == (self.instrument, self.strategy) and self.halt_reason in (
            None,
            reason,
        )

    def sentence(self) -> str:
        scope = _scope(self.instrument, self.strategy)
        return f"Trading was resumed{scope}{because(self.reason)}."


class SenderChanged(AccountEvent, frozen=True, kw_only=True):
    """From here on in the log, `holder` alone sends the orders of the account. `fence` grows with
    every change.
    """

    stored_name = "sender_changed.v1"
    wire_name = "sender"
    needs_role = "collect"
    stream_kind = "sender"
    is_ours = True
    holder: str
    fence: int
    is_forced: Annotated[
        bool,
        Meta(description="An operator took over without waiting for the lease to end."),
    ] = False
    reason: str | None = None

    def sentence(self) -> str:
        forced = ", by force" if self.is_forced else ""
        return (
            f"From here on {self.holder} alone sends the orders of the "
            f"account{forced}{because(self.reason)}."
        )


class LogWentBack(AccountEvent, frozen=True, kw_only=True):
    """The database came back with an older state of the log: after a failover to a standby that
    lagged, or from a backup. Recorded facts are lost. The account is `*`."""

    stored_name = "log_went_back.v1"
    stream_kind = "log_went_back"
    kept_to: Annotated[
        int | None,
        Meta(
            description="Last position that the log still had. Null if other events have followed "
            "it since."
        ),
    ] = None
    lost_to: Annotated[int, Meta(description="Last position that a process knew.")]
    digest: Annotated[str, Meta(description="SHA-256 of the event that was there.")]

    def sentence(self) -> str:
        return f"The log went back: {self.detail}."

    @property
    def detail(self) -> str:
        """The loss, in words."""
        if self.kept_to is None:
            return f"some of what was recorded up to position {self.lost_to} is lost"
        return f"what was recorded from position {self.kept_to + 1} to {self.lost_to} is lost"


AnyAccountEvent = (
    InstrumentDefined
    | MarkRecorded
    | FundingRecorded
    | TransferRecorded
    | PositionAdjusted
    | InstrumentSplit
    | InstrumentSettled
    | InstrumentRenamed
    | SettlementBusted
    | GapRecorded
    | BalanceReported
    | ReconciliationCertified
    | TradingHalted
    | TradingResumed
    | SenderChanged
    | LogWentBack
)
"""Union type for a `match` with `assert_never`."""


def _scope(instrument: str | None, strategy: str | None) -> str:
    parts = [f"in {instrument}"] if instrument else []
    parts += [f"for strategy {strategy}"] if strategy else []
    return f" {' '.join(parts)}" if parts else " in the whole account"
