"""The tables of refusals, one file per exchange: which answers prove that a request was not
accepted. Needs no ccxt.

A file has `exchanges`, the `source` of its rows, and `paths` (a pattern for the address, if one
exchange has several tables). `code_in` and `text_in` are the fields of a document's code and
sentence; the first one present counts. Its sections are marks, its keys our reasons, its values
codes: text with `*`, whole numbers, or `"110051-110053"` for a span of numbers. `[[sentences]]`
comes first, and decides by the sentence if a code has several meanings. A code without a row proves
nothing.
"""

import functools
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.resources import files
from typing import Any

from orderledger.venues.base.refusals import Mark

SPAN = re.compile(r"(-?\d+)-(-?\d+)")


@dataclass(frozen=True, slots=True)
class Proof:
    """A mark, and the reason in our words."""

    mark: Mark
    reason: str


@dataclass(frozen=True, slots=True)
class SentenceRule:
    """A sentence that decides what one of these codes means."""

    codes: frozenset[str]
    pattern: re.Pattern[str]
    proof: Proof


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalTable:
    """The refusals of one exchange, or of one of its interfaces."""

    source: str
    paths: re.Pattern[str]
    code_in: Sequence[str]
    text_in: Sequence[str]
    codes: Mapping[str, Proof]
    patterns: Sequence[tuple[str, Proof]]
    sentences: Sequence[SentenceRule]

    def proof(self, document: Any) -> Proof | None:
        """The proof in a document. If there are several codes, each has to prove something; the
        first one gives the reason.
        """
        codes, sentence = _texts(document, self.code_in), " ".join(_texts(document, self.text_in))
        proofs = [self._of(code, sentence) for code in codes]
        found = [proof for proof in proofs if proof is not None and proof.mark is not Mark.UNPROVED]
        return found[0] if found and len(found) == len(proofs) else None

    def _of(self, code: str, sentence: str) -> Proof | None:
        for sentences in self.sentences:
            if code in sentences.codes and sentences.pattern.search(sentence):
                return sentences.proof
        return self.codes.get(code) or next(
            (proof for pattern, proof in self.patterns if fnmatchcase(code, pattern)), None
        )


def table_for(exchange: str, address: str) -> RefusalTable | None:
    """The table of an exchange of ccxt, for a request to this address."""
    return next(
        (table for table in tables().get(exchange, ()) if table.paths.search(address)), None
    )


@functools.cache
def tables() -> Mapping[str, Sequence[RefusalTable]]:
    """All tables, by the ids of exchanges in ccxt."""
    found: dict[str, list[RefusalTable]] = {}
    here = files(__package__)
    for file in sorted(
        (one for one in here.iterdir() if one.name.endswith(".toml")), key=lambda one: one.name
    ):
        document = tomllib.loads(file.read_text(encoding="utf-8"))
        table = _table(document)
        for exchange in document["exchanges"]:
            found.setdefault(exchange, []).append(table)
    return found


def _table(document: Mapping[str, Any]) -> RefusalTable:
    codes: dict[str, Proof] = {}
    patterns: list[tuple[str, Proof]] = []
    for mark in Mark:
        for reason, listed in document.get(mark, {}).items():
            proof = Proof(mark, "duplicate_order" if mark is Mark.DUPLICATE else reason)
            for code in _spelled(listed):
                if "*" in code:
                    patterns.append((code, proof))
                else:
                    codes.setdefault(code, proof)
    return RefusalTable(
        source=document["source"],
        paths=re.compile(document.get("paths", "")),
        code_in=document["code_in"],
        text_in=document["text_in"],
        codes=codes,
        patterns=patterns,
        sentences=[_sentence_rule(row) for row in document.get("sentences", ())],
    )


def _sentence_rule(row: Mapping[str, Any]) -> SentenceRule:
    mark = Mark(row.get("mark", Mark.REFUSED))
    reason = row.get("reason", "duplicate_order" if mark is Mark.DUPLICATE else mark.value)
    return SentenceRule(
        frozenset(_spelled(row["codes"])),
        re.compile(row["text"], re.IGNORECASE),
        Proof(mark, reason),
    )


def _spelled(codes: Iterable[str | int]) -> Iterator[str]:
    """The codes as text, one by one."""
    for code in codes:
        span = SPAN.fullmatch(str(code)) if isinstance(code, str) else None
        if span is None:
            yield str(code)
        else:
            first, last = sorted(map(int, span.groups()))
            yield from map(str, range(first, last + 1))


def _texts(document: Any, paths: Iterable[str]) -> list[str]:
    """The texts at the first of these places that has any."""
    for path in paths:
        value = _at(document, path.split("."))
        found = [_text(one) for one in (value if isinstance(value, list) else [value])]
        if any(found):
            return [one for one in found if one]
    return []


def _at(document: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        if isinstance(document, list) and step.isdigit() and int(step) < len(document):
            document = document[int(step)]
        else:
            document = document.get(step) if isinstance(document, dict) else None
    return document


def _text(value: Any) -> str:
    is_text = isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool))
    return str(value).strip() if is_text else ""
