"""How a simulated Binance USD-M refuses: its codes and sentences, by the exchange's reasons.

Source: developers.binance.com, USD-M futures, "Error Codes".
"""

from orderledger.simulation.market import Reason, Refusal, SimulatedOrder

REFUSALS = {
    Reason.DUPLICATE_ORDER: (-4116, "ClientOrderId is duplicated."),
    Reason.UNKNOWN_INSTRUMENT: (-1121, "Invalid symbol."),
    Reason.INCORRECT_PRICE: (-4014, "Price not increased by tick size."),
    Reason.INCORRECT_STOP_PRICE: (-4014, "Price not increased by tick size."),
    Reason.INCORRECT_QUANTITY: (-1111, "Precision is over the maximum defined for this asset."),
    Reason.POST_ONLY_WOULD_MATCH: (
        -5022,
        "Due to the order could not be executed as maker, it is rejected.",
    ),
    Reason.REDUCE_ONLY_WOULD_INCREASE: (-2022, "ReduceOnly Order is rejected."),
    Reason.UNKNOWN_ORDER: (-2011, "Unknown order sent."),
    Reason.TOO_LATE_TO_CANCEL: (-2011, "Unknown order sent."),
    Reason.TOO_LATE_TO_REPLACE: (-2013, "Order does not exist."),
    "insufficient_margin": (-2019, "Margin is insufficient."),
}
NO_SUCH_ORDER = (-2013, "Order does not exist.")
WOULD_TRIGGER = (-2021, "Order would immediately trigger.")
UNKNOWN_ERROR = (-1000, "Unknown error, please check your request or try again later.")
USE_ALGO_ORDERS = (
    -4120,
    "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
)


class Denied(Exception):
    """A refusal: Binance's code, its sentence, and the HTTP status."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(code, message, status)
        self.code, self.message, self.status = code, message, status


def denied(reason: str) -> Denied:
    """The refusal for a reason."""
    return Denied(*REFUSALS.get(reason, (-2010, reason)))


def accepted(result: SimulatedOrder | Refusal) -> SimulatedOrder:
    """The order. Raises Denied for a refusal."""
    if isinstance(result, Refusal):
        raise denied(result.reason)
    return result
