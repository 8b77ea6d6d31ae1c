"""The index that stands for our id: in every process the same, and never another order's."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from orderledger import Ledger, UnknownOrder
from orderledger.venues.lighter.ids import (
    LARGEST,
    hashed_index,
    mint_client_order_index,
)
from tests.venues.lighter.rows import ACCOUNT, only, order, request

ALIAS = "lighter.client_order_index"
PROGRAM = """
from orderledger.venues.lighter.ids import mint_client_order_index
print([mint_client_order_index(lambda account, name: None, "lighter:main", f"C-{n}") for n in range(50)])
"""  # noqa: E501 (a script)


def lookup_in(ledger: Ledger) -> Callable[[str, str], dict[str, Any] | None]:
    def order_named(account: str, name: str) -> dict[str, Any] | None:
        try:
            return ledger.order(name, account=account)  # type: ignore[return-value]
        except UnknownOrder:
            return None

    return order_named


def test_every_process_mints_the_same_whatever_its_hash_seed() -> None:
    printed = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4711")
    }
    assert len(printed) == 1
    assert str([hashed_index(ACCOUNT, f"C-{n}", 0) for n in range(50)]) == printed.pop().strip()


def test_the_numbers_are_these_for_ever() -> None:
    """A change here would part every open order from its id."""
    assert [hashed_index(ACCOUNT, "C-1", salt) for salt in (0, 1)] == [
        162197142133999,
        156145071955143,
    ]


def test_indexes_fit_the_venue_and_differ() -> None:
    minted = {hashed_index(ACCOUNT, f"C-{n}", 0) for n in range(5000)}
    assert len(minted) == 5000
    assert all(1 <= index <= LARGEST == 2**48 - 1 for index in minted)
    assert hashed_index("lighter:other", "C-1", 0) != hashed_index(ACCOUNT, "C-1", 0)


def test_an_index_that_is_taken_is_passed_by_and_the_choice_survives_a_restart(
    tmp_path: Any,
) -> None:
    path = f"sqlite:///{tmp_path}/ledger.db"
    taken, second = (hashed_index(ACCOUNT, "C-1", salt) for salt in (0, 1))
    with Ledger.open(path) as ledger:
        ledger.record(request("C-0", taken))
        minted = mint_client_order_index(lookup_in(ledger), ACCOUNT, "C-1")
        assert minted == second
        assert ledger.record(request("C-1", minted)).outcome == "recorded"
        assert mint_client_order_index(lookup_in(ledger), ACCOUNT, "C-1") == second
    with Ledger.open(path) as ledger:
        assert mint_client_order_index(lookup_in(ledger), ACCOUNT, "C-1") == second
        assert mint_client_order_index(lookup_in(ledger), ACCOUNT, "C-0") != taken or ledger.order(
            "C-0"
        )["aliases"] == {ALIAS: str(taken)}


def test_an_index_that_an_order_made_elsewhere_bears_is_taken_too() -> None:
    taken, second = (hashed_index(ACCOUNT, "C-1", salt) for salt in (0, 1))
    with Ledger.open("memory://") as ledger:
        ledger.record(only({"orders": [order(client_order_id=str(taken))]}))
        assert mint_client_order_index(lookup_in(ledger), ACCOUNT, "C-1") == second


def test_reports_find_the_order_by_the_index_alone() -> None:
    with Ledger.open("memory://") as ledger:
        index = mint_client_order_index(lookup_in(ledger), ACCOUNT, "C-1")
        ledger.record(request("C-1", index))
        ledger.record(only({"orders": [order(client_order_id=str(index))]}))
        seen = ledger.order("C-1")
    assert (seen["status"], seen["venue_order_id"], seen["origin"], seen["anomalies"]) == (
        "new",
        "281480000000101",
        "own",
        [],
    )


def test_a_ledger_in_which_everything_is_taken_is_no_reason_to_go_on_for_ever() -> None:
    with pytest.raises(RuntimeError, match="are taken"):
        mint_client_order_index(
            lambda account, name: {"client_order_id": "C-9", "aliases": {}}, ACCOUNT, "C-1"
        )
