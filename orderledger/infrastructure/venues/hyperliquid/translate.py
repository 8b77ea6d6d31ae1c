"""From Hyperliquid's payloads to messages. Pure: what is remembered is in `Legs`, what the payload lacks in `Context`.

What a fill's identity is, `executions` says; which leg's word is the order's, `legs` and `reports`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from typing import Any

from orderledger.domain.values import Source
from orderledger.infrastructure.messages.registry import Cancel, Expire, Message, Reject
from orderledger.infrastructure.messages.reports import Report
from orderledger.infrastructure.venues.base.translation import Translation
from orderledger.infrastructure.venues.base.venue import Records
from orderledger.infrastructure.venues.hyperliquid import payload_rows
from orderledger.infrastructure.venues.hyperliquid.balances import spot_balances
from orderledger.infrastructure.venues.hyperliquid.message_context import Context, Translated
from orderledger.infrastructure.venues.hyperliquid.order_legs import Legs
from orderledger.infrastructure.venues.hyperliquid.order_rows import OrderRow
from orderledger.infrastructure.venues.hyperliquid.rows import EPOCH, Row, Unreadable, is_of_another
from orderledger.infrastructure.venues.hyperliquid.vocabulary import ORDERLESS, SILENT, USER_EVENT_KINDS, USER_EVENTS

ENDS = (Cancel, Reject, Expire)

HELD_FOR = timedelta(seconds=2)
"""By the venue's time: so long may the second half of a modify come after the first."""

Translate = Callable[[Any, Legs, Context], Translated]


def translate_frame(payload: Any, legs: Legs, context: Context) -> Translated:
    """One frame of the websocket. A cancel that may be half of a modify is held in `legs`."""
    try:
        frame = Row(payload)
        channel = frame.need("channel", frame.word("channel"))
        if channel in SILENT:
            return Translated()
        if channel not in _CHANNELS:
            raise Unreadable(f"channel {channel} is unknown", payload)
        return _CHANNELS[channel](frame.get("data"), legs, context)
    except Unreadable as error:
        return payload_rows.failed(error)


def translate_answer(payload: Any, legs: Legs, context: Context) -> Translated:
    """An answer of `/info` or `/exchange`, recognised by its shape."""
    if isinstance(payload, list):
        return _of_list(payload, legs, context)
    if not isinstance(payload, dict):
        return payload_rows.failed(Unreadable("is no answer of this venue", payload))
    status = payload.get("status")
    if status == "order":
        return payload_rows.statuses([payload.get("order")], legs, context)
    if "assetPositions" in payload:
        return payload_rows.positions(payload, context)
    if status == "ok":
        return payload_rows.acknowledgements(payload, context) if _has_statuses(payload) else Translated()
    if "balances" in payload:
        return spot_balances(payload, context)
    if status in ("unknownOid", "err") or not payload.keys().isdisjoint({"cumVlm", "nRequestsUsed", "method"}):
        return Translated()
    return _of_list([payload], legs, context)


class HyperliquidRecording:
    """`Recording`: a cancel by the user is held back until a later payload shows that no modify has followed, or the end. So
    is a cancel by the venue without time and reason, until the row that has both.

    `address`: whose account it is, where payloads do not say. `at`: when they were recorded, where they do not say.
    """

    def __init__(
        self, account: str, records: Records | None = None, *, address: str | None = None, at: datetime | None = None
    ) -> None:
        self._legs = Legs(account, records)
        self._context = Context(account=account, source=Source.VENUE_PUSH, at=at, address=address.lower() if address else None)
        self._held: list[tuple[datetime, int, OrderRow]] = []
        """A heap, the earliest on top: what is not due yet costs a payload nothing."""
        self._turns = count()
        self._bare: dict[str | None, Cancel] = {}
        self._newest_at = EPOCH

    def read(self, document: Any) -> Translation:
        told = Translated()
        for payload in document if _is_list_of_frames(document) else [document]:
            if isinstance(payload, dict) and "channel" in payload:
                if not is_of_another(payload.get("data"), self._context.address):
                    told.add(translate_frame(payload, self._legs, self._context_of(payload)))
            elif not isinstance(payload, str):  # the greeting says nothing
                told.add(translate_answer(payload, self._legs, replace(self._context, source=Source.VENUE_POLL)))
        times = (message.at for message in told.messages if isinstance(message, Report) and message.at is not None)
        self._newest_at = max([self._newest_at, *times])
        return Translation(self._dated(told.messages), told.faults) + self._released(self._newest_at - HELD_FOR)

    def rest(self) -> Translation:
        return self._released(None)

    def _context_of(self, frame: dict[str, Any]) -> Context:
        """An event that bears no time happened when what was heard last did, as far as anybody can tell."""
        if self._context.at is not None or self._newest_at == EPOCH or frame["channel"] not in USER_EVENTS:
            return self._context
        return replace(self._context, at=self._newest_at)

    def _dated(self, messages: Sequence[Message]) -> list[Message]:
        """Without the cancels that say neither when nor why, which are kept until an end is told of their orders."""
        dated: list[Message] = []
        for message in messages:
            if isinstance(message, Cancel) and message.reason == payload_rows.NOT_BY_USER:
                self._bare[message.venue_order_id] = message
                continue
            if isinstance(message, ENDS):
                self._bare.pop(message.venue_order_id, None)
            dated.append(message)
        return dated

    def _released(self, before: datetime | None) -> Translation:
        """All that happened `before`, in the order in which it was held. A cancel that is no longer held tells nothing then."""
        for row in self._legs.newly_held():
            heappush(self._held, (row.status_at or row.created_at, next(self._turns), row))
        due = []
        while self._held and (before is None or self._held[0][0] < before):
            _, turn, row = heappop(self._held)
            due.append((turn, row))
        told = payload_rows.release((row for _, row in sorted(due)), self._legs, self._context)
        bare = [name for name, one in self._bare.items() if before is None or (one.at is not None and one.at < before)]
        return Translation([*told.messages, *(self._bare.pop(name) for name in bare)], told.faults)


def translate_recorded(document: Any, account: str, *, at: datetime | None = None, records: Records | None = None) -> Translation:
    """Any one recorded payload: a frame, an answer, or a list of such. A cancel is an end unless a newer leg is in it too."""
    recording = HyperliquidRecording(account, records, at=at)
    return recording.read(document) + recording.rest()


def from_recorded(document: Any, account: str, *, at: datetime | None = None, records: Records | None = None) -> list[Message]:
    """The messages of any one recorded payload, as `translate_recorded`. What cannot be read is left out."""
    return list(translate_recorded(document, account, at=at, records=records).messages)


def _is_list_of_frames(document: Any) -> bool:
    return isinstance(document, list) and any(isinstance(row, dict) and "channel" in row for row in document)


def _order_updates(data: Any, legs: Legs, context: Context) -> Translated:
    return payload_rows.statuses(data, legs, context, is_conclusive=False)


def _open_orders(data: Any, legs: Legs, context: Context) -> Translated:
    return payload_rows.open_orders(Row(data).get("orders"), legs, context)


def _order_history(data: Any, legs: Legs, context: Context) -> Translated:
    return payload_rows.statuses(Row(data).rows("orderHistory"), legs, context, is_conclusive=False)


def _user_fills(data: Any, legs: Legs, context: Context) -> Translated:
    return payload_rows.fills(Row(data).get("fills"), legs, _of_user(data, context))


def _user_fundings(data: Any, legs: Legs, context: Context) -> Translated:
    return payload_rows.fundings(Row(data).get("fundings"), context)


def _slices(data: Any, legs: Legs, context: Context) -> Translated:
    return payload_rows.slices(Row(data).get("twapSliceFills"), legs, _of_user(data, context))


def _clearinghouse(data: Any, legs: Legs, context: Context) -> Translated:
    return payload_rows.positions(Row(data).get("clearinghouseState"), context)


def _all_clearinghouses(data: Any, legs: Legs, context: Context) -> Translated:
    """Pairs of an exchange's name, empty for the main one, and its state."""
    told = Translated()
    for pair in Row(data).rows("clearinghouseStates"):
        told.add(payload_rows.positions(pair[1] if isinstance(pair, list) and len(pair) > 1 else pair, context))
    return told


def _spot_state(data: Any, legs: Legs, context: Context) -> Translated:
    return spot_balances(Row(data).get("spotState"), context)


def _web_data(data: Any, legs: Legs, context: Context) -> Translated:
    """The legacy channel: open orders, positions and spot balances, as of the server's time."""
    row = Row(data)
    server_time = row.moment("serverTime")
    dated = replace(context, at=server_time or context.at, is_venue_time=server_time is not None)
    told = payload_rows.open_orders(row.get("openOrders"), legs, dated)
    if row.get("clearinghouseState") is not None:
        told.add(payload_rows.positions(row.get("clearinghouseState"), dated))
    if row.get("spotState") is not None:
        told.add(spot_balances(row.get("spotState"), dated))
    return told


def _user_event(data: Any, legs: Legs, context: Context) -> Translated:
    """One of several kinds; a liquidation says nothing that its fills and cancels do not."""
    row = Row(data)
    if USER_EVENT_KINDS.isdisjoint(row.raw):
        raise Unreadable("is no event that is known", row.raw)
    mine = _of_user(data, context)
    told = Translated()
    if row.get("fills") is not None:
        told.add(payload_rows.fills(row.get("fills"), legs, mine))
    if row.get("twapSliceFills") is not None:
        told.add(payload_rows.slices(row.get("twapSliceFills"), legs, mine))
    if row.get("funding") is not None:
        told.add(payload_rows.fundings([row.get("funding")], mine))
    if row.get(payload_rows.NOT_BY_USER) is not None:
        told.add(payload_rows.cancels_by_venue(row.get(payload_rows.NOT_BY_USER), mine))
    return told


def _has_statuses(payload: Any) -> bool:
    """Whether the answer to an action speaks of orders: to others its data is a text, or its type says that it does not."""
    response = payload.get("response")
    return not isinstance(response, dict) or (response.get("type") not in ORDERLESS and not isinstance(response.get("data"), str))


def _post(data: Any, legs: Legs, context: Context) -> Translated:
    """An answer to a question that was asked over the websocket. An error is a text."""
    response = Row(Row(data).get("response"))
    if response.get("type") == "error":
        return Translated()
    payload = Row(response.get("payload"))
    answer = payload.get("data") if "data" in payload.raw else payload.raw
    return translate_answer(answer, legs, replace(context, source=Source.VENUE_POLL))


def _of_user(data: Any, context: Context) -> Context:
    """Whose account it is, where the frame says so."""
    user = Row(data).get("user")
    return replace(context, address=user.lower()) if isinstance(user, str) else context


_CHANNELS: dict[str, Translate] = {
    "allDexsClearinghouseState": _all_clearinghouses,
    "clearinghouseState": _clearinghouse,
    "openOrders": _open_orders,
    "orderUpdates": _order_updates,
    "post": _post,
    "spotState": _spot_state,
    **dict.fromkeys(USER_EVENTS, _user_event),
    "userFills": _user_fills,
    "userFundings": _user_fundings,
    "userHistoricalOrders": _order_history,
    "userTwapSliceFills": _slices,
    "webData2": _web_data,
}


def _of_list(rows: Sequence[Any], legs: Legs, context: Context) -> Translated:
    """Rows, each kind of them by itself, in the order in which the kinds first appear."""
    kinds: dict[Translate, list[Any]] = {}
    for row in rows:
        kinds.setdefault(_kind_of(row), []).append(row)
    told = Translated()
    for translate, of_kind in kinds.items():
        told.add(translate(of_kind, legs, context))
    return told


def _kind_of(row: Any) -> Translate:
    """What a row is, by the fields that only such rows have."""
    if not isinstance(row, dict):
        return _unknown
    kinds: tuple[tuple[str, Translate], ...] = (
        ("order", payload_rows.statuses),
        ("tid", payload_rows.fills),
        ("px", payload_rows.fills),
        ("limitPx", payload_rows.open_orders),
        ("oid", payload_rows.open_orders),
        ("fill", payload_rows.slices),
        ("delta", _fundings),
        ("usdc", _fundings),
        ("state", _twap),
    )
    return next((translate for name, translate in kinds if name in row), _unknown)


def _fundings(rows: Any, legs: Legs, context: Context) -> Translated:
    return payload_rows.fundings(rows, context)


def _twap(rows: Any, legs: Legs, context: Context) -> Translated:
    return Translated()  # as a whole it is no order: its slices are


def _unknown(rows: Any, legs: Legs, context: Context) -> Translated:
    told = Translated()
    for row in rows:
        told.add(payload_rows.failed(Unreadable("is no row of this venue", row)))
    return told
