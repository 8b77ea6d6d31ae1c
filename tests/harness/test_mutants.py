"""The faults that `make mutants` plants can be planted."""

from pathlib import Path

import pytest

from tests.mutants.__main__ import Fault, faults, place_of

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("fault", faults(), ids=lambda fault: fault.name)
def test_its_text_stands_once_in_the_package_and_its_tests_are_there(fault: Fault) -> None:
    assert fault.text != fault.planted
    assert place_of(fault, REPOSITORY).is_file()
    for test in fault.tests:
        path, _, name = test.partition("::")
        assert f"def {name}" in (REPOSITORY / path).read_text()


@pytest.mark.parametrize(
    ("text", "where"), [("no text of ours", "nowhere"), ("import", "and has to stand once")]
)
def test_a_text_that_is_gone_or_stands_more_than_once_is_named(text: str, where: str) -> None:
    with pytest.raises(LookupError, match=where):
        place_of(Fault("a fault", text, "", ()), REPOSITORY)
