"""The expiry that ccxt sends with each request, at every exchange with a rule."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orderledger.venues.ccxt.absence import rules
from tests.venues.ccxt.offline import entry, order, outcome_of, sent

PLACES = {
    ("binance", "spot"): "recvWindow=5000",
    ("binanceusdm", "swap"): "recvWindow=5000",
    ("bybit", "spot"): "'X-BAPI-RECV-WINDOW': '5000'",
    ("bybit", "swap"): "'X-BAPI-RECV-WINDOW': '5000'",
    ("okx", "spot"): "'expTime': '{ms}'",
    ("okx", "swap"): "'expTime': '{ms}'",
    ("kraken", "spot"): "deadline={iso}",
    ("krakenfutures", "swap"): "processBefore={iso}",
    ("gate", "spot"): "'x-gate-exptime': '{ms}'",
    ("gate", "swap"): "'x-gate-exptime': '{ms}'",
    ("deribit", "swap"): "valid_until={ms}",
    ("mexc", "spot"): "recvWindow=5000",
}
FOR_CHANGES = {
    (name, kind)
    for name, kind in PLACES
    if rules()[name].expiry.changes and (name, kind) != ("binance", "spot")
}


def milliseconds(seconds: float) -> datetime:
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def written(text: str, at: datetime) -> str:
    iso = at.isoformat(timespec="milliseconds").replace("+00:00", "Z").replace(":", "%3A")
    return text.format(ms=int(at.timestamp() * 1000), iso=iso)


def test_every_exchange_with_a_rule_is_tried_here() -> None:
    tried = {name for name, _ in PLACES}
    assert all(
        tried & {one for one in rules() if rules()[one] is rule} for rule in rules().values()
    )


@pytest.mark.parametrize(("name", "kind"), PLACES)
def test_a_request_is_sent_with_the_recorded_expiry_or_an_earlier_one(name: str, kind: str) -> None:
    async def story() -> None:
        for one in ({}, {"order_type": "market", "limit_price": None}):
            if (name, kind) == ("gate", "spot") and one:
                continue
            expires_at, account = (
                milliseconds(rules()[name].absence.expires_seconds),
                entry(name, kind),
            )
            row = order(kind, request_expires_at=expires_at, **one)
            await outcome_of(account, account.submit(row))
            assert written(PLACES[name, kind], expires_at) in str(sent(account)[-1])

    asyncio.run(story())


@pytest.mark.parametrize(
    ("name", "kind"), [one for one in PLACES if rules()[one[0]].expiry.form == "window"]
)
def test_a_request_that_would_expire_later_is_not_sent(name: str, kind: str) -> None:
    """ccxt's limiter or the machine held it back, or our clock is ahead of the venue's. An exact
    time cannot be later."""

    async def story() -> None:
        account = entry(name, kind)
        row: dict[str, Any] = order(kind, request_expires_at=milliseconds(4.0))
        reason, text = await outcome_of(account, account.submit(row))
        assert reason == "request_expired" and "it waited for too long" in text
        assert not [one for one in map(str, sent(account)) if "led1" in one]

    asyncio.run(story())


@pytest.mark.parametrize(("name", "kind"), sorted(FOR_CHANGES))
def test_a_change_is_sent_with_its_expiry(name: str, kind: str) -> None:
    async def story() -> None:
        expires_at, account = milliseconds(rules()[name].absence.expires_seconds), entry(name, kind)
        if not account.abilities.replaces:
            return
        row = order(kind, venue_order_id="123456", aliases={})
        request = {
            "request_id": "R-1",
            "limit_price": row["limit_price"] + 1,
            "request_expires_at": expires_at,
        }
        reason, text = await outcome_of(account, account.replace(row, request))
        found = [one for one in map(str, sent(account)) if "123456" in one]
        assert any(written(PLACES[name, kind], expires_at) in one for one in found), (reason, text)

    asyncio.run(story())


def test_an_order_without_an_expiry_is_sent_as_ever() -> None:
    async def story() -> None:
        account = entry("okx")
        await outcome_of(account, account.submit(order()))
        assert "expTime" not in str(sent(account))

    asyncio.run(story())
