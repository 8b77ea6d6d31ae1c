"""Lighter in the registry: how its parts are made."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from orderledger import InvalidSetting
from orderledger.extend.values import SystemClock
from orderledger.venues.base.adapter import Adapter
from orderledger.venues.base.order_entry import OrderEntry
from orderledger.venues.base.recorded import Recording
from orderledger.venues.base.venue import Records, Venue
from orderledger.venues.lighter.settings import LighterSettings
from orderledger.venues.lighter.vocabulary import CLIENT_ORDER_INDEX, VENUE

if TYPE_CHECKING:
    from orderledger.venues.lighter.rest import Allowance


def order_entry(settings: LighterSettings, account: str) -> OrderEntry:
    from orderledger.venues.lighter.order_entry import LighterOrderEntry
    from orderledger.venues.lighter.signing import SdkSigner

    if settings.private_key is None or settings.api_key_index is None:
        missing = "private_key" if settings.private_key is None else "api_key_index"
        raise InvalidSetting(
            f"venues.{missing}", f"is missing: orders of {account} cannot be signed"
        )
    key = settings.private_key.read("venues.private_key")
    account_index, api_key_index = settings.account_index, settings.api_key_index
    return LighterOrderEntry(
        account=account,
        account_index=account_index,
        api_key_index=api_key_index,
        url=settings.url,
        signer=SdkSigner(
            url=settings.url,
            account_index=account_index,
            api_key_index=api_key_index,
            private_key=key,
        ),
        now=SystemClock().now,
        allowance=_allowance(settings.requests_per_minute),
    )


def entry_of_client(client: Any, account: str) -> OrderEntry:
    """`client`: `lighter.SignerClient` with one API key. The entry has connections of its own."""
    from orderledger.venues.lighter.order_entry import LighterOrderEntry
    from orderledger.venues.lighter.signing import SdkSigner

    indexes = list(client.api_key_dict)
    if len(indexes) != 1:
        raise InvalidSetting("client", f"needs exactly one API key, not {len(indexes)}")
    return LighterOrderEntry(
        account=account,
        account_index=client.account_index,
        api_key_index=indexes[0],
        url=client.url,
        signer=SdkSigner.of(client, indexes[0]),
        now=SystemClock().now,
    )


def _allowance(per_minute: int) -> "Allowance":
    from orderledger.venues.lighter.rest import BUILDER, PREMIUM, STANDARD

    kind = STANDARD if per_minute <= STANDARD.per_minute else PREMIUM
    kind = BUILDER if per_minute >= BUILDER.per_minute else kind
    return replace(kind, per_minute=per_minute)


def build(settings: LighterSettings, records: Records) -> Venue:
    from orderledger.venues.lighter.venue import LighterAccount, LighterVenue

    token = partial(settings.token.read, "venues.token")
    # a missing one is refused at once; it is read again for each connection, because tokens expire
    token()
    return LighterVenue(
        {settings.account: LighterAccount(account_index=settings.account_index, token=token)},
        url=settings.url,
        websocket_url=settings.websocket_url,
        records=records,
        allowance=_allowance(settings.requests_per_minute),
    )


def recording(account: str, number: str, records: Records | None) -> Recording:
    from orderledger.venues.lighter.translate import LighterRecording

    if not (number.isascii() and number.isdigit()):
        raise InvalidSetting(
            "number", "needs the account index: a trade does not show which side is ours"
        )
    return LighterRecording(account, int(number), records)


ADAPTER = Adapter(
    name=VENUE,
    settings=LighterSettings,
    build=build,
    recording=recording,
    alias=CLIENT_ORDER_INDEX,
    order_entry=order_entry,
    entry_of_client=entry_of_client,
    simulation="orderledger.simulation.lighter.simulated:simulated",
)
