"""Checks the built site: `python docs/check_site.py site`. Every page of `docs` is in it, and none loads anything from elsewhere.

Links to other sites are fine: a browser follows them only when the reader does.
"""

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

DOCS = Path(__file__).resolve().parent
ELSEWHERE = re.compile(r"\s*(?:https?:)?//", re.IGNORECASE)
IN_STYLE = re.compile(r"(?:url\(|@import)\s*['\"]?\s*(?:https?:)?//[^)'\"]*", re.IGNORECASE)
LOADING = ("src", "srcset", "data", "poster", "href")


class Loads(HTMLParser):
    """What a page loads by itself, and diagrams, for which the theme would load a program."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            return
        self.found += [f"<{tag} {name}={value}>" for name, value in attrs if name in LOADING and value and ELSEWHERE.match(value)]
        self.found += [
            f"<{tag} class=mermaid>" for name, value in attrs if name == "class" and "mermaid" in (value or "").split()
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
            yield from (f"{name} loads {what}" for what in (*Loads(text).found, *IN_STYLE.findall(text)))
        elif path.suffix == ".css":
            yield from (f"{name} loads {what}" for what in IN_STYLE.findall(path.read_text(encoding="utf-8")))
        elif path.suffix in (".py", ".md"):
            yield f"{name} is no part of a site"


def main(site: str) -> int:
    found = list(faults(Path(site)))
    print("\n".join(found) or f"{site}: every page is there, and loads nothing from elsewhere")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
