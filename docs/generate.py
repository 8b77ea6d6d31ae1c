"""Writes the pages of docs/reference from the code: `python docs/generate.py`. With --check it writes nothing and names the
pages that are stale.

What a page says beside the code stands in `meanings.py`; a name without a meaning is an error here.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import pages_of_code
import pages_of_commands
import pages_of_data
import pages_of_messages

FOLDER = Path(__file__).parent / "reference"
NOTE = "<!-- Written by docs/generate.py: change the code or docs/meanings.py, then run it. -->\n"
PAGES: dict[str, Callable[[], str]] = {
    "messages.md": pages_of_messages.messages,
    "message-schema.json": pages_of_messages.schema,
    "events.md": pages_of_data.events,
    "views.md": pages_of_data.views,
    "commands.md": pages_of_commands.commands,
    "errors.md": pages_of_commands.errors,
    "settings.md": pages_of_code.settings,
    "python.md": pages_of_code.python,
}


def main(arguments: list[str]) -> int:
    stale = []
    for name, page in PAGES.items():
        text = page() if name.endswith(".json") else NOTE + page()
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in arguments:
                path.write_text(text, encoding="utf-8")
    print(
        "\n".join(f"{'stale' if '--check' in arguments else 'written'}: docs/reference/{name}" for name in stale)
        or "all up to date"
    )
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
