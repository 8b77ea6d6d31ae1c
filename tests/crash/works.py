"""Every work that is recorded, by its name."""

from tests.crash.archiving import Archiving, Restoring
from tests.crash.maintaining import Forgetting, MovingEvidence, Rebuilding, Upgrading
from tests.crash.proving import Proving
from tests.crash.recording import Recording, RecordingOnServer
from tests.crash.trading import Trading
from tests.crash.work import Work

WORKS: dict[str, type[Work]] = {
    work.name: work
    for work in (
        Recording,
        Trading,
        Proving,
        Archiving,
        Restoring,
        Forgetting,
        MovingEvidence,
        Rebuilding,
        Upgrading,
    )
}

WITHOUT_FILES: dict[str, type[Work]] = {RecordingOnServer.name: RecordingOnServer}
"""Works whose files belong to others: only their calls can fail."""
