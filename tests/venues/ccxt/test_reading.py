"""An account at two exchanges, read through the real classes of ccxt: queries, pages, websockets,
and what goes wrong."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from orderledger.infrastructure.errors import InvalidSetting
from orderledger.infrastructure.messages.registry import Fill
from orderledger.venues import VenueRefused
from orderledger.venues.base.venue import Down, Up
from orderledger.venues.ccxt.exchange import connected, holds_rows
from orderledger.venues.ccxt.quirks import QUIRKS
from orderledger.venues.ccxt.settings import CcxtSettings
from tests.venues.ccxt.harness import ACCOUNT, Account, both

Story = Callable[[Account], Awaitable[None]]
MANY = 130
"""Fills: more than two pages of Kraken."""


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def play(name: str, story: Story, **venue: Any) -> None:
        async def whole() -> None:
            async with Account(name, **venue).open(monkeypatch) as account:
                await story(account)

        asyncio.run(whole())

    return play


@both
def test_what_is_pushed_arrives_between_two_queries(name: str, played: Any) -> None:
    async def story(account: Account) -> None:
        async with account.listening():
            await asyncio.sleep(
                0.5
            )  # the websockets are up, and the queries that follow have been answered
            account.request()
            order = account.place(
                client_id=account.ledger.order("led-1")["aliases"]["ccxt.clientOrderId"]
            )
            await account.until(lambda: account.ledger.order("led-1")["status"] == "new")
            for _ in range(3):
                account.market.fill(order, account.instruments[0].lot)
            await account.until(lambda: len(account.ledger.trades()) == 3)
            account.market.cancel(order)
            await account.until(lambda: account.ledger.order("led-1")["status"] == "canceled")
        row = account.ledger.order("led-1")
        assert (row["cum_quantity"], row["anomalies"]) == (3 * account.instruments[0].lot, [])
        assert {message.source for message in account.heard if hasattr(message, "reported")} == {
            "venue_push"
        }

    played(name, story, poll_seconds=60.0, idle_seconds=60.0)


@both
def test_what_happens_while_the_websockets_are_cut_is_queried(name: str, played: Any) -> None:
    async def story(account: Account) -> None:
        async with account.listening():
            await account.until(lambda: account.server.sockets)
            order = account.place()
            account.server.cut_all()
            account.server.refuse_connections(True)
            for _ in range(4):
                account.market.fill(order, account.instruments[0].lot)
            await account.until(lambda: any(isinstance(told, Down) for told in account.told))
            account.server.refuse_connections(False)
            await account.until(lambda: len(account.ledger.trades()) == 4)
            assert isinstance(
                [told for told in account.told if isinstance(told, (Up, Down))][-1], Up
            )
            await account.until(lambda: account.server.sockets)
            account.market.fill(order)
            await account.until(lambda: account.ledger.orders(status="filled"))
        (row,) = account.ledger.orders()
        assert row["cum_quantity"] == order.quantity

    played(name, story)


@both
def test_frames_that_are_repeated_reordered_late_or_cut_short_change_nothing(
    name: str, played: Any
) -> None:
    async def story(account: Account) -> None:
        account.faults.change(repeat=0.2, reorder=0.2, delay=0.2, malformed=0.1, drop=0.05)
        orders = []
        async with account.listening():
            for number in range(12):
                order = account.place(side="buy" if number % 2 else "sell")
                account.market.fill(order, account.instruments[0].lot)
                account.market.fill(order, account.instruments[0].lot)
                orders.append(order)
                await asyncio.sleep(0.02)
            account.faults.heal()
            await account.until(lambda: len(account.ledger.trades()) == 24)
        expected = {fill.order_id: Decimal(0) for fill in account.market.fills("main")}
        assert (
            sum(row["cum_quantity"] for row in account.ledger.orders())
            == 24 * account.instruments[0].lot
        )
        assert len(expected) == len(account.ledger.orders()) == 12

    played(name, story)


@both
def test_all_pages_of_trades_are_turned_whichever_end_comes_first(name: str, played: Any) -> None:
    async def story(account: Account) -> None:
        began_at = account.clock.now()
        for _ in range(MANY):
            account.market.fill(account.place(), account.instruments[0].lot)
            await asyncio.sleep(0.002)
        told = (await account.venue.fills_since(ACCOUNT, began_at - timedelta(days=20))).messages
        fills = [one for one in told if isinstance(one, Fill)]
        assert [one.at for one in fills] == sorted(one.at for one in fills if one.at is not None)
        assert len({one.fill_id for one in fills}) == len(fills) == MANY

    played(name, story)


@both
def test_every_digit_that_was_sent_is_kept(name: str, played: Any) -> None:
    async def story(account: Account) -> None:
        odd = Decimal("0.123456789012345678")
        order = account.place(quantity=odd, limit_price=Decimal("2500.12345678901234567"))
        account.market.fill(order, fee=Decimal("0.000000000123456789"))
        (fill,) = [
            one
            for one in (await account.venue.fills_since(ACCOUNT, order.created_at)).messages
            if isinstance(one, Fill)
        ]
        assert (fill.quantity, fill.price, fill.fee) == (
            odd,
            order.limit_price,
            Decimal("0.000000000123456789"),
        )

    played(name, story)


@both
@pytest.mark.parametrize("field", ["apiKey", "secret"])
def test_a_wrong_key_or_signature_is_refused_and_not_shown(
    name: str, field: str, played: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(account: Account) -> None:
        setattr(account.venue.exchange, field, "d3Jvbmctc2VjcmV0")
        with pytest.raises(VenueRefused) as raised:
            await account.venue.open_orders(ACCOUNT)
        assert "d3Jvbmctc2VjcmV0" not in str(raised.value)

    played(name, story)


@both
def test_no_key_is_logged_even_where_ccxt_logs_all_that_it_sends(
    name: str, played: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(account: Account) -> None:
        with caplog.at_level("DEBUG"):
            await account.venue.open_orders(ACCOUNT)
        keys = (account.venue.exchange.apiKey, account.venue.exchange.secret)
        logged = [
            record.getMessage() for record in caplog.records if record.name.startswith("ccxt")
        ]
        assert logged
        assert not [line for line in logged if any(key in line for key in keys)]

    played(name, story)


def test_a_position_is_one_of_contracts_and_a_currency_has_no_price(played: Any) -> None:
    async def story(account: Account) -> None:
        account.market.transfer("main", "USDT", "1000.05")
        account.market.fill(account.place(side="sell"))
        held = {
            one.instrument or one.currency: (one.quantity or one.amount, one.average_price)
            for one in await account.venue.positions(ACCOUNT)
        }
        assert held == {
            "ETH/USDT:USDT": (Decimal("-0.10"), Decimal(2500)),
            "USDT": (Decimal(1000), None),
        }
        assert account.venue.reports_position("ETH/USDT:USDT")
        assert not account.venue.reports_position("USDT")

    played("binanceusdm", story)


def test_the_wallet_of_contracts_has_no_unrealized_profit(played: Any) -> None:
    async def story(account: Account) -> None:
        account.market.transfer("main", "USDT", "1000.05")
        account.market.fill(account.place(side="sell"))
        account.market.fill(account.place(side="sell"), price=2400)  # worth 10 more since the first
        (held,) = [one for one in await account.venue.positions(ACCOUNT) if one.currency]
        assert (held.currency, held.amount) == ("USDT", Decimal("999.952"))
        assert held.evidence["info"]["marginBalance"] == "1009.95200000"

    played("binanceusdm", story)


def test_at_spot_there_are_currencies_alone(played: Any) -> None:
    async def story(account: Account) -> None:
        account.market.fill(account.place())
        held = {
            one.currency: (one.amount, one.average_price)
            for one in await account.venue.positions(ACCOUNT)
        }
        assert held == {"ETH": (Decimal("0.0010"), None), "USD": (Decimal(1000), None)}
        assert not account.venue.reports_position("ETH/USD")

    played("kraken", story)


@pytest.mark.parametrize(
    ("changed", "field", "fault"),
    [
        ({"exchange": "binnance"}, "venues.exchange", "'binnance' is not an exchange of ccxt"),
        ({"exchange": "binnance"}, "venues.exchange", "did you mean binance"),
        ({"exchange": "upbit"}, "venues.exchange", "ccxt does not support fetchMyTrades for upbit"),
        (
            {"credentials": {"apiKey": {"env": "CCXT_KEY"}}},
            "venues.credentials.secret",
            "is missing: kraken needs apiKey, secret",
        ),
        (
            {"credentials": {"key": {"env": "CCXT_KEY"}}},
            "venues.credentials.key",
            "is not one of apiKey, secret",
        ),
        ({"network": "sandbox"}, "venues.network", "ccxt has no test network for kraken"),
    ],
)
def test_a_wrong_setting_is_named(
    changed: dict[str, Any], field: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CCXT_KEY", "key-of-nobody")
    secret = {"apiKey": {"env": "CCXT_KEY"}, "secret": {"env": "CCXT_KEY"}}
    usual = {"venue": "ccxt", "exchange": "kraken", "account": ACCOUNT, "credentials": secret}
    with pytest.raises(InvalidSetting) as raised:
        connected(CcxtSettings.model_validate({**usual, **changed}))
    assert raised.value.field == field
    assert fault in raised.value.fault


def test_symbols_are_asked_for_where_trades_are_listed_by_symbol(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def whole() -> None:
        async with Account("binanceusdm", symbols=[]).open(monkeypatch):
            pass

    with pytest.raises(
        InvalidSetting,
        match="venues.symbols: is missing: binanceusdm lists trades of one symbol at a time",
    ):
        asyncio.run(whole())


def test_reading_hyperliquid_needs_no_private_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCXT_ADDRESS", "0x" + "ab" * 20)
    settings = CcxtSettings.model_validate(
        {
            "venue": "ccxt",
            "exchange": "hyperliquid",
            "account": ACCOUNT,
            "credentials": {"walletAddress": {"env": "CCXT_ADDRESS"}},
        }
    )
    assert connected(settings).walletAddress == "0x" + "ab" * 20
    with pytest.raises(InvalidSetting, match="venues.credentials.privateKey: is missing"):
        connected(settings, sends=True)


def test_every_row_of_the_table_is_of_an_exchange_that_ccxt_has() -> None:
    import ccxt.async_support

    assert set(QUIRKS) <= set(ccxt.async_support.exchanges)


@pytest.mark.parametrize(
    ("document", "holds"),
    [
        ("[]", True),
        ('{"error": [], "result": {"open": {}}}', True),
        ('{"code": "0", "data": []}', True),
        ('{"code": "0", "data": null}', True),
        ("{}", False),
        ("null", False),
        ('"no"', False),
        ('{"error": []}', False),
        ('{"message": "not now", "code": 7}', False),
    ],
)
def test_only_an_answer_with_a_place_for_rows_can_be_an_empty_list(
    document: str, holds: bool
) -> None:
    assert holds_rows(json.loads(document)) is holds


@pytest.mark.parametrize("count", [1, 2, 30])
def test_an_exchange_that_states_no_length_of_its_pages_is_read(played: Any, count: int) -> None:
    """As KuCoin and 20 others in ccxt."""

    async def story(account: Account) -> None:
        features = account.venue.exchange.features
        features["swap"]["linear"]["fetchMyTrades"]["limit"] = None
        since = account.clock.now() - timedelta(minutes=5)
        for _ in range(count):
            account.market.fill(account.place())
        answer = await account.venue.fills_since(ACCOUNT, since)
        assert len([one for one in answer.messages if isinstance(one, Fill)]) == count

    played("binanceusdm", story)
