"""Gateways in processes of their own, which are killed and stopped, against a venue behind a real
socket."""
