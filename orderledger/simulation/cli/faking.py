"""The command `fake`: a simulated venue on loopback."""

import asyncio

import click

from orderledger.cli import options


def _venues() -> tuple[str, ...]:
    from orderledger.venues.base.registry import installed

    return installed()


@click.command()
@click.argument("venue", type=options.Word(_venues))
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port. Default: a free one.")
@click.option("--seed", type=int, default=0, help="Seed of the events and the faults.")
@click.option(
    "--every",
    type=click.FloatRange(min=0.001),
    default=1.0,
    show_default=True,
    help="Seconds between two events of the venue: orders that come, change and go.",
)
@click.option(
    "--fills-after",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Fill each of your orders after this time, and let nothing else happen.",
)
@click.option(
    "--faults",
    type=click.FloatRange(min=0, max=0.14),
    default=0.0,
    help="Chance of each fault for a frame or an answer, e.g. 0.01.",
)
@click.option(
    "--deposit",
    type=(str, str),
    metavar="AMOUNT CURRENCY",
    help="Deposit into the account first, e.g. 10000 USDT: some programs trade no empty account.",
)
@options.example(
    "orderledger fake nobitex --fills-after 2 > orderledger.toml",
    "orderledger fake tradier --every 0.5 --faults 0.01 > orderledger.toml",
    "orderledger fake ccxt --fills-after 2 --deposit 10000 USDT > orderledger.toml",
)
def fake(
    venue: str,
    port: int,
    seed: int,
    every: float,
    fills_after: float | None,
    faults: float,
    deposit: tuple[str, str] | None,
) -> None:
    """Serve a simulated VENUE until stopped.

    Prints a settings file for it on standard output, with keys that read and send. The file begins
    with the venue's instruments and their prices. `ccxt` is a simulated Binance (USD-M futures).
    `orderledger.connect`, `collect` and `config check` take the file as it is. The keys are in
    files that are deleted at the end. Needs the extra `fake`; Hyperliquid and Lighter need
    their own, which sign orders.

    Exit status: 0 stopped, 2 wrong usage.
    """
    from orderledger import InvalidSetting

    try:
        from orderledger.simulation.serving import Serving, serve

        serving = Serving(
            venue=venue,
            port=port,
            seed=seed,
            every=every,
            fills_after=fills_after,
            faults=faults,
            deposit=deposit,
        )
        asyncio.run(serve(serving, lambda text: click.echo(text, nl=False)))
    except ModuleNotFoundError as error:
        raise InvalidSetting(
            "fake", f"{error.name} is not installed: pip install 'orderledger[fake]'"
        ) from None
