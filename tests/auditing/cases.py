"""Messages of one order, short to write, and an auditor that has recorded them: for cases worked
out by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.auditor import Auditor

MIDNIGHT = datetime(2025, 1, 2, tzinfo=UTC)
REQUEST = {
    "type": "request",
    "client_order_id": "C-1",
    "instrument": "BTC-USD",
    "side": "buy",
    "quantity": "10",
}
REQUEST |= {"order_type": "limit", "limit_price": "100"}


def at(second: int) -> datetime:
    return MIDNIGHT + timedelta(seconds=second)


def message(second: int, type_: str, **fields: Any) -> dict[str, Any]:
    return {
        "type": type_,
        "account": "sim:main",
        "client_order_id": "C-1",
        "at": at(second).isoformat(),
        **fields,
    }


def request(second: int = 0, **fields: Any) -> dict[str, Any]:
    return message(
        second,
        **{"type_": "request", **{k: v for k, v in REQUEST.items() if k != "type"}, **fields},
    )


def fill(
    second: int, fill_id: str, quantity: str, price: str = "100", **fields: Any
) -> dict[str, Any]:
    return message(second, "fill", fill_id=fill_id, quantity=quantity, price=price, **fields)


def unnamed(report: dict[str, Any], **names: Any) -> dict[str, Any]:
    return {field: value for field, value in report.items() if field != "client_order_id"} | names


def audited(*messages: dict[str, Any]) -> Auditor:
    auditor = Auditor()
    for second, offered in enumerate(messages):
        assert auditor.offer(offered, at(1000 + second)) == "recorded", offered
    return auditor


def only(rows: list[dict[str, Any]]) -> dict[str, Any]:
    assert len(rows) == 1, rows
    return rows[0]
