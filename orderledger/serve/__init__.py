"""The HTTP service: API, page, metrics and health."""
