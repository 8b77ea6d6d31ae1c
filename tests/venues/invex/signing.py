"""What a user of Invex writes."""

from typing import Any


def sign(fields: Any) -> dict[str, str]:
    """The sum of what is sent, in place of a signature."""
    return {
        "signature": str(
            sum(len(str(value)) for name, value in fields.items() if name != "signature")
        )
    }
