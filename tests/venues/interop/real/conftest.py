"""Leaves out the tests of frameworks that are not installed: `make test-interop` installs them."""

from importlib.util import find_spec

FRAMEWORKS = {
    "test_real_qubx.py": "qubx",
    "test_real_nautilus.py": "nautilus_trader",
    "test_real_hummingbot.py": "hummingbot",
    "test_listen_freqtrade.py": "freqtrade",
    "test_listen_hummingbot.py": "hummingbot",
    "test_listen_nautilus.py": "nautilus_trader",
    "test_listen_qubx.py": "qubx",
}

collect_ignore = [name for name, package in FRAMEWORKS.items() if find_spec(package) is None]
