"""A day of orders, and the service on a ledger, inside this process."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from orderledger import Acknowledged, Fill, Ledger, Request, Submit
from orderledger.infrastructure.messages.registry import Message
from orderledger.serve.app import make_app
from orderledger.serve.settings import ServiceSettings

BEGAN_AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
HOST = "http://127.0.0.1:8350"


def day(orders: int = 30) -> Iterator[Message]:
    """Messages of some orders in three accounts. Every third one is filled."""
    for number in range(orders):
        at = BEGAN_AT + timedelta(seconds=number, microseconds=number % 2)
        of_order: dict[str, Any] = {
            "account": f"sim:{number % 3}",
            "client_order_id": f"C-{number}",
            "at": at,
        }
        terms: dict[str, Any] = {
            "instrument": ("BTC-USD", "ETH-USD")[number % 2],
            "side": "buy",
            "quantity": "0.50",
        }
        yield Request(
            **of_order, **terms, order_type="limit", limit_price="64000", strategy=f"s{number % 2}"
        )
        yield Submit(**of_order)
        yield Acknowledged(**of_order, venue_order_id=f"V-{number}")
        if number % 3 == 0:
            yield Fill(
                **of_order, fill_id=f"F-{number}", quantity="0.50", price="64000.10", fee="0.1"
            )


@asynccontextmanager
async def client_of(
    ledger: Ledger, settings: ServiceSettings | None = None, **more: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the service, inside this process."""
    app = make_app(ledger, settings or ServiceSettings())
    try:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url=HOST, **more
        ) as client:
            yield client
    finally:
        app.state.service.answers.close()


def asked(
    ledger: Ledger, *paths: str, settings: ServiceSettings | None = None
) -> list[httpx.Response]:
    """The answers of the service to some paths, one after the other."""

    async def ask() -> list[httpx.Response]:
        async with client_of(ledger, settings) as client:
            return [await client.get(path) for path in paths]

    return asyncio.run(ask())


def document_of(message: Message) -> dict[str, Any]:
    """A message as JSON has it."""
    return {
        "type": type(message).model_fields["type"].default,
        **message.model_dump(mode="json", exclude_unset=True),
    }
