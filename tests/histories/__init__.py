"""Histories of real processes under faults, and a checker that shares no code with the package."""
