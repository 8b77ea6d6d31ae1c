"""The command of this leaf. `orderledger/cli/table.py` lists it."""
