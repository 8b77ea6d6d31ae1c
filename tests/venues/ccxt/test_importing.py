"""One exchange of ccxt is imported, and the rest of ccxt is there when a program asks for it."""

import subprocess
import sys

import pytest

BEGIN = """
import sys
from orderledger.venues.ccxt.exchange import _class_of
made = _class_of("kraken")
"""


def printed(program: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


@pytest.mark.slow
def test_one_exchange_is_imported_and_not_all() -> None:
    asked = (
        "names = [n for n in sys.modules if n.startswith('ccxt.')]\n"
        "print(made.__module__, 'ccxt.binance' in names, 'ccxt.pro.binance' in names,"
        " len(names) < 60)"
    )
    assert printed(BEGIN + asked) == "ccxt.pro.kraken False False True"


@pytest.mark.slow
def test_the_program_itself_has_all_of_ccxt_afterwards() -> None:
    asked = """
import ccxt
import ccxt.async_support as ccxta
import ccxt.pro
from ccxt import binance, NetworkError
from ccxt.base.errors import NetworkError as the_same
assert NetworkError is the_same
assert ccxt.kraken().id == "kraken" and ccxta.okx.__module__ == "ccxt.async_support.okx"
assert ccxt.pro.bybit.__module__ == "ccxt.pro.bybit"
assert issubclass(made, ccxta.kraken)
assert len(ccxt.exchanges) > 100 and "binance" in dir(ccxt)
assert not hasattr(ccxt, "no_such_name")
from ccxt import *
assert Exchange is ccxt.Exchange and bitget is ccxt.bitget
print("ok")
"""
    assert printed(BEGIN + asked) == "ok"


@pytest.mark.slow
def test_a_ccxt_that_is_imported_already_stays_as_it_is() -> None:
    asked = """
import sys, ccxt, types
before = ccxt
from orderledger.venues.ccxt.exchange import _class_of
assert sys.modules["ccxt"] is before and type(before) is types.ModuleType
assert _class_of("kraken").__module__ == "ccxt.pro.kraken"
print("ok")
"""
    assert printed(asked) == "ok"
