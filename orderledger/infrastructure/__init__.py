"""Everything slow or fallible: the wire, the store, the venues, the clock."""
