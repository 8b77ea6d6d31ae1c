"""Objects of other trading frameworks, translated to messages. A bot stays as it is, and the ledger
listens.

Each function takes one object and returns its messages, possibly none. Objects are read by the
names of their attributes: none of these frameworks is imported or needed.
"""

from orderledger.venues.interop.ccxt import from_ccxt
from orderledger.venues.interop.hummingbot import from_hummingbot
from orderledger.venues.interop.nautilus import from_nautilus
from orderledger.venues.interop.qubx import from_qubx

__all__ = ["from_ccxt", "from_hummingbot", "from_nautilus", "from_qubx"]
