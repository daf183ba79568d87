"""The engine's own provider, package ``pulumi``: references to other stacks of the same backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pulumi.runtime.proto import provider_pb2 as pb

from batchlocal.engine.backend import StackUnknown
from batchlocal.engine.errors import EngineError
from batchlocal.engine.providers import ProviderError
from batchlocal.engine.values import has_secret

__all__ = ["Builtin"]

Values = dict[str, Any]
OutputsOf = Callable[[str], Values]


class Builtin:
    """Answers as a plugin does; ``outputs_of`` gives a stack's outputs by its name."""

    supports_preview = True
    configured = True

    def __init__(self, outputs_of: OutputsOf) -> None:
        self._outputs_of = outputs_of

    def configure(self, inputs: Values, urn: str, provider_id: str) -> None:
        """It needs no configuration."""

    def check_config(self, urn: str, olds: Values, news: Values) -> Values:
        return news

    def diff_config(self, urn: str, provider_id: str, old: tuple[Values, Values], news: Values) -> Any:
        return pb.DiffResponse(changes=pb.DiffResponse.DIFF_NONE)

    def check(self, urn: str, olds: Values, news: Values, seed: bytes) -> tuple[Values, list[Any]]:
        return news, []

    def diff(self, urn: str, resource_id: str, old: tuple[Values, Values], news: Values, ignored: list[str]) -> Any:
        return pb.DiffResponse(changes=pb.DiffResponse.DIFF_UNKNOWN)

    def create(self, urn: str, inputs: Values, seconds: float, *, preview: bool) -> tuple[str, Values]:
        return str(inputs["name"]), self._read(inputs)

    def update(
        self,
        urn: str,
        resource_id: str,
        old: tuple[Values, Values],
        news: Values,
        seconds: float,
        ignored: list[str],
        *,
        preview: bool,
    ) -> Values:
        return self._read(news)

    def read(
        self, urn: str, resource_id: str, inputs: Values | None, outputs: Values | None, seconds: float = 0.0
    ) -> Any:
        """A (id, inputs, outputs) of a stack reference."""
        given = inputs or {"name": resource_id}
        return resource_id, given, self._read(given)

    def delete(self, urn: str, resource_id: str, old: tuple[Values, Values], seconds: float) -> None:
        """A reference leaves nothing behind."""

    def invoke(self, token: str, arguments: Values, *, preview: bool) -> tuple[Values, list[Any]]:
        """The functions of package ``pulumi``: reading a stack's outputs."""
        if token not in ("pulumi:pulumi:readStackOutputs", "pulumi:pulumi:readStackResourceOutputs"):
            raise EngineError(f"unknown function '{token}'")
        name = str(arguments["name" if "name" in arguments else "stackName"])
        return {"name": name, "outputs": self._outputs(name)}, []

    def _read(self, inputs: Values) -> Values:
        outputs = self._outputs(str(inputs["name"]))
        secret = sorted(name for name, value in outputs.items() if has_secret(value))
        return {"name": inputs["name"], "outputs": outputs, "secretOutputNames": secret}

    def _outputs(self, name: str) -> Values:
        try:
            return self._outputs_of(name)
        except EngineError as error:
            refusal = ProviderError(f'unknown stack "{name}"' if isinstance(error, StackUnknown) else str(error))
            refusal.unclear = True
            raise refusal from None
