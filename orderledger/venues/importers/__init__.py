"""Imports of files from other programs and brokers: each row becomes messages, and a second
import changes nothing.
"""
