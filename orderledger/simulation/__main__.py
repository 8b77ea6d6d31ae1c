"""Serve a simulated venue on loopback until stopped: `python -m orderledger.simulation tradier >
fake.toml`.

Prints a complete settings file for `orderledger collect` on standard output, and the variables to
export for it on standard error. Every `--every` seconds an order is placed, filled, canceled or
changed. Needs the extra `fake`.
"""

import argparse
import asyncio
import random
import signal
import sys

from orderledger import InvalidSetting
from orderledger.extend.values import SystemClock
from orderledger.simulation.market.happenings import step
from orderledger.simulation.servers.faults import ANSWER_FAULTS, FRAME_FAULTS, Faults
from orderledger.simulation.servers.simulated import TOKEN_VARIABLE, simulated
from orderledger.venues.base.registry import adapter, installed
from orderledger.venues.base.transport import happens_within

SETTINGS = """db = "fake.db"

[[venues]]
venue = "{venue}"
{addresses}
{section}"""


async def serve(options: argparse.Namespace) -> None:
    """Until SIGTERM or SIGINT."""
    stop, chance = asyncio.Event(), random.Random(options.seed)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    faults = Faults(options.seed, **dict.fromkeys((*FRAME_FAULTS, *ANSWER_FAULTS), options.faults))
    venue = simulated(options.venue, faults, SystemClock())
    venue.server.port = options.port
    async with venue.server as server:
        addresses = f'url = "{server.http_url}{venue.path}"'
        if "websocket_url" in adapter(options.venue).settings.model_fields:
            addresses += f'\nwebsocket_url = "{server.websocket_url}"'
        print(
            SETTINGS.format(venue=options.venue, addresses=addresses, section=venue.section),
            flush=True,
        )
        if venue.token is not None:
            print(f"export {TOKEN_VARIABLE}={venue.token}", file=sys.stderr, flush=True)
        while not await happens_within(stop, options.every):
            step(
                server.exchange,
                chance,
                [venue.account],
                venue.instruments,
                happenings=venue.happenings,
                client_id=venue.client_id,
                with_new_id=venue.with_new_id,
            )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orderledger.simulation", description=__doc__)
    parser.add_argument("venue", choices=installed())
    parser.add_argument("--port", type=int, default=0, help="Default: a free one.")
    parser.add_argument("--seed", type=int, default=0, help="Seed of the events and the faults.")
    parser.add_argument(
        "--every", type=float, default=1.0, help="Seconds between two events. Default: 1."
    )
    parser.add_argument(
        "--faults",
        type=float,
        default=0.0,
        help="The chance of each fault for a frame or an answer, e.g. 0.01.",
    )
    options = parser.parse_args()
    if not 0 <= options.faults * len(ANSWER_FAULTS) <= 1:
        parser.error(
            f"--faults: {options.faults:g} for each of {len(ANSWER_FAULTS)} faults is not a "
            "probability"
        )
    try:
        asyncio.run(serve(options))
    except InvalidSetting as error:
        parser.error(str(error))
    except ModuleNotFoundError as error:
        parser.exit(
            2,
            f"{error.name} is not installed: install the extra, pip install 'orderledger[fake]'\n",
        )


if __name__ == "__main__":
    main()
