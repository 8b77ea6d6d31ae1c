"""Tracker 4 rebuilt: order requests under client ids that never change, sent without waiting, and
cancels of orders that may still be on their way. `python -m examples.qubx.bot orderledger.toml`."""

import asyncio
import sys
from dataclasses import dataclass, field

import orderledger
from orderledger import Desk, Request, UnknownOrder
from orderledger.gateway import Sending
from orderledger.venues import from_qubx

ACCOUNT, ETH = "ccxt:fake", "ETH/USDT:USDT"


@dataclass
class OrderRequest:
    """Qubx's order request: the intent of a strategy."""

    client_id: str
    side: str
    quantity: float
    price: float
    instrument: str = ETH
    order_type: str = "LIMIT"
    time_in_force: str = "GTC"
    options: dict[str, bool] = field(default_factory=dict)

    def message(self) -> Request:
        """The request that the ledger records and the gateway sends. The client id is kept."""
        (request,) = from_qubx(self, account=ACCOUNT)
        assert isinstance(request, Request) and request.client_order_id == self.client_id
        return request


def requests(number: int) -> list[OrderRequest]:
    """A bid near the market, a bid to be canceled, and an offer."""
    name = f"qubx_ETH_{number:04}"
    return [
        OrderRequest(f"{name}a", "BUY", 0.3, 2499.5),
        OrderRequest(f"{name}b", "BUY", 0.1, 2400.0, options={"postOnly": True}),
        OrderRequest(f"{name}c", "SELL", 0.2, 2500.5),
    ]


async def cancel(desk: Desk, client_id: str) -> Sending:
    """Cancel by client id, as soon as the request is recorded. If the order is on its way, the
    gateway sends the cancel when the exchange can know the order."""
    while True:
        try:
            return await desk.gateway.cancel(client_id, account=ACCOUNT)
        except UnknownOrder:
            await asyncio.sleep(0.01)


async def trade(settings: str) -> None:
    async with orderledger.connect(settings) as desk:
        rows = await desk.ledger.orders()
        working = [row for row in rows if row["is_open"]]
        print(f"starts with {len(rows)} orders, {len(working)} of them open", flush=True)
        number = 1 + max((int(str(row["client_order_id"])[9:13]) for row in rows), default=0)
        pending: dict[str, OrderRequest] = {}  # the in-memory tracker, beside the ledger
        while True:
            sendings = []
            for request in requests(number):
                pending[request.client_id] = request
                sendings.append(desk.gateway.submit_soon(request.message()))
            canceled = await cancel(desk, f"qubx_ETH_{number:04}b")
            for sent in await asyncio.gather(*sendings):
                print(sent.client_order_id, sent.state, sent.reason or "", flush=True)
            print(canceled.client_order_id, "cancel:", canceled.state, flush=True)
            print("in memory:", len(pending), "pending requests", flush=True)
            number += 1
            await asyncio.sleep(0.5)


if __name__ == "__main__":
    asyncio.run(trade(sys.argv[1]))
