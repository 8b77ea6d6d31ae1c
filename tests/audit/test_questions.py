"""What a query method says of itself, for commands and routes."""

import pytest

from orderledger import Ledger
from orderledger.audit.queries import Audit
from orderledger.infrastructure.views.questions import parameters_of, summary_of


@pytest.mark.parametrize("method", [Ledger.orders, Ledger.trades, Ledger.pnl, Audit.restate])
def test_the_summary_is_the_first_paragraph_of_the_docstring(method: object) -> None:
    assert callable(method)
    summary = summary_of(method)
    assert summary
    assert " ".join((method.__doc__ or "").split()).startswith(summary)


def test_a_method_without_a_docstring_has_an_empty_summary() -> None:
    assert summary_of(lambda: None) == ""


def test_the_name_of_a_file_is_a_parameter_of_its_own_kind() -> None:
    kinds = {one.name: one.kind for one in parameters_of(Audit.what_if)}
    assert kinds["fees"] == "file"
