"""Emulation of what a venue lacks: one-cancels-the-other, brackets, and trigger orders.

`marking` decides which requests are emulated, `members` reads the state of a group from its orders,
`decisions` decides what to do, without I/O, and `runner` does it.
"""
