"""The time of recording does not go back, though the machine's clock does."""

from datetime import datetime, timedelta

from orderledger import Ledger
from tests.core.contract.streams import MADE_AT, fill, parsed, report, request


class ClockThatIsSetBack:
    """By an hour, after its third reading."""

    def __init__(self) -> None:
        self._readings = 0

    def now(self) -> datetime:
        self._readings += 1
        return MADE_AT + timedelta(seconds=self._readings) - timedelta(hours=self._readings > 3)


def test_no_event_is_recorded_before_the_one_before_it(store_url: str) -> None:
    messages = parsed(
        request("C-1"),
        report("submit", "C-1", 1),
        fill("C-1", "F-1", 2),
        report("canceled", "C-1", 3),
    )
    with Ledger.open(store_url, clock=ClockThatIsSetBack(), update_views=False) as ledger:
        for message in messages:
            ledger.record(message)
        recorded = [event["recorded_at"] for event in ledger.events()]
        assert recorded == sorted(recorded) and recorded[-1] > MADE_AT
        assert len(ledger.orders(as_of=recorded[-1])) == 1
        assert ledger.order("C-1", as_of=recorded[-1])["status"] == "canceled"
