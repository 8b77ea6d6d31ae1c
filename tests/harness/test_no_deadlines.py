"""A busy machine is no failure: no example of a property has to be done in a given time."""

import re

from hypothesis import HealthCheck, settings

from tests.docs.reading import REPOSITORY


def test_examples_have_no_deadline_and_may_be_slow() -> None:
    assert settings().deadline is None
    assert HealthCheck.too_slow in settings().suppress_health_check


def test_no_test_sets_a_deadline() -> None:
    setting = re.compile(r"\bsettings\([^)]*\bdeadline\s*=\s*(?!None\b)")
    sources = (REPOSITORY / "tests").rglob("*.py")
    assert [path.name for path in sources if setting.search(path.read_text(encoding="utf-8"))] == []
