"""What the answers of 17 exchanges prove: each document goes through the exchange's own class of
ccxt."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from orderledger.infrastructure.clock import SystemClock
from orderledger.infrastructure.messages.registry import Message
from orderledger.simulation.market import ExchangeSimulator
from orderledger.simulation.servers.server import VenueServer
from orderledger.venues import Unanswered
from orderledger.venues.base.refusals import Mark
from orderledger.venues.ccxt.refusals.tables import tables
from tests.venues.ccxt.offline import entry, order
from tests.venues.ccxt.refused import CANCELED, SUBMITTED, UNKNOWN, Case


def flat(cases: dict[str, Sequence[Case]]) -> list[Any]:
    return [
        pytest.param(
            name, kind, status, document, word, id=f"{name}-{status}-{json.dumps(document)[:70]}"
        )
        for name, rows in cases.items()
        for kind, status, document, word in rows
    ]


async def answered(name: str, kind: str, status: int, document: Any, *, cancels: bool) -> Message:
    market = ExchangeSimulator(clock=SystemClock(), accounts=["main"])
    async with VenueServer(market) as server:
        server.answers_instead = (
            status,
            document if isinstance(document, str) else json.dumps(document),
        )
        sender = entry(name, kind, url=server.http_url)
        try:
            row = order(kind)
            (message,) = await (
                sender.cancel({**row, "venue_order_id": "12345"}, "R-1")
                if cancels
                else sender.submit(row)
            )
            return message
        finally:
            await sender.aclose()


def judged(
    name: str, kind: str, status: int, document: Any, *, cancels: bool = False
) -> tuple[str, str | None]:
    """The type of the message, or `unanswered`; and the reason."""
    try:
        message: Any = asyncio.run(answered(name, kind, status, document, cancels=cancels))
    except Unanswered as unknown:
        return "unanswered", unknown.reason
    assert message.evidence == document
    return message.type, message.reason


@pytest.mark.parametrize(("name", "kind", "status", "document", "word"), flat(SUBMITTED))
def test_an_order_is_rejected_only_by_a_document_that_proves_it(
    name: str, kind: str, status: int, document: Any, word: str
) -> None:
    assert judged(name, kind, status, document) == (
        "unanswered" if word in UNKNOWN else "reject",
        word,
    )


@pytest.mark.parametrize(("name", "kind", "status", "document", "word"), flat(CANCELED))
def test_a_cancel_is_refused_only_by_a_document_that_proves_it(
    name: str, kind: str, status: int, document: Any, word: str
) -> None:
    assert judged(name, kind, status, document, cancels=True) == (
        "unanswered" if word in UNKNOWN else "reject_cancel",
        word,
    )


@pytest.mark.parametrize("name", ["binance", "bybit", "kraken", "okx"])
@pytest.mark.parametrize("status", [200, 400, 403, 404, 429, 502, 520])
def test_a_page_from_somebody_on_the_way_proves_nothing(name: str, status: int) -> None:
    kind, _ = judged(name, "spot", status, "<html><title>Attention Required!</title></html>")
    assert kind == "unanswered"


def test_no_code_has_two_meanings_and_each_table_names_its_source() -> None:
    for name, found in tables().items():
        for table in found:
            assert table.source, name
            assert not [
                code for code, proof in table.codes.items() if proof.mark is Mark.UNPROVED
            ], name
    documents = [row for cases in (SUBMITTED, CANCELED) for rows in cases.values() for row in rows]
    assert len(documents) > 150
