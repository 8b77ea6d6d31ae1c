"""Finds foreign wording mechanically: `python -m tests.words [FOLDER]` prints every hit.

Reads docstrings, comments and messages (literals of three words and more) of the package, its
names, and the prose of the pages that people write. Code blocks and generated pages are left out:
the words of a generated page are in the package.
"""

import ast
import io
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "orderledger"
MOST_WORDS = 25
LARGE = ("venues", "infrastructure")
"""Packages whose packages are counted one by one."""

PATTERNS = {
    "is no X": r"(?<![Tt]here )\b(is|are|was|were) no (?!longer|more|other than|\w+er\b)",
    "is none of": r"\b(is|are) none of\b",
    "than nothing": r"\bthan nothing\b",
    "told, said, heard": r"\b(tells?|told|telling|said|hears?|heard)\b",
    "what as a subject": r"(^|[.!:] )(What|Whatever|Who|Whoever|That which)\b(?![^.]*\?)",
    "of two that": r"(^|[.;:] )Of (two|several|those|them|what)\b",
    "is apart": r"\b(is|are) apart\b",
    "that it has not": r"\bthat (it|they) (has|have) not(?! \w+(ed|en|d|t)\b)",
    "leave open": r"\bleaves? open:",
    "goes on": r"\b(goes|go|going|went) on\b(?! strike)",
    "who does": r"\bby whom(ever)?\b|\bwho asks\b|\bnobody (knows|asks|looks)\b",
    "stands for": r"\bstands? (for|in|beside|behind|under|there)\b(?! (front|line|turn))",
    "by itself alone": r"\balone (may|can|has|is)\b|\bfor itself\b",
    "at first": r"\b[Aa]t first\b",
    "so long a": r"\b(for|than|within|after|most) so (long|many|much)\b(?! (that|as))",
    "behind": r"\bdigits? behind\b|\bbehind (it|its|the (point|number|name))\b",
    "but for": r"\bbut for\b",
    "what it is": r"\bwhat (it|they|one) (is|are|has|have)\b",
    "anew": r"\banew\b",
    "all the same": r"\ball the same\b|\bnone the less\b",
}
"""Name -> what no sentence may contain; see language.md for what to write instead."""
SENTENCE = re.compile(r"(?<=[.!?;])[\"”)`*]*\s+|\n\n|:\s+(?=[A-Z`])|\s\|\s")

STRANGE_PARTS = frozenset(
    {"told", "tell", "tells", "telling", "teller", "said", "heard", "hear", "hears", "hearing"}
)
EXEMPT_NAMES = {
    "said": "public: the text of `VenueRefused`",
    "said_of": "public: `orderledger.extend.messages`",
}
"""Names that stay: public names and stored words, each with its reason."""
WRITTEN_PAGES = ("docs/explanation", "docs/how-to", "docs/tutorial.md", "CONTRIBUTING.md")


class Text(NamedTuple):
    """Prose at a line of a file, with what it is: docstring, comment, message or page."""

    path: Path
    line: int
    kind: str
    text: str


class Hit(NamedTuple):
    """What was found: the name of a pattern, `long` or `name`, and the words."""

    path: Path
    line: int
    name: str
    text: str

    @property
    def folder(self) -> str:
        """The part of the project that the file belongs to, as `CEILINGS` names it."""
        parts = self.path.relative_to(ROOT).parts
        if parts[0] != PACKAGE.name:
            return "docs"
        inner = [part.removesuffix(".py") for part in parts[1:]]
        return "/".join(inner[: 2 if inner[0] in LARGE else 1])

    @property
    def group(self) -> str:
        """`pattern`, `long` or `name`."""
        return self.name if self.name in ("long", "name") else "pattern"


@cache
def hits() -> tuple[Hit, ...]:
    """Everything that the patterns find, in the order of the files."""
    return tuple(
        Hit(text.path, text.line, name, found)
        for text in texts()
        for name, found in strange(text.text, is_message=text.kind == "message")
    ) + tuple(names())


def counts() -> Counter[tuple[str, str]]:
    """The number of hits by folder and group."""
    return Counter((hit.folder, hit.group) for hit in hits())


def strange(text: str, *, is_message: bool = False) -> Iterator[tuple[str, str]]:
    """The patterns that a text contains, and its sentences of more than `MOST_WORDS` words."""
    plain = re.sub(r"`[^`]*`|\{[^{}]*\}", "X", text)
    for name, pattern in PATTERNS.items():
        for found in re.finditer(pattern, plain):
            near = plain[max(found.start() - 30, 0) : found.end() + 40]
            yield name, " ".join(near.split())
    if is_message:
        return
    for sentence in SENTENCE.split(plain):
        if len(re.findall(r"\b[A-Za-z][\w'-]*", sentence)) > MOST_WORDS:
            yield "long", " ".join(sentence.split())


def texts() -> Iterator[Text]:
    """All prose of the package and of the written pages."""
    for path in sorted(PACKAGE.rglob("*.py")):
        yield from _prose(path)
    for name in WRITTEN_PAGES:
        place = ROOT / name
        for path in sorted(place.rglob("*.md")) if place.is_dir() else [place]:
            yield from _page(path)


def names() -> Iterator[Hit]:
    """Names of the package with a part of `STRANGE_PARTS`, once for each file."""
    for path in sorted(PACKAGE.rglob("*.py")):
        seen = set(EXEMPT_NAMES)
        for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
            if token.type == tokenize.NAME and token.string not in seen:
                seen.add(token.string)
                parts = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", token.string).lower().split("_")
                if not STRANGE_PARTS.isdisjoint(parts):
                    yield Hit(path, token.start[0], "name", token.string)


def _prose(path: Path) -> Iterator[Text]:
    source = path.read_text()
    tree = ast.parse(source)
    statements = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)
    }  # a string that is a statement is a docstring, of a name too
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            is_docstring = id(node) in statements
            if is_docstring or len(re.findall(r"\b[a-z]{2,}\b", node.value)) > 2:
                kind = "docstring" if is_docstring else "message"
                yield Text(path, node.lineno, kind, _paragraphs(node.value))
    comments = [
        token
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    ]
    for token in comments:
        yield Text(path, token.start[0], "comment", token.string.removeprefix("#").strip())


def _page(path: Path) -> Iterator[Text]:
    text = re.sub(r"^ *```.*?^ *```$", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"\]\([^)]*\)", "]", text).replace("**", "")
    for block in re.split(r"\n\s*\n|\n(?=\||\s*[-*] |\s*\d+\. |#)", text):
        yield Text(path, 0, "page", " ".join(block.split()))


def _paragraphs(text: str) -> str:
    """A docstring with lists and trees as sentences of their own, and without examples of code."""
    blocks = re.split(r"\n\s*\n|\n(?=\s*[-*] |[\s│]*[├└]──)", text)
    return "\n\n".join(" ".join(block.split()) for block in blocks if "::" not in block)


if __name__ == "__main__":
    for hit in hits():
        if hit.folder.startswith(tuple(sys.argv[1:]) or ""):
            print(f"{hit.path.relative_to(ROOT)}:{hit.line}: {hit.name}: {hit.text}")
    ceilings: dict[str, dict[str, int]] = {}
    for (folder, group), number in sorted(counts().items()):
        ceilings.setdefault(folder, {})[group] = number
    print(*(f'    "{folder}": {groups},' for folder, groups in ceilings.items()), sep="\n")
