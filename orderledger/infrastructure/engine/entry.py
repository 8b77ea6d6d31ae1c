"""The input of the writer."""

import msgspec

from orderledger.domain.recorded import AnyFact


class Entry(
    msgspec.Struct, gc=False
):  # thousands are made a second: this takes a quarter of a dataclass's time
    """A message on its way into the log: the proposed fact, and the fields around it.

    `stream`: stream that the fact's client order id names. The resolver finds the stream of an
    order with other names. `fence`: of the lease under which the order is sent; the commit raises
    Fenced if the account has another sender by then.
    """

    account: str
    fact: AnyFact
    source: str
    stream: str
    actor: str | None = None
    on_behalf_of: str | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    text: str | None = None
    evidence: bytes | None = None
    fence: int | None = None
