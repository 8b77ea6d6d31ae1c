"""Invex: spot against the rial and against USDT."""
