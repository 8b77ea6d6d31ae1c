"""Writes the pages of docs/reference, and the type stub of the messages, from the code: `python
docs/generate.py`. With --check it writes nothing and names what is stale.

What a page says beside the code stands in `meanings.py`; a name without a meaning is an error here.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pages_of_absence
import pages_of_analyses
import pages_of_code
import pages_of_commands
import pages_of_data
import pages_of_imports
import pages_of_messages
import pages_of_order_terms
import pages_of_packages
import pages_of_proof
import pages_of_service
import pages_of_watching
from stub_of_async_ledger import stub
from stubs_of_messages import stubs

REPOSITORY = Path(__file__).parent.parent
NOTE = "<!-- Written by docs/generate.py: change the code or docs/meanings.py, then run it. -->\n"
PAGES: dict[str, Callable[[], str]] = {
    "messages.md": pages_of_messages.messages,
    "message-schema.json": pages_of_messages.schema,
    "events.md": pages_of_data.events,
    "views.md": pages_of_data.views,
    "commands.md": pages_of_commands.commands,
    "importers.md": pages_of_imports.importers,
    "errors.md": pages_of_commands.errors,
    "absence.md": pages_of_absence.absence,
    "analyses.md": pages_of_analyses.analyses,
    "http.md": pages_of_service.http,
    "settings.md": pages_of_code.settings,
    "metrics.md": pages_of_watching.metrics,
    "alerts.md": pages_of_watching.alerts,
    "python.md": pages_of_code.python,
    "order-terms.md": pages_of_order_terms.order_terms,
    "packages.md": pages_of_packages.packages,
    "proof-format.md": pages_of_proof.proof_format,
}


def main(arguments: list[str]) -> int:
    stale = []
    for name, text in _texts():
        path = REPOSITORY / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in arguments:
                path.write_text(text, encoding="utf-8")
    word = "stale" if "--check" in arguments else "written"
    print("\n".join(f"{word}: {name}" for name in stale) or "all up to date")
    return 1 if stale and "--check" in arguments else 0


def _texts() -> Iterator[tuple[str, str]]:
    for name, page in PAGES.items():
        yield f"docs/reference/{name}", page() if name.endswith(".json") else NOTE + page()
    for name, text in {**stubs(), **stub()}.items():
        yield name, _formatted(name, text)


def _formatted(name: str, text: str) -> str:
    ruff = str(Path(sys.executable).with_name("ruff"))
    for command in (("check", "--select", "I,F401", "--fix-only", "--quiet"), ("format",)):
        asked = [ruff, *command, "--stdin-filename", name, "-"]
        text = subprocess.run(
            asked, cwd=REPOSITORY, input=text, capture_output=True, text=True, check=True
        ).stdout
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
