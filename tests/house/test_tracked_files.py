"""What must not be in the repository, and what its pages promise."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[2]
LARGEST = 1024 * 1024  # bytes
LOCKS = ("requirements.lock", "node.lock", "package-lock.json")


@cache
def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def texts() -> Iterator[tuple[Path, str]]:
    for file in tracked():
        content = file.read_bytes()
        if b"\0" not in content[:8192]:
            yield file, content.decode("utf-8", errors="replace")


def found(pattern: re.Pattern[str], *, but: tuple[str, ...] = ()) -> list[str]:
    """Where tracked text matches, without showing what did: it might be a secret."""
    return [
        f"{file.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1}"
        for file, text in texts()
        if file.name not in but
        for match in pattern.finditer(text)
    ]


def index_hosts() -> set[str]:
    """Hosts of package indexes: the public ones, and those that this machine is told to use."""
    hosts = {
        ".".join(words) for words in (("pypi", "org"), ("files", "pythonhosted", "org"), ("registry", "npmjs", "org"))
    }
    listing = [sys.executable, "-m", "pip", "config", "list"]
    configured = subprocess.run(listing, check=False, capture_output=True, text=True).stdout
    return hosts | {host for url in re.findall(r"https?://[^\s'\"]+", configured) if (host := urlsplit(url).hostname)}


def test_no_file_names_a_package_index() -> None:
    hosts = "|".join(re.escape(host) for host in sorted(index_hosts()))
    assert not found(re.compile(rf"\b({hosts})\b"))


def test_no_lock_file_carries_addresses() -> None:
    locks = [(file, text) for file, text in texts() if file.name in LOCKS]
    assert len(locks) == len(LOCKS)
    address = re.compile(r'"resolved": *"http|^ *--(extra-)?index-url|^ *--find-links| @ https?://', re.MULTILINE)
    assert not [file for file, text in locks if address.search(text)]


def test_no_file_names_a_folder_of_a_machine() -> None:
    folders = {f"{folder}/" for folder in (str(ROOT), str(ROOT.parent), str(Path.home())) if folder.count("/") > 1}
    pattern = "|".join([*map(re.escape, sorted(folders)), r"/(?:Users|home)/[a-z]+/"])
    assert not found(re.compile(pattern))


def test_no_file_holds_a_secret() -> None:
    key = r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}==(?![A-Za-z0-9+/=])"
    signature = r"\bsig=[A-Za-z0-9%+/]{40,}"
    token = r"\beyJ[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{16,}"
    private = r"-{5}BEGIN [A-Z ]*PRIVATE KEY-{5}\s+[A-Za-z0-9+/]"
    assert not found(re.compile("|".join([key, signature, token, private])), but=LOCKS)


def test_no_recording_and_nothing_large_is_tracked() -> None:
    assert not [file for file in tracked() if file.suffix in (".jsonl", ".har") or "cassettes" in file.parts]
    assert not [file for file in tracked() if file.stat().st_size > LARGEST]


def anchors(page: str) -> set[str]:
    """The anchors that headings give, as GitHub makes them."""
    headings = re.findall(r"(?m)^#+ +(.+?) *#*$", re.sub(r"(?ms)^```.*?^```", "", page))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [file for file in tracked() if file.suffix == ".md"], ids=lambda file: file.name)
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    text = re.sub(r"(?ms)^```.*?^```|`[^`\n]*`", "", page.read_text())
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)(?: \"[^\"]*\")?\)", text):
        if "://" in link or link.startswith("mailto:"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / unquote(path)).resolve() if path else page
        missing = not target.exists() or (
            anchor and target.suffix == ".md" and anchor not in anchors(target.read_text())
        )
        if missing:
            broken.append(link)
    assert not broken


def test_help_lists_every_target_and_the_promised_ones() -> None:
    shown = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    listed = set(re.findall(r"(?m)^  ([a-z-]+) ", shown))
    assert listed == set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text()))
    promised = {"up", "demo", "down", "test", "test-slow", "lint", "bench", "engine-conformance", "fidelity"}
    assert promised <= listed


def test_the_pipeline_runs_the_test_command() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text()
