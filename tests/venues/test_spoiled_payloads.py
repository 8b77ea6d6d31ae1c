"""The rules of reading payloads, at each of our venues."""

import json
from pathlib import Path

import pytest

from orderledger.testing import PayloadSamples, RulesOfPayloads
from orderledger.testing.rules_of_payloads import MANY_SEEDS, spoil, sweep
from orderledger.testing.spoiling import NUMBERS, OTHERS, RAW, RAW_NUMBERS, TIMES, WORDS
from tests.venues.payload_samples import PAYLOAD_SAMPLES

ONE_IN = 7


class TestPayloads(RulesOfPayloads):
    """Payloads of each venue."""

    @pytest.fixture(params=PAYLOAD_SAMPLES)
    def samples(self, request: pytest.FixtureRequest) -> PayloadSamples:
        return PAYLOAD_SAMPLES[request.param]


@pytest.mark.long
@pytest.mark.shared
@pytest.mark.parametrize("samples", PAYLOAD_SAMPLES.values(), ids=PAYLOAD_SAMPLES)
def test_spoiled_samples_are_read_or_faults(samples: PayloadSamples, shared: Path) -> None:
    documents = [
        json.loads(path.read_text())
        for path in sorted((shared / "venues/samples" / samples.name).iterdir())
    ]
    spoil(samples, documents, range(MANY_SEEDS))


@pytest.mark.long
@pytest.mark.parametrize("samples", PAYLOAD_SAMPLES.values(), ids=PAYLOAD_SAMPLES)
def test_odd_values_in_every_place_are_read_or_faults(samples: PayloadSamples) -> None:
    values = [*OTHERS, *NUMBERS, *(f"{RAW}{number}{RAW}" for number in RAW_NUMBERS), *TIMES, *WORDS]
    sweep(samples, values, "memory://", ONE_IN)


@pytest.mark.long
@pytest.mark.parametrize("samples", PAYLOAD_SAMPLES.values(), ids=PAYLOAD_SAMPLES)
def test_text_that_a_store_cannot_hold_is_read_or_a_fault(
    samples: PayloadSamples, durable_store_url: str
) -> None:
    sweep(samples, ["\x00", "\ud800"], durable_store_url)
