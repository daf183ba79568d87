"""Where set-up takes packages from. That it installs is shown by whoever ran these tests."""

from __future__ import annotations

from pathlib import Path

from scripts import setup

ROOT = Path(__file__).parents[2]


def test_uv_asks_the_index_that_pip_is_configured_for() -> None:
    environment = setup.uv_environment({"index-url": "https://index.example/simple", "cert": "/ca.pem"}, {})
    assert environment["UV_DEFAULT_INDEX"] == "https://index.example/simple"
    assert environment["SSL_CERT_FILE"] == "/ca.pem"


def test_what_is_set_for_uv_itself_wins_over_pips_settings() -> None:
    pip = {"index-url": "https://pip.example/simple", "timeout": "5"}
    environment = setup.uv_environment(pip, {"UV_INDEX_URL": "https://uv.example/simple", "UV_HTTP_TIMEOUT": "60"})
    assert "UV_DEFAULT_INDEX" not in environment
    assert environment["UV_INDEX_URL"] == "https://uv.example/simple"
    assert environment["UV_HTTP_TIMEOUT"] == "60"


def test_every_further_index_and_existing_folder_is_passed_on(tmp_path: Path) -> None:
    pip = {"extra-index-url": "\nhttps://a.example\nhttps://b.example", "find-links": f"{tmp_path} {tmp_path / 'gone'}"}
    environment = setup.uv_environment(pip, {})
    assert environment["UV_INDEX"] == "https://a.example https://b.example"
    assert environment["UV_FIND_LINKS"] == str(tmp_path)


def test_pips_environment_wins_over_its_files_and_install_over_global() -> None:
    listing = "\n".join([
        ":env:.timeout='1'",
        "global.index-url='https://global.example'",
        "global.timeout='3'",
        "install.index-url='https://install.example'",
        "freeze.timeout='10'",
    ])  # fmt: skip
    assert setup.parse_pip_settings(listing) == {"timeout": "1", "index-url": "https://install.example"}


def test_the_lock_file_has_the_uv_that_installs_it_with_its_hashes() -> None:
    lines = setup._locked("uv", (ROOT / "requirements.lock").read_text()).splitlines()
    assert lines[0].startswith("uv==")
    assert len(lines) > 1
    assert all("--hash=sha256:" in line for line in lines[1:])
