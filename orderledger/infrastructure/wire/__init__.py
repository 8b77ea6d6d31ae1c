"""Messages on the wire: what may be said to the ledger, checked field by field, and what it becomes in the domain."""
