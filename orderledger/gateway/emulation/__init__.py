"""Emulation of what a venue lacks: one-cancels-the-other, brackets, and trigger orders.

`marking` chooses the requests that are emulated. `members` reads the state of a group from its
orders. `decisions` chooses the actions, without I/O, and `runner` takes them.
"""
