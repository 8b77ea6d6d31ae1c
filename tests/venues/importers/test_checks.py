"""Figures that a row says twice: rounding is allowed, anything else is refused with both
figures."""

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderledger.infrastructure.errors import InvalidMessage
from orderledger.venues.importers.checks import formula, require


def compared(found: str, equals: str, *, exact: str = "", **numbers: str) -> str:
    """The fault of a comparison; empty if the figures agree."""
    printed: Callable[[str], Decimal] = {
        name: Decimal(text) for name, text in numbers.items()
    }.__getitem__
    try:
        require("amount", Decimal(found), equals, printed, exact=frozenset(exact.split()))
    except InvalidMessage as error:
        return str(error)
    return ""


NOTIONAL = "price * quantity"


@pytest.mark.parametrize(
    ("price", "quantity", "amount", "exact"),
    [
        # Kraken, tresor-import issue 5724: the price is rounded
        ("1.716269", "29.13295073", "49.999978", ""),
        ("51300.20000", "0.01462504", "750.26748", ""),
        # Binance, BittyTax issue 141
        ("11426.2000000000", "0.0528450000", "603.81753900", "price quantity"),
        ("4576.6", "0.0515", "235.69490000000002", "price quantity"),  # Hyperliquid prints doubles
        ("37.798", "1308.64", "49463.97", "price quantity"),
        ("2.5", "2", "5", "price quantity"), ("0", "3", "0.00", "price quantity"), ("-37.63", "1",
        "-37.63", "price quantity"),
    ],
)  # fmt: skip
def test_real_rows_agree_with_themselves(
    price: str, quantity: str, amount: str, exact: str
) -> None:
    assert compared(amount, NOTIONAL, price=price, quantity=quantity, exact=exact) == ""


@pytest.mark.parametrize(
    ("price", "quantity", "amount", "exact", "figures"),
    [
        ("100.00", "2", "200.02", "quantity", "amount: is 200.02, but price * quantity is 200"),
        ("2297.0600000000", "0.0010000000", "2.29774000", "", ("amount: is 2.29774, but price * "
                                                              "quantity is 2.29706")),
        ("4576.6", "0.0515", "235.6951", "price quantity", ("amount: is 235.6951, but price * "
                                                           "quantity is 235.6949")),
        ("100", "2", "-200", "price quantity", "amount: is -200, but price * quantity is 200"),
        ("1e-3", "2", "0.02", "quantity", "amount: is 0.02, but price * quantity is 0.002"),
    ],
)  # fmt: skip
def test_a_figure_beyond_the_printed_digits_is_refused_with_both(
    price: str, quantity: str, amount: str, exact: str, figures: str
) -> None:
    assert compared(amount, NOTIONAL, price=price, quantity=quantity, exact=exact) == figures


def test_the_tolerance_is_half_a_digit_of_every_number() -> None:
    assert compared("200.01", NOTIONAL, price="100.00", quantity="2", exact="quantity") == "", (
        "100.004 * 2 is 200.008"
    )
    assert compared("200.01", NOTIONAL, price="100.00", quantity="2", exact="price quantity") != ""
    assert compared("240", NOTIONAL, price="100", quantity="2") == "", (
        "2 stands for 1.5 to 2.5 if nothing says otherwise"
    )


def test_sums_and_signs() -> None:
    sums = {"proceeds": "-895", "commission": "-4", "taxes": "0"}
    assert compared("-899", "proceeds + commission + taxes", **sums) == ""
    assert compared("-891", "proceeds - commission", **sums) == ""
    assert compared("-887", "proceeds - commission", exact="proceeds commission", **sums) != ""
    assert compared("-22.26", "-fee", fee="22.26", exact="fee") == ""
    assert (
        compared("22.26", "-fee", fee="22.26", exact="fee")
        == "amount: is 22.26, but -fee is -22.26"
    )


@pytest.mark.parametrize("text", ["", "-", "price *", "price * ", "a + + b", " * b", "a  * "])
def test_a_text_that_is_not_a_formula_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a formula"):
        formula(text)


def test_a_name_may_hold_spaces_and_signs() -> None:
    assert formula("Unit-Price (USD) * Qty.").terms == ((1, ("Unit-Price (USD)", "Qty.")),)


def test_numbers_of_absurd_size_are_refused() -> None:
    assert "more than 60 digits" in compared("1e999", NOTIONAL, price="1", quantity="1")
    assert "more than 60 digits" in compared("1", NOTIONAL, price="1e-70", quantity="1")


NUMBERS = st.decimals(min_value=-10_000, max_value=10_000, places=8)
PLACES = st.integers(min_value=0, max_value=8)


def rounded(number: Decimal, places: int) -> str:
    return format(number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN), "f")


@settings(max_examples=300)
@given(
    price=NUMBERS, quantity=NUMBERS, fee=NUMBERS, shown=st.tuples(PLACES, PLACES, PLACES, PLACES)
)
def test_rounding_alone_never_refuses_a_row(
    price: Decimal, quantity: Decimal, fee: Decimal, shown: tuple[int, int, int, int]
) -> None:
    amount = price * quantity - fee
    texts = dict(
        zip(("price", "quantity", "fee"), map(rounded, (price, quantity, fee), shown), strict=False)
    )
    assert compared(rounded(amount, shown[3]), "price * quantity - fee", **texts) == ""


def ends(text: str) -> list[Fraction]:
    """The least and the greatest number that round to this text."""
    half = Fraction(1, 2 * 10 ** len(text.partition(".")[2]))
    return [Fraction(text) - half, Fraction(text) + half]


@settings(max_examples=300)
@given(price=NUMBERS, quantity=NUMBERS, amount=NUMBERS, shown=st.tuples(PLACES, PLACES, PLACES))
def test_what_no_numbers_of_these_digits_can_give_is_refused(
    price: Decimal, quantity: Decimal, amount: Decimal, shown: tuple[int, int, int]
) -> None:
    told, by, found = map(rounded, (price, quantity, amount), shown)
    corners = [one * other for one, other in product(ends(told), ends(by))]
    is_possible = min(corners) <= ends(found)[1] and ends(found)[0] <= max(corners)
    assert (compared(found, NOTIONAL, price=told, quantity=by) == "") == is_possible
