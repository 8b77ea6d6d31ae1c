"""Checks the built site: `python docs/check_site.py site`. Every page of `docs` is in it with its
pictures, and none loads from elsewhere.

Links to other sites are fine: a browser follows them only when the reader does.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

DOCS = Path(__file__).resolve().parent
ELSEWHERE = re.compile(r"\s*(?:https?:)?//", re.IGNORECASE)
IN_STYLE = re.compile(r"(?:url\(|@import)\s*['\"]?\s*(?:https?:)?//[^)'\"]*", re.IGNORECASE)
URL_IN_STYLE = re.compile(r"url\(\s*(?:\"([^\"]*)\"|'([^']*)'|([^)'\"\s]+))\s*\)", re.IGNORECASE)
LOADING = ("src", "srcset", "data", "poster", "href")


class Loads(HTMLParser):
    """The addresses that a page loads by itself, and diagrams, for which the theme would load a
    program."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.local: list[str] = []
        """Addresses within the site."""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            return
        for name, value in attrs:
            if name in LOADING and value and ELSEWHERE.match(value):
                self.found.append(f"<{tag} {name}={value}>")
            elif name == "srcset" and value:
                self.local += [
                    candidate.split()[0] for candidate in value.split(",") if candidate.strip()
                ]
            elif name in LOADING and value:
                self.local.append(value)
            elif name == "style":
                self.local += urls_in_style(value or "")
            elif name == "class" and "mermaid" in (value or "").split():
                self.found.append(f"<{tag} class=mermaid>")


def urls_in_style(text: str) -> list[str]:
    """The addresses that a style sheet loads."""
    return [next(filter(None, found), "") for found in URL_IN_STYLE.findall(text)]


def missing(addresses: Iterable[str], path: Path, site: Path) -> Iterator[str]:
    """The addresses, as `path` gives them, that lead to no file of the site."""
    for address in addresses:
        parts = urlsplit(address.strip())
        if parts.scheme or parts.netloc or not parts.path:
            continue
        name = unquote(parts.path)
        target = site / name.lstrip("/") if name.startswith("/") else path.parent / name
        if not (target.is_file() or (target / "index.html").is_file()):
            yield address


def in_style_elements(text: str) -> list[str]:
    return [
        url
        for style in re.findall(r"<style[^>]*>(.*?)</style>", text, re.DOTALL | re.IGNORECASE)
        for url in urls_in_style(style)
    ]


def faults(site: Path) -> Iterator[str]:
    """Sentences about what is wrong."""
    for path in sorted(DOCS.rglob("*.md")):
        built = (site / path.relative_to(DOCS)).with_suffix(".html")
        if not built.is_file():
            yield f"{path.relative_to(DOCS)} is not in the site"
    for path in sorted(site.rglob("*")):
        name = path.relative_to(site)
        if path.suffix == ".html":
            text = path.read_text(encoding="utf-8")
            loads = Loads(text)
            yield from (f"{name} loads {what}" for what in (*loads.found, *IN_STYLE.findall(text)))
            local = (*loads.local, *in_style_elements(text))
            yield from (
                f"{name} loads {what}, which is missing" for what in missing(local, path, site)
            )
        elif path.suffix == ".css":
            text = path.read_text(encoding="utf-8")
            yield from (f"{name} loads {what}" for what in IN_STYLE.findall(text))
            yield from (
                f"{name} loads {what}, which is missing"
                for what in missing(urls_in_style(text), path, site)
            )
        elif path.suffix in (".py", ".md"):
            yield f"{name} is no part of a site"


def main(site: str) -> int:
    found = list(faults(Path(site)))
    print(
        "\n".join(found)
        or f"{site}: every page and picture is there, and no page loads anything from elsewhere"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
