"""Faults of the machine: images of a disk after a power loss, and system calls that fail."""
