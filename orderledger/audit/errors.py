"""The exception of proofs.

LedgerError
└── NotProved           nothing can be proved: the store differs from a checkpoint, or has none
"""

from orderledger import LedgerError

__all__ = ["NotProved"]


class NotProved(LedgerError):
    """Nothing can be proved: the store differs from its checkpoint, has none, or lacks what a proof
    needs."""
