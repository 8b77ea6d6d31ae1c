"""What has to hold for every story, as the properties ask it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, get_args

from orderledger import Ledger, parse_document
from orderledger.infrastructure.clock import SteppingClock
from orderledger.projections.positions import Method
from tests.auditor import Auditor, differences
from tests.core.properties.stories import START, Message, Story, is_command

RECORDED_AT = START + timedelta(days=1)
ACCOUNTS = count(1)

Row = Any


class Audited:
    """An account of the ledger, and its auditor."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.account = f"sim:{next(ACCOUNTS)}"
        self._auditor = Auditor()

    def offer(self, message: Message) -> str:
        """Record it; the outcome is the auditor's."""
        given = {**message, "account": self.account}
        outcome = self._ledger.record(parse_document(given))
        expected = self._auditor.offer(given, RECORDED_AT)
        found = (outcome.outcome, outcome.reason)
        assert found == (expected, self._auditor.expected_reason), f"{given}: {outcome.text}"
        return outcome.outcome

    def compare(self) -> None:
        """Every field of every view."""
        compare(
            self._auditor.orders(), self._ledger.orders(account=self.account), order_key, skip=()
        )
        trades = self._ledger.trades(account=self.account)
        assert [row["at"] for row in trades] == sorted(row["at"] for row in trades)
        compare(self._auditor.trades(), trades, trade_key, skip=("recorded_at", "venue_order_id"))
        compare(
            self._auditor.marks(),
            self._ledger.marks(account=self.account),
            lambda row: (row["instrument"], row["at"]),
            skip=(),
        )
        for method in get_args(Method):
            found = self._ledger.pnl(method=method, account=self.account)
            compare(self._auditor.pnl(method), found, position_key, skip=())


def order_key(row: Row) -> Any:
    return (row["client_order_id"] or "", row["venue_order_ids"], sorted(row["aliases"].items()))


def position_key(row: Row) -> Any:
    return row["instrument"], row["position_side"], row["position_id"]


def trade_key(row: Row) -> Any:
    return (
        row["at"],
        row["client_order_id"] or "",
        row["fill_id"],
        float(row["quantity"]),
        float(row["price"]),
        row["liquidity"] or "",
    )


def compare(expected: Sequence[Row], found: Sequence[Row], key: Any, skip: Sequence[str]) -> None:
    keys = [[key(row) for row in sorted(rows, key=key)] for rows in (expected, found)]
    assert keys[0] == keys[1], f"rows: expected {keys[0]}, found {keys[1]}"
    for ours, theirs in zip(sorted(expected, key=key), sorted(found, key=key), strict=True):
        differing = differences(ours, theirs, [field for field in ours if field not in skip])
        assert differing == [], f"{key(ours)}: {differing}"


def check_views(ledger: Ledger, story: Story) -> None:
    audited = Audited(ledger)
    for message in story.messages:
        audited.offer(message)
    audited.compare()


def accepted(ledger: Ledger, messages: Sequence[Message]) -> list[Message]:
    """Record the messages for an account of their own; returns those that were not refused, without
    the account."""
    account = f"sim:{next(ACCOUNTS)}"
    outcomes = ledger.record_many(
        parse_document({**message, "account": account}) for message in messages
    )
    return [
        message
        for message, outcome in zip(messages, outcomes, strict=True)
        if outcome.outcome != "refused"
    ]


def end_of(ledger: Ledger, messages: Sequence[Message]) -> dict[str, list[Row]]:
    """What the views show of an account after these messages, but for what tells when and how often
    they came."""
    account = f"sim:{next(ACCOUNTS)}"
    outcomes = ledger.record_many(
        parse_document({**message, "account": account}) for message in messages
    )
    assert {outcome.outcome for outcome in outcomes} <= {"recorded", "duplicate"}
    hidden = {
        "account",
        "stream",
        "version",
        "recorded_at",
        "position",
        "rank",
    }  # they tell when and how often messages came
    views: dict[str, Sequence[Mapping[str, Any]]] = {
        "orders": ledger.orders(account=account),
        "trades": ledger.trades(account=account),
    }
    views |= {method: ledger.pnl(method=method, account=account) for method in get_args(Method)}
    shown = {
        view: [{n: v for n, v in row.items() if n not in hidden} for row in rows]
        for view, rows in views.items()
    }
    for trade in shown["trades"]:
        del trade["venue_order_id"]  # as the report gave it that came first
    return {view: sorted(rows, key=repr) for view, rows in shown.items()}


def assert_same_end(found: dict[str, list[Row]], expected: dict[str, list[Row]]) -> None:
    for view, rows in expected.items():
        assert len(found[view]) == len(rows), f"rows of {view}: {expected[view]}, {found[view]}"
        for ours, theirs in zip(rows, found[view], strict=True):
            differing = [
                f"{name}: expected {ours[name]}, found {theirs[name]}"
                for name in ours
                if ours[name] != theirs[name]
            ]
            assert differing == [], f"{view} {ours.get('client_order_id')}: {differing}"


def check_any_order(ledger: Ledger, story: Story, chance: Random) -> None:
    """The commands come first, then the reports in any order, some of them again."""
    commands = [message for message in accepted(ledger, story.commands) if is_command(message)]
    reports = list(story.reports)
    shuffled = reports + [report for report in reports if chance.random() < 0.3]
    chance.shuffle(shuffled)
    assert_same_end(end_of(ledger, [*commands, *shuffled]), end_of(ledger, [*commands, *reports]))


def check_any_place_of_the_request(ledger: Ledger, story: Story, chance: Random) -> None:
    """The request may come after reports of its order, and each report before or after it."""
    messages = [
        message
        for message in story.messages
        if message["type"] == "request" or not is_command(message)
    ]
    shuffled = messages + [message for message in messages if chance.random() < 0.3]
    chance.shuffle(shuffled)
    assert_same_end(end_of(ledger, shuffled), end_of(ledger, messages))


def check_again(ledger: Ledger, story: Story) -> None:
    """A second time every message is a duplicate that was recorded the first time, and nothing
    changes."""
    account = f"sim:{next(ACCOUNTS)}"
    messages = [parse_document({**message, "account": account}) for message in story.messages]
    first = ledger.record_many(messages)
    before = (
        ledger.orders(account=account),
        ledger.trades(account=account),
        ledger.pnl(account=account),
    )
    second = ledger.record_many(messages)
    for message, told, again in zip(story.messages, first, second, strict=True):
        is_repeated = again.outcome == "duplicate" or told.outcome == "refused"
        assert is_repeated, f"{message}: first {told}, then {again}"
    if all(outcome.outcome != "recorded" for outcome in second):
        assert (
            ledger.orders(account=account),
            ledger.trades(account=account),
            ledger.pnl(account=account),
        ) == before


def check_reopening(folder: Path, story: Story) -> None:
    """Closed and reopened, rebuilt, checked, and asked as of now: the views are the same."""
    url = f"sqlite:///{folder}/{next(ACCOUNTS)}.db"
    clock = SteppingClock(RECORDED_AT)
    with Ledger.open(url, clock=clock, synchronous="OFF") as ledger:
        ledger.record_many(
            parse_document({**message, "account": "sim:main"}) for message in story.messages
        )
        before = views_of(ledger)
    with Ledger.open(url, clock=clock, update_views=False) as ledger:
        assert views_of(ledger) == before
        assert ledger.views.rebuild().is_equal and views_of(ledger) == before
        assert ledger.views.check().differences == ()
        assert (
            views_of(ledger, as_of=clock.now())
            == before
            == views_of(ledger, effective_at=RECORDED_AT + timedelta(days=9))
        )


def views_of(ledger: Ledger, **moment: Any) -> list[list[Row]]:
    return [
        ledger.orders(**moment),
        ledger.trades(include_busted=True, **moment),
        *(ledger.pnl(method=method, **moment) for method in get_args(Method)),
        ledger.anomalies(**moment),
    ]
