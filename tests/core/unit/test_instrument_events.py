"""Splits and settlements: what is refused, and quantities that do not end in decimals."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from orderledger import InvalidMessage, Ledger, parse_document
from orderledger.domain.exact import ZERO, total

AT = datetime(2026, 3, 2, tzinfo=UTC)
OF = {"account": "ib:U1", "instrument": "XYZ", "at": AT.isoformat()}
LEG = {"instrument": "XYZ", "side": "buy", "quantity": "1", "price": "5"}


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"type": "split", "ratio": [0, 1]}, "ratio"),
        ({"type": "split", "ratio": [2]}, "ratio"),
        ({"type": "split", "ratio": ["2", 1]}, "ratio"),
        ({"type": "split"}, "ratio"),
        ({"type": "split", "ratio": [2, 1], "at": None}, "at"),
        ({"type": "settle", "price": "0"}, "kind"),
        ({"type": "settle", "kind": "expiry"}, "price"),
        ({"type": "settle", "kind": "expiry", "price": "0", "quantity": "-1"}, "quantity"),
        (
            {"type": "settle", "kind": "delivery", "price": "0", "into": LEG},
            "into.instrument",
        ),
    ],
)  # fmt: skip
def test_a_message_that_cannot_be_true_is_refused(message: dict[str, Any], field: str) -> None:
    with Ledger.open("memory://") as ledger, pytest.raises(InvalidMessage) as raised:
        ledger.record(parse_document({**OF, **message}))
    assert str(raised.value).startswith(field)


@pytest.mark.parametrize("method", ["average", "fifo", "lifo", "hifo"])
def test_lots_of_a_split_without_an_end_add_up_to_the_position(method: Any) -> None:
    with Ledger.open("memory://") as ledger:
        for number, (quantity, price) in enumerate((("1", "7"), ("5", "9"), ("0.1", "8"))):
            fill = {"type": "fill", "client_order_id": "C-1", "fill_id": f"F-{number}"}
            traded = {"side": "buy", "quantity": quantity, "price": price}
            ledger.record(parse_document({**OF, **fill, **traded}))
        split_at = datetime(2026, 3, 3, tzinfo=UTC).isoformat()
        ledger.record(parse_document({**OF, "type": "split", "ratio": [1, 3], "at": split_at}))
        (row,) = ledger.pnl(method=method)
        held = row["position_quantity"]
        assert abs(Fraction(held or 0) - Fraction(61, 30)) < Fraction(1, 10**28)
        settled = {"type": "settle", "kind": "redemption", "price": "30", "at": split_at}
        lots = ledger.lots(method=method)
        if method != "average":
            assert total(lot["quantity"] for lot in lots) == held
            assert total(lot["cost"] or ZERO for lot in lots) == Decimal("52.8")
        ledger.record(parse_document({**OF, **settled}))
        (row,) = ledger.pnl(method=method)
        assert row["position_quantity"] == 0
        assert ledger.lots(method=method) == []
        assert abs(Fraction(row["realized_pnl"] or 0) - (61 - Fraction("52.8"))) < Fraction(
            1, 10**26
        )
