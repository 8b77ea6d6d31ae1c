"""What is no message although Python would let it pass."""

from decimal import Decimal
from typing import Any

import pytest

from orderledger import InvalidMessage, Ledger, Request, parse_line

LINE = '{"type":"mark","account":"sim:main","instrument":"BTC-USD","price":"1","at":"%s"}'


def request(**fields: Any) -> Request:
    terms: dict[str, Any] = {"instrument": "BTC-USD", "side": "buy", "quantity": "1", "order_type": "market"}
    return Request(account="sim:main", client_order_id="C-1", **terms, **fields)


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("field", ["evidence", "tags"])
def test_what_could_never_be_read_again_is_not_recorded(field: str, number: str) -> None:
    with Ledger.open("memory://", follow=False) as ledger:
        with pytest.raises(InvalidMessage, match=field):
            ledger.record(request(**{field: {"deep": [Decimal(number)]}}))
        assert ledger.record(request(**{field: {"deep": ["NaN and Infinity", Decimal("1.50")]}})).outcome == "recorded"
        assert len(ledger.history("C-1")) == 1


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"])
def test_a_time_beyond_the_calendar_is_invalid(time: str) -> None:
    with pytest.raises(InvalidMessage, match="beyond the years"):
        parse_line(LINE % time)
