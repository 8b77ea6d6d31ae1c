"""Checks redundant figures of an ExecutionReport.

Source: the public FIX 4.4 specification, LeavesQty (151) and AvgPx (6). 4.2 has the same rules.
"""

from orderledger.venues.importers.checks import require_known
from orderledger.venues.importers.fix_tags import Tags

MAY_LEAVE_NOTHING = frozenset("348BC")
"""OrdStatus (39) of orders that are done for the day, canceled, rejected, calculated or expired:
LeavesQty may be 0."""

FIRST_FILLS = frozenset("12F")
"""ExecType (150) of a fill, in 4.2 and 4.4."""


def check(tags: Tags) -> None:
    """OrderQty is CumQty + LeavesQty while the order works, and AvgPx is LastPx after the first
    fill. A leg's report may have figures of the leg or of the order. Raises InvalidMessage."""
    if tags.get(35) != "8" or tags.get(442) == "2":
        return
    quantities = {str(tag): tags.number(tag) for tag in (38, 14, 151)}
    has_ended = (tags.get(39) or tags.get(150)) in MAY_LEAVE_NOTHING and not quantities["151"]
    is_overfilled = not quantities["151"] and (quantities["14"] or 0) > (quantities["38"] or 0)
    if quantities["38"] and not has_ended and not is_overfilled:
        require_known("38", "14 + 151", quantities, exact=frozenset({"14", "151"}))
    is_first = (
        tags.get(150) in FIRST_FILLS
        and tags.get(20) in (None, "0")
        and tags.number(14) == tags.number(32)
    )
    if is_first and tags.above_zero(6) is not None:
        require_known("6", "31", {"6": tags.number(6), "31": tags.number(31)})
