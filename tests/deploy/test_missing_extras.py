"""A command that lacks its extra names it, and ends with the status of a wrong setting: systemd
then does not start it again."""

import sys
from pathlib import Path

import pytest

from tests.command_line import run


@pytest.mark.parametrize("arguments", [["serve"], ["demo", "--serve"]])
def test_the_service_without_its_extra_ends_with_status_2_and_names_it(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [
        name
        for name in sys.modules
        if name.startswith(("orderledger.serve", "orderledger.demo.serving", "uvicorn"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    ended = run(*arguments, folder=tmp_path)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.endswith("uvicorn is not installed: pip install 'orderledger[serve]'\n")
