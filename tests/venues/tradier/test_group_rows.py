"""The form of a group, and the rows of a group that was sent. Each leg is found by its place and
its terms."""

from decimal import Decimal
from typing import Any

import pytest

from orderledger.projections.view import Row
from orderledger.venues import NotSent
from orderledger.venues.tradier.groups import _check_meaning, group_form, prepared_group
from tests.venues.order_entry.test_terms import order
from tests.venues.tradier.payloads import Book, a_book, leg, orders, row

CHILD = {"group": "G-1", "kind": "bracket", "parent": "E-1"}
PUT = "SPY260619P00480000"


def bracket(**terms: Any) -> list[Row]:
    usual: dict[str, Any] = {"side": "sell", "time_in_force": "gtc", "links": CHILD}
    stop = {"order_type": "stop", "limit_price": None, "stop_price": "490"}
    found = [
        order(**{"links": {"group": "G-1", "kind": "bracket"}, **terms}),
        order(**{**usual, "limit_price": "510", **terms}),
        order(**{**usual, **stop, **terms}),
    ]
    for name, one in zip(("E-1", "E-1-tp", "E-1-sl"), found, strict=True):
        one["client_order_id"] = name
    return found


def test_the_form_of_a_bracket() -> None:
    form = {"class": "otoco", "tag": "E-1"}
    form |= {"duration[0]": "day", "duration[1]": "gtc", "duration[2]": "gtc"}
    terms = (
        {"side": "buy", "type": "limit", "price": "500.25"},
        {"side": "sell", "type": "limit", "price": "510"},
        {"side": "sell", "type": "stop", "stop": "490"},
    )
    for place, one in enumerate(terms):
        of_all = {"symbol": "SPY", "quantity": "10", **one}
        form |= {f"{name}[{place}]": value for name, value in of_all.items()}
    entry, take_profit, stop = bracket()
    assert group_form([take_profit, entry, stop]) == form
    assert prepared_group([take_profit, entry, stop]) == [
        {"tradier.tag": f"E-1#{place}"} for place in (1, 0, 2)
    ]


def test_the_form_of_options() -> None:
    form = group_form(bracket(instrument=PUT)[:2])
    assert (form["class"], form["symbol[1]"], form["option_symbol[1]"]) == ("oto", "SPY", PUT)
    assert (form["side[0]"], form["side[1]"]) == ("buy_to_open", "sell_to_open")


@pytest.mark.parametrize(
    ("place", "terms", "fault"),
    [
        (1, {"quantity": Decimal(11)}, "need the same quantity"),
        (2, {"instrument": "QQQ"}, "need the same symbol"),
        (2, {"time_in_force": "day"}, "need the same duration"),
        (0, {"order_type": "market", "limit_price": None}, "order E-1 is market"),
        (1, {"links": {**CHILD, "parent": "E-2"}}, "needs one first order"),
        (1, {"links": {**CHILD, "kind": "oto"}}, "the kinds bracket, oto"),
    ],
)
def test_a_group_that_tradier_cannot_take(place: int, terms: dict[str, Any], fault: str) -> None:
    group = bracket()
    group[place] |= terms
    with pytest.raises(NotSent, match=fault):
        group_form(group)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("side[1]", "buy"),
        ("quantity[2]", "1"),
        ("price[1]", "51"),
        ("duration[1]", "day"),
        ("type[2]", "limit"),
        ("symbol[0]", "QQQ"),
    ],
)
def test_a_form_that_is_not_the_orders_is_not_sent(field: str, text: str) -> None:
    with pytest.raises(NotSent) as raised:
        _check_meaning({**group_form(bracket()), field: text}, bracket())
    assert raised.value.reason == "term_not_sent"


def sent(book: Book) -> None:
    """The requests of a bracket, as they are recorded before it is sent."""
    for one, names in zip(bracket(), prepared_group(bracket()), strict=True):
        terms = ("instrument", "side", "quantity", "order_type", "limit_price", "stop_price")
        book.record(
            "request",
            client_order_id=one["client_order_id"],
            aliases=names,
            links=one["links"],
            **{name: str(one[name]) for name in terms if one[name] is not None},
        )


def group_row(status: str, *legs: dict[str, Any], **terms: Any) -> dict[str, Any]:
    usual = {"class": "otoco", "tag": "E-1", "quantity": 0, "price": "left out"}
    return orders(row(id=900110, status=status, leg=list(legs), **{**usual, **terms}))


ENTRY = leg(900111, None, "buy", quantity=10, type="limit", price="500.25")
TAKE_PROFIT = leg(900112, None, "sell", quantity=10, type="limit", price=510)
STOP = leg(900113, None, "sell", quantity=10, type="stop", stop_price=490)


@pytest.mark.parametrize("legs", [(ENTRY, TAKE_PROFIT, STOP), (STOP, TAKE_PROFIT, ENTRY)])
def test_legs_are_found_by_their_terms_in_any_order(legs: tuple[dict[str, Any], ...]) -> None:
    with a_book() as book:
        sent(book)
        book.tell(group_row("open", *legs))
        ids = [book.order(name)["venue_order_id"] for name in ("E-1", "E-1-tp", "E-1-sl")]
        assert ids == ["900111", "900112", "900113"]
        assert [one["origin"] for one in book.ledger.orders()] == ["own"] * 3
        assert book.order("E-1-sl")["aliases"]["tradier.group_id"] == "900110#2"


def test_a_changed_price_does_not_hide_a_leg() -> None:
    with a_book() as book:
        sent(book)
        book.tell(group_row("open", {**STOP, "stop_price": "495"}, TAKE_PROFIT, ENTRY))
        assert book.order("E-1-sl")["venue_order_id"] == "900113"


def test_a_leg_with_other_terms_is_not_our_order() -> None:
    with a_book() as book:
        sent(book)
        book.tell(group_row("open", ENTRY, {**TAKE_PROFIT, "side": "buy"}, STOP))
        assert book.order("E-1-tp")["venue_order_id"] is None
        assert book.order("900110")["origin"] == "external"


def test_a_group_without_legs_is_queried_again() -> None:
    with a_book() as book:
        sent(book)
        found = book.translate(group_row("pending"))
        assert ([*found.messages], [*found.questions]) == ([], ["900110"])


def test_a_group_that_is_rejected_without_legs_rejects_its_orders() -> None:
    with a_book() as book:
        sent(book)
        book.tell(group_row("rejected", reason_description="Account is restricted"))
        assert [(one["status"], one["reason"]) for one in book.ledger.orders()] == [
            ("rejected", "Account is restricted")
        ] * 3
