"""`scripts/set_up.py`: when .venv counts as done, and what happens where it cannot be made."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SCRIPT = PROJECT / "scripts" / "set_up.py"


def load_script() -> ModuleType:
    specification = importlib.util.spec_from_file_location("set_up", SCRIPT)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


set_up = load_script()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project, in a folder with a space in its name, whose .venv is done."""
    root = tmp_path / "a project"
    (root / "scripts").mkdir(parents=True)
    shutil.copy(SCRIPT, root / "scripts")
    shutil.copy(PROJECT / "pyproject.toml", root)
    (root / "requirements.lock").write_text("some==1 \\\n    --hash=sha256:00\n")
    (root / ".venv" / "bin").mkdir(parents=True)
    (root / ".venv" / "bin" / "python").symlink_to(sys.executable)
    set_up.write_stamp(root)
    return root


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_finished_environment_fits(root: Path) -> None:
    assert set_up.differences(root) == []


def test_other_locked_versions_do_not_fit(root: Path) -> None:
    change(root / "requirements.lock", "some==1", "some==2")
    assert set_up.differences(root) == ["requirements.lock"]


def test_of_pyproject_only_what_the_installed_project_is_made_from_counts(root: Path) -> None:
    change(root / "pyproject.toml", "line-length = 100", "line-length = 99")
    assert set_up.differences(root) == []
    change(root / "pyproject.toml", "lstm_ops.cli:main", "lstm_ops.cli:other")
    assert set_up.differences(root) == ["pyproject.toml"]


def test_a_moved_environment_does_not_fit(root: Path) -> None:
    moved = root.rename(root.with_name("elsewhere"))
    assert set_up.differences(moved) == ["folder"]


def test_another_python_or_none_does_not_fit(root: Path) -> None:
    change(root / ".venv" / set_up.STAMP, sys.implementation.cache_tag, "cpython-39")
    assert set_up.differences(root) == ["python"]
    (root / ".venv" / "bin" / "python").unlink()
    assert set_up.differences(root) == ["python"]


def test_an_environment_without_a_stamp_is_unfinished(root: Path) -> None:
    (root / ".venv" / set_up.STAMP).unlink()
    assert set_up.differences(root) == ["unfinished"]


@pytest.mark.parametrize("version", [(3, 10, 13), (3, 14, 0), (4, 0, 0)])
def test_a_python_that_will_not_do_is_told(version: tuple[int, ...]) -> None:
    with pytest.raises(set_up.SetUpFailed, match=rf"Python {version[0]}\.{version[1]}; .* 3\.11"):
        set_up.check_python(version)


def test_the_pythons_are_those_of_the_project() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    oldest, newest = set_up.OLDEST, set_up.NEWEST
    assert project["requires-python"] == f">=3.{oldest[1]},<3.{newest[1] + 1}"


def test_the_lock_contains_what_set_up_installs_with() -> None:
    for installer in ("uv", "pip", "setuptools"):
        entry = set_up.locked(installer, PROJECT / "requirements.lock")
        assert entry.startswith(f"{installer}==")
        assert all(line.startswith("    --hash=") for line in entry.splitlines()[1:])


def test_pips_settings_are_handed_on_to_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    file = tmp_path / ".config" / "pip" / "pip.conf"
    file.parent.mkdir(parents=True)
    file.write_text(
        "[global]\nindex-url = http://overruled/\nfind_links = /some /more\n"
        "[install]\nextra-index-url =\n    http://first/\n    http://second/\n"
    )
    environment = {
        "HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path),
        "PIP_INDEX_URL": "http://mine/", "PIP_TRUSTED_HOST": "mine", "PIP_CERT": "/c.pem",
        "UV_FIND_LINKS": "/uv's own",
    }  # fmt: skip
    handed_on = set_up.uv_variables(set_up.pip_settings(environment), environment)
    assert handed_on["UV_DEFAULT_INDEX"] == "http://mine/"
    assert handed_on["UV_INDEX"] == "http://first/ http://second/"
    assert handed_on["UV_INSECURE_HOST"] == "mine"
    assert handed_on["SSL_CERT_FILE"] == "/c.pem"
    assert handed_on["UV_FIND_LINKS"] == "/uv's own"


def test_uvs_older_names_count_as_set() -> None:
    environment = {"UV_INDEX_URL": "http://uv/"}
    assert "UV_DEFAULT_INDEX" not in set_up.uv_variables({"index-url": "http://pip/"}, environment)


def put_on_path(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def run_set_up(root: Path, path: Path) -> "subprocess.CompletedProcess[str]":
    """By a Python without ensurepip, as Debian's is: so that pip cannot step in for a bad uv."""
    code = (
        "import importlib.util, runpy, sys\n"
        "find_spec = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name: None if name == 'ensurepip' else find_spec(name)\n"
        "sys.argv = sys.argv[1:]\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    command = [sys.executable, "-c", code, str(root / "scripts" / "set_up.py")]
    environment = {**os.environ, "PATH": f"{path}:/usr/bin:/bin"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_failed_set_up_leaves_nothing_behind_and_names_the_remedy(root: Path) -> None:
    (root / ".venv" / set_up.STAMP).unlink()
    path = root / "path"
    put_on_path(path, "uv", 'mkdir -p .venv/bin; touch .venv/half; echo "no index" >&2; exit 7')
    ended = run_set_up(root, path)
    assert ended.returncode == 1
    assert not (root / ".venv").exists()
    assert "no index" in ended.stderr
    assert "uv failed with exit status 7" in ended.stderr
    assert "apt install python3-venv" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_finished_environment_is_left_alone(root: Path) -> None:
    path = root / "path"
    put_on_path(path, "uv", "echo called >&2; exit 7")
    ended = run_set_up(root, path)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_an_interrupted_set_up_leaves_nothing_behind(root: Path) -> None:
    (root / ".venv" / set_up.STAMP).unlink()
    path = root / "path"
    put_on_path(path, "uv", "mkdir -p .venv/bin; kill -TERM $PPID; exec sleep 20")
    ended = run_set_up(root, path)
    assert ended.returncode == 130
    assert not (root / ".venv").exists()
    assert ended.stderr.endswith("set-up: stopped\n")


def test_only_the_project_is_installed_again_when_only_its_description_changed(root: Path) -> None:
    change(root / "pyproject.toml", "lstm_ops.cli:main", "lstm_ops.cli:other")
    python = root / ".venv" / "bin" / "python"
    python.unlink()
    put_on_path(python.parent, "python", 'echo "$@" >> called')
    path = root / "path"
    put_on_path(path, "uv", "exit 7")
    assert run_set_up(root, path).returncode == 0
    assert "--editable" in (root / "called").read_text()
    assert set_up.differences(root) == []
