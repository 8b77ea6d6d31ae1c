"""`ObjectContext`: makes the messages of one object, with the fields that all of them share."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orderledger import Message, parse_document
from orderledger.venues.interop.objects import ForeignObject, as_evidence

CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{2,60}")
LONGEST_TEXT = 10_000

OUTCOME_UNKNOWN = frozenset(
    {
        "CancelledError", "ClientConnectionError", "ClientConnectionResetError", "ClientOSError",
        "ClientPayloadError",
        "ConnectionAbortedError", "ConnectionError", "ConnectionResetError",
        "ConnectionTimeoutError", "ContentTypeError",
        "ExchangeNotAvailable", "IncompleteReadError", "JSONDecodeError", "NetworkError",
        "OnMaintenance", "RequestTimeout",
        "ServerConnectionError", "ServerDisconnectedError", "ServerTimeoutError",
        "SocketTimeoutError", "TimeoutError",
    }
)  # fmt: skip
"""Names of exceptions (Python, aiohttp, ccxt) after which an order may be at the venue: sending
ended without an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectContext:
    """`at`: time of receipt, for objects without a time. `instruments`: the ledger's names of
    their instruments, if they differ. `evidence`: the object as plain values.
    """

    account: str
    at: datetime | None
    instruments: Mapping[str, str]
    evidence: Any

    @classmethod
    def of(
        cls,
        given: ForeignObject,
        account: str,
        at: datetime | None,
        instruments: Mapping[str, str] | None,
    ) -> "ObjectContext":
        return cls(
            account=account, at=at, instruments=instruments or {}, evidence=as_evidence(given.raw)
        )

    def message(self, kind: str, /, *, at: datetime | None, **fields: Any) -> Message:
        """A message; fields that are None are left out. Raises InvalidMessage if the ledger could
        not record it."""
        given = {name: value for name, value in fields.items() if value is not None and value != {}}
        when = at or self.at
        document = {"type": kind, "account": self.account, "evidence": self.evidence, **given}
        return parse_document(document if when is None else {**document, "at": when})

    def instrument(self, name: Any) -> str | None:
        """The ledger's name of an instrument. An object with an exchange, a market type and a
        symbol is named after these.
        """
        if name is None:
            return None
        if isinstance(name, Mapping):
            name = ":".join(
                str(name.get(part, "")) for part in ("exchange", "market_type", "symbol")
            )
        return self.instruments.get(str(name), str(name))


def reason_and_text(code: Any, sentence: Any, default: str) -> dict[str, str]:
    """The `reason` and `text` of a refusal. Without a code, the first word of the sentence is
    the reason if it is in capitals.
    """
    text = "" if sentence is None else str(sentence)
    first = re.match(r"[A-Z][A-Z0-9_]{2,60}(?=$|[\s:,(])", text)
    found = str(code) if code not in (None, "") else (first.group() if first else default)
    reason = (
        found
        if CODE.fullmatch(found) or (0 < len(found) <= 60 and found.isprintable())
        else default
    )
    return {"reason": reason, "text": text[:LONGEST_TEXT]} if text else {"reason": reason}
