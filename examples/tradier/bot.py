"""Tracker 5 rebuilt: a proposal, its approval, the entry, a proposal to exit, and the exit.
`python -m examples.tradier.bot orderledger.toml`."""

import asyncio
import sys
from typing import Any

import orderledger
from orderledger import Approve, Desk, LinksTo, Propose, Request
from orderledger.rows import OrderRow, ProposalRow

ACCOUNT, STRATEGY = "tradier:fake", "gekko"
TERMS: dict[str, Any] = {
    "account": ACCOUNT,
    "instrument": "SPY",
    "quantity": "10",
    "order_type": "limit",
}
PRICE = {"entry": "499.90", "exit": "500.10"}


class Trader:
    """One trade after the other. What to do next is read from the ledger each time: a restart is
    no special case."""

    def __init__(self, desk: Desk) -> None:
        self._ledger, self._gateway = desk.ledger, desk.gateway
        self.proposals_in_memory: set[str] = set()

    async def step(self) -> None:
        proposals = {
            str(row["proposal_id"]): row for row in await self._ledger.proposals(account=ACCOUNT)
        }
        orders = {
            str(row["client_order_id"]): row for row in await self._ledger.orders(strategy=STRATEGY)
        }
        number = max(1, sum(row["kind"] == "entry" for row in proposals.values()))
        if f"T{number}-exit" in orders and not orders[f"T{number}-exit"]["is_open"]:
            number += 1
        trade = f"T{number}"
        if f"{trade}-entry" not in proposals:
            await self._propose(trade, "entry")
        elif f"{trade}-exit" not in proposals:
            if await self._executed(proposals[f"{trade}-entry"], orders.get(f"{trade}-entry")):
                await self._propose(trade, "exit")
        else:
            await self._executed(proposals[f"{trade}-exit"], orders.get(f"{trade}-exit"))

    async def _propose(self, trade: str, kind: str) -> None:
        name = f"{trade}-{kind}"
        self.proposals_in_memory.add(name)
        await self._ledger.record(
            Propose(
                **TERMS,
                proposal_id=name,
                kind=kind,
                side="buy" if kind == "entry" else "sell",
                limit_price=PRICE[kind],
                strategy=STRATEGY,
                links=LinksTo(trade_id=trade),
            )
        )
        print(name, "proposed", flush=True)

    async def _executed(self, proposal: ProposalRow, order: OrderRow | None) -> bool:
        """Whether the order of a proposal is filled. An approved proposal without an order is
        sent."""
        if proposal["state"] == "approved" and order is None:
            name, kind = str(proposal["proposal_id"]), str(proposal["kind"])
            links = LinksTo(proposal_id=name, trade_id=name.partition("-")[0], role=kind)
            sent = await self._gateway.submit(
                Request(
                    **TERMS,
                    client_order_id=name,
                    side="buy" if kind == "entry" else "sell",
                    limit_price=PRICE[kind],
                    strategy=STRATEGY,
                    links=links,
                )
            )
            print(name, sent.state, sent.reason or "", flush=True)
        return order is not None and order["status"] == "filled"


async def approve_all(desk: Desk) -> None:
    """The person who approves, here a rule. On a page: `POST /api/messages` with an `approve`."""
    while True:
        for row in await desk.ledger.proposals(account=ACCOUNT, state="proposed"):
            name = str(row["proposal_id"])
            approval = Approve(account=ACCOUNT, proposal_id=name, actor="anna", source="operator")
            await desk.ledger.record(approval)
        await asyncio.sleep(0.3)


async def trade(settings: str) -> None:
    async with orderledger.connect(settings) as connected:
        proposals = await connected.ledger.proposals(account=ACCOUNT)
        open_orders = await connected.ledger.open_orders(account=ACCOUNT)
        print(f"starts with {len(proposals)} proposals, {len(open_orders)} open orders", flush=True)
        trader, approving = Trader(connected), asyncio.create_task(approve_all(connected))
        try:
            while True:
                await trader.step()
                print("in memory:", len(trader.proposals_in_memory), "proposals", flush=True)
                await asyncio.sleep(0.2)
        finally:
            approving.cancel()


if __name__ == "__main__":
    asyncio.run(trade(sys.argv[1]))
