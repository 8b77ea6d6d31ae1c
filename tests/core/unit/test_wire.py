"""What is no message although Python would let it pass."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from orderledger import Gap, InvalidMessage, Ledger, Request, parse_line
from orderledger.cli.output import json_line
from orderledger.infrastructure.messages.facts import NESTING_LIMIT

LINE = '{"type":"mark","account":"sim:main","instrument":"BTC-USD","price":"1","at":"%s"}'

NINE = datetime(2026, 11, 20, 9, tzinfo=UTC)

REQUEST = (
    '{"type":"request","account":"sim:main","client_order_id":"C-1",'
    '"instrument":"BTC-USD","side":"buy","quantity":"1","order_type":"market"}'
)


def request(**fields: Any) -> Request:
    terms: dict[str, Any] = {
        "instrument": "BTC-USD",
        "side": "buy",
        "quantity": "1",
        "order_type": "market",
    }
    return Request(account="sim:main", client_order_id="C-1", **terms, **fields)


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("field", ["evidence", "tags"])
def test_what_could_never_be_read_again_is_not_recorded(field: str, number: str) -> None:
    with Ledger.open("memory://", update_views=False) as ledger:
        with pytest.raises(InvalidMessage, match=field):
            ledger.record(request(**{field: {"deep": [Decimal(number)]}}))
        assert (
            ledger.record(
                request(**{field: {"deep": ["NaN and Infinity", Decimal("1.50")]}})
            ).outcome
            == "recorded"
        )
        assert len(ledger.history("C-1")) == 1


@pytest.mark.parametrize("field", ["evidence", "tags"])
def test_what_is_nested_too_deeply_to_be_shown_is_not_recorded(field: str) -> None:
    def nested(levels: int) -> str:
        return f'{{"a":{"[" * (levels - 1)}1{"]" * (levels - 1)}}}'

    line = REQUEST[:-1] + f', "{field}": %s}}'
    with Ledger.open("memory://", update_views=False) as ledger:
        (refused, recorded) = ledger.recording.record_lines(
            [line % nested(NESTING_LIMIT + 1), line % nested(NESTING_LIMIT)]
        )
        assert (refused.outcome, refused.reason) == ("invalid", f"{field}: is nested too deeply")
        assert recorded.outcome == "recorded"
        assert json_line(ledger.history("C-1")[0]).count("[") == NESTING_LIMIT - 1


def test_the_numbers_of_evidence_are_printed_as_they_came() -> None:
    evidence = '{"price":1.10,"e":[1E-7,-0.0],"id":%s}' % ("9" * 5_000)
    line = REQUEST[:-1] + f', "evidence": {evidence}}}'
    with Ledger.open("memory://", update_views=False) as ledger:
        assert ledger.recording.record_lines([line])[0].outcome == "recorded"
        assert f'"evidence":{evidence},' in json_line(ledger.history("C-1")[0])


@pytest.mark.parametrize("field", ["\\ud800", "x" * 1_000])
def test_what_is_wrong_with_a_field_can_be_printed_whatever_its_name(field: str) -> None:
    with Ledger.open("memory://", update_views=False) as ledger:
        for line in (f'{REQUEST[:-1]},"{field}":1,"{field}":2}}', f'{REQUEST[:-1]},"{field}":1}}'):
            (outcome, _) = ledger.recording.record_lines([line, REQUEST])
            assert outcome.outcome == "invalid"
            assert len(f"{outcome.reason}".encode()) < 300


@pytest.mark.parametrize(
    ("twice", "named"),
    [('"quantity":"2"', "quantity"), ('"links":{"role":"entry","role":"exit"}', "role")],
)
def test_of_a_field_that_is_given_twice_neither_value_is_taken(twice: str, named: str) -> None:
    with pytest.raises(InvalidMessage, match=f"{named}: is given twice"):
        parse_line(f"{REQUEST[:-1]},{twice}}}")


@pytest.mark.parametrize("price", ["0e29", "0e-9999", "1e28", "1e-29", "0." + "0" * 29])
def test_an_exponent_beyond_28_digits_is_invalid_of_zero_too(price: str) -> None:
    with pytest.raises(InvalidMessage, match="more than 28 digits"):
        parse_line(REQUEST[:-1] + f',"limit_price":"{price}"}}')
    assert parse_line(REQUEST[:-1] + ',"limit_price":"0E-28","stop_price":"9e27"}')


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"])
def test_a_time_beyond_the_calendar_is_invalid(time: str) -> None:
    with pytest.raises(InvalidMessage, match="beyond the years"):
        parse_line(LINE % time)


@pytest.mark.parametrize(
    "time",
    ["20260302T093000Z", "2026-W10-1T09:30:00Z", "2026-03-02T09:30Z", "2026-03-02T09:30:00,5Z"],
)
def test_of_the_forms_that_a_time_may_have_only_those_of_rfc_3339_are_valid(time: str) -> None:
    with pytest.raises(InvalidMessage, match="at: is not an RFC 3339 time with an offset"):
        parse_line(LINE % time)
    assert parse_line(LINE % "2026-03-02t09:30:00.5z") == parse_line(
        LINE % "2026-03-02 10:30:00.500000+01:00"
    )


@pytest.mark.parametrize(
    ("count", "time"),
    [
        (0, "1970-01-01T00:00:00"),
        (253_402_300_799, "9999-12-31T23:59:59"),
        (10**12, "2001-09-09T01:46:40"),
        (10**15, "2001-09-09T01:46:40"),
        (10**18, "2001-09-09T01:46:40"),
        (10**18 + 1_999, "2001-09-09T01:46:40.000001"),
    ],
)
def test_the_magnitude_of_a_count_tells_its_unit(count: int, time: str) -> None:
    assert parse_line(LINE.replace('"%s"', str(count))) == parse_line(LINE % f"{time}+00:00")


@pytest.mark.parametrize("count", [-1, 10**12 - 1, 10**18 - 1, 10**20])
def test_a_count_that_is_no_time_in_any_unit_is_invalid(count: int) -> None:
    with pytest.raises(InvalidMessage, match="at: is not a time in s, ms, us or ns"):
        parse_line(LINE.replace('"%s"', str(count)))


def test_null_is_the_same_as_nothing_given() -> None:
    texts = ("at", "source", "message_id", "reason", "limit_price", "strategy")
    optional = (
        "aliases",
        "tags",
        "links",
        "reported",
        "evidence",
        "post_only",
        "reduce_only",
        *texts,
    )
    line = REQUEST[:-1] + "".join(f',"{field}":null' for field in optional) + "}"
    with Ledger.open("memory://", update_views=False) as ledger:
        assert [outcome.outcome for outcome in ledger.recording.record_lines([line, REQUEST])] == [
            "recorded",
            "duplicate",
        ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("at", NINE.replace(tzinfo=None)),
        ("quantity", Decimal("NaN")),
        ("quantity", -1),
        ("client_order_id", ""),
        ("prize", "1"),
    ],
)
def test_what_a_message_cannot_be_its_copy_cannot_become(field: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=field):
        request().model_copy(update={field: value})


def test_a_copy_is_what_would_have_been_made_anew() -> None:
    copy = request(tags={"a": 1}).model_copy(update={"at": 1_795_168_800, "text": "later"})
    assert copy == request(tags={"a": 1}, at=NINE.replace(hour=10), text="later")
    gap = Gap(account="sim:main", from_at=NINE)
    assert gap.model_copy() == gap
    assert gap.model_copy(update={"to_at": NINE}) == Gap(
        account="sim:main", from_at=NINE, to_at=NINE
    )
