"""Live listeners: they record what a framework reports while it runs. Each hooks into the
framework's own extension point, and imports nothing of it."""
