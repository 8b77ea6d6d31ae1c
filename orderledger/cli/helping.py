"""The commands `help` and `completion`."""

from typing import Any

import click

from orderledger.cli import options
from orderledger.cli.table import TABLE

SHELLS = ("bash", "zsh", "fish")


class Command(options.Word):
    """The name of a command. There are too many to list them in an error."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        from orderledger.infrastructure.similar import did_you_mean

        return f"{value!r} is not a command.{did_you_mean(str(value), self.choices)}"


@click.command("help")
@click.argument("command", metavar="[COMMAND]", required=False, type=Command(lambda: TABLE))
@options.example("orderledger help", "orderledger help orders")
def show_help(command: str | None) -> None:
    """Show the help of a command.

    Exit status: 0 done, 2 unknown command.
    """
    ctx = click.get_current_context().find_root()
    if command is not None:
        found = main_of(ctx).get_command(ctx, command)
        assert found is not None
        ctx = click.Context(found, ctx, info_name=command, **found.context_settings)
    click.echo(ctx.get_help())


def main_of(ctx: click.Context) -> click.Group:
    """The group of commands."""
    assert isinstance(ctx.command, click.Group)
    return ctx.command


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@options.example(
    'eval "$(orderledger completion bash)"',
    "orderledger completion zsh > ~/.zfunc/_orderledger",
    "orderledger completion fish > ~/.config/fish/completions/orderledger.fish",
)
def completion(shell: str) -> None:
    """Print the program that completes commands in a shell.

    Completes commands, options and words, and ids, accounts and instruments from the ledger: that
    of --db, else ORDERLEDGER_DB, else orderledger.db here.

    Exit status: 0 done, 2 wrong usage.
    """
    from click.shell_completion import get_completion_class

    ctx = click.get_current_context().find_root()
    made = get_completion_class(shell)
    assert made is not None
    click.echo(made(ctx.command, {}, "orderledger", "_ORDERLEDGER_COMPLETE").source())
