"""What every node runs first, as StartTask of Microsoft.Batch 2024-07-01 has it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from infra.model.base import Model
from infra.model.machine import ContainerRegistry, IdentityReference

__all__ = ["StartTask"]


class AutoUser(Model):
    """A user that Batch makes for the task."""

    elevation_level: Literal["NonAdmin", "Admin"] | None = None
    """Rights on the node."""
    scope: Literal["Task", "Pool"] | None = None
    """One a task, or one for the pool."""


class UserIdentity(Model):
    """Who a start task runs as."""

    user_name: str | None = None
    """One of the pool's user accounts."""
    auto_user: AutoUser | None = None
    """Or a user that Batch makes."""


class EnvironmentSetting(Model):
    """An environment variable."""

    name: str
    """Its name."""
    value: str | None = None
    """Its value."""


class ResourceFile(Model):
    """A file that is fetched to the node before the task starts."""

    auto_storage_container_name: str | None = None
    """A container of the linked storage account."""
    storage_container_url: str | None = None
    """A container by URL."""
    http_url: str | None = None
    """A file by URL."""
    blob_prefix: str | None = None
    """With a container: only blobs that start so."""
    file_path: str | None = None
    """Where it goes, relative to the task's working directory."""
    file_mode: str | None = None
    """Octal mode on Linux."""
    identity_reference: IdentityReference | None = None
    """Who fetches it."""


class BindMount(Model):
    """A folder of the node in the container."""

    source: Literal["Shared", "Startup", "VfsMounts", "Task", "JobPrep", "Applications"] | None = None
    """Which one."""
    is_read_only: bool | None = None
    """Read only."""


class TaskContainer(Model):
    """The container a start task runs in."""

    image_name: str
    """Its image."""
    container_run_options: str | None = None
    """More options for the runtime."""
    container_host_batch_bind_mounts: tuple[BindMount, ...] | None = None
    """Folders of the node; not set: all."""
    registry: ContainerRegistry | None = None
    """A private registry."""
    working_directory: Literal["TaskWorkingDirectory", "ContainerImageDefault"] | None = None
    """Where it starts."""


class StartTask(Model):
    """What every node runs before it takes tasks."""

    command_line: Annotated[str, StringConstraints(min_length=1)]
    """The command; no shell unless it names one."""
    wait_for_success: bool = True
    """Take tasks only after it succeeded."""
    max_task_retry_count: Annotated[int, Field(ge=-1)] = 0
    """Retries; -1 without end."""
    environment_settings: tuple[EnvironmentSetting, ...] | None = None
    """Environment variables."""
    resource_files: tuple[ResourceFile, ...] | None = None
    """Files it needs."""
    user_identity: UserIdentity | None = None
    """Who it runs as; not set: a user made for it without administrator's rights."""
    container_settings: TaskContainer | None = None
    """The container it runs in."""
