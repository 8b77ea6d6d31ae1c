"""The former words of reports are read for ever, mean the same fact, and are written no more."""

import json
from pathlib import Path
from typing import Any

import pytest

from orderledger import Ledger, parse_document
from orderledger.infrastructure.messages.document import document
from orderledger.infrastructure.messages.registry import BY_WORD, MESSAGES
from tests.auditing.facts import FORMER_WORDS
from tests.command_line import run
from tests.core.contract.streams import fill, parsed, report, request
from tests.serve.http.people import message_of


def test_no_former_word_is_lost() -> None:
    found = {word: model.fact.wire_name for word, model in BY_WORD.items() if word not in MESSAGES}
    assert {word: found[word] for word in FORMER_WORDS} == FORMER_WORDS


@pytest.mark.parametrize(("former", "word"), FORMER_WORDS.items())
def test_a_former_word_is_the_same_fact_as_the_present_one(
    ledger: Ledger, former: str, word: str
) -> None:
    told = {**message_of(word), "at": 1_800_000_000}
    known = [{**request("C-1"), "account": told["account"]}]
    known[0]["client_order_id"] = told.get("client_order_id", "C-1")
    old, new = parse_document({**told, "type": former}), parse_document(told)
    assert (old, document(old)["type"]) == (new, word)
    outcomes = ledger.record_many([*parsed(*known), old, new])
    assert [one.outcome for one in outcomes] == ["recorded", "recorded", "duplicate"]


def test_a_file_with_former_words_is_recorded_and_comes_back_in_the_present_ones(
    tmp_path: Path,
) -> None:
    story: list[dict[str, Any]] = [
        request("C-1"),
        report("acknowledge", "C-1", 1, venue_order_id="V-1"),
        fill("C-1", "F-1", 2),
        report("bust_fill", "C-1", 3, fill_id="F-1"),
        report("cancel", "C-1", 4),
    ]
    path, store = tmp_path / "old.ndjson", tmp_path / "ledger.db"
    path.write_text("\n".join(map(json.dumps, story)))
    assert run("record", str(path), "--db", store).status == 0
    again = [{**line, "type": FORMER_WORDS.get(line["type"], line["type"])} for line in story]
    path.write_text("\n".join(map(json.dumps, again)))
    acknowledged = run("record", "--ack", str(path), "--db", store)
    outcomes = [json.loads(line)["outcome"] for line in acknowledged.out.splitlines()]
    assert outcomes == ["duplicate"] * len(story)


def test_the_schema_of_a_former_word_is_that_of_the_present_one() -> None:
    assert run("schema", "cancel").out == run("schema", "canceled").out
