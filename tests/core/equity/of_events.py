"""A story in which a share is split, delivered and renamed."""

from typing import Any

from tests.core.contract.streams import fill, of_account

HOUR = 3_600


def story() -> list[dict[str, Any]]:
    """Two shares of OLD are split in ten, the calls on it are exercised, it is called NEW, and a
    part of it is sold."""
    share = {"instrument": "OLD"}
    call = {"instrument": "OLD-C10"}
    delivered = {"instrument": "OLD", "side": "buy", "quantity": "3", "price": "12"}
    return [
        of_account("instrument", 0, kind="security", quote="USD", **share),
        of_account("instrument", 0, kind="option", quote="USD", multiplier="1", **call),
        fill(None, "1", 10, **share, quantity="2", price="100", venue_order_id="V-1"),
        of_account("mark", 20, price="120", **share),
        fill(None, "2", 30, **call, quantity="3", price="1", venue_order_id="V-2"),
        of_account("mark", 40, price="2", **call),
        of_account("mark", 45, price="90", **share),
        of_account("split", HOUR, ratio=[5, 1], **share),
        of_account("mark", HOUR + 10, price="25", **share),
        of_account("settle", 2 * HOUR, kind="exercise", price="0", premium="carry",
                   into=delivered, **call),
        of_account("mark", 2 * HOUR + 10, price="20", **share),
        of_account("rename", 3 * HOUR, instrument="OLD", to="NEW"),
        fill(None, "3", 3 * HOUR + 10, instrument="NEW", side="sell", quantity="6", price="30",
             venue_order_id="V-3"),
        of_account("mark", 3 * HOUR + 20, instrument="NEW", price="28"),
    ]  # fmt: skip
