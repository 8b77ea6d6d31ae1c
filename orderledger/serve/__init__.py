"""The HTTP service: API, page, metrics, alerts and health, to run inside a process of your own."""

from typing import TYPE_CHECKING

from orderledger.lazy import lazy

if TYPE_CHECKING:
    from orderledger.serve.alerts.settings import (
        AlertSettings as AlertSettings,
    )
    from orderledger.serve.alerts.settings import (
        read_alert_settings as read_alert_settings,
    )
    from orderledger.serve.alerts.watcher import Watcher as Watcher
    from orderledger.serve.app import make_app as make_app
    from orderledger.serve.health import (
        Readiness as Readiness,
    )
    from orderledger.serve.health import (
        ReadinessLimits as ReadinessLimits,
    )
    from orderledger.serve.health import (
        live as live,
    )
    from orderledger.serve.health import (
        ready as ready,
    )
    from orderledger.serve.metrics import (
        CONTENT_TYPE as CONTENT_TYPE,
    )
    from orderledger.serve.metrics import (
        LedgerMetrics as LedgerMetrics,
    )
    from orderledger.serve.metrics import (
        MetricsSettings as MetricsSettings,
    )
    from orderledger.serve.metrics import (
        metrics_text as metrics_text,
    )
    from orderledger.serve.settings import ServiceSettings as ServiceSettings

HOMES: dict[str, tuple[str, ...]] = {
    "orderledger.serve.alerts.settings": (
        "AlertSettings",
        "read_alert_settings",
    ),
    "orderledger.serve.alerts.watcher": ("Watcher",),
    "orderledger.serve.app": ("make_app",),
    "orderledger.serve.health": (
        "Readiness",
        "ReadinessLimits",
        "live",
        "ready",
    ),
    "orderledger.serve.metrics": (
        "CONTENT_TYPE",
        "LedgerMetrics",
        "MetricsSettings",
        "metrics_text",
    ),
    "orderledger.serve.settings": ("ServiceSettings",),
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy(__name__, HOMES)
