"""A stand-in for ``cmd /c`` on nodes of Windows pools: what documentation and recordings use, and no more.

Runs as a program of its own, so that a command is a process like any other; imports nothing of ours::

    python -I -S cmd.py [USER GROUP] 'cmd /c "echo %AZ_BATCH_TASK_ID% & exit 3"'

Known: echo, set, exit, dir, type, ping (as a wait), timeout, ver, hostname, whoami, cd, mkdir, copy, del; ``%NAME%``,
``&``, ``&&``, ``||``, ``>``, ``>>`` and ``2>&1``. Anything else is refused in stderr.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TextIO

_SHELL = re.compile(r'^\s*"?(?:[^"\s]*[\\/])?cmd(?:\.exe)?"?\s+(?:/[a-bd-z]\S*\s+)*/[ck]\s*(?P<rest>.*)$', re.I | re.S)
_VARIABLE = re.compile(r"%([^%\s]+)%")
_REDIRECTION = re.compile(r'(?P<handle>[12])?(?P<mark>>>?)\s*(?P<target>&[12]|"[^"]*"|[^\s>&|]+)')
_UNKNOWN = 1


class Ended(Exception):
    """``exit`` was called; ``code`` is the command's."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Step(NamedTuple):
    """One command and how it hangs on the one before: ``&``, ``&&``, ``||``, or '' for the first."""

    joint: str
    text: str


def main(command: str) -> int:
    """Run one command line and return its exit code."""
    found = _SHELL.match(command)
    line = _unquoted(found["rest"].strip()) if found else command
    text = _VARIABLE.sub(lambda name: _value(name[1], name[0]), line)  # cmd does so before it runs the first command
    code = 0
    try:
        for step in steps(text):
            if (step.joint == "&&" and code) or (step.joint == "||" and not code):
                continue
            code = run(step.text)
    except Ended as ended:
        code = ended.code
    sys.stdout.flush()
    return code & 0xFFFFFFFF


def _unquoted(text: str) -> str:
    """cmd takes the outermost quotes off what follows /c."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def steps(text: str) -> Iterator[Step]:
    """The commands of a line, split outside quotes; the ``&`` of ``2>&1`` splits nothing."""
    joint, start, quoted, at = "", 0, False, 0
    while at < len(text):
        if text[at] == '"':
            quoted = not quoted
        marks = () if quoted or text[at - 1 : at] == ">" else ("&&", "||", "&")
        if mark := next((mark for mark in marks if text.startswith(mark, at)), ""):
            yield Step(joint, text[start:at].strip())
            joint, start = mark, at + len(mark)
            at = start
        else:
            at += 1
    yield Step(joint, text[start:].strip())


def run(text: str) -> int:
    """Run one command with its redirections; its exit code."""
    targets = [(found["handle"] or "1", found["mark"], found["target"]) for found in _REDIRECTION.finditer(text)]
    words = _REDIRECTION.sub("", text).strip().lstrip("@")
    if not words:
        return 0
    name = re.split(r"[\s./\\:,;=(]", words, maxsplit=1)[0].lower()
    rest = words[len(name) :].removeprefix(".exe")
    with _redirected(targets):
        command = _COMMANDS.get(name)
        try:
            return command(rest) if command else _refuse(words)
        except OSError as error:
            print(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), file=sys.stderr)
            return 1


def _value(name: str, otherwise: str) -> str:
    return next((value for known, value in os.environ.items() if known.lower() == name.lower()), otherwise)


@contextmanager
def _redirected(targets: list[tuple[str, str, str]]) -> Iterator[None]:
    kept, opened = (sys.stdout, sys.stderr), []
    try:
        for handle, mark, target in targets:
            stream = _stream(target, mark)
            opened += [stream] if stream not in (*kept, sys.stdout, sys.stderr) else []
            if handle == "1":
                sys.stdout = stream
            else:
                sys.stderr = stream
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = kept
        for stream in opened:
            stream.close()


def _stream(target: str, mark: str) -> TextIO:
    if target.startswith("&"):
        return sys.stdout if target == "&1" else sys.stderr
    if target.strip('"').lower() == "nul":
        return Path(os.devnull).open("w")
    return _path(target).open("a" if mark == ">>" else "w")


def _path(text: str) -> Path:
    return Path(text.strip().strip('"').replace("\\", "/"))


def _refuse(words: str) -> int:
    name = words.split()[0]
    known = ", ".join(sorted(_COMMANDS))
    print(
        f"'{name}' is not recognized as an internal or external command.\n"
        f"This node runs Windows command lines through a stand-in that knows {known}.",
        file=sys.stderr,
    )
    return _UNKNOWN


def _echo(rest: str) -> int:
    text = rest[1:] if rest[:1] in (" ", ".", ":", "(") else rest
    if text.strip().lower() not in ("on", "off"):
        print(text)
    return 0


def _exit(rest: str) -> int:
    words = [word for word in rest.split() if word.lower() != "/b"]
    raise Ended(int(words[0]) if words and words[0].lstrip("-").isdigit() else 0)


def _set(rest: str) -> int:
    text = _unquoted(rest.strip())
    name, joint, value = text.partition("=")
    if joint:
        os.environ[name] = value
        return 0
    shown = [pair for pair in sorted(os.environ.items()) if pair[0].lower().startswith(name.lower())]
    for key, value in shown:
        print(f"{key}={value}")
    return 0 if shown else 1


def _dir(rest: str) -> int:
    words = [word for word in rest.split() if not word.startswith("/")]
    bare = any(word.lower() == "/b" for word in rest.split())
    folder = _path(" ".join(words)) if words else Path()
    if not folder.exists():
        print("File Not Found", file=sys.stderr)
        return 1
    entries = sorted(folder.iterdir(), key=lambda path: path.name.lower()) if folder.is_dir() else [folder]
    if not bare:
        print(f" Directory of {folder.absolute()}\n")
    for path in entries:
        print(path.name if bare else _dir_line(path))
    return 0


def _dir_line(path: Path) -> str:
    changed = time.strftime("%m/%d/%Y  %I:%M %p", time.localtime(path.stat().st_mtime))
    size = "<DIR>".ljust(14) if path.is_dir() else f"{path.stat().st_size:>14,}"
    return f"{changed}    {size} {path.name}"


def _type(rest: str) -> int:
    for word in re.findall(r'"[^"]*"|\S+', rest):
        print(_path(word).read_text(errors="replace"), end="")
    return 0


def _ping(rest: str) -> int:
    """``ping -n 11 localhost`` is how Windows batch files wait ten seconds."""
    found = re.search(r"[-/]n\s+(\d+)", rest)
    count = int(found[1]) if found else 4
    host = ([word for word in re.sub(r"[-/]n\s+\d+", "", rest).split() if word[0] not in "-/"] or ["localhost"])[-1]
    print(f"\nPinging {host} [127.0.0.1] with 32 bytes of data:")
    for number in range(count):
        time.sleep(1 if number else 0)
        print("Reply from 127.0.0.1: bytes=32 time<1ms TTL=128", flush=True)
    return 0


def _timeout(rest: str) -> int:
    found = re.search(r"\d+", rest)
    time.sleep(int(found[0]) if found else 0)
    return 0


def _cd(rest: str) -> int:
    words = [word for word in re.findall(r'"[^"]*"|\S+', rest) if word.lower() != "/d"]
    if words:
        os.chdir(_path(words[0]))
    else:
        print(Path.cwd())
    return 0


def _mkdir(rest: str) -> int:
    for word in re.findall(r'"[^"]*"|\S+', rest):
        _path(word).mkdir(parents=True)
    return 0


def _copy(rest: str) -> int:
    words = [word for word in re.findall(r'"[^"]*"|\S+', rest) if not word.startswith("/")]
    if len(words) != 2:
        print("The syntax of the command is incorrect.", file=sys.stderr)
        return 1
    shutil.copy(_path(words[0]), _path(words[1]))
    print("        1 file(s) copied.")
    return 0


def _del(rest: str) -> int:
    for word in re.findall(r'"[^"]*"|\S+', rest):
        if not word.startswith("/"):
            _path(word).unlink()
    return 0


def _says(text: str) -> Callable[[str], int]:
    def say(_: str) -> int:
        print(text)
        return 0

    return say


_COMMANDS: dict[str, Callable[[str], int]] = {
    "cd": _cd,
    "chdir": _cd,
    "copy": _copy,
    "del": _del,
    "dir": _dir,
    "echo": _echo,
    "exit": _exit,
    "hostname": _says(os.environ.get("AZ_BATCH_NODE_ID", "node")[:15]),
    "md": _mkdir,
    "mkdir": _mkdir,
    "ping": _ping,
    "rem": lambda _: 0,
    "set": _set,
    "timeout": _timeout,
    "type": _type,
    "ver": _says("\nMicrosoft Windows [stand-in of batchlocal]"),
    "whoami": _says(os.environ.get("AZ_BATCH_NODE_ID", "node")[:15] + "\\pooluser"),
}


def become(user: int, group: int) -> None:
    """Go on as another user, for good."""
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)


if __name__ == "__main__":
    *ids, given = sys.argv[1:]
    if ids:
        become(*map(int, ids))
    sys.exit(main(given))
