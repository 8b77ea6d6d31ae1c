"""Type-checks every Python program of the README and of the pages, as a user's editor would: mypy
--strict, and pyright.

No plugin is used, and nothing of this repository's configuration. A block that imports nothing is
no program but a signature. Fails with the lines that do not check.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
PROGRAM = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
IMPORT = re.compile(r"^(?:from|import) ", re.MULTILINE)
BIN = Path(sys.executable).parent


def main() -> int:
    pages = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
    with tempfile.TemporaryDirectory() as folder:
        programs = [
            _written(Path(folder), page, number, text)
            for page in pages
            for number, text in enumerate(PROGRAM.findall(page.read_text(encoding="utf-8")), 1)
            if IMPORT.search(text)
        ]
        settings = {"typeCheckingMode": "standard", "pythonVersion": "3.11"}
        (Path(folder) / "pyrightconfig.json").write_text(json.dumps(settings))
        checks = (
            [
                BIN / "mypy",
                "--strict",
                "--config-file=",
                "--no-error-summary",
                "--hide-error-context",
                *programs,
            ],
            [BIN / "basedpyright", "--pythonpath", sys.executable, "--level", "error", "."],
        )
        return max(subprocess.run(check, cwd=folder, check=False).returncode for check in checks)


def _written(folder: Path, page: Path, number: int, text: str) -> str:
    name = f"{page.stem.replace('-', '_').lower()}_{number}.py"
    (folder / name).write_text(text, encoding="utf-8")
    return name


if __name__ == "__main__":
    sys.exit(main())
