"""What needs a library that is not installed says which extra brings it."""

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from orderledger import InvalidSetting
from orderledger.analytics import sql
from orderledger.analytics.archive import spark


def entered(context: AbstractContextManager[object]) -> None:
    with context:
        pass


@pytest.mark.parametrize(
    ("library", "extra", "use"),
    [
        ("duckdb", "analytics", lambda: sql._check("SELECT 1")),
        ("duckdb", "analytics", lambda: entered(sql._connected("1GB"))),
        ("duckdb", "analytics", lambda: entered(sql._explained())),
        ("pyspark.sql", "spark", lambda: entered(spark.in_spark())),
    ],
)
def test_a_missing_library_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, library: str, extra: str, use: Callable[[], None]
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(InvalidSetting, match=rf"pip install 'orderledger\[{extra}\]'"):
        use()


def test_no_tasks_need_no_cluster() -> None:
    assert spark._run(None, [], lambda _: None) == []
