"""How many stories the properties are told."""

from hypothesis import HealthCheck, Phase, settings

quick = settings(
    max_examples=30,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[phase for phase in Phase if phase is not Phase.explain],
)
"""The same stories on every run."""

many = settings(quick, derandomize=False, max_examples=4_000, print_blob=True)
"""New ones on every run."""
