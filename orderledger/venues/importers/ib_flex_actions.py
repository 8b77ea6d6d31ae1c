"""Corporate actions of a Flex statement: splits, renames, and exchanges of one security for
another or for money.

One action has a row for each security, and further rows where IB canceled it. The first row of an
action in the file makes its messages, the others are counted. How each type is recorded: `ROWS` in
`ib_flex_kinds`.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from orderledger import InvalidMessage, Message
from orderledger.extend.values import EXACT, ONE, ZERO, plain, total
from orderledger.venues.base.numbers import PRICE
from orderledger.venues.importers.ib_flex_rows import KINDS, FlexContext, FlexRow
from orderledger.venues.importers.ib_flex_survey import Survey, described, group_of
from orderledger.venues.importers.source import NothingToRecord

OLD = ".OLD"
"""End of the symbol that IB gives a contract which an action has replaced."""
CANCELED = "Ca"
CREATED = {"SO": "spin_off", "RI": "rights_issue"}
"""Types that bring another security without taking one, and the kind of the cause."""
TEXT = "the row does not state how the cost is divided"


def corporate_action(row: FlexRow, context: FlexContext, survey: Survey) -> list[Message]:
    """The messages of an action, for its first row in the file. Raises NothingToRecord for its
    other rows."""
    legs = survey.actions.get(group_of(row), [row])
    if row.number != legs[0].number:
        raise NothingToRecord("is a CorporateAction that another row of it records")
    if row.get("assetCategory") not in KINDS:
        raise InvalidMessage(
            "assetCategory", f"{row.get('assetCategory')} has no corporate actions that are read"
        )
    net = _net(legs)
    if not net:
        raise NothingToRecord("is a CorporateAction that was canceled, or moves nothing")
    return TYPES.get(row.get("type"), _unknown)(net, context, survey)


def _net(legs: Sequence[FlexRow]) -> list[FlexRow]:
    """One row for each security, with the sums of its rows: a cancel takes back what it cancels."""
    found: dict[str, list[FlexRow]] = {}
    for leg in legs:
        found.setdefault(leg.get("conid") or leg.get("symbol"), []).append(leg)
    net = []
    for rows in found.values():
        sums = {
            name: plain(total(row.amount(name) or ZERO for row in rows))
            for name in ("quantity", "proceeds", "value")
        }
        if sums["quantity"] != "0" or sums["proceeds"] != "0":
            last = next((row for row in reversed(rows) if CANCELED not in row.codes), rows[-1])
            net.append(FlexRow(last.tag, last.number, {**last.raw, **sums}))
    return net


def _unknown(legs: Sequence[FlexRow], context: FlexContext, survey: Survey) -> list[Message]:
    raise InvalidMessage(
        "type",
        f"{legs[0].get('type')!r} is not a corporate action that is read: see "
        "docs/how-to/record-mergers-and-spin-offs.md",
    )


def _split(legs: Sequence[FlexRow], context: FlexContext, survey: Survey) -> list[Message]:
    """A split of one contract, or of one that gets another number by it."""
    ratio, new = described(legs[0]).ratio, _new_leg(legs)
    if ratio is None:
        raise InvalidMessage("description", "does not say the ratio of the split")
    if new.get("assetCategory") == "OPT":
        if survey.earlier_symbol(new) is None:
            raise InvalidMessage(
                "symbol", "has no other name before the split in the file: record its rename"
            )
        return _changed(new, None, ratio, context)
    return _changed(
        new, _former_name(legs, new, survey), ratio, context, quantity=_rounded(legs, new, ratio)
    )


def _rounded(legs: Sequence[FlexRow], new: FlexRow, ratio: tuple[int, int]) -> Decimal | None:
    """The position after the split, if IB states another one than the ratio gives. Raises
    InvalidMessage if it differs by a whole share."""
    old = next((leg for leg in legs if leg is not new), None)
    if old is None:
        return None
    made, of_one = Decimal(ratio[0]), Decimal(ratio[1])
    held, taken = new.needed_amount("quantity"), -old.needed_amount("quantity")
    excess = EXACT.subtract(EXACT.multiply(held, of_one), EXACT.multiply(taken, made))
    if abs(excess) >= of_one:
        raise InvalidMessage(
            "quantity",
            f"is {plain(held)}, but {plain(taken)} split {ratio[0]} for {ratio[1]} makes another",
        )
    return held if excess else None


def _stock_dividend(legs: Sequence[FlexRow], context: FlexContext, survey: Survey) -> list[Message]:
    """More of the same security: `1 FOR 11` makes twelve of eleven."""
    head = described(legs[0])
    if len(legs) != 1 or head.ratio is None or head.ticker != legs[0].get("symbol"):
        return _unknown(legs, context, survey)
    new, old = head.ratio
    return _changed(legs[0], None, (new + old, old), context)


def _renamed(legs: Sequence[FlexRow], context: FlexContext, survey: Survey) -> list[Message]:
    new = _new_leg(legs)
    former = _former_name(legs, new, survey)
    if former in (None, new.get("symbol")):
        raise NothingToRecord("is a change of an ISIN that changes no symbol")
    return _changed(new, former, None, context)


def _changed(
    new: FlexRow,
    former: str | None,
    ratio: tuple[int, int] | None,
    context: FlexContext,
    quantity: Decimal | None = None,
) -> list[Message]:
    """The rename and the split of an instrument, which hold from one time on."""
    made, at = context.of(new), new.moment(context.options.zone, "dateTime", "reportDate")
    instrument = context.name(made, new.needed("symbol"))
    messages = []
    if former is not None and (was := context.name(made, former)) != instrument:
        messages.append(made.message("rename", at=at, instrument=was, to=instrument))
    if ratio is not None:
        fields = {"instrument": instrument, "ratio": list(ratio), "quantity": quantity}
        messages.append(made.message("split", at=at, **fields))
    return messages


def _new_leg(legs: Sequence[FlexRow]) -> FlexRow:
    """The row of the new security. Raises InvalidMessage if that is not clear."""
    going_on = [leg for leg in legs if not leg.get("symbol").endswith(OLD)]
    if len(legs) > 2 or len(going_on) != 1:
        symbols = ", ".join(leg.get("symbol") for leg in legs)
        raise InvalidMessage("symbol", f"the new security is not clear: {symbols}")
    return going_on[0]


def _former_name(legs: Sequence[FlexRow], new: FlexRow, survey: Survey) -> str | None:
    """The symbol before the action: that of earlier rows of the old contract, else that of the
    description."""
    for leg in legs:
        if leg is not new and (symbol := survey.earlier_symbol(leg)) is not None:
            return symbol
    ticker = described(new).ticker.removesuffix(OLD)
    return ticker or None


def _exchanged(legs: Sequence[FlexRow], context: FlexContext, survey: Survey) -> list[Message]:
    """A security that is taken for another one, for money, or for both. IB keeps the cost: what is
    not paid out moves into the other security."""
    head = described(legs[0])
    old, new = _sorted_legs(legs, head.ticker, head.security)
    if old is None or len(new) > 1:
        return _unknown(legs, context, survey)
    made, at = context.of(old), old.moment(context.options.zone, "dateTime", "reportDate")
    former = survey.earlier_symbol(old) if old.get("symbol").endswith(OLD) else None
    name = former or old.needed("symbol").removesuffix(OLD)
    quantity = old.needed_amount("quantity")
    proceeds = total(leg.amount("proceeds") or ZERO for leg in legs)
    units = EXACT.multiply(abs(quantity), old.amount("multiplier") or ONE)
    price = PRICE.divide(proceeds, units)
    instrument = context.name(made, name)
    fields: dict[str, Any] = {
        "instrument": instrument,
        "kind": "redemption",
        "price": Decimal(plain(price if quantity < 0 else -price)),
        "quantity": abs(quantity),
        "message_id": f"ib:{old.get('transactionID') or old.get('actionID') or at.isoformat()}",
    }
    messages = context.definition(old, made, instrument, at)
    if new:
        other = context.name(made, new[0].needed("symbol"))
        messages += context.definition(new[0], made, other, at)
        came = new[0].needed_amount("quantity")
        side = "buy" if came > 0 else "sell"
        into = {"instrument": other, "side": side, "quantity": abs(came), "price": ZERO}
        fields |= {"into": into, "premium": "carry"}
    context.defined.update(message.instrument for message in messages)  # type: ignore[attr-defined]
    return [*messages, made.message("settle", at=at, **fields)]


def _sorted_legs(
    legs: Sequence[FlexRow], ticker: str, security: str
) -> tuple[FlexRow | None, list[FlexRow]]:
    """The leg of the security that the action takes, and the others."""
    taken = [
        leg
        for leg in legs
        if leg.get("symbol").removesuffix(OLD) == ticker.removesuffix(OLD)
        or (security and security in (leg.get("isin"), leg.get("securityID"), leg.get("cusip")))
    ]
    if len(taken) != 1 or not taken[0].amount("quantity"):
        return None, []
    return taken[0], [leg for leg in legs if leg is not taken[0]]


def _created(legs: Sequence[FlexRow], context: FlexContext, survey: Survey) -> list[Message]:
    """Another security that is received beside the old one. It is a position of its own, at what
    the row says it is worth: the cost of the old one stays where it is."""
    if len(legs) != 1:
        return _unknown(legs, context, survey)
    row, head = legs[0], described(legs[0])
    made, at = context.of(row), row.moment(context.options.zone, "dateTime", "reportDate")
    instrument = context.name(made, row.needed("symbol"))
    if not survey.is_first(row) or context.options.known.is_held(instrument, at):
        raise InvalidMessage(
            "symbol",
            f"{instrument} was held before: record the position after it as adjust",
        )
    quantity = row.needed_amount("quantity")
    definition = context.definition(row, made, instrument, at)
    context.defined.add(instrument)
    adjusted = made.message(
        "adjust",
        at=at,
        message_id=f"ib:{row.get('transactionID') or at.isoformat()}",
        instrument=instrument,
        quantity=quantity,
        price=ZERO,
        cause={"kind": CREATED[row.get("type")], "instrument": context.name(made, head.ticker)},
        reason=CREATED[row.get("type")],
        text=TEXT,
    )
    return [*definition, adjusted]


def _worthless(legs: Sequence[FlexRow], context: FlexContext, survey: Survey) -> list[Message]:
    if len(legs) != 1:
        return _unknown(legs, context, survey)
    row = legs[0]
    head = described(row)
    raw = {**row.raw, "description": f"{row.get('symbol')}({head.security}) {head.what}"}
    return _exchanged([FlexRow(row.tag, row.number, raw)], context, survey)


TYPES: dict[str, Callable[[Sequence[FlexRow], FlexContext, Survey], list[Message]]] = {
    "FS": _split,
    "RS": _split,
    "IC": _renamed,
    "SD": _stock_dividend,
    "TC": _exchanged,
    "TO": _exchanged,
    "SR": _exchanged,
    "DW": _worthless,
    **dict.fromkeys(CREATED, _created),
}
"""By ibflex.enums.Reorg."""
