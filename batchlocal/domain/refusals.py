"""What a rule raises when it says no.

A refusal carries facts, never words: each plane words it once, in its error catalogue (``arm/errors.py``,
``service/errors.py``), and a test proves that none is left unworded. Define a refusal beside the rule that raises it.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Fault", "PropertyMissing", "PropertyNotTaken", "Refusal", "every_refusal"]


class Refusal(Exception):
    """A rule said no. Subclasses are dataclasses whose fields are the facts that the wording needs."""


class Fault(Refusal):
    """Not a rule but a mistake of ours: the log has the traceback under the request's id."""


@dataclass(eq=False)
class PropertyNotTaken(Refusal):
    """A property has a value that the service does not take; ``value`` is empty where Azure names none."""

    name: str
    value: str
    reason: str


@dataclass(eq=False)
class PropertyMissing(Refusal):
    """A property that the operation needs is not there."""

    name: str


def every_refusal(base: type[Refusal] = Refusal) -> set[type[Refusal]]:
    """All refusals known so far: the concrete subclasses of ``base`` in the modules imported by now."""
    known: set[type[Refusal]] = set()
    for kind in base.__subclasses__():
        known |= every_refusal(kind) or {kind}
    return known
