"""order-terms.md, from the abilities of the order entries."""

# ruff: noqa: E501  (a cell of a Markdown table is one line)

from collections.abc import Iterator, Mapping

from markdown import table

from orderledger import OrderType, TimeInForce
from orderledger.gateway.emulation.marking import support_of_group, support_of_type
from orderledger.gateway.terms import CONDITIONS
from orderledger.venues.base.order_entry import EntryAbilities
from orderledger.venues.ccxt.quirks import quirks_of
from orderledger.venues.ccxt.sending.tables import languages
from orderledger.venues.ccxt.sending.terms import PRODUCTS, Product, Term
from orderledger.venues.ccxt.terms_sent import terms_sent
from orderledger.venues.hyperliquid.order_entry import HyperliquidOrderEntry
from orderledger.venues.invex.adapter import INVEX
from orderledger.venues.lighter.order_entry import LighterOrderEntry
from orderledger.venues.nobitex.adapter import NOBITEX
from orderledger.venues.tradier.order_entry import TradierOrderEntry
from orderledger.venues.wallex.adapter import WALLEX

GROUPS = ("oco", "oto", "bracket")
WORDS = {"spot": "spot", "contract": "contracts"}
ONE = "all"
"""Venues of one product."""
OTHER_PRODUCT = {
    "spot": ("binanceusdm", "binancecoinm", "kucoinfutures"),
    "contract": ("binanceus",),
}
"""Classes of ccxt that lack a product of their table."""
SISTERS = frozenset(
    {"binanceus", "binanceusdm", "binancecoinm", "bybiteu", "bybitid", "gateeu", "kucoinfutures"}
    | {"myokx", "okxus"}
)
"""Exchanges that share the table of another one."""
INTRODUCTION = """# Order terms

What the order entry of each venue sends. `native`: the venue takes it. `emulated`: the gateway [holds the order](../how-to/orders-of-a-desk.md) and sends
it when its condition is met. `refused`: the gateway denies the order before it is recorded as submitted. `native by setting`: emulated, unless the venue's
setting `native_groups` is true.

The tables follow from `EntryAbilities`. A single market of a venue may take less, e.g. no market stops: then the request does not contain the term, and the
order is not sent.
"""
CCXT = """## Exchanges through ccxt

`spot` and `contracts`: the venue takes the term for this product only. For the other product, the term is emulated if the gateway can watch it
(stops, take-profits and trailing stops), and refused otherwise.

An exchange without a row gets limit and market orders, good till canceled, without further terms. Each request is compared with its order, whatever the
table says.
"""
SOURCES = """### Restrictions and sources

The rows of the tables in `orderledger/venues/ccxt/sending`. An order beyond the restrictions is denied before it is recorded as submitted.

The last column names where the exchange documents the term. How ccxt 4.5.90 sends it is tested with ccxt's own requests. The pages of Kraken, Kraken
futures, Binance's conditional orders and Binance's trailing stops were read for this. The other rows follow ccxt's source and comments, and were not tried
at the exchange.
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
- **Trailing stops** are native where the venue's order trails by the same offset, from the moment at which it is placed, and is read back as one.
  Binance takes the unit `percent` only, Bitfinex `amount` only. The others need an activation price (Bitget, HTX), belong to a position and are not
  orders of their own (Bybit), or have no look-up here (Deribit, MEXC contracts): the gateway emulates them. The gateway compares with the mark; a venue
  compares with its own default unless `trigger_source` is given.
- **The direction of a trigger** is part of each request: a take-profit that buys waits for a fall, and one that sells for a rise. Where a request cannot
  say it, the gateway emulates the take-profit: at Bybit spot, the venue derives the direction from the price at which the order arrives. OKX
  spot takes it as a margin order only, through ccxt. A stop at OKX is sent as a stop-loss (`slTriggerPx`): if the market has passed its price, OKX refuses
  it (error codes 51277 to 51280), as Binance does (USD-M -2021; spot, by its sentence) and Bybit (110092, 110093). The reason is
  `would_trigger`. For an exit of a bracket, the price counts as reached: the other exits are canceled, and the order that the trigger would have
  made is sent at once. In an OTO group the other orders stay. A stop of a spot order is sent with `tdMode` `cash`, and triggers by the last price only (51415).
  Spot orders of multi-currency and portfolio margin accounts need `cross` (page "Place order"), which is not sent.
- **Reduce-only** orders exist at OKX for contracts in net mode only (page "Place order"). In long/short mode, `position_side` and the side say what an order
  closes. Where a product of an exchange has no such orders, the order is denied: it would be filled without a position, too.
- **Good till date.** `expire_at` is sent in whole seconds; a fraction is refused. Binance USD-M needs at least 600 seconds from now. KuCoin counts
  seconds from the arrival of the order (`cancelAfter`), which is not the same time, so `gtd` is refused there.
- **Day.** Deribit's day ends at 08:00 UTC, Tradier's with the session.
- **Fill or kill, and day,** do not exist at Hyperliquid and Lighter. Hyperliquid's times in force are `Alo`, `Ioc` and `Gtc` (hyperliquid.gitbook.io,
  Exchange endpoint, "Place an order"), Lighter's are good till time, immediate or cancel, and post-only (apidocs.lighter.xyz, order fields). Tradier's
  durations are `day`, `gtc`, `pre` and `post` (documentation.tradier.com, orders). Nobitex and Wallex document no time in force for a request; Invex reports
  `GTC` alone.
- **Quote quantity.** Where the table of restrictions names one side, the venue counts money on that side only. The quantity filled comes from the trades.
- **Stops** that ccxt cannot send, or whose ends it cannot query, are emulated, not refused: Deribit, Gate spot, MEXC, HTX contracts, BloFin. The same holds
  for stops and take-profits at Bitget and KuCoin: no page at hand says how the order is found that a triggered one makes. Those that an earlier version
  has sent are still read and canceled.
"""


def order_terms() -> str:
    venues = dict(_venues())
    exchanges = dict(_exchanges())
    parts = [INTRODUCTION]
    entries: Mapping[str, Mapping[str, EntryAbilities]]
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
    return "\n".join([*parts, SOURCES, _sources(), NOTES])


def _venues() -> Iterator[tuple[str, Mapping[str, EntryAbilities]]]:
    yield "hyperliquid", {ONE: HyperliquidOrderEntry.abilities}
    yield "lighter", {ONE: LighterOrderEntry.abilities}
    yield "tradier", {ONE: TradierOrderEntry.abilities}
    for name, polled in (("nobitex", NOBITEX), ("wallex", WALLEX), ("invex", INVEX)):
        yield name, {ONE: polled.entry_abilities}


def _exchanges() -> Iterator[tuple[str, Mapping[str, EntryAbilities]]]:
    for name, language in sorted(languages().items()):
        lists = set(language.lists)
        products = [
            one for one in PRODUCTS if one in lists and name not in OTHER_PRODUCT.get(one, ())
        ]
        yield name, {product: _abilities(name, product) for product in products}


def _abilities(name: str, product: Product) -> EntryAbilities:
    quirks, sent = quirks_of(name), terms_sent(name, product)
    return EntryAbilities(
        batch=quirks.batch,
        replaces=quirks.edits_in_place,
        cancels_by_client_id=quirks.cancels_by_client_id,
        order_types=sent["order_types"],
        times_in_force=sent["times_in_force"],
        conditions=sent["conditions"],
    )


def _table(entries, names, support) -> str:  # type: ignore[no-untyped-def]
    rows = [
        (f"`{venue}`", *(_cell(name, products, support) for name in names))
        for venue, products in entries.items()
    ]
    return table(("", *(f"`{name}`" for name in names)), rows)


def _cell(name, products, support) -> str:  # type: ignore[no-untyped-def]
    """The support of all products, or the one product that has it."""
    words = {product: support(name, abilities) for product, abilities in products.items()}
    if len(set(words.values())) == 1:
        return str(next(iter(words.values())))
    return "spot" if words["spot"] == "native" else "contracts"


def _sources() -> str:
    """The rows of the tables, one line for those that differ in the unit or the source alone."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for name, language in sorted(languages().items()):
        if name not in SISTERS:
            for row in language.terms:
                key = (f"`{name}`", f"`{row.term}`", _restrictions(row))
                found.setdefault(key, []).append(row.source)
    rows = [(*key, "; ".join(dict.fromkeys(sources))) for key, sources in found.items()]
    return table(("Exchange", "Term", "Only", "Source"), rows)


def _restrictions(row: Term) -> str:
    product = "" if len(row.products) > 1 else WORDS[row.products[0]]
    limits = (
        ", ".join(f"`{one}`" for one in row.exchanges),
        product,
        f"unit `{row.unit}`" if row.unit else "",
        ", ".join(f"`{one}`" for one in row.types),
        ", ".join(f"`{one}`" for one in row.sides),
        f"values {', '.join(f'`{one}`' for one in row.words)}" if row.words else "",
    )
    return "; ".join(filter(None, limits))


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
