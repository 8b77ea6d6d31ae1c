"""Events on the way between a client and a local venue, all as values that a file can hold."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct

Message = dict[str, Any]
"""A message of the contract in its JSON form: numbers and times are text."""


class SubmitRequest(Struct, frozen=True, kw_only=True, tag=True):
    """An order on its way to the venue."""

    client_order_id: str
    instrument: str
    side: str
    quantity: Decimal
    order_type: str
    limit_price: Decimal | None
    time_in_force: str
    expire_at: datetime | None
    post_only: bool
    request_expires_at: datetime | None = None


class CancelRequest(Struct, frozen=True, kw_only=True, tag=True):
    """A cancel on its way to the venue."""

    client_order_id: str
    request_id: str | None


class ReplaceRequest(Struct, frozen=True, kw_only=True, tag=True):
    """New terms on their way to the venue; None leaves a term as it is."""

    client_order_id: str
    request_id: str | None
    quantity: Decimal | None
    limit_price: Decimal | None
    request_expires_at: datetime | None = None


Request = SubmitRequest | CancelRequest | ReplaceRequest


class Delivery(Struct, frozen=True, tag=True):
    """A pushed message that arrives, if the connection stayed up."""

    message: Message
    sent_at: datetime


class Drop(Struct, frozen=True, tag=True):
    """The connection drops by itself."""


class Flow(Struct, frozen=True, tag=True):
    """The other traders act in an instrument."""

    instrument: str


class Expiry(Struct, frozen=True, tag=True):
    """An order expires."""


class Admitted(Struct, frozen=True, tag=True):
    """A request that the venue has taken and not executed yet. Its expiry is not checked again."""

    request: SubmitRequest | CancelRequest | ReplaceRequest


Event = Delivery | Drop | Flow | Expiry | Admitted | SubmitRequest | CancelRequest | ReplaceRequest
