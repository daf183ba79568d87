"""Which files a task's output patterns name: the page "Task - Add", filePattern."""

from __future__ import annotations

from pathlib import Path

import pytest

from batchlocal.nodes.patterns import matching

FILES = ("a.txt", "abc", "abcdef", ".hidden.txt", "b.log", "star*", "sub/c.txt", "sub/deep/d.txt", "sub/deep/.e.txt")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.txt", ["a.txt"]),
        ("**/*.txt", ["a.txt", "sub/c.txt", "sub/deep/d.txt"]),
        ("**.txt", ["a.txt", "sub/c.txt", "sub/deep/d.txt"]),
        (".*.txt", [".hidden.txt"]),
        ("**/.*.txt", [".hidden.txt", "sub/deep/.e.txt"]),
        ("abc*", ["abc", "abcdef"]),
        ("?.txt", ["a.txt"]),
        ("[ab].*", ["a.txt", "b.log"]),
        ("[a-a].*", ["a.txt"]),
        ("[!a].*", ["b.log"]),
        ("star[*]", ["star*"]),
        ("sub/*.txt", ["c.txt"]),
        ("sub/**/*.txt", ["c.txt", "deep/d.txt"]),
        ("$WHERE/*.txt", ["c.txt"]),
        ("${WHERE}/c.txt", ["c.txt"]),
        ("a.txt", ["a.txt"]),
        (".hidden.txt", [".hidden.txt"]),
        ("none", []),
    ],
)
def test_a_pattern_names_files(folder: Path, pattern: str, names: list[str]) -> None:
    found = [match.relative for match in matching(folder, pattern, {"WHERE": "sub"})]
    assert found == names


def test_an_absolute_pattern_is_taken_as_it_is(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    found = [match.file for match in matching(elsewhere, f"{folder}/sub/*.txt", {})]
    assert found == [folder / "sub" / "c.txt"]


@pytest.mark.parametrize(("pattern", "single"), [("a.txt", True), ("a.*", False)])
def test_one_file_is_told_from_many(folder: Path, pattern: str, single: bool) -> None:
    assert [match.single for match in matching(folder, pattern, {})] == [single]
