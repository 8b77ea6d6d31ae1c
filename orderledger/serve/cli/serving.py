"""Commands of the service: `serve`."""

from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from orderledger.cli import options

DEFAULT_PORT = 8350


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on. Others than loopback need --tokens.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Port, 0 for a free one.",
)
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="Name by which clients reach this server. Repeatable.",
)
@click.option(
    "--tokens",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="ORDERLEDGER_TOKENS",
    help="TOML file of the tokens that clients send, with mode 0600.",
)
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="ORDERLEDGER_CONFIG",
    help="Settings file: its accounts can be reconciled over HTTP and on the page. Its tables "
    "`[serve]` and `[alerts]` hold where no option is given.",
)
@click.option(
    "--alerts",
    type=click.Path(exists=True, dir_okay=False),
    envvar="ORDERLEDGER_ALERTS",
    help="TOML file of `orderledger watch`: watch the ledger in this process, too.",
)
@click.option(
    "--checkpoint-key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="ORDERLEDGER_CHECKPOINT_KEY",
    help="Private key of `orderledger keygen`: sign a checkpoint of the log every "
    "--checkpoint-seconds.",
)
@click.option(
    "--checkpoint-seconds",
    type=click.FloatRange(min=1),
    default=300.0,
    show_default=True,
    help="Between two checkpoints.",
)
@click.option(
    "--checkpoint-out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write each checkpoint there.",
)
@options.log
@options.db
@options.example(
    "orderledger serve",
    "orderledger serve --config orderledger.toml",
    "orderledger serve --host 0.0.0.0 --allow-host ledger.example.com --tokens tokens.toml",
    "curl http://127.0.0.1:8350/api/orders?open=true",
)
def serve(
    db: str,
    host: str,
    port: int,
    hosts: tuple[str, ...],
    tokens: Path | None,
    config: Path | None,
    alerts: str | None,
    log: str | None,
    **checkpoints: Any,
) -> None:
    """Serve the ledger over HTTP: API, page and stream of changes.

    Without --tokens everybody on this machine may read, record, collect and operate; then only
    loopback is allowed. A changed file of tokens holds from the next request on. Behind a reverse
    proxy that adds TLS, give the public name with --allow-host. Ends on SIGTERM and SIGINT, after
    what was accepted is recorded.

    Exit status: 0 stopped, 2 a setting is wrong, 3 the store cannot be used.
    """
    run = of_service("orderledger.serve.serving").serve
    from orderledger.serve.reconciling import settings_of
    from orderledger.serve.settings import ServiceSettings
    from orderledger.serve.tokens import TokenFile

    if config is not None:
        section = _section(config)
        db, host = section.get("db", db), section.get("host", host)
        port, hosts = section.get("port", port), section.get("hosts", hosts)
        tokens, alerts = section.get("tokens", tokens), section.get("alerts", alerts)
        checkpoints = {name: section.get(name, given) for name, given in checkpoints.items()}
    known = TokenFile(tokens) if tokens is not None else None
    collect = settings_of(config, db) if config is not None else None
    settings = ServiceSettings(host=host, port=port, hosts=hosts, tokens=known, collect=collect)
    options.set_up_log(log)
    with ExitStack() as opened:
        ledger = opened.enter_context(
            options.make_ledger(db, update_views=True, say_new=options.log_new_ledger)
        )
        if alerts is not None:
            opened.enter_context(_watcher(ledger, alerts))
        if checkpoints["checkpoint_key"] is not None:
            opened.callback(_checkpoints(ledger, **checkpoints).stop)
        run(ledger, settings, lambda url: click.echo(f"orderledger: serving {url}", err=True))


def _section(config: Path) -> dict[str, Any]:
    """The settings of the file that no option and no variable replaces."""
    from orderledger.extend.runtime import toml_files
    from orderledger.serve.sections import read_serve_section

    document = toml_files.TomlFile.read(config).document
    section = read_serve_section(config)
    found = {name: getattr(section, name) for name in section.model_fields_set}
    found = {"hosts" if name == "allow_hosts" else name: value for name, value in found.items()}
    if isinstance(document.get("db"), str):
        found["db"] = document["db"]
    if "alerts" in document:
        found["alerts"] = str(config)
    context = click.get_current_context()
    is_default = (click.core.ParameterSource.DEFAULT, click.core.ParameterSource.DEFAULT_MAP)
    return {
        name: value
        for name, value in found.items()
        if context.get_parameter_source(name) in is_default
    }


def of_service(module: str) -> Any:
    """A module that needs the extra `serve`. Raises InvalidSetting, which names what is missing."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        from orderledger import InvalidSetting

        raise InvalidSetting(
            "serve", f"{error.name} is not installed: pip install 'orderledger[serve]'"
        ) from None


def _watcher(ledger: Any, alerts: str) -> Any:
    from orderledger.serve.alerts.settings import read_alert_settings
    from orderledger.serve.alerts.watcher import Watcher

    return Watcher(ledger, read_alert_settings(alerts))


def _checkpoints(
    ledger: Any, checkpoint_key: Path, checkpoint_seconds: float, checkpoint_out: Path | None
) -> Any:
    """The running loop that makes checkpoints."""
    from orderledger.audit.proof import checkpoints, keys
    from orderledger.extend.runtime import EventLogger

    log = EventLogger("orderledger.checkpoints")
    targets = [] if checkpoint_out is None else [checkpoints.to_file(checkpoint_out)]
    loop = checkpoints.CheckpointLoop(
        ledger.internals.store, keys.load(checkpoint_key), checkpoint_seconds, targets, log.warning
    )
    loop.start()
    return loop
