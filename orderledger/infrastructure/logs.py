"""Logs by the standard library's `logging`, under `orderledger.*`: each record is an event with
fields.

The library itself writes nothing to stdout or stderr; an application gives the loggers handlers.
`set_up_log` does so for our own commands. Secrets are masked by a filter on our loggers.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Literal

from orderledger.infrastructure.secrecy import masked

LogForm = Literal["text", "json"]

logging.getLogger("orderledger").addHandler(logging.NullHandler())


class _Masking(logging.Filter):
    """Masks the secrets of this process in the fields and the traceback of a record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _shown(record.getMessage()), ()
        fields = getattr(record, "fields", {})
        record.fields = {name: _plain(value) for name, value in fields.items()}
        if trace := _trace_of(record):
            record.exc_text = _shown(trace)
        return True


_MASKING = _Masking()


class EventLogger:
    """Logs events with fields. A record has the attributes `event` and `fields`, and a message
    that shows both."""

    __slots__ = ("_logger",)

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)
        self._logger.addFilter(_MASKING)  # the same filter is added once

    def debug(self, event: str, /, **fields: object) -> None:
        self._log(logging.DEBUG, event, None, fields)

    def info(self, event: str, /, **fields: object) -> None:
        self._log(logging.INFO, event, None, fields)

    def warning(self, event: str, /, **fields: object) -> None:
        self._log(logging.WARNING, event, None, fields)

    def error(
        self, event: str, /, *, exc_info: BaseException | None = None, **fields: object
    ) -> None:
        self._log(logging.ERROR, event, exc_info, fields)

    def exception(self, event: str, /, **fields: object) -> None:
        """Log an error with the traceback of the exception that is being handled."""
        self._log(logging.ERROR, event, True, fields)

    def _log(
        self,
        level: int,
        event: str,
        exc_info: BaseException | bool | None,
        fields: dict[str, object],
    ) -> None:
        if self._logger.isEnabledFor(level):
            shown = "".join(f" {name}={value}" for name, value in fields.items())
            extra = {"event": event, "fields": fields}
            self._logger.log(
                level, "%s", event + shown, exc_info=exc_info, extra=extra, stacklevel=3
            )


def set_up_log(form: LogForm) -> None:
    """Log to stderr, as text or as JSON lines: our events, and warnings of libraries."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Text())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("orderledger").setLevel(logging.INFO)


def log_new_ledger(url: str) -> None:
    """Log that a missing ledger was created: perhaps the user meant another."""
    EventLogger("orderledger").info("new_ledger", db=url)


class _Json(logging.Formatter):
    """One JSON object per record."""

    def format(self, record: logging.LogRecord) -> str:
        document = {
            "timestamp": _time_of(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": getattr(record, "event", record.getMessage()),
            **getattr(record, "fields", {}),
        }
        if trace := _trace_of(record):
            document["exception"] = trace
        return masked(json.dumps(document, ensure_ascii=False, default=str))


class _Text(logging.Formatter):
    """One line per record, with its traceback below it."""

    def format(self, record: logging.LogRecord) -> str:
        line = f"{_time_of(record)} [{record.levelname.lower()}] {record.getMessage()}"
        if not hasattr(record, "event"):
            line += f" logger={record.name}"
        trace = _trace_of(record)
        return masked(f"{line}\n{trace}" if trace else line)


def _time_of(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")


def _trace_of(record: logging.LogRecord) -> str | None:
    if record.exc_info and not record.exc_text:
        record.exc_text = logging.Formatter().formatException(record.exc_info)
    return record.exc_text


def _plain(value: Any) -> Any:
    """The value with its secrets masked, as JSON can hold it."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return _shown(str(value))


def _shown(text: str) -> str:
    """The text with its secrets masked, and lone surrogates escaped: no stream could write them."""
    return masked(text).encode("utf-8", "backslashreplace").decode()
