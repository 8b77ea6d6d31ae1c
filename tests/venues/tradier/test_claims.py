"""What a row of Tradier claims of its order, and which account numbers there are."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pydantic import ValidationError

from orderledger.venues.base.settings import Secret
from orderledger.venues.tradier.claims import claims_of
from orderledger.venues.tradier.rows import TradierOrder
from orderledger.venues.tradier.settings import TradierSettings
from orderledger.venues.tradier.vocabulary import STATUSES

AT = datetime(2026, 3, 2, tzinfo=UTC)


def row(status: str, filled: int) -> TradierOrder:
    return TradierOrder(
        raw={},
        venue_order_id="1",
        status=status,
        at=AT,
        created_at=None,
        exec_quantity=Decimal(filled),
        quantity=Decimal(3),
    )


def settings(number: str) -> TradierSettings:
    return TradierSettings(
        account="tradier:main", venue="tradier", number=number, token=Secret(env="TOKEN")
    )


def test_an_account_number_has_letters_and_digits() -> None:
    assert settings("VA000001").number == "VA000001"
    for number in ("", "VA-1", "VA 1", "x" * 31, "\u00e91"):
        with pytest.raises(ValidationError, match="number"):
            settings(number)


@pytest.mark.parametrize("status", [*STATUSES, "of tomorrow"])
def test_a_row_claims_the_status_that_it_names_but_settlement_is_none(status: str) -> None:
    claimed = claims_of(row(status, 0)).status
    is_claimed = status in STATUSES and status != "calculated"
    assert claimed == (STATUSES[status][1].value if is_claimed else None)


def test_a_working_row_with_fills_claims_a_partial_fill() -> None:
    assert claims_of(row("open", 1)).status == "partially_filled"
