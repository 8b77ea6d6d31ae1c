"""The settings: keyword arguments of `Ledger.open`, or environment variables."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any

from orderledger.infrastructure.errors import InvalidSetting
from orderledger.projections.rates import RateRules, pair_of

LONGEST_WAIT = 86_400
LONGEST_SERVICE = 10 * 366 * LONGEST_WAIT
SECONDS = {
    "lock_timeout": (0, LONGEST_WAIT),
    "answer_timeout": (1, LONGEST_WAIT),
    "mark_serves": (0, LONGEST_SERVICE),
}
"""Settings in whole seconds, with the smallest and the largest value of each."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of a store. The environment variable of a setting is ORDERLEDGER_ and its name in
    capitals."""

    db: str = "orderledger.db"
    """The store: a path, sqlite:///path, postgresql://... or memory://."""

    synchronous: str = "FULL"
    """The durability of a commit. FULL and EXTRA survive a power failure, NORMAL and OFF the death
    of the process. On PostgreSQL, FULL and EXTRA mean synchronous_commit=on, NORMAL and OFF mean
    off."""

    lock_timeout: int = 30
    """Seconds to wait for a store that another process has locked, up to a day."""

    answer_timeout: int = 30
    """Seconds to wait for a silent PostgreSQL server that is not working on the request, up to a
    day."""

    parities: str = ""
    """Pairs of currencies of which one unit is worth one unit of the other, such as
    USDT=USD,USDC=USD. They convert fees, and come before those of a question."""

    mark_serves: int = 86_400
    """Seconds for which a mark values positions and converts amounts, the last instant
    included."""

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None, **given: Any) -> "Settings":
        """Read the settings: given values first, then the environment, then the defaults."""
        environment = os.environ if environment is None else environment
        settings = cls()
        for field in fields(cls):
            text = environment.get(f"ORDERLEDGER_{field.name.upper()}")
            if text:
                settings = replace(settings, **{field.name: _value(field.name, text)})
        settings = replace(
            settings, **{name: value for name, value in given.items() if value is not None}
        )
        if settings.synchronous not in ("FULL", "NORMAL", "OFF", "EXTRA"):
            raise InvalidSetting(
                "synchronous", f"{settings.synchronous!r} is not one of FULL, EXTRA, NORMAL, OFF"
            )
        for name, (least, most) in SECONDS.items():
            seconds = getattr(settings, name)
            if type(seconds) is not int or not least <= seconds <= most:
                span = f"up to {most}" if not least else f"from {least} to {most}"
                raise InvalidSetting(name, f"{seconds!r} is not a whole number of seconds {span}")
        try:
            _ = settings.rate_rules
        except ValueError as fault:
            raise InvalidSetting("parities", str(fault)) from None
        return settings

    @property
    def rate_rules(self) -> RateRules:
        """How amounts in other currencies are converted. Raises ValueError for a text that is not
        a parity."""
        parities = [text.strip() for text in self.parities.split(",") if text.strip()]
        return RateRules(tuple(map(pair_of, parities)), timedelta(seconds=self.mark_serves))

    def of_store(self) -> dict[str, Any]:
        """The arguments of `open_store`."""
        return {
            "url": self.db,
            **{
                field.name: getattr(self, field.name)
                for field in fields(self)
                if field.name not in ("db", "parities", "mark_serves")
            },
        }


def _value(name: str, text: str) -> Any:
    if name not in SECONDS:
        return text
    if not text.isdecimal():
        raise InvalidSetting(f"ORDERLEDGER_{name.upper()}", f"{text!r} is not a number of seconds")
    return int(text)
