"""Every sample of the venue's payloads, message by message."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orderledger.venues.hyperliquid.recording import (
    from_recorded,
    translate_recorded,
)
from tests.venues.hyperliquid.payloads import ACCOUNT, said

pytestmark = pytest.mark.shared

B01 = {"hyperliquid.cloid": "0x00000000000000000000000000000b01"}
B02 = {"hyperliquid.cloid": "0x00000000000000000000000000000b02"}
TERMS = {
    "limit_price": "2500.5",
    "order_type": "limit",
    "time_in_force": "gtc",
    "post_only": False,
    "reduce_only": False,
}

SAMPLES: dict[str, list[dict[str, Any]]] = {
    "ws_order_open": [
        {
            "type": "acknowledged",
            "at": "2026-09-21T14:13:20Z",
            "venue_order_id": "700000000101",
            "aliases": B01,
            "reported": {
                "status": "new",
                "quantity": "1.2",
                "cum_quantity": "0.0",
                "leaves_quantity": "1.2",
                "limit_price": "2500.5",
            },
        }
    ],
    "ws_order_partial_then_canceled": [
        {
            "type": "canceled",
            "at": "2026-09-21T14:13:29Z",
            "venue_order_id": "700000000101",
            "aliases": B01,
            "reason": "canceled",
            "reported": {"quantity": "1.2", "cum_quantity": "0.5", "limit_price": "2500.5"},
        }
    ],
    "ws_modify_both_legs": [
        {
            "type": "acknowledged",
            "at": "2026-09-21T14:13:20Z",
            "venue_order_id": "700000000101",
            "aliases": B02,
            "reported": {"status": "new", "quantity": "1.2", "limit_price": "2500.5"},
        },
        {
            "type": "replaced",
            "at": "2026-09-21T14:14:10Z",
            "venue_order_id": "700000000155",
            "aliases": B02,
            "quantity": "1.2",
            "limit_price": "2510.0",
            "reported": {
                "status": "new",
                "quantity": "1.2",
                "cum_quantity": "0.0",
                "leaves_quantity": "1.2",
                "limit_price": "2510.0",
            },
        },
    ],
    "ws_fills_snapshot": [
        {
            "type": "fill",
            "at": "2026-09-21T14:13:24Z",
            "venue_order_id": "700000000101",
            "aliases": B01,
            "fill_id": "1790000004000-ETH-411000000000001-B",
            "quantity": "0.5",
            "price": "2500.5",
            "fee": "0.1875",
            "fee_currency": "USDC",
            "liquidity": "maker",
        }
    ],
    "ws_fills_live_two_rows_same_hash": [
        {
            "type": "fill",
            "at": "2026-09-21T14:13:40Z",
            "venue_order_id": "700000000140",
            "fill_id": "1790000020000-ETH-411000000000010-A",
            "quantity": "0.2",
            "price": "2499.0",
            "fee": "0.22491",
            "fee_currency": "USDC",
            "liquidity": "taker",
        },
        {
            "type": "fill",
            "at": "2026-09-21T14:13:40Z",
            "venue_order_id": "700000000140",
            "fill_id": "1790000020000-ETH-411000000000011-A",
            "quantity": "0.3",
            "price": "2498.5",
            "fee": "0.337297",
            "fee_currency": "USDC",
            "liquidity": "taker",
        },
    ],
    "ws_user_event_non_user_cancel": [
        {"type": "canceled", "venue_order_id": "700000000101", "reason": "nonUserCancel"}
    ],
    "ws_webdata2_trimmed": [
        {
            "type": "acknowledged",
            "at": "2026-09-21T14:13:20Z",
            "venue_order_id": "700000000101",
            "aliases": B01,
            "reported": {"status": "partially_filled", "quantity": "1.2", **TERMS},
        },
        {
            "type": "acknowledged",
            "at": "2026-09-21T14:13:50Z",
            "venue_order_id": "700000000101",
            "aliases": B01,
            "reported": {
                "quantity": "1.2",
                "cum_quantity": "0.5",
                "leaves_quantity": "0.7",
                **TERMS,
            },
        },
    ],
    "rest_order_status_found": [
        {
            "type": "status_observed",
            "status": "filled",
            "dated_by": "venue",
            "at": "2026-09-21T14:14:00Z",
            "venue_order_id": "700000000101",
            "aliases": B01,
            "reported": {"quantity": "1.2", "cum_quantity": "1.2", **TERMS},
        }
    ],
    "rest_order_status_unknown": [],
    "exchange_ack_batch": [
        {"type": "acknowledged", "venue_order_id": "700000000101", "aliases": B01},
        {
            "type": "status_observed",
            "status": "filled",
            "venue_order_id": "700000000140",
            "reported": {"cum_quantity": "0.5", "average_price": "2498.7"},
        },
    ],
    "exchange_err": [],
    "cancel_ack": [],
}


def sample(shared: Path, name: str) -> Any:
    return json.loads(
        (shared / f"venues/samples/hyperliquid/{name}.json").read_text(), parse_float=Decimal
    )


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_says_this(name: str, shared: Path) -> None:
    told = translate_recorded(sample(shared, name), ACCOUNT)
    assert [said(message) for message in told.messages] == SAMPLES[name]
    assert list(told.faults) == []
    assert {message.account for message in told.messages} <= {ACCOUNT}
    is_pushed = name.startswith("ws_")
    assert {str(message.source) for message in told.messages} <= {
        "venue_push" if is_pushed else "venue_poll"
    }


def test_no_sample_is_left_out(shared: Path) -> None:
    assert {path.stem for path in (shared / "venues/samples/hyperliquid").glob("*.json")} == set(
        SAMPLES
    )


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_read_twice_says_the_same(name: str, shared: Path) -> None:
    assert from_recorded(sample(shared, name), ACCOUNT) == from_recorded(
        sample(shared, name), ACCOUNT
    )


def test_evidence_is_the_row_as_it_came(shared: Path) -> None:
    frame = sample(shared, "ws_fills_live_two_rows_same_hash")
    assert [message.evidence for message in from_recorded(frame, ACCOUNT)] == frame["data"]["fills"]
