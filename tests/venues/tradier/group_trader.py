"""`python -m tests.venues.tradier.group_trader DB URL TOKEN STEP`: submits a bracket, and kills
itself at a step around its sending."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from orderledger import Gateway, Ledger
from orderledger.extend.values import SystemClock
from orderledger.extend.views import Row
from orderledger.gateway import GatewaySettings
from orderledger.venues.tradier.order_entry import TradierOrderEntry
from tests.venues.tradier.group_desk import request
from tests.venues.tradier.payloads import ACCOUNT, NUMBER

STEPS = ("prepared", "recorded", "posted", "answered")
"""Before the commit, before the request, before the answer is read, and after it is recorded."""


class DyingOrderEntry(TradierOrderEntry):
    """Kills the process at one step. `dies_at`: one of STEPS."""

    dies_at = ""

    def prepare_group(self, orders: Sequence[Row]) -> Any:
        self._die("prepared")
        return super().prepare_group(orders)

    async def submit_group(self, orders: Sequence[Row]) -> Any:
        self._die("recorded")
        answer = await super().submit_group(orders)
        self._die("posted")
        return answer

    def _die(self, step: str) -> None:
        if step == self.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)


async def main() -> None:
    db, url, token, step = sys.argv[1:5]
    entry = DyingOrderEntry(
        account=ACCOUNT,
        number=NUMBER,
        token=token,
        url=url,
        now=SystemClock().now,
        native_groups=True,
    )
    entry.dies_at = step
    settings = GatewaySettings.model_validate({"lease_seconds": 1.0})
    with Ledger.open(db) as ledger:
        async with Gateway(ledger, {ACCOUNT: entry}, limits=settings) as gateway:
            await gateway.submit_bracket(request("E-1"), take_profit="510", stop_loss="490")
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(main())
