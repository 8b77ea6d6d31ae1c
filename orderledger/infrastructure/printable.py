"""What may be shown to people, whoever has said it."""


def printable(text: str) -> str:
    """What somebody else said, as a reason may be: with a space for each character that cannot be printed."""
    return text if text.isprintable() else "".join(character if character.isprintable() else " " for character in text)
