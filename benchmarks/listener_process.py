"""The floor of a collector: a process that subscribes, takes every frame, parses it or not, and
drops it.

`listener_process.py URL ACCOUNTS FRAMES parse|drop`; prints its seconds and CPU seconds between the
first frame and the last.
"""

import asyncio
import json
import sys
import time

from venue_process import address_of
from websockets.asyncio.client import connect

CHANNELS = ("orderUpdates", "userFills", "userFundings", "openOrders")


class Count:
    def __init__(self, frames: int) -> None:
        self.left = frames
        self.began = self.cpu = 0.0
        self.done = asyncio.Event()

    def take(self) -> None:
        if not self.began:
            self.began, self.cpu = time.perf_counter(), time.process_time()
        self.left -= 1
        if self.left == 0:
            self.done.set()


async def listen(
    url: str, number: int, count: Count, ready: asyncio.Semaphore, is_parsing: bool
) -> None:
    async with connect(url, max_size=1 << 24, ping_interval=None, proxy=None) as connection:
        for channel in CHANNELS:
            subscription = {"type": channel, "user": address_of(number)}
            await connection.send(json.dumps({"method": "subscribe", "subscription": subscription}))
        for _ in range(
            1 + 2 * len(CHANNELS)
        ):  # the greeting, and of each channel its answer and its first state
            await connection.recv()
        ready.release()
        while True:
            text = await connection.recv()
            if is_parsing:
                json.loads(text)
            count.take()


async def main(url: str, accounts: int, frames: int, is_parsing: bool) -> None:
    count, ready = Count(frames), asyncio.Semaphore(0)
    tasks = [
        asyncio.create_task(listen(url, number, count, ready, is_parsing))
        for number in range(accounts)
    ]
    for _ in range(accounts):
        await ready.acquire()
    print("ready", flush=True)
    await count.done.wait()
    print(
        json.dumps(
            {"seconds": time.perf_counter() - count.began, "cpu": time.process_time() - count.cpu}
        ),
        flush=True,
    )
    for task in tasks:
        task.cancel()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "parse"))
