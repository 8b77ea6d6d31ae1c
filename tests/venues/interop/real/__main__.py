"""`python -m tests.venues.interop.real [UV]`: install each framework in an environment of its own,
and run the tests that need it.

Qubx is installed without its own dependencies: they ask for another msgspec than this package, and
for a whole notebook. Hummingbot has no wheel that fits, and one of its dependencies none for
Python 3.11: its extension modules are built in its source distribution, which takes some minutes
and a C++ compiler. Ends with status 1 if a test failed; a framework that cannot be installed is
named in the summary.
"""

import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).resolve().parents[4]
ENVIRONMENTS = REPOSITORY / ".interop"
TESTS = "tests/venues/interop/real"
BUILD = Path(__file__).with_name("build_hummingbot.py")
QUBX_NEEDS = (
    "numpy==1.26.4",
    "pandas==2.3.3",
    "loguru",
    "stackprinter",
    "ntplib",
    "sortedcontainers",
    "joblib",
    "tqdm",
    *("pyarrow<19", "croniter", "numba", "prometheus_client", "scipy", "pyyaml", "matplotlib"),
    *("plotly", "ipython", "statsmodels", "pymongo"),
)
BASE = (
    "pytest>=8",
    "pytest-xdist>=3.6",
    "hypothesis>=6",
    "aiohttp>=3.11",
    "psutil>=7",
    "ccxt>=4.5.90,<5",
)
"""What the tests need; `tests/venues/conftest.py` imports ccxt's adapter."""


HUMMINGBOT_NEEDS = (
    *("hexbytes", "async-timeout", "cachetools", "pandas", "numpy", "ujson", "bidict", "requests"),
    *("sqlalchemy", "pip", "cython>=3.0.12", "setuptools", "wheel", "ruamel.yaml", "pydantic"),
    *("PyYAML", "commlib-py", "tabulate", "base58", "aioprocessing", "eth-account", "protobuf"),
    *("prompt_toolkit", "scipy"),
)


class Framework(NamedTuple):
    """`wanted` is installed without dependencies if `needs` names them; `is_unpacked`: its source
    is built in place, and put on the path."""

    name: str
    wanted: str
    tests: tuple[str, ...]
    needs: tuple[str, ...] = ()
    is_unpacked: bool = False


FRAMEWORKS = (
    Framework(
        "qubx-0.7.3", "qubx==0.7.3", ("test_real_qubx.py", "test_listen_qubx.py"), QUBX_NEEDS
    ),
    Framework(
        "qubx-0.7.20", "qubx==0.7.20", ("test_real_qubx.py", "test_listen_qubx.py"), QUBX_NEEDS
    ),
    Framework(
        "nautilus", "nautilus_trader==1.221.0", ("test_real_nautilus.py", "test_listen_nautilus.py")
    ),
    Framework(
        "freqtrade",
        "freqtrade==2026.9",
        ("test_real_freqtrade.py", "test_listen_freqtrade.py", "test_listen_freqtrade_live.py"),
    ),
    Framework(
        "hummingbot",
        "hummingbot==20260922",
        ("test_real_hummingbot.py", "test_listen_hummingbot.py"),
        HUMMINGBOT_NEEDS,
        is_unpacked=True,
    ),
)


def main(uv: str) -> int:
    said, failed = [], False
    for framework in FRAMEWORKS:
        fault = _installed(uv, framework)
        if fault is not None:
            said.append(f"{framework.name}: could not be installed: {fault}")
            continue
        has_passed = _tested(framework)
        failed = failed or not has_passed
        how = ", from its source distribution" if framework.is_unpacked else ""
        said.append(f"{framework.name}: {'tests passed' if has_passed else 'TESTS FAILED'}{how}")
    print("", *said, sep="\n")
    return int(failed)


def _tested(framework: Framework) -> bool:
    python, source = _python(framework), str(ENVIRONMENTS / framework.name / "source")
    environment = {**os.environ, "PYTHONPATH": source} if framework.is_unpacked else None
    tests = [f"{TESTS}/{name}" for name in framework.tests]
    command = [str(python), "-m", "pytest", "-q", "-m", "interop", *tests]
    return subprocess.run(command, cwd=REPOSITORY, env=environment, check=False).returncode == 0


def _installed(uv: str, framework: Framework) -> str | None:
    """Build the environment. Returns why it could not be built, or None."""
    here, python = ENVIRONMENTS / framework.name, str(_python(framework))
    install = [uv, "pip", "install", "--quiet", "--python", python]
    own = [*install, *(["--no-deps"] if framework.needs else []), framework.wanted]
    if framework.is_unpacked:
        download = (
            "--quiet",
            "--no-deps",
            "--no-binary",
            "hummingbot",
            "--dest",
            str(here / "download"),
        )
        own = [python, "-m", "pip", "download", *download, framework.wanted]
    for step in (
        [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(here)],
        [*install, *BASE, *framework.needs, "--editable", str(REPOSITORY)],
        own,
    ):
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return " ".join(done.stderr.split())[-600:]
    return _built(here, python) if framework.is_unpacked else None


def _built(here: Path, python: str) -> str | None:
    """Build the extension modules of the source distribution. Returns why not, or None."""
    _unpack(here)
    command = [python, str(BUILD), "build_ext", "--inplace", "-j2"]
    done = subprocess.run(command, cwd=here / "source", capture_output=True, text=True, check=False)
    return " ".join(done.stderr.split())[-600:] if done.returncode else None


def _unpack(here: Path) -> None:
    """Unpack the downloaded source distribution to `source`."""
    (archive,) = (here / "download").glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(here / "unpacked", filter="data")
    (folder,) = (here / "unpacked").iterdir()
    folder.rename(here / "source")


def _python(framework: Framework) -> Path:
    return ENVIRONMENTS / framework.name / "bin" / "python"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "uv"))
