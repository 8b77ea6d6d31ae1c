"""Python, the command line and HTTP offer the same questions, with the same parameters."""

from collections.abc import Callable
from typing import Any

import click
import pytest

from orderledger.audit.queries import Audit
from orderledger.cli import deriving as derived
from orderledger.cli import main
from orderledger.gateway.published import breakers
from orderledger.infrastructure.views.log_methods import LogMethods
from orderledger.infrastructure.views.metric_methods import MetricMethods
from orderledger.infrastructure.views.questions import parameters_of, summary_of
from orderledger.infrastructure.views.reconciliation_methods import ReconciliationMethods
from orderledger.ledger import Ledger
from orderledger.serve.alerts.lists import alerts
from orderledger.serve.app import OF_ORDER
from orderledger.serve.collections import COLLECTIONS, SINGLES
from orderledger.serve.openapi import build
from orderledger.serve.overview import accounts, breaks

Question = Callable[..., Any]

OF_LEAVES: tuple[Question, ...] = (accounts, alerts, breakers, breaks)
"""Questions that leaves bring. In Python they take the ledger."""
METHODS = [
    getattr(owner, name)
    for owner in (Ledger, LogMethods, MetricMethods, ReconciliationMethods, Audit)
    for name in dir(owner)
    if not name.startswith("_")
]
QUESTIONS: list[Question] = [
    *(method for method in METHODS if callable(method) and parameters_of(method)),
    *OF_LEAVES,
]
COMMANDS = {
    command.method: command
    for command in main.commands.values()
    if isinstance(command, derived.Question)
}
ROUTES = {one.question: one for one in (*COLLECTIONS, *SINGLES)}
IN_PATH = {
    Ledger.order: "/api/orders/{account}/{id}",
    Audit.explain: "/api/orders/{account}/{id}/explanation",
}
"""Questions about the order that the path names."""

PRINTING = {"form", "as_json", "timezone", "db"}
ON_THE_COMMAND_LINE = {Ledger.equity: {"has_all"}, Audit.findings: {"report"}}
"""Options that stand for a value of another parameter, or for another question."""
PAGING = {"limit", "after", "order", "count", "columns"}
NOT_OVER_HTTP = {Audit.what_if: {"fees"}}
"""The name of a file: the server's files are not the client's."""


def named(question: Question) -> set[str]:
    return {one.name for one in parameters_of(question)}


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.__name__)
def test_a_question_is_a_command_with_every_parameter(question: Question) -> None:
    command = COMMANDS[question]
    given = {one.name for one in command.params} - PRINTING
    asked = {one.becomes for one in parameters_of(question) if one.kind != "zone"}
    assert given - ON_THE_COMMAND_LINE.get(question, set()) == asked
    for one in command.params:
        if isinstance(one, click.Option) and one.name in asked:
            assert one.help


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.__name__)
def test_a_question_is_a_route_with_every_parameter(question: Question) -> None:
    if question in IN_PATH:
        assert {*OF_ORDER, "id", "account"} == named(question)
        return
    route = ROUTES[question]
    missing = NOT_OVER_HTTP.get(question, set())
    assert {*route.by_name} - PAGING == named(question) - PAGING - missing
    assert {*route.by_name} >= named(question) - missing


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.__name__)
def test_the_document_describes_each_parameter_by_its_declaration(question: Question) -> None:
    path = IN_PATH.get(question) or f"/api/{ROUTES[question].path}"
    described = build()["paths"][path]["get"]
    assert described["summary"] == summary_of(question)
    given = {one["name"]: one["description"] for one in described["parameters"]}
    for one in parameters_of(question):
        if one.name in given and one.name not in PAGING and path not in IN_PATH.values():
            assert given[one.name].endswith(one.meaning)


def test_no_command_and_no_route_asks_a_question_that_is_not_declared() -> None:
    assert {*COMMANDS} == {*QUESTIONS}
    assert {*ROUTES, *IN_PATH} == {*QUESTIONS}


def test_names_outside_python_are_told_apart() -> None:
    for question in QUESTIONS:
        found = [one.name for one in parameters_of(question)]
        assert len(found) == len(set(found)), question.__name__
