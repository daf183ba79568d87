"""What a client needs to know to reach this batchlocal, in the forms that shells and tools read."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import dataclass

from batchlocal.datafolder import DataFolder, typed

__all__ = ["FORMATS", "ClientSettings", "NeverStarted", "client_settings", "render"]

FORMATS = ("json", "shell", "dotenv", "powershell")


class NeverStarted(Exception):
    """The data folder has no server yet, so there is no address to hand out."""


@dataclass(frozen=True)
class ClientSettings:
    """The settings of one data folder's server; the JSON form has these names in camelCase."""

    arm_endpoint: str
    authority_host: str
    metadata_host: str
    tenant_id: str
    client_id: str
    client_secret: str
    subscription_id: str
    ca_file: str
    ca_bundle: str
    control_endpoint: str
    plugin_path: str
    backend_url: str
    passphrase_file: str

    def __repr__(self) -> str:
        return f"ClientSettings(arm_endpoint={self.arm_endpoint!r}, client_secret=<hidden>)"

    def as_json(self) -> dict[str, str]:
        """The keys of the contract."""
        return {_camel(name): value for name, value in vars(self).items()}

    def as_environment(self) -> dict[str, str]:
        """Variables for clients that read their cloud from the environment; PATH comes separately."""
        shared = {
            "TENANT_ID": self.tenant_id,
            "CLIENT_ID": self.client_id,
            "CLIENT_SECRET": self.client_secret,
            "SUBSCRIPTION_ID": self.subscription_id,
        }
        return {
            "ARM_METADATA_HOSTNAME": self.metadata_host,
            "AZURE_AUTHORITY_HOST": self.authority_host,
            "AZURE_CORE_INSTANCE_DISCOVERY": "false",
            **{f"AZURE_{name}": value for name, value in shared.items()},
            **{f"ARM_{name}": value for name, value in shared.items()},
            "REQUESTS_CA_BUNDLE": self.ca_bundle,
            "SSL_CERT_FILE": self.ca_bundle,
            "NODE_EXTRA_CA_CERTS": self.ca_file,
            "PULUMI_BACKEND_URL": self.backend_url,
            "PULUMI_CONFIG_PASSPHRASE_FILE": self.passphrase_file,
            "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",  # a stack's file has no salt of its own
        }


def client_settings(data: DataFolder) -> ClientSettings:
    """The settings of the data folder's running or last server.

    Raises:
        NeverStarted: no server has been started on the folder.
    """
    port = data.settings().get("port")
    if port is None or not data.ca_bundle.exists():
        raise NeverStarted(
            f"no batchlocal has been started on {data.root} yet: run `{typed(data, 'start --detach')}` first"
        )
    origin = f"https://localhost:{port}"
    credentials = data.credentials()
    return ClientSettings(
        arm_endpoint=origin,
        authority_host=origin,
        metadata_host=f"localhost:{port}",
        tenant_id=credentials.tenant_id,
        client_id=credentials.client_id,
        client_secret=credentials.client_secret,
        subscription_id=credentials.subscription_id,
        ca_file=str(data.ca_file),
        ca_bundle=str(data.ca_bundle),
        control_endpoint=f"{origin}/_batchlocal",
        plugin_path=str(data.plugin),
        backend_url=data.state.as_uri(),
        passphrase_file=str(data.passphrase),
    )


def render(settings: ClientSettings, form: str) -> str:
    """The settings as text in one of ``FORMATS``, ready to be evaluated or parsed."""
    if form == "json":
        return json.dumps(settings.as_json(), indent=2)
    variables = settings.as_environment()
    plugin = settings.plugin_path
    if form == "shell":
        lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
        return "\n".join([*lines, f'export PATH={shlex.quote(plugin)}:"$PATH"'])
    if form == "powershell":
        lines = [f"$env:{name} = {_powershell(value)}" for name, value in variables.items()]
        return "\n".join([*lines, f"$env:PATH = {_powershell(plugin + os.pathsep)} + $env:PATH"])
    variables["PATH"] = plugin + os.pathsep + os.environ.get("PATH", "")
    return "\n".join(f"{name}={json.dumps(value)}" for name, value in variables.items())


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _powershell(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
