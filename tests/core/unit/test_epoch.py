"""An epoch notices that a log has another event, or none, where the newest known one was."""

from typing import Any

import pytest

from orderledger.infrastructure.errors import LogWentBack
from orderledger.infrastructure.storage.epoch import SHOWN, Epoch, Loss

EVENT = ("a/C-1", 1, "order_requested.v1", b"{}")


def known(*events: tuple[Any, ...]) -> tuple[Epoch, list[Loss]]:
    epoch, losses = Epoch(), list[Loss]()
    epoch.on_loss = losses.append
    epoch.note_all(events)
    return epoch, losses


def test_an_epoch_that_knows_nothing_compares_nothing() -> None:
    epoch, losses = known()
    epoch.compare(lambda position: pytest.fail("not asked"), lambda: 0)
    assert (epoch.number, losses) == (0, [])
    assert epoch.shown() == {"position": None, "digest": None, "went_back": []}


def test_only_the_newest_event_is_known_and_the_same_one_is_no_loss() -> None:
    epoch, losses = known((*EVENT, 5), ("b/C-1", 1, "x.v1", b"1", 9), (*EVENT, 7))
    epoch.note(*EVENT, 8)
    asked: list[int] = []

    def event_at(position: int) -> tuple[Any, ...]:
        asked.append(position)
        return ("b/C-1", 1, "x.v1", memoryview(b"1"))

    epoch.compare(event_at, lambda: 9)
    assert (asked, epoch.number, losses, epoch.shown()["position"]) == ([9], 0, [], 9)
    epoch.check(0)


@pytest.mark.parametrize(
    ("found", "last", "kept_to"),
    [
        (None, 3, 3),
        (None, 9, None),
        (("a/C-1", 1, "order_requested.v1", b"{ }"), 9, None),
        (("a/C-1", 2, "order_requested.v1", b"{}"), 9, None),
        (("a/C-2", 1, "order_requested.v1", b"{}"), 9, None),
        (("a/C-1", 1, "order_denied.v1", b"{}"), 9, None),
    ],
)
def test_another_event_or_none_at_its_position_is_a_loss(
    found: tuple[Any, ...] | None, last: int, kept_to: int | None
) -> None:
    epoch, losses = known((*EVENT, 5))
    digest = epoch.shown()["digest"]
    epoch.compare(lambda position: found, lambda: last)
    assert losses == epoch.losses == [Loss(kept_to, 5, digest)]
    assert (epoch.number, epoch.shown()["position"]) == (1, None)
    epoch.check(1)
    with pytest.raises(LogWentBack):
        epoch.check(0)
    epoch.compare(lambda position: None, lambda: 0)
    assert epoch.number == 1, "what was lost is forgotten"


def test_the_length_of_each_part_of_an_event_counts() -> None:
    first, _ = known(("a", 1, "b", b"c", 1))
    second, _ = known(("a", 1, "bc", b"", 1))
    assert first.shown()["digest"] != second.shown()["digest"]


def test_the_last_losses_are_shown() -> None:
    epoch, _ = known()
    for number in range(SHOWN + 3):
        epoch.note(*EVENT, number + 1)
        epoch.compare(lambda position: None, lambda: 0)
    shown = [loss["lost_to"] for loss in epoch.shown()["went_back"]]
    assert shown == list(range(4, SHOWN + 4))
