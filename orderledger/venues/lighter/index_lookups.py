"""Queries about orders by client order index: those of one moment are one request. After a restart
or a lost connection many orders are in doubt at once, and each request counts in the allowance.
"""

import asyncio
from collections.abc import Mapping

from orderledger.venues.base.fields import Document
from orderledger.venues.base.transport.patience import is_impatient
from orderledger.venues.lighter.rest import Rest
from orderledger.venues.lighter.tokens import LighterAccount

MOST_INDEXES = 20
"""Of one request (apidocs.lighter.xyz, accountOrders)."""
WINDOW_SECONDS = 0.02
"""How long a query waits for others to join it."""

Key = tuple[str, bool]
"""Account, and whether the query is impatient."""


class IndexLookups:
    """Joins the queries of each account. `accounts`: by their names in the ledger."""

    def __init__(self, rest: Rest, accounts: Mapping[str, LighterAccount]) -> None:
        self._rest = rest
        self._accounts = accounts
        self._open: dict[Key, dict[str, asyncio.Future[Document]]] = {}
        """The queries that others may still join."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def answer(self, account: str, client_order_index: str) -> Document:
        """The answer that has the rows with this index; it may have those of others, too. Raises
        VenueRefused and VenueUnavailable.
        """
        key = (account, is_impatient())
        joined = self._open.get(key)
        if joined is None or (client_order_index not in joined and len(joined) >= MOST_INDEXES):
            joined = self._open[key] = {}
            self._tasks.add(task := asyncio.create_task(self._ask(key, joined)))
            task.add_done_callback(self._tasks.discard)
        if client_order_index not in joined:
            joined[client_order_index] = asyncio.get_running_loop().create_future()
        # a caller that gives up does not end the query of the others
        return await asyncio.shield(joined[client_order_index])

    async def _ask(self, key: Key, joined: dict[str, asyncio.Future[Document]]) -> None:
        await asyncio.sleep(WINDOW_SECONDS)
        if self._open.get(key) is joined:
            del self._open[key]
        own = self._accounts[key[0]]
        params: dict[str, str | int] = {
            "account_index": own.account_index,
            "client_order_indexes": ",".join(joined),
        }
        try:
            document = await self._rest.get("accountOrders", params, own)
        except Exception as error:
            for future in joined.values():
                future.set_exception(error)
                future.exception()  # its caller may have given up
            return
        for future in joined.values():
            future.set_result(document)
