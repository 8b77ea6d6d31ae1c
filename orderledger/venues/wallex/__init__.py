"""Wallex: spot against the toman and against USDT."""
