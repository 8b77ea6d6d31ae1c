"""Imports of files that other programs and brokers make: each row becomes messages, and a second
import changes nothing."""
