"""`keyed_adapter`: the adapter of a venue whose key identifies the account, from the names of
its modules.
"""

from importlib import import_module
from typing import Any, cast

from orderledger.extend.values import SystemClock
from orderledger.venues.base.adapter import Adapter
from orderledger.venues.base.order_entry import OrderEntry
from orderledger.venues.base.recorded import Recording
from orderledger.venues.base.settings import KeyedSection
from orderledger.venues.base.venue import Records, Venue


def keyed_adapter(
    settings: type[KeyedSection], *, name: str, alias: str, package: str, simulation: str
) -> Adapter:
    """The adapter whose venue is `VENUE` in the package's module `venue`, whose `READERS` are in
    `translate`, and whose `ORDER_ENTRY` is in `order_entry`. They are imported when needed.
    """

    def build(section: KeyedSection, records: Records) -> Venue:
        make = import_module(f"{package}.venue").VENUE
        token = section.token.read(f"venues.{name}.token")
        pauses = {"poll_seconds": section.poll_seconds, "idle_seconds": section.idle_seconds}
        options = {"now": SystemClock().now, **pauses, **section.options()}
        return cast(
            Venue, make(section.account, token=token, url=section.url, records=records, **options)
        )

    def order_entry(section: KeyedSection, account: str) -> OrderEntry:
        make = import_module(f"{package}.order_entry").ORDER_ENTRY
        token = section.token.read(f"venues.{name}.token")
        return cast(
            OrderEntry,
            make(account, token=token, url=section.url, now=SystemClock().now, **section.options()),
        )

    def recording(account: str, number: str, records: Records | None) -> Recording:
        from orderledger.venues.base.order_rows import RowRecording

        readers: Any = import_module(f"{package}.translate").READERS
        return RowRecording(account, readers)

    return Adapter(
        name=name,
        settings=settings,
        build=build,
        recording=recording,
        alias=alias,
        simulation=simulation,
        order_entry=order_entry,
    )
