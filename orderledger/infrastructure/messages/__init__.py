"""Messages: pydantic models, parsing, and the facts they propose."""
