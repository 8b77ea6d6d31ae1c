"""The polled spot venues, each as its table."""

from collections.abc import Mapping

from orderledger.venues.invex.adapter import INVEX
from orderledger.venues.nobitex.adapter import NOBITEX
from orderledger.venues.polled.table import SpotTable
from orderledger.venues.wallex.adapter import WALLEX

TABLES: Mapping[str, SpotTable] = {table.name: table for table in (INVEX, NOBITEX, WALLEX)}
