"""How each exchange expresses the terms of an order, one file per exchange, from the request
builders of ccxt 4.5.90 and the exchanges' own pages. Needs no ccxt.

A file has `exchanges`, `queries` (patterns for requests other than GET that change nothing), and
for each form of an order a `[[shape]]`:

- `path`: the method and path of the request. `when`: further fields that it has. `each`: the place
  of its orders; `batch`: the field that holds several.
- `values`: the places of numbers and names. `market`: the field of ccxt's market that names the
  instrument.
- `words`: the meaning of texts. Fields that have a meaning only together are joined with `+`; an
  absent one is empty. `has`: the meaning of a field's presence. `is_stop` marks a stop order: if a
  form has this mark, a stop price without it has no effect. `takes_profit` marks a take-profit
  order, `trails` a trailing stop. An expiry is a value `expire_seconds`, `expire_milliseconds` or
  `expire_time`. A trail offset is `trail_amount`, `trail_percent`, `trail_ratio` (0.01 is one
  percent) or `trail_points` (100 are one percent).
- `buys_by_cost`: the quantity of a market buy is an amount of the quote currency.
  `closes_by_reduce_only`: in hedge mode, the position follows from the side and from whether the
  order only reduces.

`[reported]` is the reverse: the meaning of fields in the exchange's rows, as `words`. They are
side, position, time in force, `takes_profit`, `trails` and the `order_type`.
With `quantity_in`, the quantity is an amount of quote currency.

The rest are parameters for ccxt: `[stop]` and `[contract_stop]` by the side of a stop order;
`[hedge]` by position side; `trigger` (the parameter of a stop price); `stop_id` and `contract_id`
(the parameter of the client id of stop orders, and of contracts). `whole_contracts`: the number of
contracts is an integer. `conditional`: stop orders are another kind of order, and are canceled
separately.

`spot` and `contract`: the order types, times in force and conditions that ccxt sends of each
product, besides limit and market orders. If one list is missing, the other holds for both.
`[[term]]`: see `terms`. `[change]`: see `changes`.
"""

import functools
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from importlib.resources import files
from typing import Any

from orderledger.extend.views import Row
from orderledger.venues.ccxt.sending.changes import Changes, changes_of
from orderledger.venues.ccxt.sending.terms import PRODUCTS, Product, Term, waits_for_trigger

OPTIONS = (
    "reported",
    "stop",
    "contract_stop",
    "trigger",
    "stop_id",
    "contract_id",
    "whole_contracts",
    "conditional",
)
Terms = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One form of an order in a request."""

    path: re.Pattern[str]
    when: Mapping[str, str] = field(default_factory=dict)
    each: str = ""
    batch: str = ""
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, Terms]] = field(default_factory=dict)
    has: Mapping[str, Terms] = field(default_factory=dict)
    buys_by_cost: bool = False
    closes_by_reduce_only: bool = False
    market: str = "id"

    @property
    def marks_stops(self) -> bool:
        """Whether a stop order is marked as one (`is_stop`). Without the mark, the exchange does
        not read a stop price."""
        groups = [*(words.values() for words in self.words.values()), self.has.values()]
        return any("is_stop" in terms for group in groups for terms in group)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hedge:
    """The parameters for ccxt in hedge mode, by position side. `closes`: the parameters for an
    order that closes.
    """

    long: Mapping[str, Any]
    short: Mapping[str, Any]
    closes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """How one exchange expresses an order's terms."""

    shapes: Sequence[Shape]
    queries: Sequence[re.Pattern[str]] = ()
    hedge: Hedge | None = None
    stop: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    contract_stop: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    trigger: str = "triggerPrice"
    stop_id: str | None = None
    contract_id: str | None = None
    whole_contracts: bool = False
    conditional: bool = False
    reported: Mapping[str, Mapping[str, Terms]] = field(default_factory=dict)
    lists: Mapping[Product, frozenset[str]] = field(default_factory=dict)
    terms: Sequence[Term] = ()
    changes: Changes | None = None

    def sends(self, exchange: str, product: Product) -> frozenset[str]:
        """The names of what ccxt sends of a product, besides limit and market orders."""
        listed = self.lists.get(product)
        if listed is None:
            listed = next(iter(self.lists.values()), frozenset())
        return listed | {row.term for row in self.terms if row.is_of(exchange, product)}


def language_of(exchange: str) -> Language | None:
    """The table of an exchange of ccxt."""
    return languages().get(exchange)


@functools.cache
def languages() -> Mapping[str, Language]:
    """All tables, by the ids of exchanges in ccxt."""
    found: dict[str, Language] = {}
    for file in sorted(
        (one for one in files(__package__).iterdir() if one.name.endswith(".toml")),
        key=lambda one: one.name,
    ):
        document = tomllib.loads(file.read_text(encoding="utf-8"))
        found |= dict.fromkeys(document["exchanges"], _language(document))
    return found


def id_spaces(exchange: str, order: Row) -> tuple[bool, ...]:
    """Where to query an order, as ccxt's parameter `trigger`. Conditional orders come first if they
    are another kind of order at this exchange."""
    language = language_of(exchange)
    may_be = language is not None and language.conditional
    return (True, False) if may_be and waits_for_trigger(order) else (False,)


def _language(document: Mapping[str, Any]) -> Language:
    given = {name: document[name] for name in OPTIONS if name in document}
    return Language(
        shapes=[
            Shape(**{**shape, "path": re.compile(shape["path"])}) for shape in document["shape"]
        ],
        queries=[re.compile(pattern) for pattern in document.get("queries", ())],
        hedge=Hedge(**document["hedge"]) if "hedge" in document else None,
        lists={name: frozenset(document[name]) for name in PRODUCTS if name in document},
        terms=[Term(**row) for row in document.get("term", ())],
        changes=changes_of(document["change"]) if "change" in document else None,
        **given,
    )


def meaning(
    places: str, fields: Mapping[str, str], words: Mapping[str, Terms]
) -> tuple[str, Terms | None] | None:
    """The text of the fields at these places, and its meaning, if it has one. None if none of
    them is present.
    """
    parts = [fields.get(place) for place in places.split("+")]
    if all(part is None for part in parts):
        return None
    text = "+".join(part or "" for part in parts)
    return text, next((terms for word, terms in words.items() if fnmatchcase(text, word)), None)
