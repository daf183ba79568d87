"""Agents of GitHub Actions and Azure Pipelines, as far as the examples need them.

A step is a process of its own, ``bash -e`` at GitHub's and ``bash`` at Azure DevOps', in the job's folder. What steps
tell the agent is honoured: GITHUB_ENV and ``::add-mask::`` (GitHub, "Workflow commands for GitHub Actions"),
``##vso[task.setvariable]`` (Azure DevOps, "Logging commands"; secret variables reach a script by name only). Actions
and tasks of others (checkout, azure/login) are not run: the checkout is there, and the state lies in a folder.
"""

from __future__ import annotations

import abc
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from tests.examples.expressions import (
    azure_condition,
    expanded_templates,
    github_value,
    with_github_values,
    with_macros,
)

__all__ = ["AzurePipelines", "GitHubActions", "Job"]

SECONDS = 240
Values = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """A job that an event starts: its steps, with the environment or service connections they use."""

    name: str
    environment: str
    body: Values
    contexts: Values


@dataclass
class _Agent(abc.ABC):
    """What both agents do, with a pipeline's ``file``, in the ``folder`` of a checkout.

    ``machine`` is the environment of its machine, ``instead`` what is another than the file says; ``log`` is what was
    printed.
    """

    file: Path
    folder: Path
    machine: Mapping[str, str] = field(repr=False)
    instead: Mapping[str, str]
    masks: set[str] = field(default_factory=set, repr=False)
    log: list[str] = field(default_factory=list)

    @property
    def document(self) -> Values:
        return dict(yaml.safe_load(self.file.read_text()))

    def _bash(self, script: str, environment: Mapping[str, str], *flags: str) -> None:
        done = subprocess.run(
            ["bash", *flags, "-c", script],
            cwd=self.folder,
            env={**self.machine, **environment, **self.instead},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        for line in done.stdout.splitlines():
            if not self._obeyed(line):
                self.log.append(line)
        assert done.returncode == 0, f"{script}\n{self.shown}"

    @abc.abstractmethod
    def _obeyed(self, line: str) -> bool:
        """Whether the line is a command to the agent, which is not shown."""

    @property
    def shown(self) -> str:
        """The log as its readers see it."""
        text = "\n".join(self.log)
        for secret in self.masks:
            text = text.replace(secret, "***")
        return text


@dataclass
class GitHubActions(_Agent):
    """``variables`` are the repository's (of environment ``""``) and those of its environments."""

    variables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def jobs(self, **event: Any) -> Iterator[Job]:
        """The jobs that an event (the ``github`` context) starts, in order; their ``needs`` are before them."""
        github = {"event": {}, **event}
        started = set()
        for name, body in self.document["jobs"].items():
            needs = body.get("needs")
            if (needs is None or needs in started) and github_value(body.get("if", "'yes'"), {"github": github}):
                started.add(name)
                matrix = body.get("strategy", {}).get("matrix", {})
                for values in product(*matrix.values()):
                    contexts = {"github": github, "matrix": dict(zip(matrix, values, strict=True))}
                    environment = with_github_values(body.get("environment", ""), contexts)
                    contexts["vars"] = {**self.variables[""], **self.variables.get(environment, {})}
                    yield Job(name, environment, body, contexts)

    def run(self, job: Job, issued: Mapping[str, str]) -> None:
        """Run a job's steps; ``issued`` is what lets it ask for a token, if its permissions say that it may."""
        told = self.folder / ".github-env"
        told.write_text("")
        may_ask = self.document["permissions"].get("id-token") == "write"
        shared = {**self.document["env"], **job.body.get("env", {})}
        self.masks |= {value for name, value in issued.items() if name.endswith("REQUEST_TOKEN")}
        for step in job.body["steps"]:
            if "run" not in step:
                assert step["uses"].partition("@")[0] in ("actions/checkout", "azure/login"), step
                continue
            environment = with_github_values({**shared, **step.get("env", {})}, job.contexts)
            set_before = dict(line.split("=", 1) for line in told.read_text().splitlines())
            agent = {"GITHUB_ENV": str(told), "GITHUB_ACTIONS": "true", "CI": "true", **(issued if may_ask else {})}
            self._bash(with_github_values(step["run"], job.contexts), {**environment, **set_before, **agent}, "-e")

    def _obeyed(self, line: str) -> bool:
        mask = re.fullmatch(r"::add-mask::(.*)", line)
        if mask:
            self.masks.add(mask[1])
        return mask is not None


@dataclass
class AzurePipelines(_Agent):
    """``connections`` gives for a service connection what AzureCLI@2 puts into a script's environment."""

    connections: Callable[[str], Mapping[str, str]] = lambda _: {}
    access_token: str = field(default="", repr=False)
    _variables: dict[str, str] = field(default_factory=dict)
    _secrets: dict[str, str] = field(default_factory=dict, repr=False)

    def jobs(self, **predefined: str) -> Iterator[Job]:
        """The jobs that a run with some predefined variables starts; their stages' ``dependsOn`` are before them."""
        document = self.document
        known = {one["name"]: one["default"] for one in document.get("parameters", [])}
        started = set()
        for stage in expanded_templates(document["stages"], {"parameters": known}):
            needs = stage.get("dependsOn") or []
            wanted = azure_condition(stage["condition"], predefined) if "condition" in stage else needs in started
            if wanted:
                started.add(stage["stage"])
                for body in stage["jobs"]:
                    yield Job(body.get("job") or body["deployment"], body.get("environment", ""), body, predefined)

    def run(self, job: Job) -> None:
        """Run a job's steps; what an earlier job set is not known to it."""
        self._variables = {**self.document["variables"], **job.contexts}
        self._secrets = {"System.AccessToken": self.access_token}
        self.masks.add(self.access_token)
        deployment = job.body.get("strategy", {}).get("runOnce", {}).get("deploy", {})
        for step in job.body.get("steps") or deployment["steps"]:
            if "checkout" in step:
                continue
            known = {**self._variables, **self._secrets}
            environment = {name.upper().replace(".", "_"): str(value) for name, value in self._variables.items()}
            environment |= {name: with_macros(value, known) for name, value in step.get("env", {}).items()}
            if "script" in step:
                self._bash(with_macros(step["script"], known), environment)
            else:
                assert step["task"] == "AzureCLI@2", step
                inputs = step["inputs"]
                assert inputs["addSpnToEnvironment"] is True
                connection = self.connections(inputs["azureSubscription"])
                self.masks.add(connection["idToken"])
                named = {"AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": inputs["azureSubscription"]}
                self._bash(with_macros(inputs["inlineScript"], known), {**environment, **connection, **named})

    def _obeyed(self, line: str) -> bool:
        told = re.fullmatch(r"##vso\[task\.setvariable variable=(\w+)(;issecret=true)?\](.*)", line)
        if told and told[2]:
            self.masks.add(told[3])
            self._secrets[told[1]] = told[3]
        elif told:
            self._variables[told[1]] = told[3]
        return told is not None
