"""Messages: pydantic models, parsing, and conversion to events."""
