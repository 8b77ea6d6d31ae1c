"""A made-up Hyperliquid in a process of its own, and the parent's side of it.

The parent writes one JSON document per line, `{"do": ..., ...}`, and reads one answer per line.
Frames of a flow are written out before they are sent, so that sending them costs no more than the
socket does.
"""

import asyncio
import json
import random
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

ROWS_MOST = 20
FILLED_SHARE = 0.3
WITH_CLOID_SHARE = 0.9
LIST_EVERY = 1_000
WINDOW = 40
"""Frames on their way to one socket at a time."""

Row = dict[str, Any]


def address_of(number: int) -> str:
    return f"0x{number + 1:040x}"


class VenueProcess:
    """The parent's side. `told` is what the process said first: where it serves."""

    def __init__(self, **options: Any) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.told: dict[str, Any] = self._answer()

    def ask(self, do: str, **parameters: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **parameters}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the made-up venue has ended")
        found: dict[str, Any] = json.loads(line)
        return found


class Flow:
    """The frames of one account: orders that open, fill or are canceled, 1 to 20 rows to a frame; a
    list now and then."""

    def __init__(self, address: str, number: int, chance: random.Random) -> None:
        self._address = address
        self._chance = chance
        self._next_order = 1_000_000_000 + number * 100_000_000
        self._open: dict[int, Row] = {}
        self._at = time.time_ns() // 1_000_000 - 60_000
        self._rows = 0
        self.updates = 0

    def frames(self, updates: int) -> Iterator[str]:
        """Until so many updates are told; what is open then ends with the last ones, as it does in
        the middle."""
        while self.updates < updates:
            self._at += 1
            size = self._chance.randint(1, ROWS_MOST)
            is_opening = len(self._open) < 60 or (
                len(self._open) < 200 and self._chance.random() < 0.5
            )
            yield from self._opening(size) if is_opening else self._ending(size)
            if self.updates - self._rows > LIST_EVERY:
                self._rows = self.updates
                yield self._list()
        while self._open:
            yield from self._ending(min(ROWS_MOST, len(self._open)))

    def _opening(self, size: int) -> Iterator[str]:
        rows = [self._new_order() for _ in range(size)]
        yield self._told("orderUpdates", [self._reported(row, "open") for row in rows], size)

    def _ending(self, size: int) -> Iterator[str]:
        ids = self._chance.sample(list(self._open), size)
        rows = [self._open.pop(name) for name in ids]
        filled = [row for row in rows if self._chance.random() < FILLED_SHARE]
        if filled:
            fills = [self._fill(row) for row in filled]
            yield self._told("userFills", {"user": self._address, "fills": fills}, len(fills))
        kept = {row["oid"] for row in filled}
        ends = [
            self._reported(
                {**row, "sz": "0.0"} if row["oid"] in kept else row,
                "filled" if row["oid"] in kept else "canceled",
            )
            for row in rows
        ]
        yield self._told("orderUpdates", ends, size)

    def _list(self) -> str:
        orders = [
            {
                **row, "triggerCondition": "N/A", "isTrigger": False, "triggerPx": "0.0",
                "children": [], "isPositionTpsl": False,
                "reduceOnly": False, "orderType": "Limit", "tif": "Alo", "cloid": row.get("cloid"),
            }
            for row in self._open.values()
        ]  # fmt: skip
        return self._told("openOrders", {"dex": "", "user": self._address, "orders": orders}, 0)

    def _new_order(self) -> Row:
        number = self._next_order
        self._next_order += 1
        price = Decimal(self._chance.randint(600_000, 700_000)).scaleb(-1)
        quantity = Decimal(self._chance.randint(1, 50_000)).scaleb(-5)
        row: Row = {
            "coin": self._chance.choice(("BTC", "ETH", "SOL", "HYPE")),
            "side": self._chance.choice("BA"),
            "limitPx": str(price),
            "sz": str(quantity),
            "oid": number,
            "timestamp": self._at,
            "origSz": str(quantity),
        }
        if self._chance.random() < WITH_CLOID_SHARE:
            row["cloid"] = f"0x{number:032x}"
        self._open[number] = row
        return row

    def _reported(self, row: Row, status: str) -> Row:
        return {"order": row, "status": status, "statusTimestamp": self._at}

    def _fill(self, row: Row) -> Row:
        fill: Row = {
            "coin": row["coin"], "px": row["limitPx"], "sz": row["origSz"], "side": row["side"],
            "time": self._at,
            "startPosition": "0.0", "dir": "Open Long" if row["side"] == "B" else "Open Short",
            "closedPnl": "0.0",
            "hash": f"0x{row['oid']:064x}", "oid": row["oid"], "crossed": False, "fee": "0.0123",
            "tid": row["oid"] * 7,
            "feeToken": "USDC", "twapId": None,
        }  # fmt: skip
        return fill | ({"cloid": row["cloid"]} if "cloid" in row else {})

    def _told(self, channel: str, data: Any, updates: int) -> str:
        self.updates += updates
        return json.dumps({"channel": channel, "data": data}, separators=(",", ":"))


class Venue:
    """The process's side: a fake, and the frames that it is to send."""

    def __init__(self, fake: Any, clock: Any) -> None:
        self.fake = fake
        self.clock = clock
        self._frames: dict[str, list[str]] = {}

    async def state(self) -> Row:
        fake = self.fake
        return {
            "listening": len(
                {
                    one["user"]
                    for socket in fake.sockets
                    for one in socket.notes.get("subscriptions", ())
                }
            ),
            "connections": fake.connections,
            "requests": dict(fake.requests),
            "violations": dict(fake.violations),
            "most_weight": fake.most_weight,
        }

    async def looks(self, since: float) -> Row:
        """Of each account the moments at which its open orders were listed, from `since` on, by the
        wall clock."""
        return {
            "looks": {
                address: [at for at in moments if at >= since]
                for address, moments in self.fake.looks.items()
            }
        }

    async def load(self, accounts: Sequence[int], updates: int, seed: int) -> Row:
        """Write out a flow for each of these accounts."""
        chance, told = random.Random(seed), 0
        self._frames = {}
        for number in accounts:
            flow = Flow(address_of(number), number + seed * 1_000, chance)
            self._frames[address_of(number)] = list(flow.frames(updates // len(accounts)))
            told += flow.updates
        frames = list(chain.from_iterable(self._frames.values()))
        return {"updates": told, "frames": len(frames), "bytes": sum(map(len, frames))}

    async def send(self, seconds: float = 0.0) -> Row:
        """All that was loaded: spread over so many seconds, or as fast as it is read."""
        began = time.perf_counter()
        await asyncio.gather(
            *(self._send(address, frames, seconds) for address, frames in self._frames.items())
        )
        return {"seconds": time.perf_counter() - began}

    async def _send(self, address: str, frames: Sequence[str], seconds: float) -> None:
        socket = next(socket for socket in self.fake.sockets if address in _listened_to(socket))
        began = time.perf_counter()
        for start in range(0, len(frames), WINDOW):
            await asyncio.sleep(
                max(0.0, began + seconds * start / len(frames) - time.perf_counter())
            )
            done = [self.fake.push(socket, frame) for frame in frames[start : start + WINDOW]]
            await done[-1]

    async def cut(self, account: int) -> Row:
        """Cut every line, and let something happen at once: nobody is there to be told."""
        self.fake.cut_all()
        cut_at = time.time()
        return {"at": cut_at, **await self.place(account)}

    async def place(self, account: int) -> Row:
        order = self.fake.exchange.place(
            address_of(account), instrument="BTC", side="buy", quantity="1", limit_price="60000"
        )
        return {"order": order.order_id}


def _listened_to(socket: Any) -> set[str]:
    return {
        subscription.get("user", "").lower()
        for subscription in socket.notes.get("subscriptions", ())
    }


async def _serve(options: Row) -> None:
    from orderledger.infrastructure.clock import SystemClock
    from orderledger.simulation.hyperliquid.server import HyperliquidServer
    from orderledger.simulation.market import ExchangeSimulator

    class Fake(HyperliquidServer):
        """It notes when each account was looked at."""

        looks: dict[str, list[float]] = defaultdict(list)  # noqa: RUF012  (one fake to a process)

        def _list(self, address: str, exchange: str) -> Row:
            self.looks[address].append(time.time())
            return super()._list(address, exchange)

    clock = SystemClock()
    exchange = ExchangeSimulator(clock=clock, first_order_id=900_000_000_101)
    async with Fake(exchange, **options) as fake:
        venue = Venue(fake, clock)
        _say({"url": fake.http_url, "websocket_url": fake.websocket_url})
        reader = asyncio.StreamReader(limit=1 << 24)
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
        )
        while line := await reader.readline():
            asked = json.loads(line)
            act: Callable[..., Any] = getattr(venue, asked.pop("do"))
            _say(await act(**asked))


def _say(document: Row) -> None:
    print(json.dumps(document), flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    asyncio.run(_serve(json.loads(sys.argv[1])))
