"""Words of explanations and audits."""

from datetime import timedelta

SOURCES = {
    "strategy": "our strategy",
    "operator": "our operator",
    "venue_push": "the venue, unasked",
    "venue_poll": "the venue, when asked",
    "reconciliation": "our reconciliation with the venue",
    "import": "an import",
    "ledger": "the ledger itself",
}
UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def span(period: timedelta) -> str:
    """A period in its two largest units: "3 h 2 min", "45 s", "1.5 s"."""
    seconds = abs(period).total_seconds()
    if seconds < 60:
        return f"{seconds:.3f}".rstrip("0").rstrip(".") + " s"
    left, parts = int(seconds), []
    for unit, size in UNITS:
        count, left = divmod(left, size)
        parts.append((count, unit))
    first = next(index for index, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count)
