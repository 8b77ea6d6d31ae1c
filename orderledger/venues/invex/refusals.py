"""What proves that Invex has not taken a request.

The documents show one error: the answer of its framework to a request whose fields are not valid,
with the status 422. What the venue says of an order that it does not know, or that has ended, is
not documented.
"""

from orderledger.infrastructure.messages.registry import Rejected
from orderledger.venues.base.refusals import (
    STATED_4XX,
    UNAUTHORIZED,
    Mark,
    Refusals,
    coded,
)

DOCS = "github.com/rabbitix/invex-trading-api-docs, swagger.yaml: 422 HTTPValidationError"
CHECKED = f"{DOCS}; fastapi.tiangolo.com, Handling Errors: raised before the request is handled"
ORDER = (Rejected,)

REFUSALS = Refusals(
    UNAUTHORIZED,
    coded(
        "client_order_id",
        reason="duplicate_order",
        source=f"{DOCS}; why is not documented",
        mark=Mark.DUPLICATE,
        answers=ORDER,
    ),
    coded("quantity", reason="incorrect_quantity", source=CHECKED, answers=ORDER),
    coded("price", reason="incorrect_price", source=CHECKED, answers=ORDER),
    coded("symbol", reason="unknown_instrument", source=CHECKED, answers=ORDER),
    coded(STATED_4XX, reason="rejected", source=CHECKED),
)
"""The code is the name of the field that is at fault. Our client ids are valid: one that is refused
may be another order's."""
