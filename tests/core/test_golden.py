"""Golden files: what was written once can be read for ever, and is written the same way today.

There are two per stored event name: `NAME.json` with every field set, and `NAME.least.json` with
none that may be left out. `NAME.before_FIELD.json` was the full one until the event got that field,
with others. A file holds {"name", "state"}, the state to the byte as the store has it.
`NAME.set_aside.json` has evidence and text stored beside the event. To add those of a new name:

    ORDERLEDGER_WRITE_GOLDEN=1 python -m tests.core.test_golden

It writes what is missing and never what is there: a golden file that no longer fits is a store that
can no longer be read.
"""

import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from msgspec import NODEFAULT
from msgspec.structs import FieldInfo, fields, replace

from orderledger.domain import accounts, proposals
from orderledger.domain.instrument_events import CashInLieu, OtherLeg
from orderledger.domain.orders import commands, judgements, reports
from orderledger.domain.orders.events import OrderEvent
from orderledger.domain.recorded import KINDS, AnyEvent, Recorded
from orderledger.domain.values import (
    Anomaly,
    BalanceState,
    Cause,
    DatedBy,
    Fee,
    FeeKind,
    HaltEnd,
    HaltMode,
    InstrumentKind,
    Leg,
    LinkKind,
    Links,
    Liquidity,
    OrderType,
    Pending,
    PositionMode,
    PositionSide,
    Premium,
    Reported,
    Role,
    SettlementKind,
    Side,
    TimeInForce,
    TrailOffsetType,
    TransferKind,
    TriggerSource,
)
from orderledger.infrastructure.storage.codec import decode, encode

FOLDER = Path(__file__).parent / "golden"
FLAG = "ORDERLEDGER_WRITE_GOLDEN"
STREAM = "sim:main/C-1"

AT = datetime(2025, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
RECORDED_AT = datetime(2025, 1, 2, 3, 4, 6, tzinfo=UTC)
EXPIRE_AT = datetime(2025, 2, 1, tzinfo=UTC)
FINE = Decimal("0.0000000000000000000000000001")

REPORTED = Reported(
    status="partially_filled",
    quantity=Decimal("10.50"),
    cum_quantity=Decimal("4"),
    leaves_quantity=Decimal("6.5"),
    average_price=Decimal("64000.125"),
)
LINKS = Links(
    proposal_id="P-1", trade_id="T-1", role=Role.ENTRY, parent="C-0", group="G-1", kind=LinkKind.OTO
)
TAGS: dict[str, object] = {"desk": "north", "levels": [1, 2], "note": "ü"}
ORDER: dict[str, Any] = {
    "at": AT,
    "client_order_id": "C-1",
    "venue_order_id": "V-0001",
    "aliases": {"lighter.client_order_index": "081274"},
    "reported": REPORTED,
    "reason": "a_code",
    "message_id": "M-1",
    "sequence": 7,
}
POSITION: dict[str, Any] = {"position_side": PositionSide.SHORT, "position_id": "isolated-1"}
REPORT: dict[str, Any] = {**ORDER, "instrument": "BTC-USD", "side": Side.SELL, **POSITION}
PRICES: dict[str, Any] = {"limit_price": Decimal("64000.10"), "stop_price": Decimal("-1.5")}
RARE_TERMS: dict[str, Any] = {
    "quote_quantity": Decimal("500.00"),
    "display_quantity": Decimal("0.50"),
    "trail_offset": Decimal("2.5"),
    "trail_offset_type": TrailOffsetType.PERCENT,
    "trigger_source": TriggerSource.MARK,
}
CHANGES: dict[str, Any] = {"quantity": Decimal("8.00"), **PRICES, **RARE_TERMS}
OF_REQUEST: dict[str, Any] = {
    **CHANGES,
    "instrument": "BTC-USD",
    "side": Side.BUY,
    "order_type": OrderType.STOP_LIMIT,
    "time_in_force": TimeInForce.GTD,
    "expire_at": EXPIRE_AT,
    "post_only": True,
    "reduce_only": True,
    **POSITION,
    "legs": (
        Leg(instrument="BTC-1", side=Side.BUY, ratio=1),
        Leg(instrument="BTC-2", side=Side.SELL, ratio=2),
    ),
    "strategy": "grid",
    "links": LINKS,
    "tags": TAGS,
}
FILL: dict[str, Any] = {
    **REPORT,
    "fill_id": "F-1",
    "quantity": FINE,
    "price": Decimal("64000.10"),
    "fee": Decimal("-0.016"),
    "fee_currency": "USD",
    "liquidity": Liquidity.MAKER,
    "fees": (Fee(currency="USD", amount=Decimal("-0.016"), kind=FeeKind.REBATE),),
    "leg": 1,
}
PROPOSAL: dict[str, Any] = {"proposal_id": "P-1", "at": AT, "reason": "a_code", "message_id": "M-1"}
ACCOUNT: dict[str, Any] = {"at": AT, "message_id": "M-1"}

CAUSE = Cause(kind="dividend", instrument="XYZ")

FULL: dict[str, AnyEvent] = {
    "order_requested.v1": commands.OrderRequested(**ORDER, **OF_REQUEST),
    "order_denied.v1": commands.OrderDenied(**ORDER, not_sent=True, never_arrived=True),
    "order_submitted.v1": commands.OrderSubmitted(**ORDER, is_forced=True, request_expires_at=AT),
    "submission_unresolved.v1": commands.SubmissionUnresolved(**ORDER),
    "cancel_requested.v1": commands.CancelRequested(**ORDER, request_id="R-1"),
    "replace_requested.v1": commands.ReplaceRequested(
        **ORDER,
        **CHANGES,
        replacement_client_order_id="C-1b",
        request_id="R-1",
        request_expires_at=AT,
    ),
    "order_acknowledged.v1": reports.OrderAcknowledged(**REPORT),
    "order_rejected.v1": reports.OrderRejected(**REPORT),
    "fill_recorded.v1": reports.FillRecorded(**FILL),
    "fill_corrected.v1": reports.FillCorrected(**FILL, corrects="F-0"),
    "fill_busted.v1": reports.FillBusted(**REPORT, fill_id="F-1"),
    "order_canceled.v1": reports.OrderCanceled(**REPORT),
    "cancel_rejected.v1": reports.CancelRejected(**REPORT, request_id="R-1"),
    "replace_rejected.v1": reports.ReplaceRejected(**REPORT, request_id="R-1", not_sent=True),
    "order_replaced.v1": reports.OrderReplaced(
        **REPORT, **CHANGES, replacement_client_order_id="C-1b"
    ),
    "order_expired.v1": reports.OrderExpired(**REPORT),
    "order_triggered.v1": reports.OrderTriggered(**REPORT),
    "order_suspended.v1": reports.OrderSuspended(**REPORT),
    "order_resumed.v1": reports.OrderResumed(**REPORT),
    "order_reinstated.v1": reports.OrderReinstated(**REPORT),
    "order_stopped.v1": reports.OrderStopped(**REPORT),
    "order_done_for_day.v1": reports.OrderDoneForDay(**REPORT),
    "order_restated.v1": reports.OrderRestated(**REPORT, **CHANGES),
    "status_observed.v1": reports.StatusObserved(
        **REPORT,
        status="held_by_desk",
        pending=Pending.CANCEL,
        dated_by=DatedBy.RECEIPT,
        asked_at=RECORDED_AT,
    ),
    "order_absent.v1": reports.OrderAbsent(**REPORT),
    "anomaly_detected.v1": judgements.AnomalyDetected(
        code=Anomaly.OVERFILL, detail="12 filled of 10"
    ),
    "anomaly_cleared.v1": judgements.AnomalyCleared(code=Anomaly.OVERFILL),
    "order_attributed.v1": judgements.OrderAttributed(to="sim:main/C-2"),
    "evidence_forgotten.v1": judgements.EvidenceForgotten(reason="a_request"),
    "proposal_made.v1": proposals.ProposalMade(**PROPOSAL, kind=Role.EXIT, **OF_REQUEST),
    "proposal_approved.v1": proposals.ProposalApproved(**PROPOSAL),
    "proposal_declined.v1": proposals.ProposalDeclined(**PROPOSAL),
    "instrument_defined.v1": accounts.InstrumentDefined(
        **ACCOUNT,
        instrument="XBTUSD",
        multiplier=Decimal("100"),
        inverse=True,
        currency="BTC",
        kind=InstrumentKind.MARGINED,
        base="XBT",
        quote="USD",
        settlement="BTC",
        position_mode=PositionMode.HEDGE,
        tick=Decimal("0.5"),
        lot=Decimal("1"),
        reason="a_code",
    ),
    "mark_recorded.v1": accounts.MarkRecorded(
        **ACCOUNT, instrument="BTC-USD", price=Decimal("64000.10"), reason="a_code"
    ),
    "funding_recorded.v1": accounts.FundingRecorded(
        **ACCOUNT,
        **POSITION,
        instrument="BTC-USD",
        amount=Decimal("-0.25"),
        currency="USD",
        reason="a_code",
    ),
    "position_adjusted.v1": accounts.PositionAdjusted(
        **ACCOUNT,
        **POSITION,
        instrument="BTC-USD",
        quantity=Decimal("-3"),
        price=Decimal("100.5"),
        currency="USD",
        amount=Decimal("-3.50"),
        cause=CAUSE,
        reason="opening",
    ),
    "transfer_recorded.v1": accounts.TransferRecorded(
        **ACCOUNT,
        currency="USD",
        amount=Decimal("-3.50"),
        kind=TransferKind.DIVIDEND,
        venue_id="T-1",
        cause=CAUSE,
        reason="a_code",
    ),
    "instrument_split.v1": accounts.InstrumentSplit(
        **ACCOUNT,
        instrument="XYZ",
        ratio=(1, 10),
        cash_in_lieu=CashInLieu(quantity=Decimal("0.5"), currency="USD", amount=Decimal("26.10")),
        quantity=Decimal("23.00"),
        position_side=PositionSide.NET,
        position_id="P-1",
        reason="a_code",
    ),
    "settlement_busted.v1": accounts.SettlementBusted(
        **ACCOUNT, instrument="XYZ OCT 50 C", settlement_id="E-1", reason="a_code"
    ),
    "instrument_renamed.v1": accounts.InstrumentRenamed(
        **ACCOUNT, instrument="XYZ", to="XYZW", reason="a_code"
    ),
    "instrument_settled.v1": accounts.InstrumentSettled(
        **ACCOUNT,
        instrument="XYZ OCT 50 C",
        kind=SettlementKind.EXERCISE,
        price=Decimal("0.0"),
        quantity=Decimal("1.00"),
        into=OtherLeg(
            instrument="XYZ",
            side=Side.BUY,
            quantity=Decimal("100.0"),
            price=Decimal("50.00"),
            fees=(Fee(currency="USD", amount=Decimal("8.50"), kind=FeeKind.EXCHANGE),),
        ),
        premium=Premium.CARRY,
        fees=(Fee(currency="USD", amount=Decimal("-1.50"), kind=FeeKind.REBATE),),
        position_side=PositionSide.LONG,
        position_id="P-1",
        reason="a_code",
    ),
    "gap_recorded.v1": accounts.GapRecorded(
        **ACCOUNT, from_at=AT, to_at=RECORDED_AT, reason="connection_dropped"
    ),
    "balance_reported.v1": accounts.BalanceReported(
        **ACCOUNT,
        **POSITION,
        instrument="BTC-USD",
        quantity=Decimal("-3"),
        average_price=Decimal("100.5"),
        currency="USD",
        amount=Decimal("-3.50"),
        reason="a_code",
    ),
    "reconciliation_certified.v1": accounts.ReconciliationCertified(
        **ACCOUNT,
        covered_from=AT,
        covered_to=RECORDED_AT,
        orders=3,
        fills=41,
        positions=2,
        open_breaks=(accounts.OpenBreak(id="position_differs:BTC-USD", since=AT),),
        balances=(
            accounts.CertifiedBalance(
                currency="USD",
                state=BalanceState.DIFFERS,
                total=Decimal("900.005"),
                reported=Decimal("899.90"),
                difference=Decimal("-0.105"),
                residual=Decimal("0.015"),
                place=Decimal("0.01"),
                rows=3,
                rounded=2,
                counted_to=41,
                reason="a_code",
            ),
        ),
        not_reported=("position:ETH-USD", "balance:ETH"),
        reason="a_code",
    ),
    "trading_halted.v1": accounts.TradingHalted(
        **ACCOUNT,
        instrument="BTC-USD",
        strategy="grid",
        cancels_orders=True,
        mode=HaltMode.REDUCE,
        resumes=HaltEnd.AUTO,
        reason="daily_loss",
    ),
    "trading_resumed.v1": accounts.TradingResumed(
        **ACCOUNT,
        instrument="BTC-USD",
        strategy="grid",
        halt_reason="feed_age_seconds",
        reason="reviewed",
    ),
    "sender_changed.v1": accounts.SenderChanged(
        **ACCOUNT, holder="host:7:bot", fence=3, is_forced=True, reason="restart"
    ),
    "log_went_back.v1": accounts.LogWentBack(**ACCOUNT, kept_to=7, lost_to=9, digest="0f" * 32),
}

TERMS: dict[str, Any] = {
    "instrument": "BTC-USD",
    "side": Side.BUY,
    "quantity": Decimal(1),
    "order_type": OrderType.MARKET,
}
LEAST: dict[str, AnyEvent] = {
    "order_requested.v1": commands.OrderRequested(**TERMS),
    "order_denied.v1": commands.OrderDenied(),
    "order_submitted.v1": commands.OrderSubmitted(),
    "submission_unresolved.v1": commands.SubmissionUnresolved(),
    "cancel_requested.v1": commands.CancelRequested(),
    "replace_requested.v1": commands.ReplaceRequested(),
    "order_acknowledged.v1": reports.OrderAcknowledged(),
    "order_rejected.v1": reports.OrderRejected(),
    "fill_recorded.v1": reports.FillRecorded(fill_id="F-1", quantity=Decimal(1), price=Decimal(0)),
    "fill_corrected.v1": reports.FillCorrected(
        fill_id="F-2", corrects="F-1", quantity=Decimal(1), price=Decimal(-1)
    ),
    "fill_busted.v1": reports.FillBusted(fill_id="F-1"),
    "order_canceled.v1": reports.OrderCanceled(),
    "cancel_rejected.v1": reports.CancelRejected(),
    "replace_rejected.v1": reports.ReplaceRejected(),
    "order_replaced.v1": reports.OrderReplaced(),
    "order_expired.v1": reports.OrderExpired(),
    "order_triggered.v1": reports.OrderTriggered(),
    "order_suspended.v1": reports.OrderSuspended(),
    "order_resumed.v1": reports.OrderResumed(),
    "order_reinstated.v1": reports.OrderReinstated(),
    "order_stopped.v1": reports.OrderStopped(),
    "order_done_for_day.v1": reports.OrderDoneForDay(),
    "order_restated.v1": reports.OrderRestated(),
    "status_observed.v1": reports.StatusObserved(),
    "order_absent.v1": reports.OrderAbsent(),
    "anomaly_detected.v1": judgements.AnomalyDetected(code=Anomaly.LATE_REPORT, detail=""),
    "anomaly_cleared.v1": judgements.AnomalyCleared(code=Anomaly.STATUS_CONFLICT),
    "order_attributed.v1": judgements.OrderAttributed(to="sim:main/C-2"),
    "evidence_forgotten.v1": judgements.EvidenceForgotten(reason="a_request"),
    "proposal_made.v1": proposals.ProposalMade(
        proposal_id="P-1", kind=Role.ENTRY, strategy="grid", **TERMS
    ),
    "proposal_approved.v1": proposals.ProposalApproved(proposal_id="P-1"),
    "proposal_declined.v1": proposals.ProposalDeclined(proposal_id="P-1"),
    "instrument_defined.v1": accounts.InstrumentDefined(instrument="BTC-USD"),
    "mark_recorded.v1": accounts.MarkRecorded(instrument="BTC-USD", price=Decimal(0)),
    "funding_recorded.v1": accounts.FundingRecorded(
        instrument="BTC-USD", amount=Decimal(0), currency="USD"
    ),
    "position_adjusted.v1": accounts.PositionAdjusted(
        instrument="BTC-USD", quantity=Decimal(0), price=Decimal(0)
    ),
    "transfer_recorded.v1": accounts.TransferRecorded(
        currency="USD", amount=Decimal(0), kind=TransferKind.OTHER
    ),
    "instrument_split.v1": accounts.InstrumentSplit(instrument="XYZ", ratio=(2, 1)),
    "instrument_renamed.v1": accounts.InstrumentRenamed(instrument="XYZ", to="XYZW"),
    "settlement_busted.v1": accounts.SettlementBusted(instrument="XYZ", settlement_id="E-1"),
    "instrument_settled.v1": accounts.InstrumentSettled(
        instrument="XYZ", kind=SettlementKind.EXPIRY, price=Decimal(0)
    ),
    "gap_recorded.v1": accounts.GapRecorded(from_at=AT),
    "balance_reported.v1": accounts.BalanceReported(instrument="BTC-USD", quantity=Decimal(0)),
    "reconciliation_certified.v1": accounts.ReconciliationCertified(
        covered_from=AT, covered_to=RECORDED_AT, orders=0, fills=0, positions=0
    ),
    "trading_halted.v1": accounts.TradingHalted(),
    "trading_resumed.v1": accounts.TradingResumed(),
    "sender_changed.v1": accounts.SenderChanged(holder="host:7:bot", fence=1),
    "log_went_back.v1": accounts.LogWentBack(lost_to=9, digest="0f" * 32),
}


class Golden(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    state: msgspec.Raw


def full(name: str) -> Recorded:
    """The event with every field set, in an envelope with every field set."""
    event = FULL[name]
    return Recorded(
        stream=STREAM,
        version=7,
        event=event,
        recorded_at=RECORDED_AT,
        at=AT,
        source="reconciliation",
        position=41,
        actor="desk",
        correlation_id="K-1",
        causation_id="K-0",
        text="in a sentence",
        evidence=b'{"raw":[1.50,"\xc3\xbc"]}',
        attributed_from=("sim:main#venue/V-0001", 3),
    )


def least(name: str) -> Recorded:
    """The event as small as it can be: it happened when it was recorded."""
    return Recorded(
        stream=STREAM,
        version=1,
        event=LEAST[name],
        recorded_at=RECORDED_AT,
        at=RECORDED_AT,
        source="ledger",
        position=1,
    )


def before(name: str, field: str) -> Recorded:
    """The full event as it was before it had this field, those added with it, and later ones: with
    their defaults."""
    added = [group for group in ADDED if name in group.names]
    group = next(group for group in added if group.field == field)
    later = {one for other in added[added.index(group) :] for one in (other.field, *other.beside)}
    defaults = {one: getattr(LEAST[name], one) for one in later if hasattr(LEAST[name], one)}
    if "links" in FULL[name].__struct_fields__:
        defaults["links"] = replace(LINKS, kind=None)
    return replace(full(name), event=replace(FULL[name], **defaults))


def set_aside() -> Recorded:
    """An event whose evidence and text are stored beside it, as since schema 6. The other files
    have them inside."""
    hashes = {"evidence_hash": bytes(range(32)), "text_hash": bytes(range(32, 64))}
    return replace(before("fill_recorded.v1", "sequence"), evidence=None, text=None, **hashes)


def before_counted_to() -> Recorded:
    """A certificate whose balances do not say which rows were counted, and which were rounded."""
    name = "reconciliation_certified.v1"
    event = FULL[name]
    assert isinstance(event, accounts.ReconciliationCertified) and event.balances
    balances = tuple(replace(one, counted_to=None, rounded=0) for one in event.balances)
    return replace(full(name), event=replace(event, balances=balances))


class Added(NamedTuple):
    """A field that events got after they were first written, and those that they got with it. Each
    has a file of before."""

    field: str
    names: tuple[str, ...]
    beside: tuple[str, ...] = ()


OF_ORDERS = tuple(name for name, event in FULL.items() if isinstance(event, OrderEvent))
WITH_TERMS = tuple(name for name, event in FULL.items() if hasattr(event, "quote_quantity"))
ADDED = (
    Added(
        "reason",
        (
            "instrument_defined.v1",
            "mark_recorded.v1",
            "funding_recorded.v1",
            "balance_reported.v1",
            "reconciliation_certified.v1",
        ),
    ),
    Added("not_sent", ("order_denied.v1", "replace_rejected.v1")),
    Added(
        "sequence",
        OF_ORDERS,
        ("position_side", "position_id", "never_arrived", "is_forced", "dated_by", "asked_at"),
    ),
    Added(
        "position_side",
        ("proposal_made.v1", "funding_recorded.v1", "position_adjusted.v1", "balance_reported.v1"),
        ("position_id",),
    ),
    Added("position_mode", ("instrument_defined.v1",)),
    Added("fees", ("fill_recorded.v1", "fill_corrected.v1"), ("leg",)),
    Added("kind", ("instrument_defined.v1",), ("base", "quote", "settlement")),
    Added("currency", ("position_adjusted.v1", "balance_reported.v1"), ("amount", "cause")),
    Added("balances", ("reconciliation_certified.v1",), ("not_reported",)),
    Added("mode", ("trading_halted.v1",), ("resumes",)),
    Added("halt_reason", ("trading_resumed.v1",)),
    Added("quote_quantity", WITH_TERMS, (*RARE_TERMS, "legs")),
    Added("request_expires_at", ("order_submitted.v1", "replace_requested.v1")),
)
"""In the order in which they were added."""

EXPECTED = {
    **{f"{name}.json": full(name) for name in FULL},
    **{f"{name}.least.json": least(name) for name in LEAST},
    "fill_recorded.v1.set_aside.json": set_aside(),
    "reconciliation_certified.v1.before_counted_to.json": before_counted_to(),
    **{
        f"{name}.before_{group.field}.json": before(name, group.field)
        for group in ADDED
        for name in group.names
    },
}


def read(file: str) -> Golden:
    return msgspec.json.decode((FOLDER / file).read_bytes(), type=Golden)


def all_fields(value: Any) -> Any:
    """Every field of a record, those that do not count in a comparison too."""
    if not isinstance(value, msgspec.Struct):
        return (type(value).__name__, str(value)) if isinstance(value, Decimal) else value
    return {
        "": type(value).__name__,
        **{field.name: all_fields(getattr(value, field.name)) for field in fields(value)},
    }


@pytest.mark.parametrize("file", EXPECTED)
def test_what_was_stored_once_is_read_field_by_field(file: str) -> None:
    golden, expected = read(file), EXPECTED[file]
    found = decode(
        expected.stream, expected.version, golden.name, bytes(golden.state), expected.position
    )
    assert all_fields(found) == all_fields(expected)


@pytest.mark.parametrize("file", EXPECTED)
def test_what_is_stored_today_is_what_was_stored_once_to_the_byte(file: str) -> None:
    golden = read(file)
    assert encode(EXPECTED[file]) == (golden.name, bytes(golden.state))


def test_the_older_word_for_a_refusal_that_proves_nothing_is_read_as_the_word_of_today() -> None:
    golden = read("submission_unresolved.v1.json")
    older = bytes(golden.state).replace(b'"a_code"', b'"unproved_refusal"')
    event = decode(STREAM, 1, golden.name, older, 1).event
    assert isinstance(event, commands.SubmissionUnresolved)
    assert event.reason == "refusal_not_proved"


@pytest.mark.parametrize("name", FULL)
def test_a_golden_event_sets_every_field_there_is(name: str) -> None:
    left_out = [
        field.name
        for field in fields(FULL[name])
        if getattr(FULL[name], field.name) in _defaults(field)
    ]
    assert left_out == []


@pytest.mark.parametrize("name", LEAST)
def test_a_least_golden_event_sets_no_field_that_may_be_left_out(name: str) -> None:
    event = LEAST[name]
    form = next(((one, *needed) for one, needed in type(event).forms.items()), ())
    given = [
        f.name
        for f in fields(event)
        if f.name not in form and _defaults(f) != [] and getattr(event, f.name) not in _defaults(f)
    ]
    assert given == []


def test_every_stored_name_has_its_golden_files_and_no_file_is_without_a_name() -> None:
    names = list(KINDS)
    assert {path.name for path in FOLDER.iterdir()} == set(EXPECTED)
    assert {f"{name}.json" for name in names} | {f"{name}.least.json" for name in names} <= set(
        EXPECTED
    )
    assert all(file.startswith(f"{read(file).name}.") for file in EXPECTED)


def test_every_name_is_that_of_one_event() -> None:
    assert {name: type(event) for name, event in FULL.items()} == KINDS
    assert {name: type(event) for name, event in LEAST.items()} == KINDS


def _defaults(field: FieldInfo) -> list[Any]:
    if field.default is not NODEFAULT:
        return [field.default]
    return [] if field.default_factory is NODEFAULT else [field.default_factory()]


def write_missing() -> list[str]:
    """Write the golden files that are not there yet."""
    missing = [file for file in EXPECTED if not (FOLDER / file).exists()]
    FOLDER.mkdir(exist_ok=True)
    for file in missing:
        name, state = encode(EXPECTED[file])
        (FOLDER / file).write_bytes(b'{"name":"%s","state":%s}\n' % (name.encode(), state))
    return missing


if __name__ == "__main__":
    if os.environ.get(FLAG) != "1":
        raise SystemExit(f"set {FLAG}=1 to write the golden files that are missing")
    print("\n".join(write_missing()))
