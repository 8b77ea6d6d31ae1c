"""The ways to a target: webhook, apprise and command. Each takes one notice and raises
DeliveryFailed, with secrets masked."""

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable
from typing import Any

from orderledger import InvalidSetting
from orderledger.extend.runtime import printable, secrecy
from orderledger.extend.store import columns
from orderledger.serve.alerts.settings import Target, secrets_of

SHOWN_CHARACTERS = 300
"""Characters of an answer that are kept in a fault."""

Document = dict[str, Any]
Channel = Callable[[Document], None]


class DeliveryFailed(Exception):
    """A target did not take a notice."""

    def __str__(self) -> str:
        return secrecy.masked(printable(super().__str__()))


def channel_of(target: Target, number: int) -> Channel:
    """The channel of a target. Raises InvalidSetting for a missing secret, an extra that is not
    installed, or a wrong URL."""
    secrets = secrets_of(target, number)
    if secrets["webhook"] is not None:
        return _webhook(secrets["webhook"], secrets["headers"], target.timeout_seconds)
    if secrets["apprise"]:
        return _apprise(secrets["apprise"], f"targets.{number + 1}.apprise")
    return _command(target.command, target.timeout_seconds)


def title_of(document: Document) -> str:
    """One line for people."""
    return f"{document['severity']}: {document['rule']} {document['event']}"


def _webhook(url: str, headers: dict[str, str], seconds: float) -> Channel:
    import httpx

    from orderledger.serve.alerts.posting import post

    def send(document: Document) -> None:
        sent = {**headers, "Content-Type": "application/json", "Idempotency-Key": document["id"]}
        try:
            refusal = post(url, columns.json_text(document).encode(), sent, seconds)
        except (httpx.HTTPError, httpx.InvalidURL) as error:  # its text may hold the address
            raise DeliveryFailed(
                f"{type(error).__name__}: {str(error).replace(url, '***')}"
            ) from None
        if refusal is not None:
            raise DeliveryFailed(refusal[:SHOWN_CHARACTERS])

    return send


def _apprise(urls: list[str], field: str) -> Channel:
    try:
        import apprise
    except ModuleNotFoundError as error:
        raise InvalidSetting(
            field, f"needs {error.name}: pip install 'orderledger[alerts]'"
        ) from None
    services = apprise.Apprise()
    for number, url in enumerate(urls, 1):
        if not services.add(url):
            raise InvalidSetting(f"{field}.{number}", "is not a URL that apprise knows")
    kinds = {"info": "info", "warning": "warning", "critical": "failure"}

    def send(document: Document) -> None:
        kind = "success" if document["event"] == "cleared" else kinds[document["severity"]]
        if not services.notify(body=document["text"], title=title_of(document), notify_type=kind):
            raise DeliveryFailed("apprise could not notify every service")

    return send


def _command(arguments: tuple[str, ...], seconds: float) -> Channel:
    def send(document: Document) -> None:
        with (
            tempfile.TemporaryFile() as errors
        ):  # a pipe would stay open in what the command leaves behind
            try:
                process = subprocess.Popen(
                    arguments,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                    start_new_session=True,
                )
            except OSError as error:
                raise DeliveryFailed(f"{arguments[0]} cannot be run: {error.strerror}") from None
            try:
                process.communicate(columns.json_text(document).encode() + b"\n", timeout=seconds)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise DeliveryFailed(f"{arguments[0]} did not end within {seconds:g} s") from None
            if process.returncode:
                errors.seek(0)
                output = errors.read(10_000).decode(errors="replace").strip()[-SHOWN_CHARACTERS:]
                raise DeliveryFailed(
                    f"{arguments[0]} ended with status {process.returncode}: {output}"
                )

    return send
