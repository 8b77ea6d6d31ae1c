"""Draws docs/images/architecture.svg from the imports of the package: `python
docs/draw_architecture.py`. With --check it writes nothing and reports a stale picture.

A box is a package, a row is a floor, and an arrow means "imports". The core is one box with its
layers. Every leaf imports the core, so these arrows are left out.
"""

import sys
from collections.abc import Iterator
from html import escape
from itertools import combinations, pairwise, permutations
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from tests import structure  # noqa: E402  (tests are importable from the repository alone)

PICTURE = REPOSITORY / "docs/images/architecture.svg"
MEANINGS = {
    "analytics": "tables, SQL, archives",
    "audit": "proof, explain, restate",
    "cli": "commands",
    "demo": "a tour in one minute",
    "domain": "what may happen to an order: pure rules",
    "extend": "what leaves may import",
    "gateway": "sending, limits, halts",
    "infrastructure": "messages, engine, storage, views",
    "ledger": "the Python API",
    "projections": "what people want to know: pure folds of the log",
    "serve": "HTTP, page, alerts",
    "simulation": "markets, venue servers",
    "testing": "the kit for adapters",
    "venues": "adapters, collector",
}
NAMES_ALONE = {"__init__", "async_ledger", "lazy", "renamed", "rows"}
"""Parts of the core that only hand names on, or the methods of the ledger as coroutines."""

WIDTH, MARGIN = 900, 16
BOX, HEIGHT = 196, 58
FLOOR, LAYER = 112, 50
SLOTS = 7
"""Places of a row; two boxes are two places apart at least."""
SEGMENTS = 36
"""Straight segments that approximate a curve when the layout is scored."""
STEP = (WIDTH - 2 * MARGIN - BOX) / (SLOTS - 1)

STYLE = """
text { font: 15px system-ui, sans-serif; fill: #1d2733; text-anchor: middle }
.name { font-weight: 600 }
.meaning { font-size: 12px; fill: #586574 }
.leaf { fill: #eef3fb; stroke: #4a6fa5; stroke-width: 1.5 }
.core { fill: #f6f1e1; stroke: #9a7b2f; stroke-width: 1.5 }
.layer { fill: #fffdf6; stroke: #d8c794 }
.arrow { fill: none; stroke: #7b8ba0; stroke-width: 1.5 }
.head { fill: #7b8ba0 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6ebf2 }
  .meaning { fill: #a9b6c6 }
  .leaf { fill: #1d2a3d; stroke: #7da2d8 }
  .core { fill: #2b2719; stroke: #cfae5a }
  .layer { fill: #38321f; stroke: #75663a }
  .arrow { stroke: #8fa0b5 }
  .head { fill: #8fa0b5 }
}
"""

HEAD = (
    '<defs><marker id="head" markerWidth="8" markerHeight="8" refX="1" refY="4" orient="auto">'
    '<path class="head" d="M0 0 8 4 0 8z"/></marker></defs>'
)

Point = tuple[float, float]
Curve = list[Point]
Places = dict[str, int]


def leaf_floors() -> list[list[str]]:
    """The leaves by their floor above the core, the highest first."""
    leaves = {one for one, _ in structure.arrows()} - {structure.CORE}
    heights = {leaf: structure.floor(leaf) for leaf in leaves}
    return [
        sorted(leaf for leaf in leaves if heights[leaf] == height)
        for height in sorted(set(heights.values()), reverse=True)
    ]


def core_floors() -> list[list[str]]:
    """The parts of the core by their floor, the highest first."""
    parts = {*structure.BELOW, *structure.ABOVE} - NAMES_ALONE
    below = {
        part: {other for one, other in structure.imports() if one == part and other in parts}
        - {part}
        for part in parts
    }

    def height(part: str) -> int:
        return 1 + max(map(height, below[part]), default=0)

    heights = {part: height(part) for part in parts}
    return [
        sorted(part for part in parts if heights[part] == one)
        for one in sorted(set(heights.values()), reverse=True)
    ]


def arrows() -> list[tuple[str, str]]:
    """The arrows between leaves."""
    return [arrow for arrow in structure.arrows() if structure.CORE not in arrow]


def placed(floors: list[list[str]]) -> Places:
    """The place of each leaf in its row: few crossings, no arrow through a box, short arrows. Each
    row is placed anew while the others stay, until nothing gets better."""
    places = {leaf: 2 * n for row in floors for n, leaf in enumerate(row)}
    for _ in range(len(floors) + 1):
        for row in floors:
            found = min(_rows(row), key=lambda one: (_cost(floors, {**places, **one}), str(one)))
            places |= found
    return places


def _rows(row: list[str]) -> Iterator[Places]:
    for slots in combinations(range(SLOTS), len(row)):
        if all(right - left > 1 for left, right in pairwise(slots)):
            for order in permutations(row):
                yield dict(zip(order, slots, strict=True))


def _cost(floors: list[list[str]], places: Places) -> float:
    tops = _tops(floors)
    curves = list(_curves(tops, places))
    hits = sum(
        _left(places[leaf]) - 8 < x < _left(places[leaf]) + BOX + 8 and top < y < top + HEIGHT
        for curve in curves
        for x, y in curve[1:-1]
        for leaf, top in tops.items()
    )
    crossings = sum(_cross(one, two) for one, two in combinations(curves, 2))
    length = sum(abs(curve[0][0] - curve[-1][0]) for curve in curves)
    middle = (SLOTS - 1) / 2
    lopsided = sum(abs(sum(places[leaf] - middle for leaf in row)) for row in floors)
    return 10_000 * hits + 1_000 * crossings + length + 20 * lopsided


def _cross(one: Curve, two: Curve) -> bool:
    """Whether two arrows cross: of their straight parts, any two."""
    return any(
        _turn(a, b, c) != _turn(a, b, d) and _turn(c, d, a) != _turn(c, d, b)
        for a, b in pairwise(one[::4])
        for c, d in pairwise(two[::4])
    )


def _turn(a: Point, b: Point, c: Point) -> bool:
    """Whether the way from `a` over `b` to `c` turns left."""
    return (b[0] - a[0]) * (c[1] - a[1]) < (b[1] - a[1]) * (c[0] - a[0])


def _tops(floors: list[list[str]]) -> dict[str, float]:
    return {leaf: MARGIN + FLOOR * n for n, row in enumerate(floors) for leaf in row}


def _left(place: int) -> float:
    return MARGIN + place * STEP


def _curves(tops: dict[str, float], places: Places) -> Iterator[Curve]:
    """The points of each arrow. Those of one box are spread over its edge, in order."""
    for one, other in arrows():
        begin = _port(one, other, [to for of, to in arrows() if of == one], places)
        end = _port(other, one, [of for of, to in arrows() if to == other], places)
        yield _curve((begin, tops[one] + HEIGHT), (end, tops[other] - 7))


def _port(box: str, other: str, others: list[str], places: Places) -> float:
    ordered = sorted(others, key=lambda leaf: (places[leaf], leaf))
    share = (ordered.index(other) + 1) / (len(others) + 1)
    return _left(places[box]) + BOX * (0.2 + 0.6 * share)


def _curve(begin: Point, end: Point) -> Curve:
    (x1, y1), (x2, y2) = begin, end
    bend = (y2 - y1) / 2
    points = []
    for n in range(SEGMENTS + 1):
        t = n / SEGMENTS
        weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
        xs, ys = (x1, x1, x2, x2), (y1, y1 + bend, y2 - bend, y2)
        points.append(
            (
                sum(weight * x for weight, x in zip(weights, xs, strict=True)),
                sum(weight * y for weight, y in zip(weights, ys, strict=True)),
            )
        )
    return points


def picture() -> str:
    floors, layers = leaf_floors(), core_floors()
    places, tops = placed(floors), _tops(floors)
    core = MARGIN + FLOOR * len(floors)
    height = core + 44 + LAYER * len(layers) + MARGIN
    title = "The packages of orderledger, and which imports which"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
            f"<title>{title}</title>",
            f"<style>{STYLE}</style>",
            HEAD,
            *(_arrow(curve) for curve in _curves(tops, places)),
            *(_box("leaf", _left(places[leaf]), top, BOX, leaf) for leaf, top in tops.items()),
            *_core(core, layers),
            "</svg>\n",
        ]
    )


def _arrow(curve: Curve) -> str:
    (x1, y1), (x2, y2) = curve[0], curve[-1]
    bend = (y2 - y1) / 2
    path = f"M{x1:g} {y1:g}C{x1:g} {y1 + bend:g} {x2:g} {y2 - bend:g} {x2:g} {y2:g}"
    return f'<path class="arrow" marker-end="url(#head)" d="{path}"/>'


def _box(kind: str, left: float, top: float, width: float, name: str) -> str:
    middle = left + width / 2
    return (
        f'<rect class="{kind}" x="{left:g}" y="{top:g}" width="{width:g}" height="{HEIGHT}" '
        f'rx="7"/>{_text("name", middle, top + 25, name)}'
        f"{_text('meaning', middle, top + 45, MEANINGS[name])}"
    )


def _core(top: float, layers: list[list[str]]) -> Iterator[str]:
    """The core as one box: its layers, each a row."""
    left, width = MARGIN, WIDTH - 2 * MARGIN
    height = 44 + LAYER * len(layers)
    yield (
        f'<rect class="core" x="{left}" y="{top:g}" width="{width}" height="{height}" rx="7"/>'
        f"{_text('name', WIDTH / 2, top + 26, 'the core: every package above imports it')}"
    )
    for n, layer in enumerate(layers):
        y, each = top + 40 + LAYER * n, (width - 24 + 8) / len(layer)
        for m, part in enumerate(layer):
            x = left + 12 + m * each
            yield (
                f'<rect class="layer" x="{x:g}" y="{y:g}" width="{each - 8:g}" '
                f'height="{LAYER - 8}" rx="5"/>{_text("name", x + each / 2 - 4, y + 18, part)}'
                f"{_text('meaning', x + each / 2 - 4, y + 34, MEANINGS[part])}"
            )


def _text(kind: str, x: float, y: float, words: str) -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}">{escape(words)}</text>'


def main(arguments: list[str]) -> int:
    drawn = picture()
    is_stale = not PICTURE.exists() or PICTURE.read_text(encoding="utf-8") != drawn
    if is_stale and "--check" not in arguments:
        PICTURE.write_text(drawn, encoding="utf-8")
    print(f"{PICTURE.name}: {'stale' if is_stale and '--check' in arguments else 'up to date'}")
    return 1 if is_stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
