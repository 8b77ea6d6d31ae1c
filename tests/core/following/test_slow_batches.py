"""A batch of the views that takes long does not keep recording out."""

from pathlib import Path
from typing import Any

import pytest

from orderledger import Acknowledged, Fill, Ledger, Outcome, Request
from orderledger.infrastructure.messages.registry import Message
from orderledger.infrastructure.storage.store import open_store
from orderledger.infrastructure.views import projector, rebuild
from orderledger.infrastructure.views.projector import Projector, TableFold


def order(number: int) -> list[Message]:
    name: dict[str, Any] = {"account": "sim:main", "client_order_id": f"C-{number}"}
    return [
        Request(**name, instrument="BTC-USD", side="buy", quantity="1", order_type="market"),
        Acknowledged(**name, venue_order_id=f"V-{number}"),
        Fill(**name, fill_id=f"F-{number}", quantity="1", price="100", fee="0", fee_currency="USD"),
    ]


def test_others_record_during_the_fold_after_a_slow_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(str(tmp_path / "orders.db"), lock_timeout=1)
    monkeypatch.setattr(projector, "SLOW_SECONDS", 0.0)  # every batch is slow
    take = TableFold.take
    recorded: list[Outcome] = []
    with Ledger.open(tmp_path / "orders.db", update_views=False) as ledger:
        views = Projector(store, rebuild)
        ledger.record_many(order(1))
        views.catch_up()
        ledger.record_many(order(2))

        def taking(fold: TableFold, *arguments: object) -> int:
            """Another process records while the views are folded."""
            if not recorded:
                recorded.extend(ledger.record_many(order(3)))
            return take(fold, *arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(TableFold, "take", taking)
        views.catch_up()
        assert [outcome.outcome for outcome in recorded] == ["recorded"] * 3
        monkeypatch.undo()
        assert [row["cum_quantity"] for row in ledger.orders()] == [1, 1, 1]
        assert len(ledger.trades()) == 3
        store.close()
