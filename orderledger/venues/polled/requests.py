"""The requests to a polled spot venue, as data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

from orderledger.venues.base.fields import PayloadRow

Fields: TypeAlias = dict[str, Any]
"""The fields of a request."""
Term: TypeAlias = Literal[
    "symbol",
    "base",
    "quote",
    "side",
    "order_type",
    "quantity",
    "limit_price",
    "stop_price",
    "client_id",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A request for a list. `fields`: its constant fields.

    A list of the rows since some time is limited by the venue: `since_field` takes the time in UTC,
    without an offset. Or its pages, newest first, are turned until a row is older, by the first of
    the fields `dated_by` that the row has.
    """

    path: str
    method: str = "GET"
    fields: Mapping[str, str | int] = field(default_factory=dict)
    since_field: str = ""
    dated_by: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """How pages are turned: from page 1 on. `has_next`: whether an answer is followed by another
    page; a page without rows is the last in any case."""

    page_field: str = "page"
    size_field: str
    size: int = 100
    most_pages: int = 300
    has_next: Callable[[PayloadRow], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class ByName:
    """A request about one order. Its id is in the path as `{id}`, or in a field: `id_field` for the
    venue's id, `client_id_field` for the client id."""

    path: str
    method: str = "GET"
    id_field: str = ""
    client_id_field: str = ""
    fields: Mapping[str, str | int] = field(default_factory=dict)

    def of(self, name: str | int, *, is_client_id: bool = False) -> tuple[str, Fields]:
        """The path and the fields of a request."""
        path = self.path.replace("{id}", quote(str(name), safe=""))
        name_field = self.client_id_field if is_client_id else self.id_field
        return path, {**({name_field: name} if name_field else {}), **self.fields}


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """The request that places an order. `terms`: the venue's field of each term of the order.

    A venue has either `symbol`, or `base` and `quote`. `write_code` writes a code of a currency as
    this request has it.
    """

    path: str
    terms: Mapping[str, Term]
    fields: Mapping[str, str] = field(default_factory=dict)
    write_code: Callable[[str], str] = str


@dataclass(frozen=True, slots=True, kw_only=True)
class OcoPlacing:
    """The request that places two orders of which one cancels the other. It is the request of the
    first one, a limit order, with more fields: `fields`, and the prices of the second one, a
    stop-limit order.

    `orders`: the field of the answer with both rows, the first one first. `other`: the field of a
    row with the venue's id of the other order. Only the row of the first one has the client id.
    """

    fields: Mapping[str, str]
    stop_price: str
    stop_limit_price: str
    orders: str
    other: str
