"""The browser that the page's tests drive: any Chromium or Chrome that is installed, with nothing
that asks the network."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    sync_playwright,
)

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
QUIET = (
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync", "--disable-default-apps", "--no-default-browser-check",
    "--disable-dev-shm-usage",
)  # fmt: skip
MISSING = (
    "No browser was found. Install Debian's chromium (apt-get install chromium) or Google Chrome, "
    "or name one with ORDERLEDGER_BROWSER=/path/to/chromium."
)


def find() -> str | None:
    """The path of a browser, or None."""
    named = os.environ.get("ORDERLEDGER_BROWSER")
    if named:
        return named
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def launched(folder: Path) -> Iterator[Browser]:
    """A browser with an empty profile. Chromium refuses its sandbox to root."""
    path = find()
    if path is None:
        raise FileNotFoundError(MISSING)
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        environment: dict[str, str | float | bool] = {**os.environ, "HOME": str(folder)}
        browser = playwright.chromium.launch(
            executable_path=path, args=[*QUIET, *root], env=environment
        )
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watched:
    """What a page did that it must not do: faults in its code or console, and requests to another
    host."""

    faults: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    expected: list[str] = field(default_factory=list)
    """Patterns of console errors that a test provokes, such as a refused token."""

    def watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda fault: self.faults.append(str(fault)))
        page.on("request", self._request)

    def unexpected(self) -> list[str]:
        return [
            fault
            for fault in self.faults
            if not any(re.search(pattern, fault) for pattern in self.expected)
        ]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(message.text)

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob"):
            self.hosts.add(parts.hostname or "")


def context_of(browser: Browser, **options: Any) -> BrowserContext:
    """A new context: no cookies, no storage. The clock is that of the machine, the times that the
    page shows are UTC."""
    given = {
        "viewport": {"width": 1360, "height": 820},
        "color_scheme": "dark",
        "reduced_motion": "reduce",
        **options,
    }
    return browser.new_context(**given)


def install() -> None:
    """Install Debian's chromium where this process may, and say what to do where it may not."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        sys.exit(MISSING)
    print("Installing chromium with apt-get", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (
        ["update", "--quiet"],
        ["install", "--yes", "--quiet", "--no-install-recommends", "chromium"],
    ):
        if (
            subprocess.run(
                ["apt-get", *arguments], env=environment, stdout=subprocess.DEVNULL, check=False
            ).returncode
            != 0
        ):
            sys.exit(f"apt-get {arguments[0]} failed. {MISSING}")


if __name__ == "__main__":
    if find() is None:
        install()
    print(f"The page is tested with {find()}")
