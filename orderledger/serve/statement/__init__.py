"""The statement of a period: its views on one page."""
