"""Signed transactions of one API key, sent one after the other: their nonces have no gaps."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from orderledger.venues.base.absence import EXPIRED
from orderledger.venues.base.transport import Http
from orderledger.venues.base.transport.pacing import Pacing
from orderledger.venues.base.transport.sender import HttpAnswer, Sender
from orderledger.venues.base.transport.turns import OneByOne, leaves
from orderledger.venues.errors import NotSent, VenueError
from orderledger.venues.lighter.refusals import code_in, is_too_many
from orderledger.venues.lighter.rest import PREFIX, Allowance
from orderledger.venues.lighter.signing import Signed
from orderledger.venues.lighter.transactions import EPOCH
from orderledger.venues.lighter.vocabulary import OK

QUERY_PART = 3.0
"""Queries before a transaction have this part of its time for their answers: two attempts then fit
into it."""

MOST_HASHES = 10_000
"""Hashes of transactions that are kept: as many as the active orders that a query finds."""

Sign = Callable[[int], Signed]
"""Signs with a nonce. Raises NotSent."""


class TransactionSender:
    """Sends transactions of one API key. `key`: its `account_index` and `api_key_index`. `timeout`:
    seconds for the answer to a transaction.
    """

    def __init__(
        self,
        *,
        url: str,
        key: Mapping[str, int],
        allowance: Allowance,
        pacing: Pacing,
        timeout: float,
    ) -> None:
        queries = pacing.share(allowance.of_queries)
        self.http = Http(url, attempts=2, timeout=timeout / QUERY_PART, rate_limiter=queries)
        self._sender = Sender(url, timeout=timeout, is_refusal=is_too_many, pacing=pacing)
        self._key = dict(key)
        self._allowance = allowance
        self._pacing = pacing
        self._nonce: int | None = None
        self._lost: dict[int, int] = {}
        """The nonces of orders without an answer, by client order index."""
        self._dead: set[int] = set()
        """Those whose nonce another transaction has taken."""
        self._queued: dict[int, str] = {}
        """The hashes of the transactions of new orders that were queued, the latest last."""
        self._order = OneByOne()

    async def send(
        self, sign: Sign, *, expires_at: datetime | None = None, index: int | None = None
    ) -> HttpAnswer:
        """Sign with the next nonce, send, and return the venue's answer. The next nonce is used
        only after the venue has accepted the one before it. `index`: the client order index of a
        new order. Raises NotSent and Unanswered.
        """
        await self._pacing.turn(self._allowance.costs_of_transaction)
        async with self._order.next():
            nonce, self._nonce = await self._next_nonce(), None
            signed = sign(nonce)
            _check_expiry(signed, expires_at)
            if index is not None:
                self._lost[index] = nonce
            answer = await self._post(signed)
            code = code_in(answer.document)
            if code is not None and index is not None:
                del self._lost[index]
            if code == OK:
                self._nonce = nonce + 1
                self._dead |= {one for one, lost in self._lost.items() if lost == nonce}
                self._keep_hash(index, answer)
        return answer

    async def execution(self, index: int) -> Any:
        """The venue's answer about the transaction of an order that this process has sent, by
        client order index. None if its hash is not known. Raises VenueError.
        """
        tx_hash = self._queued.get(index)
        if tx_hash is None:
            return None
        return await self.http.get(
            f"{PREFIX}tx",
            {"by": "hash", "value": tx_hash},
            weight=self._allowance.weight("tx"),
        )

    async def proof_of_absence(self, index: int, sign_cancel: Sign) -> str | None:
        """The proof that an order without an answer never arrived and never can: another
        transaction has taken its nonce. Takes it for a cancel of the same order, which changes
        nothing. None without such a proof. Raises VenueError.
        """
        nonce = self._lost.get(index)
        if nonce is None:
            return None
        sentence = f"another transaction has taken its nonce {nonce}"
        if index in self._dead:
            return sentence
        async with self._order.next():
            if await self._asked_nonce() != nonce:
                return None
            self._nonce = None
            answer = await self._post(sign_cancel(nonce))
            is_taken = code_in(answer.document) == OK and await self._asked_nonce() > nonce
        return sentence if is_taken else None

    async def time(self) -> datetime | None:
        """The venue's clock, in whole seconds. None if the answer has no time."""
        document = await self.http.get("/")
        seconds = document.get("timestamp") if isinstance(document, dict) else None
        return datetime.fromtimestamp(int(seconds), UTC) if seconds else None

    async def aclose(self) -> None:
        """Close all connections."""
        await self._sender.aclose()
        await self.http.aclose()

    def _keep_hash(self, index: int | None, answer: HttpAnswer) -> None:
        tx_hash = answer.document.get("tx_hash")
        if index is None or not isinstance(tx_hash, str):
            return
        self._queued[index] = tx_hash
        if len(self._queued) > MOST_HASHES:
            del self._queued[next(iter(self._queued))]

    async def _post(self, signed: Signed) -> HttpAnswer:
        form = {"tx_type": str(signed.kind), "tx_info": signed.info}
        leaves()
        return await self._sender.send("POST", f"{PREFIX}sendTx", form=form)

    async def _next_nonce(self) -> int:
        return await self._asked_nonce() if self._nonce is None else self._nonce

    async def _asked_nonce(self) -> int:
        try:
            document = await self.http.get(
                f"{PREFIX}nextNonce", self._key, weight=self._allowance.weight("nextNonce")
            )
        except VenueError as error:
            raise NotSent("no_nonce", str(error)) from None
        nonce = document.get("nonce") if isinstance(document, dict) else None
        if not isinstance(nonce, int) or isinstance(nonce, bool):
            raise NotSent("no_nonce", "the venue returned no nonce")
        return nonce


def _check_expiry(signed: Signed, expires_at: datetime | None) -> None:
    """Raise NotSent if a transaction is valid for longer than was recorded."""
    if expires_at is None:
        return
    expires_ms = json.loads(signed.info).get("ExpiredAt")
    latest = (expires_at - EPOCH) // timedelta(milliseconds=1)
    if not isinstance(expires_ms, int) or expires_ms > latest:
        raise NotSent(EXPIRED, f"the transaction would be valid until {expires_ms}, not {latest}")
