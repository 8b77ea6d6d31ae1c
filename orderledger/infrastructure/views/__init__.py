"""Views: kept up to date from the log, rebuilt, checked, queried."""
