"""The words of the package and its pages: no more foreign sentences in a folder than it has now."""

import pytest

from tests import words

CEILINGS: dict[str, dict[str, int]] = {
    "analytics": {"long": 1, "pattern": 3},
    "audit": {"long": 6, "name": 2, "pattern": 85},
    "cli": {"long": 4, "name": 2, "pattern": 5},
    "demo": {"pattern": 1},
    "docs": {"long": 51, "pattern": 8},
    "domain": {"long": 5, "name": 1, "pattern": 20},
    "extend": {"pattern": 2},
    "gateway": {"long": 1, "name": 1, "pattern": 2},
    "infrastructure/errors": {"long": 1},
    "infrastructure/files": {"pattern": 1},
    "infrastructure/messages": {"long": 1, "pattern": 7},
    "infrastructure/rows_json": {"pattern": 1},
    "infrastructure/secrecy": {"pattern": 1},
    "infrastructure/settings": {"pattern": 2},
    "infrastructure/storage": {"long": 1, "name": 1},
    "infrastructure/time_zones": {"pattern": 1},
    "infrastructure/toml_files": {"pattern": 2},
    "infrastructure/views": {"long": 8, "name": 8, "pattern": 34},
    "ledger": {"long": 2, "name": 1, "pattern": 3},
    "projections": {"long": 9, "name": 7, "pattern": 104},
    "serve": {"long": 3, "name": 2, "pattern": 41},
    "simulation": {"long": 1, "pattern": 9},
    "venues/ccxt": {"long": 2, "name": 1},
    "venues/cli": {"long": 1, "name": 1, "pattern": 1},
    "venues/errors": {"long": 1},
    "venues/hyperliquid": {"long": 1},
    "venues/invex": {"pattern": 1},
    "venues/lookup": {"pattern": 1},
    "venues/nobitex": {"pattern": 1},
    "venues/polled": {"pattern": 8},
    "venues/reconciliation": {"long": 3, "name": 1, "pattern": 8},
    "venues/tradier": {"pattern": 3},
    "venues/wallex": {"pattern": 2},
}
"""By folder, what `python -m tests.words` still finds there: patterns, long sentences and names. A
folder that is not listed has none of them. Lower a number when you have reworded something."""


def test_no_folder_has_more_foreign_sentences_and_names_than_its_ceiling() -> None:
    over = {
        (folder, kind): [hit for hit in words.hits() if (hit.folder, hit.group) == (folder, kind)]
        for (folder, kind), number in words.counts().items()
        if number > CEILINGS.get(folder, {}).get(kind, 0)
    }
    assert over == {}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("is no cursor of this list", "is no X"),
        ("'moon' is none of buy, sell", "is none of"),
        ("must be more than nothing", "than nothing"),
        ("A fill told twice.", "told, said, heard"),
        ("What was odd: every anomaly.", "what as a subject"),
        ("Count a fill. Of two that claim one id, the earlier counts.", "of two that"),
        ("Amounts of each currency are apart.", "is apart"),
        ("The pages of Nobitex leave open: the currency of fees.", "leave open"),
        ("The views are made anew.", "anew"),
        ("uvicorn's protocol with limits that it has not: bytes and seconds.", "that it has not"),
        (" ".join(["word"] * (words.MOST_WORDS + 1)), "long"),
    ],
)
def test_a_foreign_sentence_is_found(text: str, name: str) -> None:
    assert [found for found, _ in words.strange(text)] == [name]


@pytest.mark.parametrize(
    "text",
    [
        "There is no ledger at this path.",
        "The fill is no longer active.",
        "is not a cursor of this list",
        "What is a break?",
        "Set `told` to True.",
    ],
)
def test_a_plain_sentence_is_not_found(text: str) -> None:
    assert list(words.strange(text)) == []
