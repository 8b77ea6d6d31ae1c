"""The parts of a gateway, each connected with those that it uses."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from orderledger.extend.values import Clock
from orderledger.gateway.book import Book
from orderledger.gateway.breakers import Breakers
from orderledger.gateway.canceling import Canceler
from orderledger.gateway.changing import ChangeAnswers
from orderledger.gateway.emulation.acting import Actor
from orderledger.gateway.emulation.checking import EmulatedChecks
from orderledger.gateway.emulation.groups import Groups
from orderledger.gateway.emulation.runner import Emulator
from orderledger.gateway.feeds import Feeds
from orderledger.gateway.lease_keeper import LeaseKeeper
from orderledger.gateway.leases import Leases
from orderledger.gateway.limits import Limits
from orderledger.gateway.look_ups import LookUps, own_look_ups
from orderledger.gateway.mass_canceling import MassCanceler
from orderledger.gateway.outgoing import Outgoing
from orderledger.gateway.parts import GatewayParts, pacings_of
from orderledger.gateway.pre_trade import PreTradeChecks
from orderledger.gateway.preparing import Preparer
from orderledger.gateway.published import GatewayStatuses
from orderledger.gateway.publishing import Publisher
from orderledger.gateway.replacing import Replacer
from orderledger.gateway.resending import Resender
from orderledger.gateway.resolving import OutcomeResolver
from orderledger.gateway.results import OrderLookup, Sending
from orderledger.gateway.sending import Sender
from orderledger.gateway.settings import GatewaySettings
from orderledger.gateway.switches import Switches
from orderledger.gateway.tasks import Tasks
from orderledger.gateway.unsettled import Unsettled
from orderledger.gateway.venue_clocks import VenueClocks
from orderledger.rows import OrderRow
from orderledger.venues.base.order_entry import OrderEntry
from orderledger.venues.base.pauses import pacings_in

if TYPE_CHECKING:
    from orderledger import Ledger


class Wiring:
    """The parts of one gateway. `load`: loads the book. `elapsed`: counts the seconds of leases.
    For the others see `Gateway`."""

    def __init__(
        self,
        ledger: "Ledger",
        entries: Mapping[str, OrderEntry],
        settings: GatewaySettings,
        load: Callable[[Book], None],
        *,
        venues: Mapping[str, OrderLookup],
        name: str,
        answer_seconds: float,
        clock: Clock,
        elapsed: Callable[[], float],
    ) -> None:
        store = ledger.internals.store
        self.tasks = Tasks()
        self.feeds = Feeds()
        self.book = Book(store, entries, clock, settings.zone, load)
        self.book.positions.highs = {rule: {} for rule in _rules_of_highs(settings, entries)}
        self.breakers = Breakers(settings.breakers, self.book)
        keeper = LeaseKeeper(
            *(Leases(store.database), entries, name, settings.lease_seconds, elapsed),
            epoch=lambda: store.epoch.number,
        )
        pacings = pacings_of(entries)
        self.parts = GatewayParts(
            *(ledger, entries, self.book, keeper, Unsettled(ledger, self.book, clock)),
            *(clock, VenueClocks(entries, clock), answer_seconds, self._note),
            *(settings.patience_seconds, pacings),
        )
        self.pacings = pacings_in(entries, pacings)
        self.look_ups = look_ups = LookUps({**own_look_ups(entries), **venues}, self.book)
        self.switches = Switches(self.parts, settings.dead_mans_switches)
        self._connect_sending(settings, look_ups)
        self.resolver = OutcomeResolver(
            self.parts, look_ups, elapsed=elapsed, replacing=self.replacer.replacing
        )
        statuses = GatewayStatuses(store.database)
        self.publisher = Publisher(
            *(statuses, self.breakers, keeper, clock, self.parts.clocks),
            *(ledger.status, self.pacings),
        )

    def _connect_sending(self, settings: GatewaySettings, look_ups: LookUps) -> None:
        parts, mark_seconds = self.parts, settings.trigger_mark_seconds
        checks = PreTradeChecks(self.book, settings.rules, settings.unresolved)
        outgoing = Outgoing(parts, checks.halted_now)
        outgoing.on_send = self.switches.begin
        answers = ChangeAnswers(parts, look_ups)
        preparer = Preparer(
            *(parts.entries, self.book, parts.clock),
            slippage=settings.market_slippage,
            mark_seconds=mark_seconds,
        )
        self.sender = Sender(parts, outgoing, checks, preparer)
        self.resender = Resender(parts, outgoing, checks)
        self.canceler = Canceler(parts, outgoing.flights, answers)
        self.replacer = Replacer(parts, checks, answers)
        groups, start = Groups(parts), self.tasks.start
        changers = (self.canceler, self.replacer)
        of_groups = EmulatedChecks(checks, self.book, groups)
        actor = Actor(parts, of_groups, self.sender, *changers, look_ups, groups, start)
        self.emulator = Emulator(
            parts, groups, actor, of_groups, start, mark_age_seconds=mark_seconds
        )
        self.mass_canceler = MassCanceler(
            *(parts, outgoing.flights, self.canceler, self.emulator),
            is_by_venue=settings.venue_cancel_all,
        )

    def _note(self, result: Sending, row: OrderRow | None, is_failure: bool) -> None:
        self.breakers.note(result, row, self.parts.clock.now(), is_failure=is_failure)
        if result.state == "unresolved" and is_failure:
            self.tasks.start(self.resolver.query((result.account, result.client_order_id)))


def _rules_of_highs(settings: GatewaySettings, accounts: Iterable[str]) -> Iterator[Limits]:
    """The rules that need the highest gain of the day."""
    of_breakers = (one.limits(account) for one in settings.breakers for account in accounts)
    return (rule for rule in (*settings.rules, *of_breakers) if rule.drawdown is not None)
