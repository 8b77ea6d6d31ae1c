"""Time zones by their names."""

from typing import Any
from zoneinfo import ZoneInfo


def zone_named(name: Any) -> ZoneInfo:
    """The time zone of this name, such as Europe/Berlin. Raises ValueError if there is none."""
    try:
        return ZoneInfo(name)
    except (
        LookupError,
        ValueError,
        TypeError,
        OSError,
    ):  # ZoneInfo opens a file of this name, which may be a folder
        raise ValueError(
            f"{name!r:.100} is not a time zone, such as Europe/Berlin or UTC"
        ) from None
