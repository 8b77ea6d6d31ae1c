"""`Changes`: how an exchange changes an order in place. Needs no ccxt.

A table `[change]` in the file of an exchange has:

- `path` of the request, and `source`: the page that states what it keeps.
- `names`: the fields with the exchange's id of the order. `also`: fields that say nothing of its
  terms. `values` and `words`: as in a shape. Another field is not sent.
- `needs`: the terms that each change states, changed or not. The others are sent only if they
  change, so that the exchange keeps them.
- `params`: by changed term, the parameters of createOrder that editOrder takes for it.
- `states`: by term, the parameters that keep a term of the order, which a change without them may
  drop. A text is the term whose number is sent. `with`: the changed term with which they are sent.
- `conditional`: whether orders that wait for a trigger are changed.
- `is_received_only`: whether the answer only says that the request was received. The exchange may
  still not carry it out.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orderledger.extend.views import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The parameters that keep one term of an order."""

    params: Mapping[str, Any]
    goes_with: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """One table `[change]`. Its fields are those of the file."""

    path: re.Pattern[str]
    source: str
    names: Sequence[str]
    also: Sequence[str] = ()
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    needs: Sequence[str] = ()
    params: Mapping[str, Sequence[str]] = field(default_factory=dict)
    states: Mapping[str, Kept] = field(default_factory=dict)
    conditional: bool = False
    is_received_only: bool = False

    def stated(self, order: Row, changed: Mapping[str, Any]) -> Iterator[tuple[str, Kept]]:
        """The terms of the order that a change of these terms states."""
        for term, kept in self.states.items():
            if order.get(term) and (kept.goes_with is None or kept.goes_with in changed):
                yield term, kept


def changes_of(table: Mapping[str, Any]) -> Changes:
    """The table of a file."""
    states = {
        term: Kept(params=kept["params"], goes_with=kept.get("with"))
        for term, kept in table.get("states", {}).items()
    }
    return Changes(**{**table, "path": re.compile(table["path"]), "states": states})
