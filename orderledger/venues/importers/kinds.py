"""The kinds of files that can be imported."""

from orderledger.venues.importers.ccxt_dump import CCXT
from orderledger.venues.importers.csv_file import CSV
from orderledger.venues.importers.fix import FIX
from orderledger.venues.importers.freqtrade import FREQTRADE
from orderledger.venues.importers.hummingbot import HUMMINGBOT
from orderledger.venues.importers.ib_flex import IB_FLEX
from orderledger.venues.importers.nautilus import NAUTILUS
from orderledger.venues.importers.source import Importer

KINDS: dict[str, Importer] = {
    importer.name: importer
    for importer in (CCXT, CSV, FIX, FREQTRADE, HUMMINGBOT, IB_FLEX, NAUTILUS)
}
