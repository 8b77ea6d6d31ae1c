"""What proves that Nobitex has not taken a request."""

from orderledger.infrastructure.messages.registry import CancelRejected, Rejected
from orderledger.venues.base.refusals import (
    STATED,
    UNAUTHORIZED,
    Mark,
    Refusals,
    coded,
)
from orderledger.venues.nobitex.vocabulary import TOO_MANY

DOCS = "github.com/nobitex/docs-api, docs/market-trade.md"
NEW_ORDER = (
    f"{DOCS}, errors of /market/orders/add: after any of them the order has not been registered"
)
STATUS = f"{DOCS}, /market/orders/update-status, note 5: any other change of the status is refused"
GENERAL = "github.com/nobitex/docs-api, docs/general-notes.md"
ORDER, CANCEL = (Rejected,), (CancelRejected,)

REFUSALS = Refusals(
    UNAUTHORIZED,
    coded("OverValueOrder", reason="insufficient_funds", source=NEW_ORDER),
    coded("SmallOrder", reason="too_small", source=NEW_ORDER),
    coded(
        "InvalidOrderPrice",
        "BadPrice",
        "PriceConditionFailed",
        reason="incorrect_price",
        source=NEW_ORDER,
    ),
    coded("InvalidMarketPair", reason="unknown_instrument", source=NEW_ORDER),
    coded("MarketClosed", reason="market_closed", source=NEW_ORDER),
    coded("TradingUnavailable", "FeatureUnavailable", reason="not_allowed", source=NEW_ORDER),
    coded(
        "ParseError",
        reason="rejected",
        source=f"{GENERAL}: a parameter that cannot be read",
        answers=ORDER,
    ),
    coded(
        TOO_MANY,
        reason="rate_limited",
        source=f"{GENERAL}: the call is refused for `backOff` seconds",
        mark=Mark.TURNED_AWAY,
    ),
    coded(
        "DuplicateClientOrderId", reason="duplicate_order", source=NEW_ORDER, mark=Mark.DUPLICATE
    ),
    coded(
        "DuplicateOrder",
        reason="duplicate_order",
        source=f"{DOCS}, note on repeated orders",
        mark=Mark.DUPLICATE,
    ),
    coded("NotFound", "OrderNotFound", reason="unknown_order", source=STATUS, answers=CANCEL),
    coded(STATED, reason="rejected", source=STATUS, answers=CANCEL),
)
"""A client id is found among open orders alone, so DuplicateClientOrderId proves an open order.
DuplicateOrder proves one with the same terms within ten seconds."""
