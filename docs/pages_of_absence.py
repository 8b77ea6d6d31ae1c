"""The page about the proof that an order never arrived, from the tables of the venues."""

from collections.abc import Iterator

from markdown import table

from orderledger.venues.base.absence import Absence
from orderledger.venues.ccxt.absence import rules
from orderledger.venues.ccxt.quirks import QUIRKS
from orderledger.venues.hyperliquid.order_entry import ABSENCE as HYPERLIQUID
from orderledger.venues.lighter.order_entry import ABSENCE as LIGHTER

HEAD = """# Orders that never arrived

A venue refuses a request that arrives after its expiry. So its answer "unknown order" proves that
an order never arrived, once the venue's clock has passed the expiry and a margin. The gateway
then denies the order with the reason `never_arrived`, and goes on.

The expiry is decided before the order is recorded, and recorded with it (`request_expires_at`, by
the venue's clock). The request is sent with this expiry or an earlier one, or not at all
(`request_expired`). The gateway reads the venue's clock at least every 30 seconds; the time of
the round trip is a bound of the reading. Our own clock proves nothing.
"""
COLUMNS = (
    "venue",
    "expiry",
    "seconds",
    "compared at",
    "margin",
    "answers",
    "looked up by",
    "found for",
    "unfilled",
    "sent again",
    "source",
)
MEANINGS = """
- `seconds`: the expiry, counted from the recording of the order. Orders that wait for their turn
  at the venue's rate get more.
- `compared at`: where the venue compares the expiry with its clock.
- `margin`: seconds after the expiry until queries show every order that arrived in time. Most
  venues do not state this time; the number is ours then.
- `answers`: how many answers "unknown order" are needed, and the seconds between them.
- `looked up by`: the query whose answer counts. `client id`: the venue is asked for this one order,
  among open and ended ones. `all open orders`: the venue's list of open orders is never cut, and
  the trades since the sending show an order that was filled. A list that may be cut proves nothing:
  the order then stays unresolved.
- `found for`: how long queries find an order with fills. A later answer proves nothing.
  `unfilled`: how long they find an order that ended without a fill. After that, the order may
  also have ended without a fill.
- `sent again`: the id of a second sending at the venue. The ledger's client order id stays.
"""
WITHOUT = """
## Venues without a proof

No expiry was found in the documents of Tradier, Nobitex, Wallex and Invex. Of ccxt's exchanges,
those that are not listed have none that ccxt can send: for instance HTX, Bitget, KuCoin, and
ccxt's own classes for Hyperliquid and Lighter. There an order without an answer stays unresolved
until the venue shows it or
[an operator decides](../how-to/recover-after-a-crash.md#decide-what-nobody-can-prove).
`gateway.resend` is refused with `absence_not_proved`, unless an operator
forces it.

Stop and trailing stop orders of ccxt are proved at binanceusdm and Bybit, where a query by client
id finds them. They are not proved at the other exchanges: most keep them as another kind of order,
with ids and queries of their own.
"""
NONCES = """
At Lighter, the gateway need not wait for ten minutes while it runs. It sends a cancel of the lost
order with the nonce of that order. If the venue takes it, the lost order can never be taken.
After a restart the nonce is not known, and the expiry counts.
"""


def absence() -> str:
    safe = ", ".join(name for name, quirks in QUIRKS.items() if quirks.resends_safely)
    return (
        f"{HEAD}\n{table(COLUMNS, list(_rows()))}\n{MEANINGS}{NONCES}{WITHOUT}\n"
        f"These exchanges take a client id only once, for ever: {safe}. There `gateway.resend` "
        "sends an\norder again without a proof, under the same id.\n"
    )


def _rows() -> Iterator[tuple[str, ...]]:
    yield _row("Hyperliquid", HYPERLIQUID, "client id")
    yield _row("Lighter", LIGHTER, "client id")
    groups: dict[int, list[str]] = {}
    for name, rule in rules().items():
        groups.setdefault(id(rule), []).append(name)
    for names in groups.values():
        rule = rules()[names[0]]
        looked_up_by = "client id" if rule.by_id else "all open orders"
        yield _row("ccxt: " + ", ".join(names), rule.absence, looked_up_by)


def _row(name: str, rule: Absence, looked_up_by: str) -> tuple[str, ...]:
    kept, unfilled = (_duration(one) for one in (rule.retention_seconds, rule.unfilled_seconds))
    return (
        name,
        f"`{rule.expiry}`",
        f"{rule.expires_seconds:g}",
        rule.checked,
        f"{rule.margin_seconds:g}",
        str(rule.queries) if rule.queries == 1 else f"{rule.queries}, {rule.pause_seconds:g} s",
        looked_up_by,
        kept,
        kept if rule.unfilled_seconds is None else unfilled,
        "a new id" if rule.is_new_id else "the same id",
        rule.source,
    )


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "no end stated"
    for size, word in ((86_400, "days"), (3_600, "hours"), (60, "min")):
        if seconds >= 2 * size or seconds == size:
            return f"{seconds / size:g} {word.removesuffix('s') if seconds == size else word}"
    return f"{seconds:g} s"
