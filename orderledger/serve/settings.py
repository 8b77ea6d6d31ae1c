"""Settings of `orderledger serve`, with the limits that bound every request."""

from dataclasses import dataclass, field

from orderledger.serve.tokens import TokenSource
from orderledger.venues.collecting.settings import CollectSettings

LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """The server's limits on everything that a client may send or occupy."""

    body_bytes: int = 16 << 20
    """Bytes of a request's body."""

    lines: int = 10_000
    """Messages of one request."""

    head_bytes: int = 32 << 10
    """Bytes of a request's line and headers."""

    parameters: int = 60
    """Parameters of a request."""

    head_seconds: float = 5.0
    """Seconds until the headers of a request are complete."""

    body_seconds: float = 30.0
    """Seconds until the body of a request is complete."""

    answer_seconds: float = 30.0
    """Seconds for a query, and the same again for the client to read its answer."""

    connections: int = 1_000
    """Connections at once."""

    readers: int = 200
    """Readers of the stream at once."""

    stream_bytes: int = 64 << 20
    """Memory of the stream. A quarter is for the last events of each of the two views, and a half
    for what readers have not read yet. Beyond that, the slowest reader is dropped."""

    queries: int = 4
    """Queries that run at once."""

    queries_waiting: int = 200
    """Queries that wait for their turn. More are refused."""

    folds: int = 2
    """Queries as of another time that run at once: each folds the log."""

    folds_waiting: int = 8
    """Queries as of another time that wait for their turn."""

    cache_bytes: int = 64 << 20
    """Bytes of cached answers while the ledger does not change."""

    reconciliations: int = 4
    """Reconciliations that run at once, each of other accounts. More are refused."""

    reconcile_seconds: float = 120.0
    """Seconds for a reconciliation. It is then ended, and its appended messages stay."""


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """The address of the service, and who may reach it. `hosts`: names that the Host header may
    have, besides those of loopback. `collect`: the settings of `orderledger collect`, with the
    ledger that is served as `db`; None refuses reconciliations.
    """

    host: str = "127.0.0.1"
    port: int = 8350
    hosts: tuple[str, ...] = ()
    tokens: TokenSource | None = None
    collect: CollectSettings | None = None
    limits: ServerLimits = field(default_factory=ServerLimits)

    @property
    def is_loopback(self) -> bool:
        return self.host in LOOPBACK or self.host.startswith("127.")

    def allowed_hosts(self) -> frozenset[str]:
        """The names that a Host header may have, in lower case."""
        bound = () if self.host in ("0.0.0.0", "::", "") else (self.host,)
        return frozenset(name.lower() for name in (*LOOPBACK, *bound, *self.hosts))
