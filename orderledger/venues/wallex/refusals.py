"""What proves that Wallex has not taken a request.

No list of codes was found. What the documents have is the form of an error: a status of 400 to 499,
`success: false`, and the fields that are at fault.
"""

from orderledger.infrastructure.messages.registry import CancelRejected, Rejected
from orderledger.venues.base.refusals import (
    STATED_4XX,
    UNAUTHORIZED,
    Mark,
    Refusals,
    coded,
)

DOCS = "developers.wallex.ir, orders"
FORM = (
    f"{DOCS}: an error has another status than 2xx, success is false, and result has the fields "
    "that are at fault"
)
UNIQUE = f"{DOCS}: client_id has to be unique, or the order is not placed"
ORDER, CANCEL = (Rejected,), (CancelRejected,)

REFUSALS = Refusals(
    UNAUTHORIZED,
    coded("client_id", reason="duplicate_order", source=UNIQUE, mark=Mark.DUPLICATE, answers=ORDER),
    coded("quantity", reason="incorrect_quantity", source=FORM, answers=ORDER),
    coded("price", reason="incorrect_price", source=FORM, answers=ORDER),
    coded("stop_Price", reason="incorrect_stop_price", source=FORM, answers=ORDER),
    coded("symbol", reason="unknown_instrument", source=FORM, answers=ORDER),
    coded("404", reason="unknown_order", source=FORM, answers=CANCEL),
    coded(
        "429",
        reason="rate_limited",
        source=f"{DOCS}: 20 orders in 10 seconds",
        mark=Mark.TURNED_AWAY,
    ),
    coded(STATED_4XX, reason="rejected", source=FORM),
)
"""The code is the name of a field, else the `code` of the answer."""
