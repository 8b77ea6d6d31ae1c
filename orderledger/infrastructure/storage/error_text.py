"""The sentence of a database's error, with the way out where there is one."""

LOCKED = "database is locked"
STOPPED = (
    "another process holds its write lock. A process that is stopped in a commit keeps it until it "
    "continues or ends: `lsof` with this file lists the processes that have it open, and `kill -9` "
    "ends one"
)


def text_of(error: Exception) -> str:
    """The sentence of an error in one line. Never empty."""
    text = " ".join(str(error).split()) or type(error).__name__
    return f"{text}: {STOPPED}" if LOCKED in text else text
