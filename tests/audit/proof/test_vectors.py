"""The test vectors of the published page hold, for the verifier of the package and for one written
from the RFC alone."""

import hashlib
import json
import re
from pathlib import Path

from orderledger.audit.proof.verifier import verify_proof
from tests.audit.proof import auditor

PAGE = Path(__file__).parents[3] / "docs/reference/proof-format.md"


def test_the_published_vectors_hold() -> None:
    public, note, leaf, proof, digest = re.findall(
        r"^```\w+\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL
    )
    assert auditor.holds(proof, public)
    checkpoint, events = verify_proof(proof, public)
    assert json.loads(proof)["checkpoint"].strip() == note.strip() and checkpoint.size == 4
    assert [event["name"] for event in events] == [
        "order_requested.v1",
        "order_acknowledged.v1",
        "fill_recorded.v1",
    ]
    data, expected = leaf.split()
    assert auditor.leaf_data(events[0]).hex() == data
    assert hashlib.sha256(b"\x00" + bytes.fromhex(data)).hexdigest() == expected
    assert hashlib.sha256(proof.encode()).hexdigest() == digest.strip()
