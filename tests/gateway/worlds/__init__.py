"""Seeded worlds with gateways in them: crashes at every step, two senders for one account, lost
answers, a venue that is down."""
