"""The parameters of the lists, beside the columns of their rows."""

from orderledger.extend.views import (
    AGREEMENTS,
    EVENT_NAMES,
    FEWEST_POINTS,
    METHODS,
    ORDERS_OF_PAGES,
    POINTS,
    SOURCES,
)
from orderledger.serve.alerts.lists import ORDERS as ORDERS_OF_ALERTS
from orderledger.serve.parameters import Parameter

MOST_POINTS = 100_000
"""Points of a curve that one answer may have. The command line and Python give all."""


def text(
    name: str, meaning: str, *words: str, argument: str = "", is_needed: bool = False
) -> Parameter:
    return Parameter(name, "text", meaning, words, argument, is_needed=is_needed)


ACCOUNT = text("account", "Only this account.")
INSTRUMENT = text("instrument", "Only this instrument.")
STRATEGY = text("strategy", "Only this strategy.")
METHOD = text("method", "Lots that a fill closes first.", *METHODS)
ID = text(
    "id",
    "Any id of the order: ours, a replacement's, a request's, the venue's, or an alias.",
    is_needed=True,
)
OF_EVENTS = (
    text("actor", "Only this actor."),
    text("source", "Only this source.", *SOURCES),
    text("name", "Only events of this name, with or without its version.", *EVENT_NAMES),
)
OF_LOG = (
    text("stream", "Only events of this stream."),
    text("correlation_id", "Only events with this correlation id."),
    Parameter("recorded_since", "time", "Events recorded then or later."),
    Parameter("recorded_until", "time", "Events recorded before this."),
)
OPEN_ORDERS = Parameter("open", "flag", "Only open orders.", argument="open_only")
OPEN_ANOMALIES = Parameter(
    "open", "flag", "Only anomalies that are not cleared.", argument="open_only"
)
ALL_TRADES = Parameter("all", "flag", "Also busted and corrected fills.", argument="include_busted")
ACTIVE = Parameter("active", "flag", "Only halts that still hold.", argument="active_only")
OPEN_ALERTS = Parameter("open", "flag", "Only alerts that are not cleared.", argument="open_only")
RULE = text("rule", "Only alerts of this rule.")
ORDER_OF_ALERTS = text(
    "order",
    "gravest, unless asked: open ones first, critical before warning before info, of each the "
    "newest first. desc or newest: the latest first. asc: the oldest first.",
    *ORDERS_OF_ALERTS,
)
POINTS_OF_CURVE = Parameter(
    "points",
    "count",
    "At most so many rows of each currency, with the extremes of what is left out. Default: "
    f"{POINTS}.",
    least=FEWEST_POINTS,
    most=MOST_POINTS,
)
AGREEMENT = text(
    "agreement",
    "Only orders that differ, that are unmatched (the venue never reported anything), or that "
    "agree.",
    *AGREEMENTS,
)
ORDER_OF_RECONCILED = text(
    "order",
    "newest, unless asked: the last updated first. asc or desc: by account.",
    *ORDERS_OF_PAGES,
)
SEARCH = text(
    "search",
    "Only orders with an id that begins with this: ours, a replacement's, the venue's, or an "
    "alias.",
)


AFTER_POSITION = Parameter(
    "after", "count", "A log position: later events, in descending order earlier ones."
)


def groups(names: tuple[str, ...]) -> Parameter:
    return Parameter("by", "names", f"Group by any of {', '.join(names)}.", names)
