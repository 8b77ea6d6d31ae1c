"""The message types, derived from the events. `docs/generate.py` writes the type stub next to
it."""

from orderledger.infrastructure.messages.derived import model_classes

_models = model_classes(__name__)
globals().update(_models)

__all__ = sorted(_models.keys() - {"OrderMessage", "Report"})
