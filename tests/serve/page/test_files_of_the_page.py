"""The page's files: what is vendored is what it says, and our code leaves no way for text to become
HTML. Needs no browser."""

import hashlib
import re
from pathlib import Path

import pytest

import orderledger

PAGE = Path(orderledger.__file__).parent / "serve" / "page"
SUFFIXES = (".js", ".html", ".css", ".svg")
OURS = [
    path
    for path in sorted(PAGE.rglob("*"))
    if path.suffix in SUFFIXES and "vendor" not in path.parts
]
VENDORED = sorted(
    path for path in (PAGE / "assets" / "vendor").iterdir() if path.suffix in (".js", ".css")
)
MAKES_HTML = (
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|dangerouslySet|\beval\(|new "
    r"Function|javascript:"
)
MOST_BYTES = 90_000
MOST_LINES = 300


def test_vendored_files_are_those_that_vendored_md_names() -> None:
    sums = dict(re.findall(r"^([0-9a-f]{64})  (\S+)$", (PAGE / "VENDORED.md").read_text(), re.M))
    assert {
        digest: path.name
        for path in VENDORED
        if (digest := hashlib.sha256(path.read_bytes()).hexdigest())
    } == sums


def test_vendored_files_are_small() -> None:
    assert sum(path.stat().st_size for path in VENDORED) < MOST_BYTES


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_no_file_names_another_host_or_makes_html_from_text(path: Path) -> None:
    text = path.read_text()
    hosts = re.findall(
        r"(?:https?:)?//[\w.-]+\.\w+", re.sub(r"http://www\.w3\.org/2000/svg", "", text)
    )
    assert hosts == []
    assert re.findall(MAKES_HTML, text) == []


def test_the_document_has_no_inline_script_or_style() -> None:
    document = (PAGE / "index.html").read_text()
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", document) == []


@pytest.mark.parametrize(
    "path", [path for path in OURS if path.suffix == ".js"], ids=lambda path: path.name
)
def test_imports_are_files_of_the_page(path: Path) -> None:
    for name in re.findall(r"^(?:import|export).* from \"([^\"]+)\"", path.read_text(), re.M):
        assert name.startswith("."), name
        assert (path.parent / name).resolve().is_file(), name
    assert len(path.read_text().splitlines()) < MOST_LINES


def test_the_document_preloads_what_the_list_of_orders_needs_and_nothing_else() -> None:
    assets, needed = (PAGE / "assets").resolve(), set[str]()

    def visit(path: Path) -> None:
        needed.add(str(path.relative_to(assets)))
        for name in re.findall(
            r"(?:^(?:import|export).* from |\bfrom)\"([^\"]+)\"", path.read_text(), re.M
        ):
            found = (path.parent / name).resolve()
            if str(found.relative_to(assets)) not in needed:
                visit(found)

    visit(assets / "main.js")
    visit(assets / "pages" / "orders.js")
    preloaded = set(
        re.findall(r"modulepreload\" href=\"/assets/([^\"]+)\"", (PAGE / "index.html").read_text())
    )
    assert preloaded == needed - {"main.js"}
