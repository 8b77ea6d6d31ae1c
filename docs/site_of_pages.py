"""Makes a site of the pages: the navigation from the folders, the pages beside `docs`, and links
that lead out of the site.

mkdocs calls these functions (`hooks` in mkdocs.yml). A new page needs no entry anywhere: it is
listed with its folder.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

DOCS = Path(__file__).resolve().parent
REPOSITORY = DOCS.parent
FOLDERS = {"how-to": "How-to guides", "reference": "Reference", "explanation": "Explanation"}
"""In the order of the navigation. Other folders follow under their own names."""
OUTSIDE = {
    "index.md": REPOSITORY / "README.md",
    "project/changelog.md": REPOSITORY / "CHANGELOG.md",
    "project/contributing.md": REPOSITORY / "CONTRIBUTING.md",
    **{
        f"examples/{path.parent.name}.md": path
        for path in sorted((REPOSITORY / "examples").rglob("README.md"))
    },
}
"""Pages of the site that stand beside `docs`."""
SOURCE = "reference/source.md"
SOURCE_PAGE = """# Python, with its source

The public classes with the source of each method. [Python](python.md) describes them in the order
in which you need them.

::: orderledger.ledger.Ledger

::: orderledger.gateway.gateway.Gateway
"""
"""A page of the site alone: its text is made from the docstrings."""

LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
CODE = re.compile(r"(^```.*?^```$|^ {4,}```.*?^ {4,}```$)", re.MULTILINE | re.DOTALL)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    config.nav = list(navigation())
    return config


def navigation() -> Iterator[dict[str, Any]]:
    """Every page, by the folder that it is in."""
    yield {"Home": "index.md"}
    yield {"Tutorial": "tutorial.md"}
    for path in sorted(DOCS.glob("*.md")):
        if path.name not in ("index.md", "tutorial.md"):
            yield {_title(path): path.name}
    others = sorted(
        {path.relative_to(DOCS).parts[0] for path in DOCS.rglob("*/*.md")} - FOLDERS.keys()
    )
    for folder in (*FOLDERS, *others):
        pages = [
            path.relative_to(DOCS).as_posix() for path in sorted((DOCS / folder).rglob("*.md"))
        ]
        yield {
            FOLDERS.get(folder, folder.capitalize()): [
                *pages,
                *([SOURCE] if folder == "reference" else []),
            ]
        }
    yield {"Examples": [name for name in OUTSIDE if name.startswith("examples/")]}
    yield {"Project": [name for name in OUTSIDE if name.startswith("project/")]}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for name, path in OUTSIDE.items():
        files.append(File.generated(config, name, content=path.read_text(encoding="utf-8")))
    files.append(File.generated(config, SOURCE, content=SOURCE_PAGE))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links and pictures to their place in the site. Of a link to a file outside it the text
    stays."""
    here = page.file.src_uri
    if here == SOURCE:
        return markdown
    folder = OUTSIDE.get(here, DOCS / here).parent
    return "".join(
        part if CODE.fullmatch(part) else LINK.sub(lambda found: _linked(found, folder, here), part)
        for part in CODE.split(markdown)
    )


def _linked(found: re.Match[str], folder: Path, here: str) -> str:
    picture, text, link = found.groups()
    path, mark, anchor = link.partition("#")
    if "://" in link or not path:
        return found.group()
    target = _place((folder / path).resolve())
    if target is None:
        return found.group() if picture else text
    return (
        f"{picture}[{text}]({os.path.relpath(target, os.path.dirname(here) or '.')}{mark}{anchor})"
    )


def _place(target: Path) -> str | None:
    """Where a file of the repository is in the site."""
    for name, path in OUTSIDE.items():
        if path == target:
            return name
    return (
        target.relative_to(DOCS).as_posix()
        if target.is_relative_to(DOCS) and target.is_file()
        else None
    )


def _title(path: Path) -> str:
    return path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
