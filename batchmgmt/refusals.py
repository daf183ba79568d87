"""Refused answers are read whole, which azure-core leaves undone for the first request of a long-running operation."""

from __future__ import annotations

from typing import Any

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import SansIOHTTPPolicy

__all__ = ["ReadRefusals"]


class ReadRefusals(SansIOHTTPPolicy[Any, Any]):
    """Stands below the retries: an answer that is about to be tried again gives its connection back, unread it would
    keep it until it is collected."""

    def on_response(self, _request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> None:
        if response.http_response.status_code >= 400:
            response.http_response.read()
