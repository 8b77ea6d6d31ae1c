"""The wheel, installed into an environment of its own, starts and records."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.reading import REPOSITORY
from tests.docs.test_source_distribution import built

pytestmark = pytest.mark.long


def test_the_wheel_installs_into_a_clean_environment_and_records(tmp_path: Path) -> None:
    wheel = built(REPOSITORY, "wheel", tmp_path / "wheel")
    home = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", home], check=True)
    pip = [
        str(home / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        f"{wheel}[serve]",
    ]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if "No matching distribution" in done.stderr or "Could not fetch URL" in done.stderr:
        pytest.skip(f"no package index can be reached: {done.stderr[-300:]}")
    assert done.returncode == 0, done.stderr
    command = home / "bin" / "orderledger"

    def said(*arguments: str, text: str = "") -> str:
        run = subprocess.run(
            [command, *arguments],
            cwd=tmp_path,
            input=text,
            capture_output=True,
            text=True,
            check=True,
        )
        return run.stdout

    assert said("--version").startswith("orderledger")
    fill = {
        "type": "fill",
        "account": "a",
        "client_order_id": "C",
        "fill_id": "F",
        "instrument": "I",
        "side": "buy",
    }
    said("record", "-", text=json.dumps({**fill, "quantity": "1", "price": "2"}))
    assert said("trades", "--json").count("\n") == 1
    assert said("check").endswith("log, streams and views agree\n")
    assert said(
        "report", "--from", "2020-01-01", "--to", "2099-12-31", "--format", "html"
    ).startswith("<!DOCTYPE html>")
    assert "Usage" in said("collect", "--help")
