"""Errors of PostgreSQL that refuse all writes."""

TAKES_NOTHING = frozenset({"42501", "25006", "53100"})
"""SQLSTATE codes of PostgreSQL for a role without the right to write, a standby, and a full
disk."""


def is_refused(error: BaseException) -> bool:
    """Check whether PostgreSQL refuses all writes."""
    return getattr(error.__cause__, "sqlstate", None) in TAKES_NOTHING
