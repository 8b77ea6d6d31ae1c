"""The codes of an answer to an order, by which the tables of refusals look it up."""

import pytest

from orderledger.venues.base.refusals import STATED, STATED_4XX, codes_of


@pytest.mark.parametrize(
    ("status", "forms"),
    [
        (399, [STATED]),
        (400, [STATED, STATED_4XX]),
        (499, [STATED, STATED_4XX]),
        (500, [STATED]),
        (200, [STATED]),
    ],
)
def test_only_a_client_error_is_a_stated_refusal_of_the_4xx(status: int, forms: list[str]) -> None:
    assert codes_of(status, "5001") == ["5001", f"http_{status}", *forms]


def test_an_answer_of_another_form_states_nothing() -> None:
    assert codes_of(400) == ["http_400"]
