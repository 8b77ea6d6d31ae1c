"""`python -m orderledger.simulation VENUE`: the command `orderledger fake VENUE`."""

import sys
from importlib import import_module

if __name__ == "__main__":
    import_module("orderledger.cli").main(["fake", *sys.argv[1:]])
