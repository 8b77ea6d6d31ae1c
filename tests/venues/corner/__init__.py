"""An adapter as another package would ship it, of a made-up exchange that is polled. See
tests/venues/collecting/test_installed.py."""
