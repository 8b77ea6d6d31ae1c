"""Two orders of which one cancels the other, at venues that place both by one request with one
client id.

The second order has no client id there. It is recorded under the venue's alias with the value
CLIENT_ID#1, and found by the row of the first one, which names it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orderledger import LinkKind
from orderledger.extend.views import Row
from orderledger.venues.base.fields import Document
from orderledger.venues.errors import NotSent
from orderledger.venues.polled.requests import Fields, OcoPlacing

FIRST, SECOND = "limit", "stop_limit"
SAME = ("instrument", "side", "quantity")
UNSUPPORTED = "unsupported_group"


def second_name(client_id: str) -> str:
    """The name of the second order, by the client id of the first one."""
    return f"{client_id}#1"


def is_second(name: str | None) -> bool:
    """Whether this is the name of a second order: a client id has no `#`."""
    return "#" in (name or "")


def first_id(name: str) -> str:
    """The client id at the venue: of the first order of a pair, or of a single order."""
    return name.partition("#")[0]


def arranged(orders: Sequence[Row]) -> tuple[Row, Row]:
    """The limit order and the stop-limit order of a pair. Raises NotSent for other groups."""
    kinds = {str((order.get("links") or {}).get("kind")) for order in orders}
    by_type = {str(order["order_type"]): order for order in orders}
    if kinds != {LinkKind.OCO} or len(orders) != 2 or {*by_type} != {FIRST, SECOND}:
        raise NotSent(
            UNSUPPORTED, f"the venue takes an OCO of one {FIRST} and one {SECOND} order, no other"
        )
    first, second = by_type[FIRST], by_type[SECOND]
    for term in SAME:
        if first[term] != second[term]:
            raise NotSent(UNSUPPORTED, f"the two orders of an OCO need the same {term}")
    return first, second


def pair_fields(oco: OcoPlacing, first: Fields, second: Fields, terms: Mapping[str, str]) -> Fields:
    """The fields of one request, from those of both orders. `terms`: the venue's field of each
    term.

    Raises NotSent if the request would state another term of the second order than it has.
    """
    stop, limit = terms["stop_price"], terms["limit_price"]
    fields = {
        **first,
        oco.stop_price: second[stop],
        oco.stop_limit_price: second[limit],
        **oco.fields,
    }
    own = {stop, limit, terms["client_id"], terms["order_type"]}
    differing = [name for name in second if name not in own and second[name] != fields.get(name)]
    if differing:
        raise NotSent("term_not_sent", f"{differing[0]} of the second order would not be sent")
    return fields


def rows_of_pair(oco: OcoPlacing, answer: Any, id_field: str) -> tuple[Document, Document] | None:
    """Both rows of an answer to such a request. None if they do not name each other."""
    rows = answer.get(oco.orders) if isinstance(answer, dict) else None
    match rows:
        case [dict() as first, dict() as second]:
            names = [row.get(id_field) for row in (first, second)]
            others = [row.get(oco.other) for row in (second, first)]
            return (first, second) if None not in names and names == others else None
    return None


def client_ids_in(rows: Iterable[Any], id_field: str, client_id_field: str) -> dict[str, str]:
    """The client ids of rows, by the venue's id: those of the first orders of pairs, among
    others."""
    return {
        str(row[id_field]): str(row[client_id_field])
        for row in rows
        if isinstance(row, dict) and row.get(id_field) and row.get(client_id_field)
    }


def client_ids_for(oco: OcoPlacing | None, row: Any, name: str | None) -> dict[str, str]:
    """The client id of the first order of a pair, by its id at the venue. `row`: of the second one,
    which we know under this name. Empty for any other row."""
    other = row.get(oco.other) if oco is not None and isinstance(row, dict) else None
    if not is_second(name) or other is None:
        return {}
    return {str(other): first_id(name or "")}
