"""``batchlocal principal``: principals beside the one of ``batchlocal env``, and issuers that pipelines log in by."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from batchlocal.control.client import ControlClient, ControlError
from batchlocal.control.commands.group import Group, name_of, say, show_json, show_table
from batchlocal.datafolder import DataFolder

__all__ = ["EXAMPLES", "add_to"]

EXAMPLES: Final = """  batchlocal principal add submitter
  batchlocal principal add pipeline --issuer https://ci.example --subject repo:contoso/render
  batchlocal principal trust https://ci.example keys.json
  batchlocal principal list
  batchlocal principal remove submitter
"""
_SHOWN: Final = ("clientId", "objectId", "tenantId", "clientSecret")


def add_to(group: Group) -> None:
    """Add the commands to their group."""
    add = group.add("add", _add, "Make a principal and show its secret, once; or change one.")
    add.add_argument("name", type=name_of, help="any name")
    add.add_argument("--in-group", action="append", dest="groups", metavar="ID", help="object id of a group it is in")
    add.add_argument("--issuer", help="federated credential: the issuer whose tokens stand in for the secret")
    add.add_argument("--subject", help="federated credential: the subject of these tokens")
    add.add_argument("--new-secret", action="store_true", default=None, dest="secret", help="draw another secret")
    group.add("list", _list, "List the principals; secrets are not shown again.")
    trust = group.add("trust", _trust, "Let the tokens of an issuer stand in for secrets.")
    trust.add_argument("issuer", help="the iss of its tokens")
    trust.add_argument("keys", help="file with its JSON web key set")
    group.add("remove", _remove, "Take a principal away.").add_argument("name", type=name_of)


def _add(options: argparse.Namespace, data: DataFolder) -> int:
    sent: dict[str, Any] = {"groups": options.groups, "secret": options.secret}
    if options.issuer or options.subject:
        sent["federatedCredentials"] = [{"issuer": options.issuer, "subject": options.subject}]
    made = ControlClient(data).call("PUT", f"/principals/{quote(options.name)}", sent)
    if options.json:
        return show_json(made)
    return say("\n".join(f"{name}: {made[name]}" for name in _SHOWN if name in made))


def _list(options: argparse.Namespace, data: DataFolder) -> int:
    found = ControlClient(data).get("/principals")["value"]
    return show_json(found) if options.json else show_table(found, ("name", "clientId", "objectId"), "there is none")


def _trust(options: argparse.Namespace, data: DataFolder) -> int:
    try:
        keys = json.loads(Path(options.keys).read_text())["keys"]
    except OSError as fault:
        raise ControlError(0, "", f"{options.keys} cannot be read: {fault.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise ControlError(0, "", f"{options.keys} holds no JSON web key set") from None
    told = ControlClient(data).call("POST", "/issuers", {"issuer": options.issuer, "keys": keys})
    return show_json(told) if options.json else say(f"tokens of {told['issuer']} are taken; keys: {told['keys']}")


def _remove(options: argparse.Namespace, data: DataFolder) -> int:
    ControlClient(data).call("DELETE", f"/principals/{quote(options.name)}")
    return 0 if options.json else say(f"principal {options.name} is gone")
