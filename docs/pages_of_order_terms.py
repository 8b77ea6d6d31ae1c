"""order-terms.md, from the abilities of the order entries."""

# ruff: noqa: E501  (a cell of a Markdown table is one line)

from collections.abc import Iterator

from markdown import table

from orderledger import OrderType, TimeInForce
from orderledger.gateway.emulation.marking import support_of_group, support_of_type
from orderledger.gateway.terms import CONDITIONS
from orderledger.venues.base.order_entry import EntryAbilities
from orderledger.venues.ccxt.order_entry import terms_sent
from orderledger.venues.ccxt.quirks import quirks_of
from orderledger.venues.ccxt.sending.tables import language_of, languages
from orderledger.venues.hyperliquid.order_entry import HyperliquidOrderEntry
from orderledger.venues.invex.adapter import INVEX
from orderledger.venues.lighter.order_entry import LighterOrderEntry
from orderledger.venues.nobitex.adapter import NOBITEX
from orderledger.venues.tradier.order_entry import TradierOrderEntry
from orderledger.venues.wallex.adapter import WALLEX

GROUPS = ("oco", "oto", "bracket")
INTRODUCTION = """# Order terms

What the order entry of each venue sends. `native`: the venue takes it. `emulated`: the gateway [holds the order](../how-to/orders-of-a-desk.md) and sends
it when its condition is met. `refused`: the gateway denies the order before it is recorded as submitted. `native by setting`: emulated, unless the venue's
setting `native_groups` is true.

The tables follow from `EntryAbilities`. A single market of a venue may take less, e.g. no market stops: then the request does not contain the term, and the
order is not sent.
"""
CCXT = """## Exchanges through ccxt

An exchange without a row gets limit and market orders, good till canceled, without further terms. Each request is compared with its order, whatever the
table says.
"""
NOTES = """## Notes

- **Worst price.** Hyperliquid and Lighter have no orders without a price. `market`, `stop` and `take_profit` need a `limit_price` there, the worst price at
  which they may trade. The setting `market_slippage` derives it from the mark, or from the stop price, and the request is recorded with it.
- **Brackets and OTO at Hyperliquid** are emulated, unless `native_groups` is set. It places the exits when the entry is filled completely, and cancels
  them with the entry. So a partial fill is unprotected (its page "Take profit and stop loss orders (TP/SL)").
- **OCO at Nobitex** is emulated, unless `native_groups` is set: then a limit and a stop-limit order are one request with `mode=oco`. A cancel of one ends
  both. Its page does not say what happens when one is filled in part.
- **Brackets at Lighter** are emulated, though it has grouped orders (OTO, OCO, OTOCO). Its documentation as read here does not say what the children do
  while the parent is filled in part. The exits themselves rest at the venue.
- **Brackets, OTO and OCO at Tradier** are emulated, unless `native_groups` is set. Then a bracket is sent as `otoco`, or as `oto` with one exit. Its page
  "Advanced orders" says that the first order releases or cancels the others when it "is filled". It does not say what happens when it is filled in part.
- **Combinations** (`legs`) are sent to Tradier as `multileg` orders, bought for a debit and sold for a credit.
- **Trailing stops** are emulated everywhere.
"""


def order_terms() -> str:
    venues = dict(_venues())
    exchanges = dict(_exchanges())
    parts = [INTRODUCTION]
    for title, entries in (("## Venues\n", venues), (CCXT, exchanges)):
        parts += [
            title,
            "### Order types\n",
            _table(entries, [str(one) for one in OrderType if one != "other"], support_of_type),
            "### Times in force\n",
            _table(entries, [str(one) for one in TimeInForce], _of_time),
            "### Further terms\n",
            _table(entries, list(CONDITIONS), _of_condition),
            "### Groups and requests\n",
            _table(entries, [*GROUPS, *REQUESTS], _of_request),
        ]
    return "\n".join([*parts, NOTES])


def _venues() -> Iterator[tuple[str, EntryAbilities]]:
    yield "hyperliquid", HyperliquidOrderEntry.abilities
    yield "lighter", LighterOrderEntry.abilities
    yield "tradier", TradierOrderEntry.abilities
    for name, polled in (("nobitex", NOBITEX), ("wallex", WALLEX), ("invex", INVEX)):
        yield name, polled.entry_abilities


def _exchanges() -> Iterator[tuple[str, EntryAbilities]]:
    for name in sorted(languages()):
        quirks, sent = quirks_of(name), terms_sent(language_of(name))
        yield (
            name,
            EntryAbilities(
                batch=quirks.batch,
                replaces=quirks.edits_in_place,
                cancels_by_client_id=quirks.cancels_by_client_id,
                order_types=sent["order_types"],
                times_in_force=sent["times_in_force"],
                conditions=sent["conditions"],
            ),
        )


def _table(entries, names, support) -> str:  # type: ignore[no-untyped-def]
    rows = [
        (f"`{venue}`", *(support(name, abilities) for name in names))
        for venue, abilities in entries.items()
    ]
    return table(("", *(f"`{name}`" for name in names)), rows)


def _of_time(name: str, abilities: EntryAbilities) -> str:
    return "native" if name in abilities.times_in_force else "refused"


def _of_condition(name: str, abilities: EntryAbilities) -> str:
    return "native" if name in abilities.conditions else "refused"


REQUESTS = ("replace", "replace quantity", "batch", "cancel by client id")


def _of_request(name: str, abilities: EntryAbilities) -> str:
    if name in GROUPS:
        return support_of_group(name, abilities)
    answers = {
        "replace": "native" if abilities.replaces else "refused",
        "replace quantity": "native" if abilities.replaces and abilities.resizes else "refused",
        "batch": str(abilities.batch) if abilities.batch > 1 else "one by one",
        "cancel by client id": "native" if abilities.cancels_by_client_id else "by venue id",
    }
    return answers[name]
