"""Suggestions for misspelt words."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """A sentence with the similar words, after a space. Empty if there are none."""
    close = get_close_matches(word, sorted(set(words)))
    return f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
