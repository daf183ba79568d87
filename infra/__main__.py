"""The program of every stack: settings in, one Batch environment, outputs."""

from __future__ import annotations

import pulumi

from infra import outputs, settings
from infra.components import BatchEnvironment

stack = settings.read()
environment = BatchEnvironment(pulumi.get_stack(), stack, root=settings.project_root())

for name, value in outputs.of(environment, stack.location).items():
    pulumi.export(name, value)
