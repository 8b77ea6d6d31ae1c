"""The kinds of files that can be imported."""

from orderledger.infrastructure.importers.ccxt_dump import CCXT
from orderledger.infrastructure.importers.csv_file import CSV
from orderledger.infrastructure.importers.fix import FIX
from orderledger.infrastructure.importers.freqtrade import FREQTRADE
from orderledger.infrastructure.importers.hummingbot import HUMMINGBOT
from orderledger.infrastructure.importers.ib_flex import IB_FLEX
from orderledger.infrastructure.importers.nautilus import NAUTILUS
from orderledger.infrastructure.importers.source import Importer

KINDS: dict[str, Importer] = {
    importer.name: importer
    for importer in (CCXT, CSV, FIX, FREQTRADE, HUMMINGBOT, IB_FLEX, NAUTILUS)
}
