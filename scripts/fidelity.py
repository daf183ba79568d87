"""Replays recordings of Azure against a fresh batchlocal and prints how much of them it reproduces.

    python scripts/fidelity.py CORPUS [--replay DIR] [options of the replay tool, for example --only 'arm/*']

Neither the recordings nor the tool that replays them are part of this project; DIR is the tool's folder.
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REPLAY = ROOT.parent / "shared" / "tools" / "replay"


def main() -> int:
    """Run the script; exit code 0 when the tool's minima hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="folder with arm/, service/ and other/ of .jsonl files")
    parser.add_argument("--replay", type=Path, default=REPLAY, help="folder of replay.py")
    options, passed_on = parser.parse_known_args()
    if not any(options.corpus.glob("*/*.jsonl")):
        print(f"fidelity: {options.corpus} holds no recordings; name their folder with CORPUS=DIR", file=sys.stderr)
        return 1
    if not (options.replay / "replay.py").is_file():
        print(f"fidelity: {options.replay} holds no replay.py; name its folder with --replay", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="fidelity-", ignore_cleanup_errors=True) as folder:
        _batchlocal("start", "--detach", "--data", folder)
        try:
            server = json.loads(_batchlocal("env", "--format", "json", "--data", folder))
            return _replay(options.replay, options.corpus, server, passed_on)
        finally:
            _batchlocal("stop", "--data", folder)


def _replay(tool: Path, corpus: Path, server: dict[str, str], passed_on: list[str]) -> int:
    """Run the tool in this process, so that the client secret is in nobody's arguments."""
    sys.path.insert(0, str(tool))
    sys.dont_write_bytecode = True
    replay = importlib.import_module("replay")
    connection = {
        "--arm": server["armEndpoint"],
        "--ca": server["caFile"],
        "--tenant": server["tenantId"],
        "--client-id": server["clientId"],
        "--client-secret": server["clientSecret"],
        "--subscription": server["subscriptionId"],
    }
    arguments = [word for pair in connection.items() for word in pair]
    code: int = replay.main(["--corpus", str(corpus), *arguments, *passed_on]) or 0
    return code


def _batchlocal(*arguments: str) -> str:
    command = [sys.executable, "-m", "batchlocal", *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE).stdout


if __name__ == "__main__":
    sys.exit(main())
