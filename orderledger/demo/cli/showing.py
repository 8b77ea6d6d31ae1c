"""The command `demo`."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from orderledger.cli import options
from orderledger.cli.output import say
from orderledger.serve.cli.serving import of_service

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.option(
    "--seed", type=int, default=71, show_default=True, help="The same seed gives the same run."
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False),
    help="Folder for the ledger. Default: a temporary folder, removed at the end.",
)
@click.option(
    "--serve",
    "is_served",
    is_flag=True,
    help="Show the page instead, while a simulated venue trades. Ends with Ctrl-C.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8350,
    show_default=True,
    help="With --serve: port, 0 for a free one.",
)
@options.example("orderledger demo --folder demo", "orderledger demo --serve")
def demo(seed: int, folder: str | None, is_served: bool, port: int) -> None:
    """Show the ledger at work, in a minute.

    Records orders on an embedded store, kills the process, recovers, and shows P&L. With --serve, a
    process trades at a simulated venue in real time, and the page shows its ledger.
    """
    import tempfile
    from pathlib import Path

    run = _demo_of(port) if is_served else _demo()
    if folder is not None:
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
            run(Path(folder), seed)
        except (FileExistsError, NotADirectoryError, FileNotFoundError, PermissionError) as fault:
            raise click.BadParameter(str(fault), param_hint="--folder") from None
        say([f"the ledger remains there: orderledger orders --db {folder}/orders.db"])
        return
    with tempfile.TemporaryDirectory(prefix="orderledger-demo-") as temporary:
        run(Path(temporary), seed)


def _demo() -> "Callable[[Path, int], None]":
    from orderledger.cli.output import people
    from orderledger.demo.story import run

    return lambda folder, seed: run(folder, seed, people())


def _demo_of(port: int) -> "Callable[[Path, int], None]":
    """The continuous demo, with the page."""
    serve_demo = of_service("orderledger.demo.serving").serve_demo
    return lambda folder, seed: serve_demo(
        folder, seed, port, lambda url: say([f"the page is at {url}, until Ctrl-C"])
    )
