"""Answers for auditors: explanations, sums of parts, restatements, compliance, and the log under
other assumptions.

The queries are methods of `Ledger`; here are the classes of their rows and arguments.
"""

from typing import TYPE_CHECKING

from orderledger.lazy import lazy

if TYPE_CHECKING:
    from orderledger.audit.errors import NotProved as NotProved
    from orderledger.audit.fee_schedule import (
        FeeRates as FeeRates,
    )
    from orderledger.audit.fee_schedule import (
        FeeSchedule as FeeSchedule,
    )
    from orderledger.audit.fee_schedule import (
        flat_schedule as flat_schedule,
    )
    from orderledger.audit.fee_schedule import (
        read_fee_schedule as read_fee_schedule,
    )
    from orderledger.audit.proof.verifying import Alteration as Alteration
    from orderledger.audit.proof.verifying import Verified as Verified
    from orderledger.audit.rows import (
        AuditRow as AuditRow,
    )
    from orderledger.audit.rows import (
        CauseRow as CauseRow,
    )
    from orderledger.audit.rows import (
        Explanation as Explanation,
    )
    from orderledger.audit.rows import (
        Independence as Independence,
    )
    from orderledger.audit.rows import (
        OrderRecord as OrderRecord,
    )
    from orderledger.audit.rows import (
        PartRow as PartRow,
    )
    from orderledger.audit.rows import (
        RestatedRow as RestatedRow,
    )
    from orderledger.audit.rows import (
        StepRow as StepRow,
    )
    from orderledger.audit.rows import (
        WhatIfRow as WhatIfRow,
    )
    from orderledger.audit.rows import (
        Why as Why,
    )

HOMES: dict[str, tuple[str, ...]] = {
    "orderledger.audit.errors": ("NotProved",),
    "orderledger.audit.fee_schedule": (
        "FeeRates",
        "FeeSchedule",
        "flat_schedule",
        "read_fee_schedule",
    ),
    "orderledger.audit.rows": (
        "AuditRow",
        "CauseRow",
        "Explanation",
        "Independence",
        "OrderRecord",
        "PartRow",
        "RestatedRow",
        "StepRow",
        "WhatIfRow",
        "Why",
    ),
    "orderledger.audit.proof.verifying": (
        "Alteration",
        "Verified",
    ),
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy(__name__, HOMES)
