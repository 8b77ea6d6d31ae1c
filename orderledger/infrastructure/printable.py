"""Text of other programs, made safe to show."""


def printable(text: str) -> str:
    """The text with a space for each unprintable character, as a `reason` must be."""
    return (
        text
        if text.isprintable()
        else "".join(character if character.isprintable() else " " for character in text)
    )
