"""Files of limits: what is wrong is told with the file, the line and the key."""

from decimal import Decimal
from pathlib import Path

import pytest

from orderledger import InvalidSetting
from orderledger.gateway.settings import read_settings

GOOD = """\
time_zone = "Asia/Tehran"
unresolved = "block_account"

[[limits]]
name = "all"
order_quantity = 2.5
daily_loss = "500"

[[limits]]
account = "sim:main"   # one account
open_orders = 20

[[breakers]]
sending_failures = 5
cancels_orders = true
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "limits.toml"
    path.write_text(text)
    return path


def test_numbers_are_exact(tmp_path: Path) -> None:
    settings = read_settings(written(tmp_path, GOOD))
    first, second = settings.rules
    assert (first.order_quantity, first.daily_loss, second.account, second.open_orders) == (
        Decimal("2.5"),
        Decimal(500),
        "sim:main",
        20,
    )
    assert (settings.zone.key, settings.unresolved, settings.breakers[0].sending_failures) == (
        "Asia/Tehran",
        "block_account",
        5,
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "fault"),
    [
        (
            "order_quantity = 2.5",
            "order_quantity = -1",
            6,
            "limits.1.order_quantity",
            "must be greater than 0",
        ),
        (
            "order_quantity = 2.5",
            "order_quantity = nan",
            6,
            "limits.1.order_quantity",
            "is not finite",
        ),
        ("open_orders = 20", "open_order = 20", 11, "limits.2.open_order", "is not a setting"),
        ("open_orders = 20", "open_orders = 2.5", 11, "limits.2.open_orders", "valid integer"),
        ("open_orders = 20", "", 9, "limits.2", "sets no limit"),
        ('"Asia/Tehran"', '"Mars"', 1, "time_zone", "'Mars' is not a time zone"),
        (
            '"block_account"',
            '"wait"',
            2,
            "unresolved",
            "'block_instrument', 'block_account' or 'allow'",
        ),
        ("sending_failures = 5", "", 13, "breakers.1", "has no condition"),
        (
            'daily_loss = "500"',
            "position_quantity = 2",
            6,
            "limits.1.order_quantity",
            "it could never be reached",
        ),
        (
            'account = "sim:main"   # one account',
            "order_quantity = 3",
            10,
            "limits.2.order_quantity",
            "is already set for the same scope",
        ),
        ("[[breakers]]", "[[breaker]]", 13, "breaker", "is not a setting"),
    ],
)
def test_a_fault_is_told_with_its_line_and_key(
    tmp_path: Path, old: str, new: str, line: int, key: str, fault: str
) -> None:
    path = written(tmp_path, GOOD.replace(old, new))
    with pytest.raises(InvalidSetting) as caught:
        read_settings(path)
    assert caught.value.field == f"{path}:{line}: {key}"
    assert fault in caught.value.fault


def test_what_is_no_file_and_what_is_no_toml(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match=r"nothing.toml: cannot be read: No such file"):
        read_settings(tmp_path / "nothing.toml")
    with pytest.raises(InvalidSetting, match=r"limits.toml: is not TOML: .*line 1"):
        read_settings(written(tmp_path, "= 3"))
    with pytest.raises(InvalidSetting, match=r"limits.toml: is nested too deeply"):
        read_settings(written(tmp_path, "x = " + "[" * 5_000 + "]" * 5_000))
