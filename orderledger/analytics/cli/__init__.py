"""The commands of this leaf. `orderledger/cli/table.py` lists them."""
