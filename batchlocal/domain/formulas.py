"""What a pool's autoscale settings must be before anything is evaluated.

Sources: the REST reference's pages Pool - Enable Auto Scale and Batch status and error codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from batchlocal.domain.refusals import Refusal

__all__ = [
    "DEFAULT_INTERVAL",
    "AutoScaleSettingsInvalid",
    "FormulaTooLong",
    "FormulaUnreadable",
    "check_formula",
    "check_scale",
]

DEFAULT_INTERVAL: Final = "PT15M"


@dataclass(eq=False)
class FormulaUnreadable(Refusal):
    """The text is no formula; ``place`` tells where and why."""

    place: str


@dataclass(eq=False)
class FormulaTooLong(Refusal):
    """The formula has more characters than the service stores."""

    place: str


@dataclass(eq=False)
class AutoScaleSettingsInvalid(Refusal):
    """The settings do not go together."""

    reason: str


def check_scale(sent: dict[str, Any]) -> None:
    """What a new pool's request says of its size goes together (REST reference, Pool - Add). A target of 0 is none.

    Raises:
        AutoScaleSettingsInvalid
    """
    if sent.get("enableAutoScale"):
        for name in ("targetDedicatedNodes", "targetLowPriorityNodes"):
            if sent.get(name):
                raise AutoScaleSettingsInvalid(f"{name} must not be specified when enableAutoScale is true")
    elif sent.get("autoScaleFormula"):
        raise AutoScaleSettingsInvalid("autoScaleFormula must not be specified when enableAutoScale is false")


def check_formula(properties: dict[str, Any]) -> None:
    """A pool that scales itself needs a formula that can be read.

    Raises:
        AutoScaleSettingsInvalid, FormulaTooLong, FormulaUnreadable
    """
    if not properties.get("enableAutoScale"):
        return
    formula = properties.get("autoScaleFormula")
    if not formula:
        raise AutoScaleSettingsInvalid("autoScaleFormula is required when enableAutoScale is true")
    from batchmgmt import autoscale  # when there is a formula: a server starts sooner without the language

    try:
        autoscale.parse(str(formula))
    except autoscale.TooLong as error:
        raise FormulaTooLong(str(error)) from error
    except autoscale.SyntaxProblem as error:
        raise FormulaUnreadable(str(error)) from error
