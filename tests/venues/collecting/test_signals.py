"""What a command that heeds signals leaves behind in its process."""

import signal
import subprocess
import sys

import pytest

from orderledger.venues.collecting.signals import Signals


def test_who_heard_no_signal_leaves_their_handlers_as_they_were() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with pytest.raises(ZeroDivisionError), Signals():
        raise ZeroDivisionError
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_who_heard_one_is_not_killed_by_the_next_before_it_has_ended() -> None:
    story = """
import os, signal, time
from orderledger.venues.collecting.signals import Signals
heard = []
with Signals() as signals:
    signals.lead_to(lambda: heard.append(True))
    os.kill(os.getpid(), signal.SIGTERM)
for number in (signal.SIGTERM, signal.SIGINT):
    os.kill(os.getpid(), number)
print(len(heard))
"""
    done = subprocess.run([sys.executable, "-c", story], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "1\n")
