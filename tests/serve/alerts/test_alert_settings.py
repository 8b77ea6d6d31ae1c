"""Alert settings: a fault names the file, the line and the key, and shows no secret."""

from pathlib import Path
from typing import get_args

import pytest

from orderledger.infrastructure.errors import InvalidSetting
from orderledger.infrastructure.secrecy import masked
from orderledger.serve.alerts.rule import Severity
from orderledger.serve.alerts.rules import KINDS
from orderledger.serve.alerts.settings import AlertSettings, read_alert_settings
from orderledger.serve.alerts.tables import Page

TARGET = '[[targets]]\nname = "desk"\ncommand = ["true"]\n'
RULE = '[[rules]]\nkind = "halt"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "rules: has none: nothing would raise an alert"),
        ("rules = 3", "1: rules: input should be a valid tuple"),
        ("look = 1\n" + RULE, "1: look: is not a setting"),
        ('[[rules]]\nkind = "unresolved"\n', "1: rules.1.seconds: is missing"),
        ('[[rules]]\nkind = "unresolved"\nseconds = "soon"\n', "3: rules.1.seconds: "),
        (RULE + '[[rules]]\nkind = "unresolved"\nseconds = -1\n', "5: rules.2.seconds: "),
        ('[[rules]]\nkind = "unresolved"\nseconds = nan\n', "3: rules.1.seconds: "),
        ('[[rules]]\nkind = "large"\n', "1: rules.1: "),
        ('[[rules]]\nname = "x"\n', "1: rules.1: "),
        (RULE + "limit = 1\n", "3: rules.1.limit: is not a setting"),
        (RULE + 'severity = "loud"\n', "3: rules.1.severity: "),
        (RULE + RULE, "1: rules.1.name: 'halt' is the name of several rules: give each a name"),
        (
            RULE + 'targets = ["pager"]\n' + TARGET,
            "3: rules.1.targets: 'pager' is the name of no target",
        ),
        ('[[rules]]\nkind = "exposure"\n', "1: rules.1: needs notional or quantity"),
        ('[[rules]]\nkind = "large_change"\n', "1: rules.1: needs notional or times_usual"),
        ('[[rules]]\nkind = "large_change"\nnotional = 1e400\n', "3: rules.1.notional: "),
        ('[[rules]]\nkind = "large_change"\ntimes_usual = 1\n', "3: rules.1.times_usual: "),
        ('[[rules]]\nkind = "anomaly"\ncodes = ["odd"]\n', "3: rules.1.codes.1: "),
        (
            '[[rules]]\nkind = "daily_loss"\namount = "1"\ntime_zone = "Mars"\n',
            "4: rules.1.time_zone: 'Mars' is not a time zone",
        ),
        (
            '[[rules]]\nkind = "limit"\nlimits = "/no/such/file"\n',
            "/no/such/file: cannot be read: No such file",
        ),
        (
            RULE + '[[targets]]\nname = "desk"\n',
            "3: targets.1: needs one of webhook, apprise and command, and not several",
        ),
        (RULE + TARGET + 'apprise = ["json://x"]\n', "3: targets.1: needs one of webhook"),
        (RULE + TARGET + TARGET, "4: targets.1.name: 'desk' is the name of several targets"),
        (RULE + TARGET + 'headers = { a = "b" }\n', "6: targets.1.headers: are of a webhook"),
        (
            RULE + '[[targets]]\nname = "desk"\nwebhook = "ftp://user:hidden-password@host"\n',
            "5: targets.1.webhook: ",
        ),
        ("rules = [", "is not TOML: "),
    ],
)
def test_a_fault_is_found_before_anything_runs(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "alerts.toml"
    path.write_text(text)
    with pytest.raises(InvalidSetting) as caught:
        read_alert_settings(path)
    assert said in str(caught.value)
    assert "hidden-password" not in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_rule_declares_its_conditions_and_its_words(kind: str) -> None:
    rule = KINDS[kind]
    assert not rule.__abstractmethods__
    assert rule.__doc__
    assert rule.__doc__.strip().endswith(".")
    assert rule.subject
    assert rule.cleared
    assert rule.page in get_args(Page)
    assert set(rule.needs) <= rule.model_fields.keys()


def test_an_alert_has_one_of_three_severities() -> None:
    assert get_args(Severity) == ("info", "warning", "critical")


def test_a_secret_stands_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from orderledger.serve.alerts.channels import channel_of

    settings = AlertSettings.model_validate(
        {
            "rules": [{"kind": "halt"}],
            "targets": [
                {"name": "desk", "webhook": {"env": "HOOK"}, "headers": {"X": {"env": "KEY"}}}
            ],
        }
    )
    monkeypatch.setenv("HOOK", "https://example.org/hook")
    with pytest.raises(
        InvalidSetting, match="targets.1.headers.X.env: the variable KEY is not set"
    ):
        channel_of(settings.targets[0], 0)
    monkeypatch.setenv("KEY", "a-key-for-the-hook")
    channel_of(settings.targets[0], 0)
    assert masked("https://example.org/hook a-key-for-the-hook") == "*** ***"
