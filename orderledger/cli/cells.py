"""The values in the cells of the tables for people."""

from typing import Any

from orderledger.cli.columns import PlainRow, Row


def value_of(row: Row, column: str) -> Any:
    """The value shown in a column. `order` is the order's id; `status` combines status, pending
    request and certainty. Empty: the state of an active fill, missing evidence, an own order's
    origin."""
    value = row.get(column)
    if isinstance(row, PlainRow):
        return value
    match column:
        case "order":
            return (
                row["client_order_id"] or row["stream"].partition("/")[2]
            )  # else the id in the venue's first report
        case "status":
            return ", ".join(
                filter(None, (value, row["pending"] and f"{row['pending']} pending", _doubt(row)))
            )
        case "event":
            return row["name"].partition(".")[0].replace("_", " ")
        case "what":
            return {name: field for name, field in row["payload"].items() if name != "at"}
        case "evidence" | "has_evidence":
            return "yes" if value else None
        case "state" if value == "active":
            return None
        case "origin" if value == "own":
            return None
        case "links" if value:
            return _place_in_group(value) or value
    return value


def _place_in_group(links: Row) -> str:
    """The role of an order, its parent and its group, such as `exit of C-1 in G-1`."""
    words = {"role": "{}", "parent": "of {}", "group": "in {}"}
    return " ".join(form.format(links[name]) for name, form in words.items() if links.get(name))


def _doubt(order: Row) -> str | None:
    return "unresolved" if order["certainty"] == "unresolved" else None
