"""Order events of NautilusTrader 1.221 as its `to_dict` makes them; the real ones are used by `make
test-interop`."""

from typing import Any

AT = 1_777_888_800_000_000_000


def event(kind: str, **fields: Any) -> dict[str, Any]:
    """A dictionary of an event, with what all events have."""
    return {
        "type": kind,
        "trader_id": "T-001",
        "strategy_id": "S-001",
        "instrument_id": "BTCUSDT-PERP.BINANCE",
        "client_order_id": "O-1",
        "venue_order_id": None,
        "account_id": "BINANCE-001",
        "event_id": f"00000000-0000-4000-8000-{abs(sum(map(ord, kind))):012d}",
        "ts_event": AT,
        "ts_init": AT,
        "reconciliation": False,
        **fields,
    }


def initialized(**fields: Any) -> dict[str, Any]:
    """An OrderInitialized."""
    terms: dict[str, Any] = {
        "order_side": "SELL", "order_type": "LIMIT", "quantity": "0.500", "time_in_force": "GTC",
        "post_only": False,
        "reduce_only": False, "quote_quantity": False, "options": {"price": "64000.10",
        "expire_time_ns": 0}, "tags": None,
        "order_list_id": None, "parent_order_id": None,
    }  # fmt: skip
    return event("OrderInitialized", **terms | fields)


def filled(**fields: Any) -> dict[str, Any]:
    """An OrderFilled."""
    terms: dict[str, Any] = {
        "venue_order_id": "V-1", "trade_id": "E-1", "order_side": "SELL", "order_type": "LIMIT",
        "last_qty": "0.200",
        "last_px": "64000.10", "currency": "USDT", "commission": "2.56000400 USDT",
        "liquidity_side": "MAKER", "info": {},
    }  # fmt: skip
    return event("OrderFilled", **terms | fields)


class OrderAccepted:
    """An event as an object: its class makes the dictionary."""

    @staticmethod
    def to_dict(obj: "OrderAccepted") -> dict[str, Any]:
        assert isinstance(obj, OrderAccepted)
        return event("OrderAccepted", venue_order_id="V-1")


class PositionOpened:
    pass
