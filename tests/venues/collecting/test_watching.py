"""What goes wrong for long is said now and then, and not all the time."""

from orderledger import StoreUnreachable
from orderledger.infrastructure.logs import EventLogger
from orderledger.venues.collecting.watching import AGAIN_SECONDS, Watch
from tests.captured_logs import captured


def test_a_fault_that_lasts_is_said_when_it_begins_or_changes_and_again_after_a_while() -> None:
    seconds = 0.0
    watch = Watch(EventLogger("orderledger.collect"), [], lambda: None, lambda: seconds)

    def said(*faults: str) -> list[bool]:
        return [watch.is_due("lighter", fault) for fault in faults]

    assert said("refused", "refused", "HTTP 503", "refused", "HTTP 503") == [
        True,
        False,
        True,
        False,
        False,
    ]
    seconds = AGAIN_SECONDS - 1
    assert said("refused") == [False]
    seconds = AGAIN_SECONDS
    assert said("refused", "refused") == [True, False]


def test_views_that_are_not_kept_are_said_like_any_other_fault_that_lasts() -> None:
    seconds, fault = 0.0, ""

    def check_views() -> None:
        if fault:
            raise StoreUnreachable(fault)

    watch = Watch(EventLogger("orderledger.collect"), [], check_views, lambda: seconds)

    def look(at: float, found: str) -> None:
        nonlocal seconds, fault
        seconds, fault = at, found
        watch.look_at_views()

    with captured() as log:
        for at, found in enumerate(("ended", "ended", "", "ended", "no answer", "ended")):
            look(at, found)
        look(AGAIN_SECONDS, "ended")
    assert [record["why"] for record in log] == ["ended", "no answer", "ended"]
