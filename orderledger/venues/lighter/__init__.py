"""Lighter (zkLighter): orders and fills of its accounts, over websocket and REST."""
