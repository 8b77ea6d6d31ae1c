"""The words of the package and its pages: no more foreign sentences in a folder than it has now."""

import pytest

from tests import words

CEILINGS: dict[str, dict[str, int]] = {}
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
