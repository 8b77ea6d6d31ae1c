"""`python -m orderledger.demo [--seed N] [--folder PATH]`: run the demo in a folder, or in a
temporary one."""

import tempfile
from pathlib import Path

import click
from rich.console import Console

from orderledger.demo import story

WIDTH = 110
"""Columns if the output is not a terminal."""


@click.command()
@click.option(
    "--seed",
    default=story.SEED,
    show_default=True,
    help="The same seed gives the same output, to the byte.",
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the store. Default: a temporary folder, removed at the end.",
)
def main(seed: int, folder: Path | None) -> None:
    """Run the demo on an embedded store: record, kill, recover, P&L."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            story.run(folder, seed, console)
            return
        with tempfile.TemporaryDirectory() as scratch:
            story.run(Path(scratch), seed, console)
    except FileExistsError as error:
        raise click.UsageError(str(error)) from None


if __name__ == "__main__":
    main(prog_name="python -m orderledger.demo")
