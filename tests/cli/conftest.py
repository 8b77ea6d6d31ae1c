"""The fixtures of the contract: a ledger in each kind of store."""

from tests.core.contract.conftest import ledger as ledger
from tests.core.contract.conftest import two as two
