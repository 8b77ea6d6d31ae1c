"""What a collector could not hear is a gap, which ends when it has been asked for."""

from orderledger.venues.base.venue import Down, Messages, UnreadablePayload, Up
from tests.scenarios import ACCOUNT, at
from tests.venues.collecting.harness import UP, Running, acknowledge, run
from tests.venues.reconciliation.plain_venue import Known


def test_an_interruption_is_a_gap_that_ends_when_what_was_missed_has_been_asked_for() -> None:
    """Behaviours 3 and 10"""

    async def story(running: Running) -> None:
        running.venue.orders["V-1"] = Known("V-1", at=at(2))
        running.clock.set(at(10))
        await running.hear(UP, Messages(account=ACCOUNT, messages=[acknowledge("V-1", 2)]))
        await running.reconciled(1)
        await running.hear(Down(accounts=[ACCOUNT], at=at(20), reason="connection_lost"))
        running.venue.trade("V-1", "F-1", "4", at(25))
        running.clock.set(at(60))
        await running.hear(Up(accounts=[ACCOUNT], at=at(50)))
        await running.reconciled(2)

    running = run(story)
    (gap,) = running.ledger.log.account_events(kind="gap")
    assert (gap["from_at"], gap["to_at"], gap["reason"]) == (at(20), at(50), "connection_lost")
    (trade,) = running.ledger.trades()
    assert (trade["fill_id"], trade["source"]) == ("F-1", "reconciliation")


def test_a_venue_that_cannot_be_asked_is_asked_again_and_the_gap_stays_open_meanwhile() -> None:
    async def story(running: Running) -> None:
        running.clock.set(at(10))
        running.venue.is_down = True
        await running.hear(
            UP,
            Down(accounts=[ACCOUNT], at=at(20), reason="http_503"),
            Up(accounts=[ACCOUNT], at=at(30)),
        )
        await running.until(lambda: running.collector.counters[ACCOUNT].failed_reconciliations >= 2)
        assert [gap["to_at"] for gap in running.ledger.log.account_events(kind="gap")] == [None]
        assert running.collector.status()["accounts"][ACCOUNT]["fault"] == "HTTP 503"
        running.venue.is_down = False
        await running.reconciled(1)

    running = run(story)
    assert [gap["to_at"] for gap in running.ledger.log.account_events(kind="gap")] == [at(30)]


def test_a_gap_does_not_end_while_the_feed_is_down_though_the_account_is_reconciled_meanwhile() -> (
    None
):
    """An earlier return of the feed had asked for that."""

    async def story(running: Running) -> None:
        running.clock.set(at(10))
        running.venue.is_down = True
        await running.hear(Up(accounts=[ACCOUNT], at=at(11)))
        await running.until(lambda: running.collector.counters[ACCOUNT].failed_reconciliations >= 1)
        await running.hear(Down(accounts=[ACCOUNT], at=at(20), reason="connection_lost"))
        running.venue.is_down = False
        running.clock.set(at(30))
        await running.reconciled(1)
        assert [gap["to_at"] for gap in running.ledger.log.account_events(kind="gap")] == [None]
        await running.hear(Up(accounts=[ACCOUNT], at=at(50)))
        await running.reconciled(2)

    (gap,) = run(story).ledger.log.account_events(kind="gap")
    assert (gap["from_at"], gap["to_at"]) == (at(20), at(50))


def test_the_gap_since_the_last_collector_goes_on_until_the_feed_is_up() -> None:
    async def story(running: Running) -> None:
        await running.collector.note_absence(
            [{"at": at(5).isoformat(), "accounts": {ACCOUNT: {"is_up": True}}}]
        )
        running.clock.set(at(10))
        await running.hear(
            UnreadablePayload(accounts=[ACCOUNT], at=at(8), fault="not JSON", payload="{")
        )
        await running.reconciled(1)
        assert [gap["to_at"] for gap in running.ledger.log.account_events(kind="gap")] == [None]
        await running.hear(Up(accounts=[ACCOUNT], at=at(50)))
        await running.reconciled(2)

    (gap,) = run(story).ledger.log.account_events(kind="gap")
    assert (gap["from_at"], gap["to_at"]) == (at(5), at(50))


def test_the_gap_begins_where_the_last_collector_of_the_account_ended_whatever_its_name_was() -> (
    None
):
    async def story(running: Running) -> None:
        earlier, others = (
            {"accounts": {ACCOUNT: {"is_up": True}}},
            {"accounts": {"lighter:main": {"is_up": True}}},
        )
        published = [
            {"at": at(5).isoformat(), **earlier},
            {"at": at(7).isoformat(), **earlier},
            {"at": at(9).isoformat(), **others},
        ]
        await running.collector.note_absence([*published, {"claim": {}}])

    (gap,) = run(story).ledger.log.account_events(kind="gap")
    assert (gap["account"], gap["from_at"]) == (ACCOUNT, at(7))


def test_an_adapter_that_fails_is_a_gap_and_is_begun_again() -> None:
    async def story(running: Running) -> None:
        running.clock.set(at(10))
        await running.hear(UP)
        await running.reconciled(1)
        await running.hear(
            KeyError("a field that nobody expected"), Up(accounts=[ACCOUNT], at=at(30))
        )
        await running.reconciled(2)

    running = run(story)
    (gap,) = running.ledger.log.account_events(kind="gap")
    assert (gap["reason"], gap["to_at"]) == ("the feed failed: KeyError", at(30))


def test_the_time_in_which_no_collector_ran_is_a_gap() -> None:
    async def story(running: Running) -> None:
        before = {
            "at": at(5).isoformat(),
            "accounts": {ACCOUNT: {"is_up": True}, "other:gone": {"is_up": True}},
        }
        running.clock.set(at(50))
        await running.collector.note_absence([before])
        await running.hear(Up(accounts=[ACCOUNT], at=at(50)))
        await running.reconciled(1)

    running = run(story)
    (gap,) = running.ledger.log.account_events()
    assert (gap["account"], gap["from_at"], gap["to_at"], gap["reason"]) == (
        ACCOUNT,
        at(5),
        at(50),
        "collector_stopped",
    )


def test_an_outage_of_which_the_venue_says_several_lines_is_a_gap_like_any_other() -> None:
    """The page of a proxy, for instance; and a text that is none in UTF-8."""
    said = "HTTP 503: <html>\r\n<h1>503 \ud800</h1>"

    async def story(running: Running) -> None:
        running.clock.set(at(10))
        await running.hear(UP)
        await running.reconciled(1)
        await running.hear(Down(accounts=[ACCOUNT], at=at(20), reason=said))
        await running.until(lambda: running.ledger.log.account_events(kind="gap") != [])
        running.ledger.internals.publish("collector", running.collector.status())
        await running.hear(Up(accounts=[ACCOUNT], at=at(30)))
        await running.reconciled(2)

    running = run(story)
    (gap,) = running.ledger.log.account_events(kind="gap")
    assert (gap["from_at"], gap["to_at"], gap["reason"]) == (
        at(20),
        at(30),
        "HTTP 503: <html>  <h1>503  </h1>",
    )
    (shown,) = running.ledger.status()["collectors"].values()
    assert shown["accounts"][ACCOUNT]["fault"] == gap["reason"]
