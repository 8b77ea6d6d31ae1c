"""Orders of a desk at a simulated Kraken: sent, filled or ended there, and read back."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from orderledger import OrderType
from orderledger.simulation.market import OrderStatus
from tests.venues.ccxt.harness import ACCOUNT, Account

Story = Callable[[Account], Awaitable[None]]


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Callable[[Story], None]:
    def play(story: Story) -> None:
        async def whole() -> None:
            async with Account("kraken").open(monkeypatch) as account:
                await story(account)

        asyncio.run(whole())

    return play


async def sent(account: Account, **terms: Any) -> Any:
    """The order at the exchange, sent and queried."""
    row = account.request(**terms)
    account.record(await account.entry.submit(row))
    (found,) = [one for one in account.market.orders("main") if one.client_id]
    account.record(await account.venue.order(ACCOUNT, account.ledger.order("led-1")))
    return found


def test_a_good_till_date_order_ends_at_its_time(played: Callable[[Story], None]) -> None:
    async def story(account: Account) -> None:
        until = account.clock.now().replace(microsecond=0) + timedelta(hours=1)
        order = await sent(account, time_in_force="gtd", expire_at=until)
        assert (order.expire_at, str(order.time_in_force)) == (until, "gtd")
        known = account.ledger.order("led-1")
        assert (known["status"], known["time_in_force"], known["anomalies"]) == ("new", "gtd", [])

    played(story)


@pytest.mark.parametrize(
    ("kind", "limit"), [(OrderType.TAKE_PROFIT, None), (OrderType.TAKE_PROFIT_LIMIT, Decimal(2600))]
)
def test_a_take_profit_waits_for_the_price_in_its_favour(
    kind: OrderType, limit: Decimal | None, played: Callable[[Story], None]
) -> None:
    async def story(account: Account) -> None:
        order = await sent(
            account, side="sell", order_type=kind, stop_price=Decimal(2600), limit_price=limit
        )
        assert (order.order_type, order.stop_price, order.status) == (
            kind,
            Decimal(2600),
            OrderStatus.WAITING,
        )
        known = account.ledger.order("led-1")
        assert (known["order_type"], known["anomalies"]) == (kind, [])

    played(story)


def test_an_amount_of_quote_currency_buys_what_it_pays_for(
    played: Callable[[Story], None],
) -> None:
    async def story(account: Account) -> None:
        offer = {**account.terms(), "side": "sell", "quantity": Decimal(1)}
        account.market.submit("other", **offer)
        order = await sent(
            account,
            order_type="market",
            limit_price=None,
            quantity=None,
            quote_quantity=Decimal(100),
        )
        assert (order.status, order.filled) == (OrderStatus.FILLED, Decimal("0.0400"))
        known = account.ledger.order("led-1")
        assert (known["status"], known["cum_quantity"]) == ("filled", Decimal("0.04"))
        assert (known["quote_quantity"], known["anomalies"]) == (Decimal(100), [])

    played(story)
