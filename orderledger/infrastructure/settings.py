"""What can be set, and where: keyword arguments of `Ledger.open`, or the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from orderledger.infrastructure.errors import InvalidSetting

LONGEST_WAIT = 86_400
SECONDS = {"lock_timeout": 0, "answer_timeout": 1}
"""Settings that are whole numbers of seconds, and the least of each."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Each is read from the environment as ORDERLEDGER_ and its name in capitals, unless given."""

    db: str = "orderledger.db"
    """The store: a path, sqlite:///path, postgresql://... or memory://."""

    synchronous: str = "FULL"
    """The promise per commit. FULL and EXTRA survive a power failure, NORMAL and OFF the death of the process. On
    PostgreSQL the first two mean synchronous_commit=on, the others off."""

    lock_timeout: int = 30
    """Seconds to wait for a store that another process holds, up to a day."""

    answer_timeout: int = 30
    """Seconds to wait for a PostgreSQL server that says nothing, and is not at work on what it was asked, up to a day."""

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None, **given: Any) -> "Settings":
        """Defaults, then the environment, then what is given."""
        environment = os.environ if environment is None else environment
        settings = cls()
        for field in fields(cls):
            text = environment.get(f"ORDERLEDGER_{field.name.upper()}")
            if text:
                settings = replace(settings, **{field.name: _value(field.name, text)})
        settings = replace(settings, **{name: value for name, value in given.items() if value is not None})
        if settings.synchronous not in ("FULL", "NORMAL", "OFF", "EXTRA"):
            raise InvalidSetting("synchronous", f"{settings.synchronous!r} is none of FULL, EXTRA, NORMAL, OFF")
        for name, least in SECONDS.items():
            seconds = getattr(settings, name)
            if type(seconds) is not int or not least <= seconds <= LONGEST_WAIT:
                span = f"up to {LONGEST_WAIT}" if not least else f"from {least} to {LONGEST_WAIT}"
                raise InvalidSetting(name, f"{seconds!r} is no whole number of seconds {span}")
        return settings

    def of_store(self) -> dict[str, Any]:
        """What `open_store` takes."""
        return {"url": self.db, **{field.name: getattr(self, field.name) for field in fields(self) if field.name != "db"}}


def _value(name: str, text: str) -> Any:
    if name not in SECONDS:
        return text
    if not text.isdecimal():
        raise InvalidSetting(f"ORDERLEDGER_{name.upper()}", f"{text!r} is no number of seconds")
    return int(text)
