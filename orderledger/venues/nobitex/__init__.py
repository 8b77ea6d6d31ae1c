"""Nobitex: spot against the rial and against USDT."""
