"""The way into the log: find the order a message is about, decide, and commit for all that wait."""
