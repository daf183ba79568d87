"""Signing in as a deployment pipeline: by its own token, under the names that Pulumi's azure-native reads."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from batchmgmt.errors import BatchManagementError, UsageError
from batchmgmt.lean import LeanHttp
from batchmgmt.rules.oidc import (
    ASSERTION_TYPE,
    Given,
    InFile,
    OnRequest,
    TokenMissing,
    TokenSource,
    devops_source,
    token_source,
    uses_oidc,
)

__all__ = ["PipelineIdentity", "pipeline_identity"]


class PipelineIdentity(NamedTuple):
    """Whom the pipeline signs in as (``tenant``, ``client``), and where its token comes from."""

    tenant: str
    client: str
    source: TokenSource

    def assertion(self) -> str:
        """The pipeline's token, as of now.

        Raises:
            BatchManagementError: its file cannot be read, or its issuer gives none.
        """
        if isinstance(self.source, Given):
            return self.source.token.reveal()
        if isinstance(self.source, InFile):
            return _read(self.source.path)
        with closing(LeanHttp()) as http:
            return _request(http, self.source)

    def proof(self) -> dict[str, str]:
        """The assertion as members of a token request. Raises BatchManagementError."""
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": self.assertion()}


def pipeline_identity() -> PipelineIdentity | None:
    """The environment's, when it asks for it (``ARM_USE_OIDC=true``) and has no client secret, which goes first.

    Raises:
        UsageError: it asks for it and does not say who, or not with what token.
    """
    if os.environ.get("AZURE_CLIENT_SECRET") or not uses_oidc({}, os.environ):
        return None
    try:
        source = devops_source(os.environ) or token_source({}, os.environ)
    except TokenMissing as missing:
        raise UsageError(str(missing)) from None
    return PipelineIdentity(_whose("TENANT_ID"), _whose("CLIENT_ID"), source)


def _whose(name: str) -> str:
    found = os.environ.get(f"ARM_{name}") or os.environ.get(f"AZURE_{name}")
    if not found:
        raise UsageError(f"ARM_USE_OIDC needs ARM_{name}: the identity that trusts the pipeline")
    return found


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError as fault:
        raise BatchManagementError(f"signing in: the pipeline's token in {path}: {fault.strerror}") from None


def _request(http: LeanHttp, source: OnRequest) -> str:
    headers = {"Authorization": f"Bearer {source.bearer.reveal()}", "Content-Type": "application/json"}
    answer = http.request("asking the pipeline for its token", source.method, source.url, headers=headers).json
    if not isinstance(answer, dict) or not answer.get(source.member):
        raise BatchManagementError("signing in: the pipeline's issuer answered without a token")
    return str(answer[source.member])
