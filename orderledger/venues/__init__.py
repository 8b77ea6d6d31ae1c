"""Venues: one adapter per place where orders are worked, and a simulated one that ships with the
package."""
