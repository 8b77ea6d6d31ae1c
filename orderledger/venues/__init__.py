"""Venues: look-ups, collecting, reconciliation, and what an adapter of your own is made of.

Importing the package imports none of its modules: each name is imported at its first use.
"""

from typing import TYPE_CHECKING

from orderledger.lazy import lazy

if TYPE_CHECKING:
    from orderledger.venues.base import fields as fields
    from orderledger.venues.base import transport as transport
    from orderledger.venues.base.adapter import Adapter as Adapter
    from orderledger.venues.base.base_venue import BaseVenue as BaseVenue
    from orderledger.venues.base.client_ids import ClientIds as ClientIds
    from orderledger.venues.base.fields import Document as Document
    from orderledger.venues.base.fields import Unreadable as Unreadable
    from orderledger.venues.base.keys import KeyPermissions as KeyPermissions
    from orderledger.venues.base.networks import Network as Network
    from orderledger.venues.base.networks import Networks as Networks
    from orderledger.venues.base.order_books import OrderBook as OrderBook
    from orderledger.venues.base.order_books import PriceLevel as PriceLevel
    from orderledger.venues.base.order_books import ReportsOrderBooks as ReportsOrderBooks
    from orderledger.venues.base.order_entry import EntryAbilities as EntryAbilities
    from orderledger.venues.base.order_entry import OrderEntry as OrderEntry
    from orderledger.venues.base.order_entry import Sent as Sent
    from orderledger.venues.base.polling import PolledVenue as PolledVenue
    from orderledger.venues.base.recorded import Recording as Recording
    from orderledger.venues.base.refusals import UNAUTHORIZED as UNAUTHORIZED
    from orderledger.venues.base.refusals import Mark as Mark
    from orderledger.venues.base.refusals import Refusals as Refusals
    from orderledger.venues.base.refusals import coded as coded
    from orderledger.venues.base.refusals import each_coded as each_coded
    from orderledger.venues.base.registry import adapter as adapter
    from orderledger.venues.base.registry import installed as installed
    from orderledger.venues.base.settings import OneAccountSection as OneAccountSection
    from orderledger.venues.base.settings import Secret as Secret
    from orderledger.venues.base.settings import VenueSection as VenueSection
    from orderledger.venues.base.symbols import SymbolTable as SymbolTable
    from orderledger.venues.base.translation import Fault as Fault
    from orderledger.venues.base.translation import Translation as Translation
    from orderledger.venues.base.translation import guarded as guarded
    from orderledger.venues.base.translation import joined as joined
    from orderledger.venues.base.translation import whole_order as whole_order
    from orderledger.venues.base.venue import Abilities as Abilities
    from orderledger.venues.base.venue import Answer as Answer
    from orderledger.venues.base.venue import Down as Down
    from orderledger.venues.base.venue import FeedEvent as FeedEvent
    from orderledger.venues.base.venue import Listing as Listing
    from orderledger.venues.base.venue import Messages as Messages
    from orderledger.venues.base.venue import NoRecords as NoRecords
    from orderledger.venues.base.venue import PriorPosition as PriorPosition
    from orderledger.venues.base.venue import Records as Records
    from orderledger.venues.base.venue import ReportsMarks as ReportsMarks
    from orderledger.venues.base.venue import UnreadablePayload as UnreadablePayload
    from orderledger.venues.base.venue import Up as Up
    from orderledger.venues.base.venue import Venue as Venue
    from orderledger.venues.collecting.collector import Collector as Collector
    from orderledger.venues.collecting.reconciling import AccountReport as AccountReport
    from orderledger.venues.collecting.reconciling import BreakReport as BreakReport
    from orderledger.venues.collecting.reconciling import reconcile as reconcile
    from orderledger.venues.collecting.records import records_of as records_of
    from orderledger.venues.collecting.settings import CollectSettings as CollectSettings
    from orderledger.venues.errors import NotSent as NotSent
    from orderledger.venues.errors import Unanswered as Unanswered
    from orderledger.venues.errors import VenueError as VenueError
    from orderledger.venues.errors import VenueRefused as VenueRefused
    from orderledger.venues.errors import VenueUnavailable as VenueUnavailable
    from orderledger.venues.hyperliquid.venue import Hyperliquid as Hyperliquid
    from orderledger.venues.interop.ccxt import from_ccxt as from_ccxt
    from orderledger.venues.interop.hummingbot import from_hummingbot as from_hummingbot
    from orderledger.venues.interop.listeners.freqtrade import (
        listen_to_freqtrade as listen_to_freqtrade,
    )
    from orderledger.venues.interop.listeners.hummingbot import (
        listen_to_hummingbot as listen_to_hummingbot,
    )
    from orderledger.venues.interop.listeners.nautilus import (
        listen_to_nautilus as listen_to_nautilus,
    )
    from orderledger.venues.interop.listeners.qubx import listen_to_qubx as listen_to_qubx
    from orderledger.venues.interop.nautilus import from_nautilus as from_nautilus
    from orderledger.venues.interop.qubx import from_qubx as from_qubx
    from orderledger.venues.lighter.ids import mint_client_order_index as mint_client_order_index
    from orderledger.venues.lighter.venue import LighterAccount as LighterAccount
    from orderledger.venues.lighter.venue import LighterVenue as LighterVenue
    from orderledger.venues.lookup import order_entry as order_entry
    from orderledger.venues.lookup import venue as venue
    from orderledger.venues.polled.adapter import polled_adapter as polled_adapter
    from orderledger.venues.polled.books import BookQuery as BookQuery
    from orderledger.venues.polled.requests import ByName as ByName
    from orderledger.venues.polled.requests import Paging as Paging
    from orderledger.venues.polled.requests import Placing as Placing
    from orderledger.venues.polled.requests import Query as Query
    from orderledger.venues.polled.table import Answers as Answers
    from orderledger.venues.polled.table import FillFields as FillFields
    from orderledger.venues.polled.table import OrderFields as OrderFields
    from orderledger.venues.polled.table import Refusal as Refusal
    from orderledger.venues.polled.table import SpotTable as SpotTable
    from orderledger.venues.reconciliation.reconciler import Rules as Rules
    from orderledger.venues.tradier.tags import tag_for as tag_for
    from orderledger.venues.tradier.venue import TradierVenue as TradierVenue

HOMES: dict[str, tuple[str, ...]] = {
    "orderledger.venues.lookup": (
        "order_entry",
        "venue",
    ),
    "orderledger.venues.errors": (
        "NotSent",
        "Unanswered",
        "VenueError",
        "VenueRefused",
        "VenueUnavailable",
    ),
    "orderledger.venues.base.order_entry": (
        "EntryAbilities",
        "OrderEntry",
        "Sent",
    ),
    "orderledger.venues.collecting.settings": ("CollectSettings",),
    "orderledger.venues.collecting.collector": ("Collector",),
    "orderledger.venues.collecting.records": ("records_of",),
    "orderledger.venues.collecting.reconciling": (
        "AccountReport",
        "BreakReport",
        "reconcile",
    ),
    "orderledger.venues.reconciliation.reconciler": ("Rules",),
    "orderledger.venues.interop.ccxt": ("from_ccxt",),
    "orderledger.venues.interop.hummingbot": ("from_hummingbot",),
    "orderledger.venues.interop.listeners.freqtrade": ("listen_to_freqtrade",),
    "orderledger.venues.interop.listeners.hummingbot": ("listen_to_hummingbot",),
    "orderledger.venues.interop.listeners.nautilus": ("listen_to_nautilus",),
    "orderledger.venues.interop.listeners.qubx": ("listen_to_qubx",),
    "orderledger.venues.interop.nautilus": ("from_nautilus",),
    "orderledger.venues.interop.qubx": ("from_qubx",),
    "orderledger.venues.base.registry": (
        "adapter",
        "installed",
    ),
    "orderledger.venues.base.adapter": ("Adapter",),
    "orderledger.venues.base.settings": (
        "OneAccountSection",
        "Secret",
        "VenueSection",
    ),
    "orderledger.venues.base.keys": ("KeyPermissions",),
    "orderledger.venues.base.order_books": (
        "OrderBook",
        "PriceLevel",
        "ReportsOrderBooks",
    ),
    "orderledger.venues.base.networks": (
        "Network",
        "Networks",
    ),
    "orderledger.venues.base.venue": (
        "Abilities",
        "Answer",
        "Down",
        "FeedEvent",
        "Listing",
        "Messages",
        "NoRecords",
        "PriorPosition",
        "Records",
        "ReportsMarks",
        "UnreadablePayload",
        "Up",
        "Venue",
    ),
    "orderledger.venues.base.base_venue": ("BaseVenue",),
    "orderledger.venues.base.polling": ("PolledVenue",),
    "orderledger.venues.base.translation": (
        "Fault",
        "Translation",
        "guarded",
        "joined",
        "whole_order",
    ),
    "orderledger.venues.base.recorded": ("Recording",),
    "orderledger.venues.base.symbols": ("SymbolTable",),
    "orderledger.venues.base.client_ids": ("ClientIds",),
    "orderledger.venues.base.refusals": (
        "UNAUTHORIZED",
        "Mark",
        "Refusals",
        "coded",
        "each_coded",
    ),
    "orderledger.venues.polled.adapter": ("polled_adapter",),
    "orderledger.venues.polled.books": ("BookQuery",),
    "orderledger.venues.polled.requests": (
        "ByName",
        "Paging",
        "Placing",
        "Query",
    ),
    "orderledger.venues.polled.table": (
        "Answers",
        "FillFields",
        "OrderFields",
        "Refusal",
        "SpotTable",
    ),
    "orderledger.venues.base.fields": (
        "Document",
        "Unreadable",
        "fields",
    ),
    "orderledger.venues.base.transport": ("transport",),
    "orderledger.venues.hyperliquid.venue": ("Hyperliquid",),
    "orderledger.venues.lighter.venue": (
        "LighterAccount",
        "LighterVenue",
    ),
    "orderledger.venues.lighter.ids": ("mint_client_order_index",),
    "orderledger.venues.tradier.venue": ("TradierVenue",),
    "orderledger.venues.tradier.tags": ("tag_for",),
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy(__name__, HOMES)
