"""Translates recorded payloads of Hyperliquid one after the other."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from typing import Any

from orderledger import Canceled, Expired, Message, Rejected, Source
from orderledger.extend.messages import Report
from orderledger.venues.base.definitions import Terms
from orderledger.venues.base.translation import Translation
from orderledger.venues.base.venue import Records
from orderledger.venues.hyperliquid import payload_rows
from orderledger.venues.hyperliquid.instruments import (
    perpetual_terms,
    spot_terms,
    terms_by_name,
    tokens_of,
)
from orderledger.venues.hyperliquid.message_context import MessageContext, Translated
from orderledger.venues.hyperliquid.order_legs import AccountLegs
from orderledger.venues.hyperliquid.order_rows import HyperliquidOrder
from orderledger.venues.hyperliquid.rows import EPOCH, is_of_another
from orderledger.venues.hyperliquid.translate import (
    translate_answer,
    translate_frame,
)
from orderledger.venues.hyperliquid.vocabulary import USER_EVENTS

ENDS = (Canceled, Rejected, Expired)

HELD_FOR = timedelta(seconds=2)
"""How much later, by the venue's time, the second half of a modify may come."""


class HyperliquidRecording:
    """`Recording`. A cancel by the user is held back until a later payload shows that no modify has
    followed. A cancel by the venue without time and reason is held back until the row that has
    both. Answers to `meta` and `spotMeta` define the instruments of the payloads that follow.

    `address`: the account's address, for payloads without one. `at`: when they were recorded, for
    payloads without a time.
    """

    def __init__(
        self,
        account: str,
        records: Records | None = None,
        *,
        address: str | None = None,
        at: datetime | None = None,
    ) -> None:
        self._legs = AccountLegs(account, records)
        self._tokens: dict[int, tuple[str, int | None]] = {}
        self._terms: dict[str, Terms] = {}
        self._context = MessageContext(
            account=account,
            source=Source.VENUE_PUSH,
            at=at,
            address=address.lower() if address else None,
        )
        self._held: list[tuple[datetime, int, HyperliquidOrder]] = []
        """A heap with the earliest on top, so that a payload costs nothing if none is due."""
        self._turns = count()
        self._bare: dict[str | None, Canceled] = {}
        self._newest_at = EPOCH

    def read(self, document: Any) -> Translation:
        translated = Translated()
        for payload in document if _is_list_of_frames(document) else [document]:
            if isinstance(payload, dict) and "channel" in payload:
                if not is_of_another(payload.get("data"), self._context.address):
                    translated.add(translate_frame(payload, self._legs, self._context_of(payload)))
            elif isinstance(payload, dict) and "universe" in payload:
                self._learn(payload)
            elif not isinstance(payload, str):  # the greeting has no content
                translated.add(
                    translate_answer(
                        payload, self._legs, replace(self._context, source=Source.VENUE_POLL)
                    )
                )
        times = (
            message.at
            for message in translated.messages
            if isinstance(message, Report) and message.at is not None
        )
        self._newest_at = max([self._newest_at, *times])
        return Translation(self._dated(translated.messages), translated.faults) + self._released(
            self._newest_at - HELD_FOR
        )

    def rest(self) -> Translation:
        return self._released(None)

    def terms_of(self, instrument: str) -> Terms | None:
        return self._terms.get(instrument) or terms_by_name(instrument)

    def _learn(self, meta: dict[str, Any]) -> None:
        """Learn the terms of an answer to `spotMeta`, or to `meta` of the main exchange or of a
        builder's (`xyz:TSLA`)."""
        if "tokens" in meta:
            self._tokens = tokens_of(meta)
            self._terms |= spot_terms(meta, self._tokens)
            return
        listed = meta["universe"] if isinstance(meta["universe"], list) else []
        names = [
            row["name"]
            for row in listed
            if isinstance(row, dict) and isinstance(row.get("name"), str)
        ]
        exchange = names[0].rpartition(":")[0] if names else ""
        self._terms |= perpetual_terms(meta, exchange, self._tokens)

    def _context_of(self, frame: dict[str, Any]) -> MessageContext:
        """The context of a frame. An event without a time gets that of the newest message."""
        if (
            self._context.at is not None
            or self._newest_at == EPOCH
            or frame["channel"] not in USER_EVENTS
        ):
            return self._context
        return replace(self._context, at=self._newest_at)

    def _dated(self, messages: Sequence[Message]) -> list[Message]:
        """The messages without the cancels that have neither time nor reason: these are kept
        until an end of their orders is reported.
        """
        dated: list[Message] = []
        for message in messages:
            if isinstance(message, Canceled) and message.reason == payload_rows.NOT_BY_USER:
                self._bare[message.venue_order_id] = message
                continue
            if isinstance(message, ENDS):
                self._bare.pop(message.venue_order_id, None)
            dated.append(message)
        return dated

    def _released(self, before: datetime | None) -> Translation:
        """Release everything from `before` this time, in the order in which it was held. A
        cancel that is no longer held is skipped.
        """
        for row in self._legs.newly_held():
            heappush(self._held, (row.status_at or row.created_at, next(self._turns), row))
        due = []
        while self._held and (before is None or self._held[0][0] < before):
            _, turn, row = heappop(self._held)
            due.append((turn, row))
        translated = payload_rows.release(
            (row for _, row in sorted(due)), self._legs, self._context
        )
        bare = [
            name
            for name, one in self._bare.items()
            if before is None or (one.at is not None and one.at < before)
        ]
        return Translation(
            [*translated.messages, *(self._bare.pop(name) for name in bare)], translated.faults
        )


def translate_recorded(
    document: Any, account: str, *, at: datetime | None = None, records: Records | None = None
) -> Translation:
    """The messages of any recorded payload: a frame, an answer, or a list of such. A cancel is
    an end unless the payload also contains a newer leg.
    """
    recording = HyperliquidRecording(account, records, at=at)
    return recording.read(document) + recording.rest()


def from_recorded(
    document: Any, account: str, *, at: datetime | None = None, records: Records | None = None
) -> list[Message]:
    """The messages of any recorded payload, as `translate_recorded`. Unreadable parts are left
    out.
    """
    return list(translate_recorded(document, account, at=at, records=records).messages)


def _is_list_of_frames(document: Any) -> bool:
    return isinstance(document, list) and any(
        isinstance(row, dict) and "channel" in row for row in document
    )
