"""The log of a collector on stderr: a line for each thing that happened, ours and the libraries',
as text or as JSON."""

import logging
import sys
from typing import Any

import structlog

from orderledger.infrastructure.secrecy import masked

SHARED = (
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
)


def set_up_log(form: str) -> None:
    """`form` is text or json. The libraries' own chatter stays silent below warnings."""
    is_json = form == "json"
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if is_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler(sys.stderr)
    rendering = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer, _masked]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=rendering, foreign_pre_chain=[*SHARED, _name]
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    structlog.configure(
        processors=[*SHARED, renderer, _masked],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def say_new(url: str) -> None:
    """A ledger that was not there: perhaps another was meant."""
    structlog.get_logger("orderledger").info("new_ledger", db=url)


def _masked(logger: Any, method: str, line: Any) -> str:
    """The last step, whatever made the line."""
    return masked(str(line))


def _name(
    logger: Any, method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Which library speaks."""
    event["logger"] = event["_record"].name
    return event
