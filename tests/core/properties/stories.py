"""Stories nobody thought of: messages about a few orders of one account, in any order, with
everything a venue does wrong.

What a story never has is one name for two orders: there the order of arrival decides.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from hypothesis import strategies as st

Option = TypeVar("Option")

Message = dict[str, Any]

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
INSTRUMENTS = ("BTC-USD", "ETH-USD")
QUANTITIES = ("1", "2", "3", "5", "7.5", "10")
PRICES = ("90", "99.5", "100", "101.25", "110")
LEGS: list[Message] = [
    {"instrument": "BTC-USD", "side": "buy", "ratio": 1},
    {"instrument": "ETH-USD", "side": "sell", "ratio": 2},
]
STATUSES = (
    "new",
    "partially_filled",
    "filled",
    "canceled",
    "rejected",
    "expired",
    "suspended",
    "stopped",
    "done_for_day",
    "odd",
)
SIMPLE = (
    "acknowledged",
    "canceled",
    "expired",
    "rejected",
    "triggered",
    "suspended",
    "resumed",
    "reinstated",
    "stopped",
    "done_for_day",
    "absent",
)
KINDS = (
    ("fill",) * 6
    + SIMPLE
    + (
        "acknowledged",
        "bust",
        "correct",
        "correct",
        "replaced",
        "restated",
        "status_observed",
        "status_observed",
        "answer",
        "answer",
        "again",
        "again",
    )
)


@dataclass(frozen=True)
class Story:
    """Messages in the order in which they are offered. `is_plain`: the request comes first and
    every report names its order."""

    messages: tuple[Message, ...]
    is_plain: bool

    @property
    def reports(self) -> tuple[Message, ...]:
        return tuple(message for message in self.messages if not is_command(message))

    @property
    def commands(self) -> tuple[Message, ...]:
        return tuple(message for message in self.messages if is_command(message))


def is_command(message: Message) -> bool:
    return message["type"] in {
        "request",
        "deny",
        "submit",
        "unresolved",
        "request_cancel",
        "request_replace",
    }


def is_about_account(message: Message) -> bool:
    return message["type"] in {"instrument", "mark", "funding", "adjust"}


def moment(second: int, microsecond: int = 0) -> str:
    return (START + timedelta(seconds=second, microseconds=microsecond)).isoformat()


class Teller:
    """Tells the story of one order, message by message."""

    def __init__(self, draw: st.DrawFn, number: int, *, is_plain: bool) -> None:
        self._draw = draw
        self._number = number
        self._is_plain = is_plain
        self.is_own = is_plain or draw(st.integers(0, 5)) > 0
        self._client_order_id = f"C-{number}"
        self._venue_order_ids = [f"V-{number}"]
        self._instrument = draw(st.sampled_from(INSTRUMENTS))
        self._side = draw(st.sampled_from(("buy", "sell")))
        self._legs = LEGS if draw(st.integers(0, 5)) == 0 else []
        self._fills: list[str] = []
        self._count = 0
        self._asked: list[tuple[str, Message]] = []
        self._told: list[Message] = []
        self._replacement: str | None = None

    def whole(self) -> list[Message]:
        """Our commands, and what the venue reports."""
        if self.is_own:
            self._tell(self._request())
            for kind in self._draw(
                st.lists(st.sampled_from(("submit", "unresolved", "cancel", "replace")), max_size=4)
            ):
                self._tell(self._command(kind))
        for kind in self._draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=10)):
            for message in self._report(kind):
                self._tell(message)
        return self._told

    def _tell(self, message: Message) -> None:
        self._told.append(message)

    def _pick(self, *options: Option) -> Option:
        chosen: Option = self._draw(st.sampled_from(options))
        return chosen

    def _maybe(self, **fields: Any) -> Message:
        return fields if self._draw(st.booleans()) else {}

    def _new(self, word: str) -> str:
        self._count += 1
        return f"{word}-{self._number}-{self._count}"

    def _request(self) -> Message:
        terms = {
            "instrument": self._instrument,
            "side": self._side,
            **self._pick(*[{"quantity": self._pick(*QUANTITIES)}] * 5, {"quote_quantity": "500"}),
            **self._rare_terms(),
            "order_type": self._pick(*["limit"] * 4, "take_profit_limit", "trailing_stop"),
        }
        terms |= {
            "limit_price": self._pick(*PRICES),
            **self._maybe(time_in_force=self._pick("gtc", "day")),
        }
        terms |= {
            **self._maybe(expire_at=moment(99)),
            **self._maybe(post_only=True),
            **self._maybe(reduce_only=self._pick(True, False)),
        }
        if self._legs:
            terms |= {"quantity": self._pick("1", "2", "3"), "legs": self._legs}
            terms.pop("quote_quantity", None)
        some: Message = {"strategy": "s1", "links": {"trade_id": "T"}, "tags": {"a": 1}}
        labels = self._pick({}, some, {"links": self._links()})
        aliases = self._maybe(aliases={"index": f"A-{self._number}"})
        return {
            "type": "request",
            "client_order_id": self._client_order_id,
            **terms,
            **labels,
            **aliases,
        }

    def _links(self) -> Message:
        """Of one group with the other orders, perhaps with a parent."""
        kind = self._pick("oco", "oto", "bracket")
        return {"group": "G", "kind": kind, **self._maybe(parent=self._pick("C-0", "C-1"))}

    def _rare_terms(self) -> Message:
        """Now and then terms that few orders have."""
        if self._draw(st.integers(0, 3)):
            return {}
        trail = {"trail_offset": "1.5", "trail_offset_type": self._pick("amount", "percent")}
        return self._pick(
            {"display_quantity": self._pick("0", "1")},
            {"trigger_source": self._pick("last", "mark", "index")},
            trail,
        )

    def _command(self, kind: str) -> Message:
        message = {"type": kind, "client_order_id": self._client_order_id}
        if kind == "submit":
            return message
        if kind == "unresolved":
            return {**message, "reason": "timeout"}
        message |= {"type": f"request_{kind}"}
        if kind == "replace":
            message |= {
                "quantity": self._pick(*QUANTITIES),
                **self._maybe(limit_price=self._pick(*PRICES)),
                **self._rare_terms(),
            }
            message |= self._maybe(replacement_client_order_id=self._new("R"))
        message |= self._maybe(request_id=self._new("Q"))
        self._asked.append((kind, message))
        return message

    def _names(self) -> Message:
        own = {"client_order_id": self._replacement or self._client_order_id}
        venue = {"venue_order_id": self._pick(*self._venue_order_ids)}
        alias = {"aliases": {"index": f"A-{self._number}"}}
        if self._is_plain:
            return self._pick(own, own, {**own, **venue}, {**own, **alias})
        return self._pick(
            own, own, {**own, **venue}, venue, venue, alias, {**venue, **alias}, {**own, **alias}
        )

    def _report(self, kind: str) -> list[Message]:
        message = {
            "type": kind,
            **self._names(),
            "instrument": self._instrument,
            "side": self._side,
        }
        if kind not in ("fill", "bust", "correct", "again") and self._draw(st.integers(0, 3)) == 0:
            message |= {"reported": self._claims()}
        match kind:
            case "fill":
                return [self._fill(message)]
            case "correct":
                told = self._fill(message)
                return [
                    {
                        **told,
                        "type": "fill_corrected",
                        "corrects": self._pick("F-none", *self._fills),
                    }
                ]
            case "bust":
                return [
                    {
                        **message,
                        "type": "fill_busted",
                        "fill_id": self._pick(*(self._fills or ["F-none"])),
                    }
                ]
            case "replaced" | "restated":
                terms = {
                    **self._pick(
                        *[{"quantity": self._pick(*QUANTITIES)}] * 3, {"quote_quantity": "600"}
                    ),
                    **self._maybe(limit_price=self._pick(*PRICES)),
                    **self._rare_terms(),
                }
                if kind == "replaced" and self._draw(st.booleans()):
                    self._venue_order_ids.append(self._new("V"))
                    message |= {"venue_order_id": self._venue_order_ids[-1]}
                if kind == "replaced":
                    message |= self._replaced_name()
                return [{**message, **terms}]
            case "status_observed":
                seen = self._pick(
                    {"status": self._pick(*STATUSES)}, {"pending": self._pick("cancel", "replace")}
                )
                asked = {
                    "dated_by": "receipt",
                    **self._maybe(asked_at=moment(self._draw(st.integers(0, 60)))),
                }
                return [{**message, **seen, **self._pick({}, {"dated_by": "venue"}, asked)}]
            case "rejected":
                return [{**message, **self._maybe(reason=self._pick("duplicate_order", "margin"))}]
            case "answer":
                return self._answer(message)
            case "again":
                return [self._told_again(dict(self._pick(*self._told)))] if self._told else []
            case _:
                return [message]

    def _contradiction(self) -> Message:
        """Now and then another side or instrument than the order's."""
        if self._draw(st.integers(0, 7)):
            return {}
        return self._pick(
            {"side": "sell" if self._side == "buy" else "buy"}, {"instrument": "DOGE-USD"}
        )

    def _told_again(self, report: Message) -> Message:
        """The same message; a report perhaps with another time, and perhaps with details that it
        left out."""
        if is_command(report):
            return report
        has_details = (
            report["type"] in ("fill", "correct_fill") and self._draw(st.integers(0, 3)) == 0
        )
        if has_details or self._draw(st.booleans()):
            report |= {AGAIN: self._new("again")}
        if has_details:
            report |= self._pick(
                {"fee": "0.3"},
                {"fee_currency": "USD"},
                {"liquidity": "taker"},
                {"side": self._side},
            )
        return report

    def _claims(self) -> Message:
        numbers = {
            name: self._pick("0", *QUANTITIES) for name in ("cum_quantity", "leaves_quantity")
        }
        claims = {
            **numbers,
            "quantity": self._pick(*QUANTITIES),
            "average_price": self._pick("0.0", *PRICES),
        }
        chosen = self._draw(st.sets(st.sampled_from(tuple(claims)), max_size=2))
        said = {name: value for name, value in claims.items() if name in chosen}
        is_silent = bool(said) and self._draw(st.booleans())
        return (
            said
            if is_silent
            else {**said, "status": self._pick("new", "filled", "canceled", "odd")}
        )

    def _fill(self, message: Message) -> Message:
        is_reused = bool(self._fills) and self._draw(st.integers(0, 5)) == 0
        fill_id = self._pick(*self._fills) if is_reused else self._new("F")
        self._fills.append(fill_id)
        fee = (
            {}
            if is_reused
            else self._maybe(
                fee=self._pick("0.1", "-0.25"), **self._maybe(fee_currency=self._pick("USD", "BNB"))
            )
        )
        numbers = {
            "quantity": self._pick(*QUANTITIES),
            "price": self._pick(*PRICES),
            **self._contradiction(),
        }
        if self._legs:
            numbers |= self._leg()
        return {**message, "fill_id": fill_id, **numbers, **fee, **self._maybe(liquidity="maker")}

    def _leg(self) -> Message:
        """A fill of a leg names it by its number, by its instrument, or both; now and then a
        number that is none."""
        number = self._pick(0, 1)
        leg = self._legs[number]
        side = leg["side"] if self._side == "buy" else {"buy": "sell", "sell": "buy"}[leg["side"]]
        named = {"instrument": leg["instrument"], "side": side}
        return self._pick({"leg": number}, named, {"leg": number, **named}, {"leg": 7})

    def _replaced_name(self) -> Message:
        asked = [
            m for kind, m in self._asked if kind == "replace" and "replacement_client_order_id" in m
        ]
        if not asked or self._draw(st.booleans()):
            return {}
        self._replacement = self._pick(*asked)["replacement_client_order_id"]
        return {"replacement_client_order_id": self._replacement}

    def _answer(self, message: Message) -> list[Message]:
        if not self._asked:
            return []
        kind, asked = self._pick(*self._asked)
        names = [
            asked[name] for name in ("request_id", "replacement_client_order_id") if name in asked
        ]
        options = [
            {},
            {"request_id": "Q-unknown"},
            {"client_order_id": self._replacement or self._client_order_id},
        ]
        options += [{"request_id": name} for name in names] + [
            {"client_order_id": name} for name in names
        ]
        return [
            {
                **message,
                "type": f"{kind}_rejected",
                **self._pick(*options),
                **self._maybe(reason="unknown_order"),
            }
        ]


@st.composite
def stories(
    draw: st.DrawFn, *, is_plain: bool | None = None, has_equal_times: bool = False
) -> Story:
    """Stories of one to three orders. Times differ, unless `has_equal_times`; then some reports
    have a sequence."""
    plain = draw(st.booleans()) if is_plain is None else is_plain
    told: list[tuple[int, int, Message]] = []
    for number in range(draw(st.integers(1, 3))):
        messages = Teller(draw, number, is_plain=plain).whole()
        for index, message in enumerate(messages):
            # Commands come in their own time; a report that is told again keeps its time and comes
            # whenever it likes.
            is_late = not is_command(message) and draw(st.booleans())
            told.append((draw(st.integers(0, 60)) if is_late else index, len(told), message))
    if not plain and draw(st.booleans()):
        told = [
            (draw(st.integers(0, 60)) if m["type"] == "request" else when, order, m)
            for when, order, m in told
        ]
    for _ in range(draw(st.integers(0, 3))):
        told.append((draw(st.integers(0, 60)), len(told), _about_account(draw)))
    at = _times(draw, [message for _, _, message in told], has_equal_times=has_equal_times)
    told.sort(key=lambda each: each[:2])
    return Story(
        tuple(_without_marks({**message, **at[_key(message)]}) for _, _, message in told), plain
    )


def _about_account(draw: st.DrawFn) -> Message:
    """A definition, a mark, a funding or an adjustment."""
    instrument = draw(st.sampled_from(INSTRUMENTS))
    kinds: tuple[Message, ...] = (
        {"type": "instrument", "currency": "USD", "multiplier": "0.1"},
        {"type": "instrument", "currency": draw(st.sampled_from(("USD", "BNB")))},
        {"type": "instrument", "inverse": draw(st.booleans()), "tick": "0.5"},
        {"type": "mark", "price": draw(st.sampled_from(PRICES))},
        {"type": "mark", "instrument": "BNB-USD", "price": "300"},
        {
            "type": "funding",
            "amount": draw(st.sampled_from(("0.5", "-0.25"))),
            "currency": draw(st.sampled_from(("USD", "BNB"))),
        },
        {
            "type": "adjust",
            "quantity": draw(st.sampled_from(("-3", "0", "2.5"))),
            "price": draw(st.sampled_from(PRICES)),
        },
    )
    chosen = {"instrument": instrument, **draw(st.sampled_from(kinds))}
    if draw(st.integers(0, 3)):
        return chosen
    return {
        **chosen,
        "message_id": f"{draw(st.sampled_from(('first', 'second')))} {sorted(chosen.items())}",
    }


def _times(
    draw: st.DrawFn, messages: list[Message], *, has_equal_times: bool
) -> dict[str, Message]:
    """When each message happened: in half of the stories commands before reports, in the others at
    any time."""
    is_in_order = has_equal_times or draw(st.booleans())
    at: dict[str, Message] = {}
    for index, message in enumerate(messages):
        first, last = (
            (0, 9) if is_command(message) and is_in_order else (10, 14 if has_equal_times else 60)
        )
        microsecond = 0 if has_equal_times else index
        if _key(message) not in at:
            at[_key(message)] = {"at": moment(draw(st.integers(first, last)), microsecond)}
            if has_equal_times and not is_about_account(message) and draw(st.booleans()):
                at[_key(message)]["sequence"] = draw(st.integers(-1, 3))
    return at


AGAIN = "again"
"""Marks a report that is told again with another time. It is no field of a message."""


def _without_marks(message: Message) -> Message:
    return {name: value for name, value in message.items() if name != AGAIN}


def _key(message: Message) -> str:
    """Messages that are one fact, and so have one time unless they are told again with another."""
    mark = message.get(AGAIN)
    if message["type"] == "bust_fill":
        message = {"busted": message["fill_id"]}
    elif "fill_id" in message:
        message = {
            name: message.get(name)
            for name in ("fill_id", "quantity", "price", "corrects", "side", "instrument", "leg")
        }
    return repr((mark, sorted(message.items(), key=str)))
