"""Readers of the service: a page that asks for its lists, and readers of the stream."""

import asyncio
import json
from collections import Counter
from contextlib import suppress

import httpx

PATHS = (
    "/api/status",
    "/api/orders?limit=50&order=newest",
    "/api/orders?open=true&limit=50",
    "/api/trades?limit=50",
    "/api/positions",
    "/api/pnl?by=account",
    "/api/anomalies?limit=20",
    "/api/accounts",
    "/api/alerts",
    "/health/ready",
    "/metrics",
)
PAUSE = 0.5


async def read_page(url: str, counts: Counter[str]) -> None:
    """Ask for one list after the other."""
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        while True:
            for path in PATHS:
                status = (await client.get(path)).status_code
                counts["answers" if status == 200 else f"{path}: {status}"] += 1
                await asyncio.sleep(PAUSE)


async def read_stream(url: str, view: str, counts: Counter[str]) -> None:
    """Read from now on, and resume after a break. A position that is left out is counted."""
    last = 0
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        while True:
            headers = {"last-event-id": str(last)} if last else {}
            with suppress(httpx.HTTPError):
                path = f"/api/stream?view={view}"
                async with client.stream("GET", path, headers=headers) as answer:
                    async for line in answer.aiter_lines():
                        if line.startswith("id: "):
                            position = int(line[4:])
                            is_gap = view == "events" and last and position != last + 1
                            counts["gaps"] += bool(is_gap)
                            counts[f"frames of {view}"] += 1
                            last = position
                        elif line == "event: dropped":
                            counts["dropped"] += 1
            await asyncio.sleep(0.1)


def shown(counts: Counter[str]) -> str:
    return json.dumps(dict(sorted(counts.items())))
