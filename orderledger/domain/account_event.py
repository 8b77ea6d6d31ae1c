"""The base class of facts about an account."""

from datetime import datetime
from typing import ClassVar

from orderledger.domain.log_event import LogEvent


class AccountEvent(LogEvent, frozen=True, kw_only=True):
    """Base of facts about an account. `at`: time by the sender's clock; None means the time of
    recording. `stream_kind` is a part of the stream's name. `is_ours`: it is a fact of our side,
    which may be refused."""

    stream_kind: ClassVar[str] = ""
    is_ours: ClassVar[bool] = False
    at: datetime | None = None
    message_id: str | None = None

    @property
    def subject(self) -> str:
        """The instrument or the currency of its stream. Empty: the whole account."""
        return getattr(self, "instrument", None) or getattr(self, "currency", None) or ""

    def sentence(self) -> str:
        """The event in a sentence for people."""
        raise NotImplementedError
