"""What can be set, and what is said of what cannot."""

from typing import Any

import pytest

from orderledger import InvalidSetting, Ledger
from orderledger.infrastructure.settings import Settings


@pytest.mark.parametrize("seconds", [-1, 1.5, "5", True, 86_401])
def test_a_wait_that_cannot_be_is_named(seconds: Any) -> None:
    with pytest.raises(InvalidSetting, match="lock_timeout"):
        Ledger.open("memory://", lock_timeout=seconds)


def test_what_is_given_goes_before_the_environment_and_that_before_the_defaults() -> None:
    environment = {"ORDERLEDGER_DB": "theirs.db", "ORDERLEDGER_LOCK_TIMEOUT": "7"}
    assert Settings.read(environment, db="ours.db") == Settings(
        db="ours.db", synchronous="FULL", lock_timeout=7
    )
    with pytest.raises(InvalidSetting, match="ORDERLEDGER_LOCK_TIMEOUT"):
        Settings.read({"ORDERLEDGER_LOCK_TIMEOUT": "soon"})
    with pytest.raises(InvalidSetting, match="'²' is not a number of seconds"):
        Settings.read({"ORDERLEDGER_LOCK_TIMEOUT": "²"})
