"""Files of settings that are wrong, each with what is said of it, and the least that is right."""

from orderledger.venues.base.registry import installed
from tests.venues.collecting.processes import ADDRESS

HYPERLIQUID = '[[venues]]\nvenue = "hyperliquid"\n'
TRADIER = '[[venues]]\nvenue = "tradier"\naccount = "tradier:main"\nnumber = "VA1"\n'
MAIN = f'{{ account = "hyperliquid:main", address = "{ADDRESS}" }}'
SAME = f'{{ account = "hyperliquid:other", address = "{ADDRESS.upper().replace("X", "x")}" }}'
LIGHTER = (
    '[[venues]]\nvenue = "lighter"\naccount = "lighter:main"\naccount_index = 281\ntoken = { env = '
    '"HOME" }\n'
)
NOBITEX = '[[venues]]\nvenue = "nobitex"\naccount = "nobitex:main"\n'
OK = f"{HYPERLIQUID}accounts = [{MAIN}]\n"
HOME = 'token = { env = "HOME" }\n'
WRONG: dict[str, tuple[str, str]] = {
    "an unknown field": (f"colour = 1\n{OK}", "FILE:1: colour: "),
    "an unknown field of a venue": (
        f"{HYPERLIQUID}colour = 1\naccounts = [{MAIN}]",
        "FILE:3: venues.1.colour: ",
    ),
    "a bad address": (
        f"{HYPERLIQUID}accounts = [{MAIN.replace('aa', 'a', 1)}]",
        "FILE:3: venues.1.accounts.1.address: ",
    ),
    "an account named twice": (
        f"{HYPERLIQUID}accounts = [{MAIN}, {MAIN}]",
        "FILE:1: venues.1: account 'hyperliquid:main' is already named in [[venues]] number 1",
    ),
    "an account named twice at two venues": (
        f"{HYPERLIQUID}accounts = [{MAIN.replace('hyperliquid:', 'tradier:')}]\n{TRADIER}{HOME}",
        "FILE:4: venues.2: account 'tradier:main' is already named in [[venues]] number 1",
    ),
    "an address named twice": (
        f"{HYPERLIQUID}accounts = [{MAIN}, {SAME}]",
        f"FILE:1: venues.1: address {ADDRESS} is already named in",
    ),
    "a token named twice": (
        f"{NOBITEX}{HOME}{NOBITEX.replace('nobitex:main', 'nobitex:other')}{HOME}",
        (
            "FILE:5: venues.2: the account of the token in the variable HOME is already named in "
            "[[venues]] number 1"
        ),
    ),
    "a number named twice": (
        f"{TRADIER}{HOME}{TRADIER.replace('tradier:main', 'tradier:other')}{HOME}",
        "FILE:6: venues.2: number VA1 is already named in [[venues]] number 1",
    ),
    "an index named twice": (
        f"{LIGHTER}{LIGHTER.replace('lighter:main', 'lighter:other')}",
        "FILE:6: venues.2: account_index 281 is already named in [[venues]] number 1",
    ),
    "a variable that is not set": (
        f'{OK}{TRADIER}token = {{ env = "NOT_SET_ANYWHERE" }}',
        "FILE:8: venues.2.token.env: the variable NOT_SET_ANYWHERE is not set",
    ),
    "a variable that is empty": (
        f'{TRADIER}token = {{ env = "EMPTY" }}',
        "FILE:5: venues.1.token: the variable EMPTY is empty",
    ),
    "a variable with a token of two lines": (
        f'{TRADIER}token = {{ env = "LINES" }}',
        "FILE:5: venues.1.token: the variable LINES ",
    ),
    "a file that others can read": (
        f'{TRADIER}token = {{ file = "FOLDER/token" }}',
        "FILE:5: venues.1.token.file: others can read",
    ),
    "a file that is not there": (
        f'{TRADIER}token = {{ file = "FOLDER/gone" }}',
        "FILE:5: venues.1.token.file: FOLDER/gone cannot be",
    ),
    "a file that is empty": (
        f'{TRADIER}token = {{ file = "FOLDER/empty" }}',
        "FILE:5: venues.1.token: FOLDER/empty is empty",
    ),
    "a file that is no text": (
        f'{TRADIER}token = {{ file = "FOLDER/bytes" }}',
        "FILE:5: venues.1.token.file: FOLDER/bytes is not text",
    ),
    "a file that has no name": (
        f'{TRADIER}token = {{ file = "a\\u0000b" }}',
        "FILE:5: venues.1.token.file: ",
    ),
    "an unknown venue": (
        HYPERLIQUID.replace("hyperliquid", "elsewhere"),
        f"FILE:1: venues.1: venue is not one of {', '.join(installed())}",
    ),
    "a venue without a name": (
        "[[venues]]",
        f"FILE:1: venues.1: venue is not one of {', '.join(installed())}",
    ),
    "a token in two places": (
        f'{TRADIER}token = {{ env = "HOME", file = "FOLDER/token" }}',
        "FILE:5: venues.1.token: needs exactly one of env, file, credential and keyring",
    ),
    "a token nowhere": (
        f"{TRADIER}token = {{}}",
        "FILE:5: venues.1.token: needs exactly one of env, file, credential and keyring",
    ),
    "an allowance that no account has": (
        f"{LIGHTER}requests_per_minute = 599",
        "FILE:6: venues.1.requests_per_minute: 599 fits neither",
    ),
    "a lookback before all time": (f"lookback_hours = 31000000\n{OK}", "FILE:1: lookback_hours: "),
    "an address without a scheme": (
        f'{OK}url = "api.invalid"',
        "FILE:4: venues.1.url: 'api.invalid' is not an address",
    ),
    "an address with a port that is none": (
        f'{LIGHTER}url = "http://x.invalid:99999"',
        "FILE:6: venues.1.url: ",
    ),
    "an address that cannot be parsed": (f'{OK}url = "http://[::1"', "FILE:4: venues.1.url: "),
    "an address that is no websocket": (
        f'{OK}websocket_url = "https://x.invalid"',
        "FILE:4: venues.1.websocket_url: ",
    ),
    "a websocket of no host": (
        f'{LIGHTER}websocket_url = "ws://.invalid"',
        "FILE:6: venues.1.websocket_url: ",
    ),
    "an unknown network": (f'{OK}network = "sandbox"', "FILE:4: venues.1.network: "),
    "an address of another network": (
        f'{OK}network = "testnet"\nurl = "https://api.hyperliquid.xyz"',
        (
            "FILE:5: venues.1.url: https://api.hyperliquid.xyz belongs to mainnet, but network is "
            "testnet"
        ),
    ),
    "a websocket of another network": (
        (
            f'{TRADIER}{HOME}url = "https://sandbox.tradier.com/v1"\nwebsocket_url = '
            '"wss://ws.tradier.com/v1/accounts/events"'
        ),
        (
            "FILE:7: venues.1.websocket_url: wss://ws.tradier.com/v1/accounts/events is of live, "
            "but url, "
        ),
    ),
    "a websocket of the venue beside an address of our own": (
        (
            f'{LIGHTER}url = "http://127.0.0.1:80"\nwebsocket_url = '
            '"wss://mainnet.zklighter.elliot.ai/stream"'
        ),
        (
            "FILE:7: venues.1.websocket_url: wss://mainnet.zklighter.elliot.ai/stream is of "
            "mainnet, but url, "
        ),
    ),
    "a websocket of our own beside the venue's address": (
        f'{LIGHTER}network = "testnet"\nwebsocket_url = "ws://127.0.0.1:80"',
        "FILE:7: venues.1.websocket_url: ws://127.0.0.1:80 is of another place, but url, ",
    ),
    "no venue": ("", "FILE: venues: names none"),
    "no TOML": ("db = ", "FILE: is not TOML"),
}
"""What is wrong, the settings, and the sentence that says so."""
