"""Checks what a strategy hands to the gateway, before anything is recorded or sent."""

from collections.abc import Iterable
from decimal import Decimal

from orderledger import InvalidMessage, Request
from orderledger.extend.messages import numbers_and_times


def request_in(found: object, name: str = "request") -> Request:
    """The request. Raises InvalidMessage for anything else. `name`: of the argument."""
    if isinstance(found, Request):
        return found
    hint = ": write Request(**fields)" if isinstance(found, dict) else ""
    raise InvalidMessage(name, f"must be a Request, not {_kind(found)}{hint}")


def requests_in(found: object, name: str = "requests") -> list[Request]:
    """The requests. Raises InvalidMessage unless all are requests."""
    if isinstance(found, (str, bytes, Request)) or not isinstance(found, Iterable):
        raise InvalidMessage(name, f"must be a sequence of Request, not {_kind(found)}")
    return [request_in(one, f"{name}[{number}]") for number, one in enumerate(found)]


def order_id_in(found: object) -> str:
    """The client order id. Raises InvalidMessage for anything else than text."""
    if isinstance(found, str):
        return found
    raise InvalidMessage("client_order_id", f"must be text, not {_kind(found)}")


def number_in(found: Decimal | str | int, name: str) -> Decimal:
    """The exact number. Raises InvalidMessage for anything else. `name`: of the argument."""
    try:
        return numbers_and_times.parse_number(found)
    except ValueError as error:
        raise InvalidMessage(name, f"{found!r} {error}") from None


def _kind(found: object) -> str:
    return "None" if found is None else f"an object of the type {type(found).__name__}"
