"""`polled_adapter`: the adapter of a venue that is a `SpotTable`."""

from importlib.metadata import EntryPoint
from typing import Any, Literal

from pydantic import Field, create_model

from orderledger import InvalidSetting
from orderledger.extend.values import SystemClock
from orderledger.venues.base.adapter import Adapter
from orderledger.venues.base.networks import Network, Networks
from orderledger.venues.base.order_entry import OrderEntry
from orderledger.venues.base.recorded import Recording
from orderledger.venues.base.settings import KeyedSection
from orderledger.venues.base.venue import Records, Venue
from orderledger.venues.polled.table import SpotTable


class SignedSection(KeyedSection):
    """The settings of a venue whose requests are signed."""

    signer: str | None = Field(
        default=None,
        pattern=r"^[\w.]+:\w+$",
        description="Your function that signs, `module:function`: given the fields of a request, "
        "it returns those to add.",
    )

    def options(self) -> dict[str, Any]:
        if self.signer is None:
            return {}
        try:
            return {"sign": EntryPoint("signer", self.signer, "").load()}
        except (ImportError, AttributeError) as error:
            raise InvalidSetting(
                f"venues.{self.venue}.signer", f"{self.signer} cannot be loaded: {error}"
            ) from None


class PairingSection(KeyedSection):
    """The settings of a venue that has OCO pairs."""

    native_groups: bool = Field(
        default=False,
        description="Whether an OCO of a limit and a stop-limit order is sent as the venue's own. "
        "Otherwise the gateway cancels the other order.",
    )


def section_of(table: SpotTable) -> type[KeyedSection]:
    """The settings of one account at the venue."""
    base = SignedSection if table.is_signed else KeyedSection
    section = create_model(
        f"{table.name.capitalize()}Settings",
        __base__=PairingSection if table.oco is not None else base,
        __doc__=f"One account at {table.name.capitalize()}. {table.account_note}".rstrip(),
        venue=(Literal[table.name], ...),  # type: ignore[arg-type]
    )
    section.networks = Networks({name: Network(url) for name, url in table.networks.items()})
    return section


def polled_adapter(table: SpotTable, *, simulation: str | None = None) -> Adapter:
    """The adapter of a table. The engine is imported when it is needed."""

    def build(section: KeyedSection, records: Records) -> Venue:
        from orderledger.venues.polled.listed import ListedVenue
        from orderledger.venues.polled.quoting import QuotingVenue

        make = ListedVenue if table.book is None else QuotingVenue
        return make(
            table,
            section.account,
            token=section.token.read(f"venues.{table.name}.token"),
            url=section.url,
            records=records,
            now=SystemClock().now,
            poll_seconds=section.poll_seconds,
            idle_seconds=section.idle_seconds,
            **section.options(),
        )

    def order_entry(section: KeyedSection, account: str) -> OrderEntry:
        from orderledger.venues.polled.keyed_entry import KeyedOrderEntry

        token = section.token.read(f"venues.{table.name}.token")
        return KeyedOrderEntry(
            table,
            account,
            token=token,
            url=section.url,
            now=SystemClock().now,
            native_groups=isinstance(section, PairingSection) and section.native_groups,
            **section.options(),
        )

    def recording(account: str, number: str, records: Records | None) -> Recording:
        from orderledger.venues.polled.recording import RowRecording

        return RowRecording(account, table)

    return Adapter(
        name=table.name,
        settings=section_of(table),
        build=build,
        recording=recording,
        alias=table.alias,
        simulation=simulation,
        order_entry=order_entry,
    )
