"""The site of the documentation: every page has its place in it. `make docs` builds it, in
`.ci/run` too."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from tests.docs.reading import REPOSITORY

DOCS = REPOSITORY / "docs"


def module(name: str) -> ModuleType:
    """One of the programs of `docs`, which is no package."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def listed(nav: list[Any]) -> list[str]:
    return [
        page
        for entry in nav
        for value in entry.values()
        for page in ([value] if isinstance(value, str) else value)
    ]


def test_every_page_stands_once_in_the_navigation() -> None:
    nav = list(module("site_of_pages").navigation())
    titles = [next(iter(entry)) for entry in nav]
    assert titles[:2] == ["Home", "Tutorial"]
    places = [titles.index(title) for title in ("How-to guides", "Reference", "Explanation")]
    assert places == sorted(places)
    pages = listed(nav)
    assert sorted(pages) == sorted(set(pages))
    assert {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")} <= set(pages)
    assert {"index.md", "project/changelog.md", "project/contributing.md"} <= set(pages)


def test_a_new_page_and_a_new_folder_need_no_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = module("site_of_pages")
    for name in ("tutorial.md", "how-to/new.md", "notes/first.md", "glossary.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"# About {name}\n")
    monkeypatch.setattr(site, "DOCS", tmp_path)
    nav = list(site.navigation())
    assert {"About glossary.md": "glossary.md"} in nav
    assert {"How-to guides": ["how-to/new.md"]} in nav
    assert {"Notes": ["notes/first.md"]} in nav


def test_the_site_uses_nothing_that_is_loaded_from_elsewhere() -> None:
    text = re.sub(r"!!\S+", "", (REPOSITORY / "mkdocs.yml").read_text())
    settings = yaml.safe_load(text)
    assert settings["theme"]["font"] is False
    assert (
        not {"extra_css", "extra_javascript", "repo_url"} & set(settings)
        and "analytics" not in settings["extra"]
    )


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ('<script src="https://unpkg.com/x"></script>', "<script src=https://unpkg.com/x>"),
        (
            '<link rel="stylesheet" href="//fonts.example/x.css">',
            "<link href=//fonts.example/x.css>",
        ),
        ('<pre class="mermaid">a</pre>', "<pre class=mermaid>"),
        ('<style>@import "https://x.example/a.css"</style>', '@import "https://x.example/a.css'),
    ],
)
def test_the_check_of_the_site_finds_what_is_loaded_from_elsewhere(
    page: str, fault: str, tmp_path: Path
) -> None:
    (tmp_path / "a.html").write_text(
        f'<a href="https://example.com">a link</a><img src="here.png">{page}'
    )
    (tmp_path / "here.png").touch()
    found = [
        fault
        for fault in module("check_site").faults(tmp_path)
        if not fault.endswith("is not in the site")
    ]
    assert found == [f"a.html loads {fault}"]


@pytest.mark.parametrize(
    ("name", "text", "address"),
    [
        ("a.html", '<p><img alt="" src="docs/images/gone.png"></p>', "docs/images/gone.png"),
        ("a.html", '<img srcset="here.png 1x, gone.png 2x">', "gone.png"),
        ("a.html", '<p style="background: url(gone.png)">', "gone.png"),
        ("a.html", "<style>p { background: url('gone.png?1') }</style>", "gone.png?1"),
        ("a.html", '<video poster="/gone.png"></video>', "/gone.png"),
        (
            "a.css",
            '@font-face { src: url("fonts/gone.woff2") format("woff2") }',
            "fonts/gone.woff2",
        ),
    ],
)
def test_the_check_of_the_site_finds_a_missing_picture(
    name: str, text: str, address: str, tmp_path: Path
) -> None:
    (tmp_path / "here.png").touch()
    (tmp_path / name).write_text(text)
    found = [
        fault
        for fault in module("check_site").faults(tmp_path)
        if not fault.endswith("is not in the site")
    ]
    assert found == [f"{name} loads {address}, which is missing"]


def test_what_is_there_is_not_missing(tmp_path: Path) -> None:
    (tmp_path / "a picture.png").touch()
    page = (
        '<img src="a%20picture.png?1#x"><img src="/a%20picture.png"><img '
        'src="data:image/png;base64,AA"><link href="#top">'
    )
    (tmp_path / "a.html").write_text(
        f'{page}<style>p {{ background: url("a picture.png") }}</style>'
    )
    assert [
        fault
        for fault in module("check_site").faults(tmp_path)
        if not fault.endswith("is not in the site")
    ] == []


def test_a_picture_of_the_readme_has_its_place_in_the_site() -> None:
    site = module("site_of_pages")
    linked = site.LINK.sub(
        lambda found: site._linked(found, REPOSITORY, "index.md"),
        "![Orders](docs/images/page-orders.png) and [the code](setup.cfg)",
    )
    assert linked == "![Orders](images/page-orders.png) and the code"


@pytest.mark.long
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    build = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--site-dir",
        str(tmp_path / "site"),
    ]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}  # the theme's notice about its successor
    done = subprocess.run(
        build, cwd=REPOSITORY, env=quiet, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "WARNING" not in done.stderr, done.stderr
    assert list(module("check_site").faults(tmp_path / "site")) == []
