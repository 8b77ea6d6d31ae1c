"""Fills, corrections, busts, fundings, transfers, and what happened to instruments: those that the
ledger missed, and those that differ."""

from collections.abc import Sequence
from typing import TypeAlias

from orderledger import (
    Fill,
    FillBusted,
    FillCorrected,
    Funding,
    Instrument,
    Message,
    Rename,
    Replaced,
    Restated,
    Settle,
    SettlementBusted,
    Split,
    Transfer,
)
from orderledger.extend.messages import Report
from orderledger.rows import OrderRow
from orderledger.venues.reconciliation.account import ReconciledAccount
from orderledger.venues.reconciliation.breaks import Break, Kind, repairing, reported_at
from orderledger.venues.reconciliation.differences import numbers

OfInstrument: TypeAlias = Split | Settle | SettlementBusted | Rename
OF_INSTRUMENT = (Split, Settle, SettlementBusted, Rename)
Money: TypeAlias = Fill | FillCorrected | FillBusted | Funding | Transfer | OfInstrument
MISSED = (Fill, FillCorrected, FillBusted, Funding, Transfer, *OF_INSTRUMENT)
MONEY = (*MISSED, Instrument)
TERMS = (Replaced, Restated)


def reports_in(messages: Sequence[Message]) -> list[Report]:
    """The reports about orders among the messages, without fills."""
    return [
        message
        for message in messages
        if isinstance(message, Report) and not isinstance(message, MONEY)
    ]


def money_in(messages: Sequence[Message]) -> list[Message]:
    """The messages about fills, funding, transfers, and what happened to instruments."""
    return [message for message in messages if isinstance(message, MONEY)]


def record_missed(account: ReconciledAccount, messages: Sequence[Message]) -> list[Break]:
    """Record the fills, corrections, busts, fundings, transfers and events of instruments that the
    ledger lacks, with their terms.

    Returns a break for each. Other reports about orders in an answer about fills are ignored here:
    the comparison of orders queries the orders.
    """
    missed = missing(account, messages)
    if not missed:
        return []
    proposed = repairs_of_fills(account, missed)
    account.record(
        [
            message if found is None else found.repairs[0]
            for message, found in zip(missed, proposed, strict=True)
        ]
    )
    return [found for found in proposed if found is not None]


def missing(account: ReconciledAccount, messages: Sequence[Message]) -> list[Message]:
    """The messages about money that the ledger lacks, and the terms beside them. Terms without a
    new fill are left to the comparison of orders."""
    news = account.news([message for message in messages if isinstance(message, (*MONEY, *TERMS))])
    filled = {
        message.venue_order_id for message in news if isinstance(message, (Fill, FillCorrected))
    }
    return [
        message
        for message in news
        if not isinstance(message, TERMS) or message.venue_order_id in filled
    ]


def repairs_of_fills(account: ReconciledAccount, missed: Sequence[Message]) -> list[Break | None]:
    """A break for each missed message, with the message as its repair. None for what completes
    others: definitions, terms, and further fields of a known fill."""
    known = account.known([message for message in missed if isinstance(message, Fill)])
    found: list[Break | None] = []
    for message in missed:
        is_known = False
        if isinstance(message, Fill):
            name = (message.venue_order_id, message.fill_id)
            is_known = name in known
            known.add(name)
        found.append(_missed(message) if isinstance(message, MISSED) and not is_known else None)
    return found


def _missed(message: Money) -> Break:
    kind, subject = _kind(message), _subject(message)
    return Break(
        kind=kind,
        account=message.account,
        subject=subject,
        since=reported_at(message),
        text=_text(message),
        theirs=message.evidence,
        repairs=repairing([message], kind, subject),
    )


def differing(account: ReconciledAccount, fills: Sequence[Fill], order: OrderRow) -> list[Break]:
    """An open break for each fill of an order with other numbers at the venue than here."""
    return [
        Break(
            kind=Kind.FILL_DIFFERS,
            account=account.name,
            subject=_subject(fill),
            since=reported_at(fill),
            text=text,
            ours=trade,
            theirs=fill.evidence,
            is_settled=False,
        )
        for fill in fills
        for trade in account.fills(order, fill.fill_id)
        if (text := numbers(trade, fill)) is not None
    ]


def _kind(message: Money) -> Kind:
    if isinstance(message, Funding):
        return Kind.MISSING_FUNDING
    if isinstance(message, Transfer):
        return Kind.MISSING_TRANSFER
    if isinstance(message, OF_INSTRUMENT):
        return Kind.MISSING_EVENT
    return Kind.EXCESS_FILL if isinstance(message, FillBusted) else Kind.MISSING_FILL


def _subject(message: Money) -> str:
    if isinstance(message, Funding):
        return f"{message.instrument}:{reported_at(message).isoformat()}"
    if isinstance(message, Transfer):
        name = message.venue_id or reported_at(message).isoformat()
        return f"{message.currency}:{message.kind}:{name}"
    if isinstance(message, OF_INSTRUMENT):
        name = message.message_id or reported_at(message).isoformat()
        return f"{message.type}:{message.instrument}:{name}"
    return f"{message.instrument}:{message.venue_order_id}:{message.fill_id}"


def _text(message: Money) -> str:
    if isinstance(message, FillBusted):
        return f"fill {message.fill_id} counts here, and not at the venue"
    if isinstance(message, Funding):
        return f"{message.amount:f} {message.currency} on {message.instrument}"
    if isinstance(message, Transfer):
        return f"{message.kind} of {message.amount:f} {message.currency}"
    if isinstance(message, OF_INSTRUMENT):
        return f"{message.type} of {message.instrument}"
    return f"{message.side} {message.quantity:f} {message.instrument} at {message.price:f}"
