"""Alerts: rules over the log, the views and the collectors, raised once, cleared once, and
delivered at least once."""
