"""What ends an operation with a sentence for the person who started it."""

from __future__ import annotations

__all__ = ["EngineError", "NeedsPulumi"]


class EngineError(Exception):
    """The operation cannot go on; ``exit_code`` is Pulumi's for this case, ``urn`` the resource it is about.

    ``told`` says that the person has read it already, ``of_step`` that a step failed: with --continue-on-error the
    run goes on after such.
    """

    def __init__(self, message: str, exit_code: int = 1, *, urn: str = "", told: bool = False) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.urn = urn
        self.told = told
        self.of_step = False


class NeedsPulumi(EngineError):
    """Something that the Pulumi CLI does and this engine does not."""

    def __init__(self, what: str) -> None:
        super().__init__(f"needs the Pulumi CLI: {what}")
