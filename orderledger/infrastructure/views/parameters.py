"""Parameters that several questions have, with their meanings."""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Annotated

from orderledger.infrastructure.views.histories import EVENT_NAMES, SOURCES
from orderledger.infrastructure.views.paging import LONGEST_PAGE
from orderledger.infrastructure.views.questions import Between, Word
from orderledger.projections.positions import LotChoice, Method

__all__ = [
    "Account",
    "Actor",
    "AsOf",
    "Between",
    "EffectiveAt",
    "EventName",
    "EventSource",
    "Groups",
    "Instrument",
    "KeptMethod",
    "LotMethod",
    "MarkServes",
    "Newest",
    "OpenOnly",
    "OrderId",
    "Parities",
    "PositionId",
    "PositionSide",
    "Since",
    "Strategy",
    "Timezone",
    "Until",
    "Word",
]

Account = Annotated[str | None, "Only this account."]
Instrument = Annotated[str | None, "Only this instrument."]
Strategy = Annotated[str | None, "Only this strategy."]
PositionSide = Annotated[
    str | None, "Only this position of the instrument.", ("long", "short", "net")
]
PositionId = Annotated[str | None, "Only the position with this id of the venue."]
OrderId = Annotated[
    str,
    "Any id of the order: ours, a replacement's, a request's, the venue's, or an alias.",
    Word("id"),
]
Since = Annotated[datetime | None, "Only rows of this time or later."]
Until = Annotated[datetime | None, "Only rows before this time."]
AsOf = Annotated[datetime | int | None, "Show what was known then, by the time of recording."]
EffectiveAt = Annotated[datetime | None, "Show what had happened by then, by the venue's time."]
LotMethod = Annotated[LotChoice, "Lots that a fill closes first."]
KeptMethod = Annotated[Method, "Lots that a fill closes first."]
Timezone = Annotated[str | tzinfo, "Time zone of the days, e.g. Europe/Berlin."]
Actor = Annotated[str | None, "Only this actor."]
EventSource = Annotated[str | None, "Only this source.", SOURCES]
EventName = Annotated[
    str | None,
    "Only events of this name, with or without its version, e.g. fill_recorded.",
    tuple(EVENT_NAMES),
]
OpenOnly = Annotated[bool, "Only open ones.", Word("open")]
Newest = Annotated[
    int | None, "Maximum number of rows. The ones updated last are kept.", Between(1)
]
Groups = Sequence[str] | str
Parities = Annotated[
    Sequence[str],
    "Two currencies of which one unit is worth one unit of the other, e.g. USDT=USD.",
    Word("parity"),
]
MarkServes = Annotated[
    timedelta | None,
    "How long a mark values positions and converts amounts. Otherwise the setting, 24 hours.",
]
RowsOfPage = Annotated[int, Between(1, LONGEST_PAGE)]
