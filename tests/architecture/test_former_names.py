"""Former, misplaced and misspelt names: each error says where the name is now, or which one was
meant."""

import re
from collections.abc import Iterator
from operator import attrgetter

import pytest

import orderledger
from orderledger import InvalidMessage, Ledger, parse_document
from orderledger.renamed import METHODS
from tests.conftest import REPOSITORY

NAMESPACES = {
    "audit",
    "internals",
    "log",
    "metrics",
    "proof",
    "reconciliations",
    "recording",
    "tables",
    "views",
}


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger.open("memory://", update_views=False) as opened:
        yield opened


def test_a_ledger_has_the_methods_that_most_programs_need() -> None:
    public = {name for name in dir(Ledger) if not name.startswith("_")}
    assert public > NAMESPACES
    assert len(public - NAMESPACES) <= 31


def test_each_former_method_says_where_it_is_now(ledger: Ledger) -> None:
    for former, now in METHODS.items():
        assert not hasattr(Ledger, former)
        with pytest.raises(AttributeError, match=re.escape(f"It is now `ledger.{now}`.")):
            getattr(ledger, former)
        assert attrgetter(now.partition("(")[0])(ledger) is not None


def test_a_misspelt_method_brings_the_one_that_was_meant(ledger: Ledger) -> None:
    with pytest.raises(AttributeError, match="'open_order'. Did you mean 'open_orders' or"):
        attrgetter("open_order")(ledger)
    with pytest.raises(AttributeError, match="has no attribute '_nothing'$"):
        attrgetter("_nothing")(ledger)


def test_the_page_of_former_names_lists_each_method() -> None:
    page = (REPOSITORY / "docs/reference/renamed.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `ledger\.(\w+)` \| `ledger\.(.+)` \|$", page, re.MULTILINE)
    assert {former: now for former, now in listed if former in METHODS} == METHODS


@pytest.mark.parametrize(
    ("program", "hint"),
    [
        ("from orderledger import Cancel", "It is now `Canceled`."),
        ("from orderledger import RejectReplace", "It is now `ReplaceRejected`."),
        ("from orderledger import TradeRow", "It is in `orderledger.rows`."),
        ("from orderledger import NotSent", "It is in `orderledger.venues`."),
        ("from orderledger.venues import Gateway", "It is in `orderledger`."),
        ("from orderledger import Legder", "Did you mean 'Ledger'"),
        ("from orderledger.venues import Mesages", "Did you mean 'Messages'?"),
    ],
)
def test_an_import_says_where_a_name_is_now(program: str, hint: str) -> None:
    with pytest.raises(ImportError, match=re.escape(hint)):
        exec(program)


def test_a_former_name_is_not_an_attribute() -> None:
    assert not hasattr(orderledger, "Cancel")
    with pytest.raises(AttributeError, match="It is now `Canceled`."):
        attrgetter("Cancel")(orderledger)


@pytest.mark.parametrize(
    ("word", "hint"),
    [("cancelled", "'canceled'"), ("Fill", "'fill'"), ("aknowledged", "'acknowledged'")],
)
def test_a_misspelt_type_of_message_brings_the_one_that_was_meant(word: str, hint: str) -> None:
    with pytest.raises(InvalidMessage, match=f"is not a message type. Did you mean {hint}"):
        parse_document({"type": word})
