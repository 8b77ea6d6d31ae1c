"""The expiry of requests at exchanges of ccxt, from `absence.toml`: how it is sent, and what an
"unknown order" proves after it. Needs no ccxt.
"""

import functools
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any, Literal

from orderledger.venues.base.absence import EXPIRED, Absence
from orderledger.venues.ccxt.sending.requests import Request, flat
from orderledger.venues.errors import NotSent

WINDOW_MILLISECONDS = 5_000
HEADER = "header:"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
PROVED_TYPES = frozenset({"limit", "market"})
"""The types whose absence is proved where the table names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """How one exchange takes the expiry of a request. The fields are those of `absence.toml`."""

    form: Literal["window", "ms", "iso"]
    sent: str
    timestamp: str = ""
    param: str | None = None
    option: str | None = None
    header: str | None = None
    changes: bool = False

    def params(self, expires_at: datetime | None) -> dict[str, Any]:
        """The parameters for ccxt."""
        return {self.param: self._written(expires_at)} if self.param and expires_at else {}

    def headers(self, expires_at: datetime) -> dict[str, str]:
        """The headers that ccxt does not set."""
        return {self.header: str(self._written(expires_at))} if self.header else {}

    def check(self, request: Request, expires_at: datetime) -> None:
        """Raise NotSent unless the request expires by then."""
        found = self._found(request)
        if found is None:
            raise NotSent(EXPIRED, "the expiry is not found in what ccxt would send")
        if found > expires_at:
            text = f"it would be valid until {found.isoformat()}, and was recorded with the expiry"
            raise NotSent(EXPIRED, f"{text} {expires_at.isoformat()}: it waited for too long")

    def _written(self, expires_at: datetime) -> Any:
        if self.form == "window":
            return WINDOW_MILLISECONDS
        if self.form == "ms":
            return (expires_at - EPOCH) // MILLISECOND
        return expires_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _found(self, request: Request) -> datetime | None:
        fields = flat(request.document())
        headers = {name.lower(): str(value) for name, value in request.headers.items()}
        given, began = (_at(place, fields, headers) for place in (self.sent, self.timestamp))
        try:
            match self.form:
                case "iso":
                    return None if given is None else datetime.fromisoformat(given)
                case "ms":
                    return None if given is None else EPOCH + int(given) * MILLISECOND
                case "window":
                    if given is None or began is None:
                        return None
                    return EPOCH + (int(began) + int(given)) * MILLISECOND
        except ValueError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One exchange's rule. `by_id`, `lists_all_open`: see `absence.toml`."""

    absence: Absence
    expiry: Expiry
    by_id: Sequence[tuple[str, str]] = ()
    lists_all_open: bool = False


def rule_of(exchange: str) -> Rule | None:
    """The rule of an exchange of ccxt. None if its absence is never proved."""
    return rules().get(exchange)


@functools.cache
def rules() -> Mapping[str, Rule]:
    """All rules, by the ids of exchanges in ccxt."""
    found: dict[str, Rule] = {}
    text = (files(__package__) / "absence.toml").read_text(encoding="utf-8")
    for document in tomllib.loads(text).values():
        exchanges = document.pop("exchanges")
        by_id = [(method, param) for method, param in document.pop("by_id", ())]
        lists_all = document.pop("lists_all_open", False)
        expiry = Expiry(**document.pop("expiry"))
        name = expiry.param or expiry.header or expiry.option or ""
        types = frozenset(document.pop("order_types", PROVED_TYPES))
        absence = Absence(**document, expiry=name, order_types=types, is_on_changes=expiry.changes)
        rule = Rule(absence=absence, expiry=expiry, by_id=by_id, lists_all_open=lists_all)
        found |= dict.fromkeys(exchanges, rule)
    return found


def _at(place: str, fields: Mapping[str, str], headers: Mapping[str, str]) -> str | None:
    if place.startswith(HEADER):
        return headers.get(place.removeprefix(HEADER).lower())
    return fields.get(place)
