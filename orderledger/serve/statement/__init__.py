"""The statement of a period: what the views say of it, on one page."""
