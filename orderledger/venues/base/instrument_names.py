"""`ChecksInstruments`: venue settings that know the form of the venue's instrument names."""

from typing import Protocol, runtime_checkable

__all__ = ["ChecksInstruments"]


@runtime_checkable
class ChecksInstruments(Protocol):
    """The settings of a venue whose instrument names have a form that needs no query."""

    def instrument_fault(self, name: str) -> str | None:
        """Why no instrument can have this name. None if one may."""
