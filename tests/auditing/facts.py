"""The messages as the auditor keeps and reads them (section 1 of the contract)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

Message = dict[str, Any]
Row = dict[str, Any]

PROPOSAL_TYPES = {"propose", "approve", "decline"}
ACCOUNT_TYPES = {
    "instrument",
    "mark",
    "funding",
    "adjust",
    "gap",
    "balance",
    "transfer",
    "settle",
    "settlement_busted",
    "split",
    "rename",
}
ORDER_COMMANDS = {"request", "deny", "submit", "unresolved", "request_cancel", "request_replace"}
REGISTER = {"done_for_day", "suspended", "stopped", "resumed", "restated"}
WORKING_REPORTS = {
    "acknowledged",
    "fill",
    "fill_corrected",
    "replaced",
    "triggered",
    "reinstated",
} | REGISTER
WORKING_STATUSES = {"new", "partially_filled", "suspended", "stopped"}
END_WORDS = {"deny": "denied"} | {word: word for word in ("canceled", "expired", "rejected")}
SESSIONS = {
    "suspended": "suspended",
    "stopped": "stopped",
    "done_for_day": "done_for_day",
    "resumed": None,
    "restated": None,
}
FORMER_WORDS = {
    "acknowledge": "acknowledged",
    "reject": "rejected",
    "correct_fill": "fill_corrected",
    "bust_fill": "fill_busted",
    "cancel": "canceled",
    "reject_cancel": "cancel_rejected",
    "reject_replace": "replace_rejected",
    "replace": "replaced",
    "expire": "expired",
    "trigger": "triggered",
    "suspend": "suspended",
    "resume": "resumed",
    "stop": "stopped",
    "restate": "restated",
    "reinstate": "reinstated",
    "status": "status_observed",
}
REPORTED_NUMBERS = ("quantity", "cum_quantity", "leaves_quantity", "average_price")
SEEN_SESSIONS = {"suspended": "suspended", "stopped": "stopped", "done_for_day": "done_for_day"} | {
    "new": None,
    "partially_filled": None,
}
AMOUNTS = ("limit_price", "stop_price", "quote_quantity", "display_quantity", "trail_offset")
CHOICES = ("trail_offset_type", "trigger_source")
PRICED = ("quantity", *AMOUNTS, *CHOICES)
REQUESTED = (
    "instrument",
    "side",
    "order_type",
    "time_in_force",
    "expire_at",
    "post_only",
    "reduce_only",
    "legs",
    "strategy",
    "links",
)
TERMS = {*REQUESTED, *PRICED}
NOT_COMPARED = {
    "dated_by",
    "asked_at",
    "request_expires_at",
    "source",
    "evidence",
    "actor",
    "correlation_id",
    "causation_id",
    "text",
    "message_id",
}
NUMBERS = {
    "quantity",
    "price",
    *AMOUNTS,
    "fee",
    "amount",
    "multiplier",
    "tick",
    "lot",
    *REPORTED_NUMBERS,
}
TIMES = {"at", "expire_at"}
NO_SEQUENCE = -(10**30)

Moment = tuple[datetime, int]  # time and the venue's sequence
When = tuple[datetime, int, int]  # and where in the log it was first recorded


@dataclass(frozen=True, eq=False)
class Fact:
    """One recorded message. `at` is the effective time: the message's own, else the time of
    recording."""

    position: int
    message: Message
    at: datetime
    recorded_at: datetime

    @property
    def type(self) -> str:
        given = str(self.message["type"])
        return FORMER_WORDS.get(given, given)

    @property
    def when(self) -> When:
        """Rule 10: the one order of facts."""
        return (*self.moment, self.position)

    @property
    def moment(self) -> Moment:
        sequence = self.get("sequence")
        return (self.at, NO_SEQUENCE if sequence is None else sequence)

    def get(self, field: str) -> Any:
        return self.message.get(field)

    @property
    def is_of_order(self) -> bool:
        return self.type not in PROPOSAL_TYPES | ACCOUNT_TYPES

    @property
    def is_report(self) -> bool:
        return self.is_of_order and self.type not in ORDER_COMMANDS

    @property
    def shown(self) -> Moment | None:
        """Rule 4: the moment at which an observed row surely shows the order open: the venue's own
        time in it, or that of the query for this one order."""
        if self.type != "status_observed" or self.get("status") not in WORKING_STATUSES:
            return None
        dated_by = self.get("dated_by") or ("venue" if self.get("at") is not None else None)
        asked = (
            [(instant(self.get("asked_at")), NO_SEQUENCE)]
            if self.get("asked_at") is not None
            else []
        )
        return max([self.moment, *asked] if dated_by == "venue" else asked, default=None)

    @property
    def claims(self) -> dict[str, Any]:
        """The numbers the venue gives besides, none of which is taken for ours."""
        reported = self.get("reported") or {}
        return {name: reported[name] for name in REPORTED_NUMBERS if reported.get(name) is not None}

    @property
    def observed_status(self) -> str | None:
        """The status the venue was seen to give, by a `status` message or beside another report."""
        word = (self.get("status") if self.type == "status_observed" else None) or (
            self.get("reported") or {}
        ).get("status")
        return None if word is None else str(word)

    @property
    def end_word(self) -> str | None:
        """The end this fact states; an observed end counts as one."""
        if self.type == "status_observed" and self.get("status") in {
            "canceled",
            "expired",
            "rejected",
        }:
            return str(self.get("status"))
        return END_WORDS.get(self.type)

    @property
    def is_duplicate_reject(self) -> bool:
        return self.type == "rejected" and self.get("reason") == "duplicate_order"

    @property
    def is_unknown_to_venue(self) -> bool:
        return self.type in {"cancel_rejected", "replace_rejected"} and self.get("reason") in {
            "unknown_order",
            "request_expired",
            "rate_limited",
        }

    @property
    def session_word(self) -> str | None:
        """Where it leaves the order between done for the day, suspended, stopped and (None) going
        on as usual."""
        return (
            SEEN_SESSIONS[str(self.get("status"))]
            if self.type == "status_observed"
            else SESSIONS[self.type]
        )

    @property
    def is_of_session(self) -> bool:
        return self.type in REGISTER or (
            self.type == "status_observed" and self.get("status") in SEEN_SESSIONS
        )

    @property
    def shows_work(self) -> bool:
        """Whether only an order the venue has taken on can have brought this."""
        shown = WORKING_STATUSES | {"filled", "done_for_day"}
        return self.type in WORKING_REPORTS or (
            self.type == "status_observed" and self.get("status") in shown
        )

    @property
    def shows_work_now(self) -> bool:
        """Whether it says that the venue works the order at that time. A fill or the end of a day
        does not."""
        is_state = self.shows_work and self.type not in {"fill", "fill_corrected", "done_for_day"}
        return is_state and self.get("status") not in {"filled", "done_for_day"}


def number(value: Any) -> Fraction:
    """The exact number of a decimal string."""
    return Fraction(str(value))


def last_digit(value: Any) -> Fraction:
    """One unit of the last decimal place the text gives, at most 1."""
    exponent = Decimal(str(value)).as_tuple().exponent
    return Fraction(1, 10 ** max(0, -int(exponent)))


def instant(value: Any) -> datetime:
    """RFC 3339 with an offset, or an integer whose magnitude tells s, ms, us or ns; to the
    microsecond, in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, int):
        nanoseconds = value * next(
            (
                unit
                for limit, unit in ((11, 10**9), (14, 10**6), (17, 10**3))
                if abs(value) < 10**limit
            ),
            1,
        )
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=nanoseconds // 1000)
    return datetime.fromisoformat(value).astimezone(UTC)


def comparable(message: Message) -> Message:
    """The fields by which a message is the same again; absent, null and false are one."""

    def plain(field: str, value: Any) -> Any:
        if field in {"reported", "cash_in_lieu", "into"}:
            return {name: plain(name, claim) for name, claim in value.items() if claim is not None}
        if field == "fees":
            fees = [(fee["currency"], number(fee["amount"]), fee.get("kind")) for fee in value]
            return sorted(fees, key=repr)
        return number(value) if field in NUMBERS else instant(value) if field in TIMES else value

    given = {
        field: value
        for field, value in message.items()
        if not (value is None or value is False or value in ({}, []))
    }
    return {
        field: plain(field, value) for field, value in given.items() if field not in NOT_COMPARED
    }


def in_short_form(message: Message) -> Message:
    """The message with a list of one fee written as `fee` and `fee_currency`: the same fact."""
    fees = message.get("fees") or []
    if len(fees) != 1:
        return message
    short = {"fee": fees[0]["amount"], "fee_currency": fees[0]["currency"]}
    return {field: value for field, value in message.items() if field != "fees"} | short


def terms_of(message: Message) -> Message:
    """The terms of a request: the order itself, without names, tags or time (rule 7)."""
    return {field: value for field, value in comparable(message).items() if field in TERMS}
