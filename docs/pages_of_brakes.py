"""The generated tables of rate limits, cancel-alls and dead man's switches."""

from markdown import table

from orderledger.venues.base.order_entry import SwitchTerms
from orderledger.venues.ccxt.brakes import BY_NAME, GATE_PAGES, GATE_TERMS, NOT_USED
from orderledger.venues.ccxt.pacing import tables
from orderledger.venues.hyperliquid.order_entry import HyperliquidOrderEntry


def rate_limits() -> list[str]:
    """What the tables of ccxt's exchanges hold besides ccxt's own costs of requests."""
    limits, _, pauses = tables()
    rows = [
        (
            ", ".join(row.exchanges),
            row.name,
            f"{row.most} in {row.window:g} s" if row.window else f"{row.most}, -{row.falls_by:g}/s",
            f"each {row.each}" if row.each else "",
            row.source,
        )
        for row in limits
    ]
    held = [
        (", ".join(row.exchanges), str(row.status), row.text, f"{row.seconds:g}", row.source)
        for row in pauses
    ]
    return [
        "### Rate limits of orders\n",
        "Through ccxt, every request counts as ccxt's tables state, in the window that they",
        "state. Orders count in these limits too. Other venues have theirs in their adapters.\n",
        table(("exchange", "limit", "allowed", "for", "source"), rows),
        "\nAfter these answers no request leaves for a while, as after 429 and 418 at every venue.",
        "A longer pause that the answer states counts. So does any pause in an answer without the",
        "text.\n",
        table(("exchange", "status", "text", "at least, s", "source"), held),
    ]


def brakes() -> list[str]:
    """Each venue with a cancel-all or a dead man's switch."""
    found = {
        **{
            f"ccxt {name}": (one.cancel_all, one.switch.terms if one.switch else None, one.source)
            for name, one in BY_NAME.items()
        },
        "ccxt gate": ("instrument", GATE_TERMS, GATE_PAGES),
        "hyperliquid": (None, HyperliquidOrderEntry.switch_terms, ""),
    }
    rows = [
        (name, scope or "", *_switch(terms), terms.source if terms else source)
        for name, (scope, terms, source) in sorted(found.items())
    ]
    heads = ("venue", "one request cancels", "switch, s", "the switch covers", "source")
    return [
        "### Cancel-all and dead man's switch\n",
        "At a venue that is not in the table, the gateway cancels orders one by one.\n",
        table(heads, rows),
        "\nThese switches are not used:\n",
        table(
            ("venue", "switch", "why not", "source"),
            [(f"ccxt {name}", *row) for name, row in sorted(NOT_USED.items())],
        ),
    ]


def _switch(terms: SwitchTerms | None) -> tuple[str, str]:
    if terms is None:
        return "", ""
    return f"{terms.shortest:g} to {terms.longest:g}", terms.covers
