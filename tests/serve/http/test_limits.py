"""The limits of the server are those of its page in the documentation."""

from orderledger.serve.settings import ServerLimits
from tests.conftest import REPOSITORY


def test_the_page_names_the_limits_that_hold() -> None:
    text = " ".join((REPOSITORY / "docs/how-to/serve.md").read_text().split())
    section = text.partition("## Limits")[2]
    limits = ServerLimits()
    assert limits.body_seconds == limits.answer_seconds
    for sentence in (
        f"{limits.head_bytes >> 10} kB of headers",
        f"a body of {limits.body_bytes >> 20} MB",
        f"{limits.lines:,} lines",
        f"after {limits.head_seconds:g} seconds, bodies and answers after {limits.body_seconds:g}.",
        f"At most {limits.connections:,} connections and {limits.readers} readers",
        f"at most {limits.stream_bytes >> 20} MB",
    ):
        assert sentence in section, sentence
    for shift, value in (
        (10, limits.head_bytes),
        (20, limits.body_bytes),
        (20, limits.stream_bytes),
    ):
        assert value == value >> shift << shift
