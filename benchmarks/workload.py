"""What is recorded: 20,000 orders of one account, from one seed. 75,158 messages; 1,040 orders are
open at the end.

Requests, acknowledgements, then one to three fills or a cancel; some 400 orders are under way at
any time. Beside it the real order flow that lies beside the repository, where it does.
"""

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from orderledger.infrastructure.messages.registry import MESSAGES, Message

ORDERS = 20_000
OPEN_ORDERS = 1_040
CANCELED_SHARE = 0.15
SPREAD = 400
ACCOUNT = "sim:main"
INSTRUMENTS = tuple(
    f"{name}-USD" for name in ("BTC", "ETH", "SOL", "XRP", "DOGE", "LTC", "ADA", "DOT")
)
START = datetime(2026, 11, 2, tzinfo=UTC)
SHARED = Path(__file__).resolve().parents[2] / "shared"

Document = dict[str, Any]


def documents(
    orders: int = ORDERS, open_orders: int = OPEN_ORDERS, seed: int = 10, milliseconds: int = 20
) -> list[Document]:
    """Messages as dictionaries, in the order they happen, so many milliseconds apart."""
    chance = random.Random(seed)
    still_open = frozenset(chance.sample(range(orders), min(open_orders, orders)))
    timed: list[tuple[float, Document]] = []
    for index in range(orders):
        at = float(index)
        for message in _life(chance, f"C-{index:06}", f"V{index:06}", ends=index not in still_open):
            timed.append((at, message))
            at += chance.random() * SPREAD / 2
    timed.sort(key=lambda pair: pair[0])
    for count, (_, message) in enumerate(timed):
        message["at"] = (
            (START + timedelta(milliseconds=milliseconds * count))
            .isoformat()
            .replace("+00:00", "Z")
        )
    return [message for _, message in timed]


def _life(
    chance: random.Random, name: str, venue_order_id: str, *, ends: bool
) -> Iterator[Document]:
    """The messages of one order."""
    instrument, side = chance.choice(INSTRUMENTS), chance.choice(("buy", "sell"))
    lots, price = chance.randint(3, 90), Decimal(chance.randint(10_000, 90_000)) / 100
    common = {"account": ACCOUNT, "client_order_id": name}
    yield {
        "type": "request", **common, "instrument": instrument, "side": side,
        "quantity": _lots(lots),
        "order_type": "limit", "limit_price": str(price), "time_in_force": "gtc",
        "strategy": f"s{chance.randint(1, 4)}",
    }  # fmt: skip
    yield {"type": "acknowledged", **common, "venue_order_id": venue_order_id}
    if ends and chance.random() < CANCELED_SHARE:
        yield {"type": "canceled", **common, "venue_order_id": venue_order_id}
        return
    parts = _parts(chance, lots) if ends else [1] * (chance.random() < 0.1)
    for number, part in enumerate(parts):
        yield {
            "type": "fill", **common, "venue_order_id": venue_order_id,
            "fill_id": f"{venue_order_id}.{number}",
            "quantity": _lots(part), "price": str(price + Decimal(chance.randint(-5, 5)) / 100),
            "fee": str(Decimal(part) / 1000), "fee_currency": "USD", "liquidity": "maker",
        }  # fmt: skip


def _parts(chance: random.Random, lots: int) -> list[int]:
    cuts = sorted(chance.sample(range(1, lots), chance.randint(0, 2)))
    return [end - begin for begin, end in zip([0, *cuts], [*cuts, lots], strict=True)]


def _lots(count: int) -> str:
    return str(Decimal(count) / 100)


def to_message(document: Document) -> Message:
    """Validated, as a user's code makes it."""
    return MESSAGES[document["type"]](**document)


def to_lines(found: list[Document]) -> list[bytes]:
    """NDJSON."""
    return [json.dumps(document, separators=(",", ":")).encode() for document in found]


def real_lines(source: str = "LOBSTER_AAPL", limit: int | None = None) -> list[bytes] | None:
    """A real exchange's order flow as messages. None where it does not lie beside the
    repository."""
    converter, stream = (
        SHARED / "tools" / "order_events_to_messages.py",
        SHARED / "data" / "streams" / "order_events.csv.gz",
    )
    if not converter.is_file() or not stream.is_file():
        return None
    command = [sys.executable, str(converter), str(stream), "--source", source]
    if limit is not None:
        command += ["--limit", str(limit)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.splitlines()
