"""The chart of equity and drawdown: inline SVG without script, style or external text."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from html import escape
from itertools import groupby

from orderledger.extend.values import EXACT, ZERO
from orderledger.serve.statement.equity import StatementCurve
from orderledger.serve.statement.period import INSTANT, Period
from orderledger.serve.statement.rounding import amount_text

WIDTH, HEIGHT, BELOW = 720, 160, 60
"""Width of the drawing, height of the equity curve, and height of the drawdown below it, in units
of the drawing."""
EDGE = 4

Point = tuple[int, Decimal]


def chart(curve: StatementCurve, period: Period) -> str:
    """Equity as a line, and the drawdown below it as an area. Empty if there is no value."""
    ended = (period.until, *curve.points[-1][1:])
    points = (*curve.points, ended)
    equity = _runs([(_x(at, period), value) for at, value, _ in points])
    fall = _runs([(_x(at, period), value) for at, _, value in points])
    values = [value for run in equity for _, value in run]
    if not values:
        return ""
    low, high = min(values), max(values)
    deepest = max(value for run in fall for _, value in run)
    least, greatest, largest = (
        amount_text(value, curve.currency) for value in (low, high, deepest)
    )
    name = (
        f"Equity in {curve.currency}: least {least}, greatest {greatest}; largest drawdown "
        f"{largest}"
    )
    lines = "".join(
        f'<path class="line" d="{_line(run, low, high, 0, HEIGHT)}"/>' for run in equity
    )
    areas = (
        "".join(f'<path class="fall" d="{_area(run, deepest)}"/>' for run in fall)
        if deepest
        else ""
    )
    zero = (
        f'<path class="zero" d="M0 {_y(ZERO, low, high, 0, HEIGHT)}H{WIDTH}"/>'
        if low <= ZERO <= high
        else ""
    )
    frame = f'<path class="frame" d="M0 {HEIGHT + EDGE}H{WIDTH}"/>'
    box_height = HEIGHT + BELOW + 3 * EDGE
    box = f"0 0 {WIDTH} {box_height}"
    label = escape(name)
    words = _words(
        (12, greatest), (HEIGHT, least), (box_height - 2, f"-{largest}" if deepest else "")
    )
    return (
        f'<svg viewBox="{box}" role="img" '
        f'aria-label="{label}"><title>{label}</title>{frame}{zero}{areas}{lines}{words}</svg>'
    )


def _words(*placed: tuple[int, str]) -> str:
    """Numbers beside the drawing, each at its height."""
    return "".join(f'<text x="2" y="{y}">{escape(word)}</text>' for y, word in placed if word)


def _runs(placed: list[tuple[int, Decimal | None]]) -> list[list[Point]]:
    """The known values from left to right, split where a value is unknown. From the values of
    one place it keeps the first, the least, the greatest and the last.
    """
    runs = [
        list(run)
        for is_known, run in groupby(placed, key=lambda point: point[1] is not None)
        if is_known
    ]
    return [_thinned([(x, value) for x, value in run if value is not None]) for run in runs]


def _thinned(run: list[Point]) -> list[Point]:
    thinned: list[Point] = []
    for x, points in groupby(run, key=lambda point: point[0]):
        values = [value for _, value in points]
        kept = sorted({0, values.index(min(values)), values.index(max(values)), len(values) - 1})
        thinned += [(x, values[index]) for index in kept]
    return thinned


def _x(at: datetime, period: Period) -> int:
    return WIDTH * ((at - period.since) // INSTANT) // ((period.until - period.since) // INSTANT)


def _y(value: Decimal, low: Decimal, high: Decimal, top: int, height: int) -> int:
    if low == high:
        return top + EDGE + height // 2
    part = EXACT.divide(EXACT.subtract(high, value), EXACT.subtract(high, low))
    return top + EDGE + int(EXACT.multiply(part, Decimal(height - 2 * EDGE)))


def _line(run: Sequence[Point], low: Decimal, high: Decimal, top: int, height: int) -> str:
    """Steps: a value holds until the next."""
    places = [(x, _y(value, low, high, top, height)) for x, value in run]
    return f"M{places[0][0]} {places[0][1]}" + "".join(f"H{x}V{y}" for x, y in places[1:])


def _area(run: Sequence[Point], deepest: Decimal) -> str:
    top = HEIGHT + EDGE
    falls = [(x, EXACT.subtract(ZERO, value)) for x, value in run]
    line = _line(falls, EXACT.subtract(ZERO, deepest), ZERO, top, BELOW + 2 * EDGE)
    return f"{line}V{top + EDGE}H{run[0][0]}Z"
