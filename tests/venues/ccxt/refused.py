"""Answers of exchanges, from their pages on errors and the sources of ccxt, and what they prove."""

from collections.abc import Sequence
from typing import Any

Case = tuple[str, int, Any, str]
UNPROVED, SILENT, DUPLICATE, TIMEOUT = (
    "refusal_not_proved",
    "no_answer",
    "duplicate_order",
    "timeout",
)
UNKNOWN = (UNPROVED, SILENT, DUPLICATE, TIMEOUT)


def binance(code: int, said: str) -> dict[str, Any]:
    return {"code": code, "msg": said}


def bybit(code: int, said: str) -> dict[str, Any]:
    return {"retCode": code, "retMsg": said, "result": {}, "retExtInfo": {}, "time": 1}


def okx(code: str, said: str) -> dict[str, Any]:
    row = {"clOrdId": "led1", "ordId": "", "tag": "", "sCode": code, "sMsg": said}
    return {"code": "1", "data": [row], "msg": "All operations failed"}


def top(code: str, said: str) -> dict[str, Any]:
    return {"code": code, "data": [], "msg": said}


def kraken(*said: str) -> dict[str, Any]:
    return {"error": list(said)}


def futures(status: str) -> dict[str, Any]:
    return {
        "result": "success",
        "serverTime": "2026-01-01T00:00:00Z",
        "sendStatus": {"status": status, "orderEvents": []},
    }


def gate(label: str, said: str = "") -> dict[str, Any]:
    return {"label": label, "message": said}


def deribit(code: int, said: str) -> dict[str, Any]:
    return {
        "jsonrpc": "2.0",
        "error": {"message": said, "code": code},
        "usIn": 1,
        "usOut": 2,
        "testnet": False,
    }


def coinbase(code: str) -> dict[str, Any]:
    refusal = {
        "error": code,
        "message": "",
        "error_details": "",
        "preview_failure_reason": "UNKNOWN_PREVIEW_FAILURE_REASON",
    }
    return {
        "success": False,
        "failure_reason": "UNKNOWN_FAILURE_REASON",
        "order_id": "",
        "error_response": refusal,
    }


def htx(code: str) -> dict[str, Any]:
    return {"status": "error", "err-code": code, "err-msg": "as it says", "data": None}


def hyperliquid(said: str) -> dict[str, Any]:
    return {"status": "ok", "response": {"type": "order", "data": {"statuses": [{"error": said}]}}}


SUBMITTED: dict[str, Sequence[Case]] = {
    "binance": (
        (
            "spot",
            400,
            binance(-2010, "Account has insufficient balance for requested action."),
            "insufficient_funds",
        ),
        ("spot", 400, binance(-1013, "Filter failure: LOT_SIZE"), "invalid_order"),
        ("spot", 400, binance(-1013, "Filter failure: PRICE_FILTER"), "invalid_order"),
        (
            "spot",
            400,
            binance(-2010, "Order would immediately match and take."),
            "post_only_would_match",
        ),
        ("spot", 400, binance(-2010, "Market is closed."), "market_closed"),
        ("spot", 400, binance(-1121, "Invalid symbol."), "unknown_instrument"),
        (
            "spot",
            400,
            binance(-1021, "Timestamp for this request is outside of the recvWindow."),
            "invalid_nonce",
        ),
        (
            "spot",
            401,
            binance(-2015, "Invalid API-key, IP, or permissions for action."),
            "not_permitted",
        ),
        (
            "spot",
            429,
            binance(-1015, "Too many new orders; current limit is 50 orders per 10 SECOND."),
            "too_many_requests",
        ),
        ("spot", 400, binance(-2010, "Duplicate order sent."), DUPLICATE),
        ("spot", 400, binance(-2010, "Something that is in no table."), UNPROVED),
        (
            "spot",
            400,
            binance(-1000, "An unknown error occurred while processing the request."),
            UNPROVED,
        ),
        (
            "spot",
            400,
            binance(-1006, "An unexpected response was received. Execution status unknown."),
            UNPROVED,
        ),
        (
            "spot",
            400,
            binance(-1007, "Timeout waiting for response from backend server."),
            UNPROVED,
        ),
        ("spot", 400, binance(-2013, "Order does not exist."), UNPROVED),
        ("spot", 503, binance(-1013, "Filter failure: LOT_SIZE"), SILENT),
        (
            "spot",
            500,
            binance(-2010, "Account has insufficient balance for requested action."),
            SILENT,
        ),
        ("swap", 400, binance(-2019, "Margin is insufficient."), "insufficient_funds"),
        (
            "swap",
            400,
            binance(-4164, "Order's notional must be no smaller than 5.0"),
            "invalid_order",
        ),
    ),
    "binanceusdm": (
        ("swap", 400, binance(-2019, "Margin is insufficient."), "insufficient_funds"),
        (
            "swap",
            400,
            binance(-4061, "Order's position side does not match user's setting."),
            "position_side",
        ),
        (
            "swap",
            400,
            binance(
                -5021,
                "Due to the order could not be filled immediately, the FOK order has been "
                "rejected.",
            ),
            "would_not_fill",
        ),
        (
            "swap",
            400,
            binance(-5028, "Timestamp for this request is outside of the ME recvWindow."),
            "expired_request",
        ),
        ("swap", 400, binance(-2021, "Order would immediately trigger."), "would_trigger"),
        ("swap", 400, binance(-4116, "ClientOrderId is duplicated."), DUPLICATE),
        (
            "swap",
            400,
            binance(-1001, "Internal error; unable to process your request. Please try again."),
            UNPROVED,
        ),
        ("swap", 408, binance(-1007, "Timeout waiting for response from backend server."), TIMEOUT),
        (
            "swap",
            503,
            {"code": -1000, "msg": "Unknown error, please check your request or try again later."},
            SILENT,
        ),
        ("swap", 503, binance(-1008, "Request throttled by system-level protection."), SILENT),
        ("swap", 503, binance(-2019, "Margin is insufficient."), SILENT),
    ),
    "bybit": (
        ("swap", 200, bybit(110007, "ab not enough for new order"), "insufficient_funds"),
        ("spot", 200, bybit(170131, "Insufficient balance."), "insufficient_funds"),
        ("spot", 200, bybit(170140, "Order value exceeded lower limit."), "invalid_order"),
        ("swap", 200, bybit(110017, "Reduce-only rule not satisfied"), "reduce_only"),
        ("swap", 200, bybit(10001, "params error"), "invalid_order"),
        ("swap", 200, bybit(10003, "API key is invalid."), "not_permitted"),
        ("swap", 200, bybit(10006, "Too many visits!"), "too_many_requests"),
        (
            "swap",
            200,
            bybit(
                10002, "invalid request, please check your server timestamp or recv_window param"
            ),
            "invalid_nonce",
        ),
        ("swap", 200, bybit(110072, "OrderLinkedID is duplicate"), DUPLICATE),
        ("spot", 200, bybit(170141, "Duplicate clientOrderId"), DUPLICATE),
        ("swap", 200, bybit(10000, "Server Timeout"), UNPROVED),
        ("swap", 200, bybit(10016, "System error. Please try again later."), UNPROVED),
        ("spot", 200, bybit(170001, "Internal error."), UNPROVED),
        ("spot", 200, bybit(170007, "Timeout waiting for response from backend server."), UNPROVED),
        ("spot", 200, bybit(170032, "Network error. Please try again later"), UNPROVED),
        ("spot", 200, bybit(170035, "Submitted to the system for processing."), UNPROVED),
        ("spot", 200, bybit(170146, "Order creation timeout"), UNPROVED),
        ("spot", 200, bybit(170149, "Create order failed"), UNPROVED),
        ("spot", 200, bybit(170139, "Order has been filled."), UNPROVED),
    ),
    "okx": (
        (
            "spot",
            200,
            okx("51008", "Order failed. Insufficient USDT balance in account"),
            "insufficient_funds",
        ),
        (
            "spot",
            200,
            okx("51121", "Order quantity must be a multiple of the lot size."),
            "invalid_order",
        ),
        ("spot", 200, okx("51001", "Instrument ID doesn't exist."), "unknown_instrument"),
        ("spot", 400, top("50037", "Order expired"), "expired_request"),
        ("spot", 401, top("50113", "Invalid Sign"), "not_permitted"),
        ("spot", 401, top("50102", "Timestamp request expired"), "invalid_nonce"),
        ("spot", 429, top("50011", "Too Many Requests"), "too_many_requests"),
        ("spot", 200, okx("51016", "Duplicated client order ID"), DUPLICATE),
        ("spot", 400, top("50004", "API endpoint request timeout"), UNPROVED),
        ("spot", 200, okx("51149", "Order timed out. Please try again later."), UNPROVED),
        ("spot", 500, okx("51149", "Order timed out. Please try again later."), SILENT),
        ("spot", 200, okx("51054", "Request timed out. Please try again."), UNPROVED),
        ("spot", 500, top("50026", "System error. Try again later"), SILENT),
        ("spot", 503, top("50001", "Service temporarily unavailable."), SILENT),
        ("spot", 429, top("50013", "Systems are busy. Please try again later."), UNPROVED),
    ),
    "kraken": (
        ("spot", 200, kraken("EOrder:Insufficient funds"), "insufficient_funds"),
        ("spot", 200, kraken("EOrder:Order minimum not met"), "invalid_order"),
        ("spot", 200, kraken("EOrder:Cost minimum not met"), "invalid_order"),
        ("spot", 200, kraken("EGeneral:Invalid arguments:volume"), "invalid_order"),
        ("spot", 200, kraken("EOrder:Orders limit exceeded"), "limit_exceeded"),
        ("spot", 200, kraken("EAPI:Invalid nonce"), "invalid_nonce"),
        ("spot", 200, kraken("EAPI:Rate limit exceeded"), "too_many_requests"),
        ("spot", 200, kraken("EService:Market in cancel_only mode"), "market_closed"),
        ("spot", 200, kraken("EService:Timeout"), UNPROVED),
        ("spot", 200, kraken("EService:Deadline elapsed"), UNPROVED),
        ("spot", 200, kraken("EService:Unavailable"), UNPROVED),
        ("spot", 200, kraken("EService:Busy"), UNPROVED),
        ("spot", 200, kraken("EGeneral:Internal error"), UNPROVED),
        ("spot", 200, kraken("EOrder:Reduce only:Position is closed"), UNPROVED),
        ("spot", 200, kraken("EOrder:Insufficient funds", "EService:Timeout"), UNPROVED),
        ("spot", 520, kraken("EOrder:Insufficient funds"), SILENT),
    ),
    "krakenfutures": (
        ("swap", 200, futures("insufficientAvailableFunds"), "insufficient_funds"),
        ("swap", 200, futures("invalidSize"), "invalid_order"),
        ("swap", 200, futures("maxPositionViolation"), "limit_exceeded"),
        ("swap", 200, futures("marketSuspended"), "market_closed"),
        ("swap", 200, futures("clientOrderIdAlreadyExist"), DUPLICATE),
        ("swap", 200, {"result": "error", "error": "apiLimitExceeded"}, "too_many_requests"),
        ("swap", 200, {"result": "error", "error": "authenticationError"}, "not_permitted"),
        ("swap", 200, {"result": "error", "error": "Server Error"}, UNPROVED),
        ("swap", 200, {"result": "error", "error": "unknownError"}, UNPROVED),
        ("swap", 200, {"result": "error", "error": "Unavailable"}, UNPROVED),
    ),
    "gate": (
        ("spot", 400, gate("BALANCE_NOT_ENOUGH", "Not enough balance"), "insufficient_funds"),
        (
            "spot",
            400,
            gate(
                "INVALID_PARAM_VALUE",
                "Your order size 0.1 USDT is too small. The minimum is 3 USDT",
            ),
            "invalid_order",
        ),
        ("spot", 400, gate("POC_FILL_IMMEDIATELY"), "post_only_would_match"),
        ("swap", 400, gate("SIZE_TOO_LARGE"), "invalid_order"),
        ("swap", 400, gate("POSITION_DUAL_MODE"), "position_side"),
        ("spot", 401, gate("INVALID_SIGNATURE"), "not_permitted"),
        ("spot", 429, gate("TOO_MANY_REQUESTS"), "too_many_requests"),
        ("spot", 400, gate("REPEATED_CREATION"), DUPLICATE),
        ("spot", 400, gate("SERVER_ERROR"), UNPROVED),
        ("spot", 500, gate("INTERNAL"), SILENT),
        ("spot", 400, gate("TOO_BUSY"), UNPROVED),
        ("spot", 400, gate("SERVER_TIMEOUT"), UNPROVED),
    ),
    "bitget": (
        ("spot", 400, top("43012", "Insufficient balance"), "insufficient_funds"),
        ("spot", 400, top("45110", "less than the minimum amount 5 USDT"), "invalid_order"),
        ("swap", 400, top("40762", "The order amount exceeds the balance"), "insufficient_funds"),
        ("spot", 429, top("429", "Too Many Requests"), "too_many_requests"),
        ("spot", 400, top("40786", "Duplicate clientOid"), DUPLICATE),
        ("spot", 400, top("40015", "System is abnormal, please try again later"), UNPROVED),
        ("spot", 400, top("40010", "Request timed out"), UNPROVED),
        ("spot", 400, top("50008", "Request timeout"), UNPROVED),
        ("swap", 400, top("40725", "service return an error"), UNPROVED),
        ("swap", 400, top("45001", "Unknown error"), UNPROVED),
    ),
    "kucoin": (
        ("spot", 200, top("200004", "Balance insufficient!"), "insufficient_funds"),
        ("spot", 200, top("400100", "Order size below the minimum requirement."), "invalid_order"),
        (
            "spot",
            200,
            top("400600", "validation.createOrder.symbolNotAvailable"),
            "unknown_instrument",
        ),
        ("spot", 200, top("400370", "Max. price: 0.025"), "invalid_order"),
        ("spot", 400, top("400002", "KC-API-TIMESTAMP Invalid"), "invalid_nonce"),
        (
            "spot",
            429,
            top("429000", "Too many requests. System-level rate limit exceeded."),
            "too_many_requests",
        ),
        ("spot", 200, top("400100", "validation.createOrder.clientOidDuplicated"), DUPLICATE),
        ("spot", 200, top("408000", "Network timeout, please try again later"), UNPROVED),
        ("spot", 200, top("500000", "Internal Server Error"), UNPROVED),
        ("spot", 200, top("126038", "Third-party service call failed"), UNPROVED),
        ("spot", 200, top("102421", "System busy"), UNPROVED),
    ),
    "kucoinfutures": (
        ("swap", 200, top("300003", "Balance insufficient"), "insufficient_funds"),
        (
            "swap",
            200,
            top(
                "330012", "Your order is in One-Way Mode, while your account is set to Hedge Mode."
            ),
            "position_side",
        ),
        ("swap", 200, top("408000", "Network timeout, please try again later"), UNPROVED),
    ),
    "deribit": (
        ("swap", 400, deribit(10009, "not_enough_funds"), "insufficient_funds"),
        ("swap", 400, deribit(10043, "price_wrong_tick"), "invalid_order"),
        ("swap", 400, deribit(11054, "post_only_reject"), "post_only_would_match"),
        ("swap", 400, deribit(13009, "unauthorized"), "not_permitted"),
        ("swap", 400, deribit(10028, "too_many_requests"), "too_many_requests"),
        ("swap", 400, deribit(10047, "matching_engine_queue_full"), "too_many_requests"),
        ("swap", 400, deribit(13888, "timed_out"), UNPROVED),
        ("swap", 400, deribit(10001, "error"), UNPROVED),
        ("swap", 400, deribit(11094, "internal_server_error"), UNPROVED),
        ("swap", 400, deribit(13008, "request_failed"), UNPROVED),
        ("swap", 400, deribit(13028, "temporarily_unavailable"), UNPROVED),
        ("swap", 400, deribit(11031, "other_error"), UNPROVED),
        ("swap", 400, deribit(10009, "invalid_argument"), UNPROVED),
    ),
    "coinbase": (
        ("spot", 200, coinbase("INSUFFICIENT_FUND"), "insufficient_funds"),
        ("spot", 200, coinbase("INVALID_LIMIT_PRICE_POST_ONLY"), "post_only_would_match"),
        ("spot", 200, coinbase("UNSUPPORTED_ORDER_CONFIGURATION"), "invalid_order"),
        ("spot", 401, {"error": "unauthorized", "message": "Unauthorized"}, "not_permitted"),
        ("spot", 200, coinbase("UNKNOWN_FAILURE_REASON"), UNPROVED),
        ("spot", 500, {"error": "internal_server_error"}, SILENT),
    ),
    "mexc": (
        ("spot", 400, {"code": 30004, "msg": "Insufficient position"}, "insufficient_funds"),
        (
            "spot",
            400,
            {"code": 30002, "msg": "The minimum transaction volume cannot be less than:5USDT"},
            "invalid_order",
        ),
        (
            "swap",
            200,
            {"success": False, "code": 2005, "message": "Insufficient balance!"},
            "insufficient_funds",
        ),
        (
            "spot",
            400,
            {"code": 700003, "msg": "Timestamp for this request is outside of the recvWindow."},
            "invalid_nonce",
        ),
        ("spot", 400, {"code": 603, "msg": "Repeated request"}, DUPLICATE),
        ("spot", 200, {"code": 500, "msg": "Internal error"}, UNPROVED),
        ("swap", 200, {"success": False, "code": 501, "message": "System busy"}, UNPROVED),
        (
            "spot",
            400,
            {"code": 730000, "msg": "Request failed, please contact the customer service"},
            UNPROVED,
        ),
        ("spot", 504, {"code": 504, "msg": "Gateway Time-out"}, TIMEOUT),
    ),
    "htx": (
        ("spot", 200, htx("account-frozen-balance-insufficient-error"), "insufficient_funds"),
        ("spot", 200, htx("order-limitorder-amount-min-error"), "invalid_order"),
        ("spot", 200, htx("order-value-min-error"), "invalid_order"),
        ("spot", 200, htx("api-signature-not-valid"), "not_permitted"),
        (
            "swap",
            200,
            {"status": "error", "err_code": 1047, "err_msg": "Insufficient margin available."},
            "insufficient_funds",
        ),
        (
            "swap",
            200,
            {"status": "error", "err_code": 1003, "err_msg": "Abnormal redis operation"},
            UNPROVED,
        ),
        ("spot", 200, htx("timeout"), UNPROVED),
        ("spot", 200, htx("gateway-internal-error"), UNPROVED),
        ("spot", 200, htx("order-update-error"), UNPROVED),
    ),
    "hyperliquid": (
        (
            "swap",
            200,
            hyperliquid("Insufficient margin to place order. asset=4"),
            "insufficient_funds",
        ),
        (
            "swap",
            200,
            hyperliquid("Order must have minimum value of $10. asset=4"),
            "invalid_order",
        ),
        ("swap", 200, {"status": "err", "response": "Action already expired"}, "expired_request"),
        (
            "swap",
            200,
            {"status": "err", "response": "User or API Wallet 0xab does not exist."},
            "not_permitted",
        ),
        ("swap", 200, hyperliquid("Something that is in no table"), UNPROVED),
        ("swap", 502, {"status": "err", "response": "Action already expired"}, SILENT),
    ),
    "alpaca": (
        (
            "spot",
            403,
            {"code": 40310000, "message": "insufficient balance for USDT (available: 0)"},
            "insufficient_funds",
        ),
        (
            "spot",
            403,
            {"code": 40310000, "message": "cost basis must be >= minimal amount of order 10"},
            "invalid_order",
        ),
        (
            "spot",
            422,
            {"code": 42210000, "message": "invalid crypto time_in_force"},
            "invalid_order",
        ),
        ("spot", 401, {"code": 40110000, "message": "request is not authorized"}, "not_permitted"),
        ("spot", 422, {"code": 40010001, "message": "client_order_id must be unique"}, DUPLICATE),
        ("spot", 500, {"code": 50010000, "message": "internal server error occurred"}, SILENT),
    ),
    "blofin": (  # an exchange without a table: keys, signatures and the number of requests
        ("swap", 401, {"code": "152409", "msg": "Signature verification failed"}, "not_permitted"),
        ("swap", 429, {"code": "429", "msg": "Too Many Requests"}, "too_many_requests"),
        (
            "swap",
            200,
            {"code": "103003", "msg": "Order failed. Insufficient USDT margin in account"},
            UNPROVED,
        ),
        ("swap", 500, {"code": "152409", "msg": "Signature verification failed"}, SILENT),
    ),
    "bigone": (
        ("spot", 401, {"code": 40004, "message": "invalid jwt"}, "not_permitted"),
        ("spot", 200, {"code": 10014, "message": "Insufficient funds"}, UNPROVED),
    ),
}
"""Documents from the exchanges' pages on errors, and from the sources of ccxt. Kind, HTTP status,
document, our word."""
CANCELED: dict[str, Sequence[Case]] = {
    "binance": (
        ("spot", 400, binance(-2011, "Unknown order sent."), "unknown_order"),
        (
            "spot",
            400,
            binance(-1007, "Timeout waiting for response from backend server."),
            UNPROVED,
        ),
        ("spot", 503, binance(-2011, "Unknown order sent."), SILENT),
    ),
    "bybit": (
        ("swap", 200, bybit(110001, "order not exists or too late to cancel"), "unknown_order"),
        ("swap", 200, bybit(110010, "Order has been cancelled"), "already_ended"),
        ("spot", 200, bybit(170147, "Order cancellation timeout"), UNPROVED),
        ("spot", 200, bybit(170191, "Can not cancel order, please try again later"), UNPROVED),
    ),
    "okx": (
        (
            "spot",
            200,
            okx("51400", "Cancellation failed as the order does not exist"),
            "unknown_order",
        ),
        (
            "spot",
            200,
            okx("51402", "Cancellation failed as the order is already completed"),
            "already_ended",
        ),
        (
            "spot",
            200,
            okx("51410", "Cancellation failed as the order is already under cancelling status"),
            UNPROVED,
        ),
    ),
    "kraken": (
        ("spot", 200, kraken("EOrder:Unknown order"), "unknown_order"),
        ("spot", 200, kraken("EService:Unavailable"), UNPROVED),
    ),
    "krakenfutures": (
        (
            "swap",
            200,
            {"result": "success", "cancelStatus": {"status": "notFound"}},
            "unknown_order",
        ),
    ),
    "kucoin": (
        ("spot", 200, top("400100", "order_not_exist_or_not_allow_to_cancel"), "unknown_order"),
    ),
    "deribit": (
        ("swap", 400, deribit(10004, "order_not_found"), "unknown_order"),
        ("swap", 400, deribit(13888, "timed_out"), UNPROVED),
    ),
}
