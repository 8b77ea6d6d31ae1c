"""New names of contracts: IB's number of a contract stays when its symbol changes."""

from collections.abc import Iterator
from functools import partial
from itertools import pairwise

from orderledger import InvalidMessage, Message
from orderledger.venues.importers.ib_flex_rows import BOOKED_AT, KINDS, FlexContext
from orderledger.venues.importers.ib_flex_survey import Named, Survey, time_text
from orderledger.venues.importers.source import Row, row_of


def new_names(context: FlexContext, survey: Survey) -> Iterator[Row]:
    """A rename for each symbol of a contract after its first one. It holds from the first row that
    has the new symbol: no row states when it changed."""
    for conid, named in sorted(survey.names.items()):
        symbols = survey.symbols(next(iter(named.values())).first)
        for (former, before), (symbol, after) in pairwise(symbols):
            if after.first.get("assetCategory") in KINDS:
                translate = partial(_rename, former, before, symbol, after, context)
                yield row_of(f"conid {conid}", dict(after.first.raw), translate)


def _rename(
    former: str, before: Named, symbol: str, after: Named, context: FlexContext
) -> list[Message]:
    row = after.first
    if before.last > time_text(row):
        raise InvalidMessage(
            "symbol", f"{former} and {symbol} are one contract, and its rows have both in turn"
        )
    made = context.of(row)
    at = row.moment(context.options.zone, "dateTime", "date", day_at=BOOKED_AT)
    names = {"instrument": context.name(made, former), "to": context.name(made, symbol)}
    return [] if len(set(names.values())) < 2 else [made.message("rename", at=at, **names)]
