"""The steps of docs/operate.md, "Your own series in ten minutes", as they stand there."""

from __future__ import annotations

import importlib
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from flows.command import main
from lstm_ops.stack import deployments

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operate.md"
QUICK = ["--set", "training.epochs=2"]
Step = Callable[[str], str]


@pytest.fixture(scope="module")
def steps() -> list[str]:
    """The blocks of that part: experiment, drop, train, a year later, deployments."""
    text = PAGE.read_text(encoding="utf-8")
    part = text.partition("## Your own series in ten minutes")[2].partition("\n## ")[0]
    blocks = re.findall(r"```(?:sh|yaml)\n(.*?)```", part, re.DOTALL)
    assert len(blocks) == 5
    return blocks


@pytest.fixture
def root(
    tracked: str, project_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A project root in which a person may write."""
    del tracked
    from prefect.settings import PREFECT_API_URL

    for name in ("data", "experiments"):
        shutil.copytree(project_folder / name, tmp_path / name)
    shutil.copy(project_folder / "prefect.yaml", tmp_path)
    monkeypatch.setenv("LSTM_OPS_HOME", str(tmp_path))
    monkeypatch.setenv("PREFECT_API_URL", str(PREFECT_API_URL.value()))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(block: str, root: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Every line as a person would type it; what `make` would start runs here. What was said."""
    for line in block.splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["make"]:
            assert _make(words[1], dict(word.split("=", 1) for word in words[2:])) == 0
        elif words:
            subprocess.run(["/bin/sh", "-c", line], cwd=root, check=True)
    return " ".join(capsys.readouterr().out.split())


def _make(target: str, variables: dict[str, str]) -> int:
    flow = {"run": "train"}.get(target, target)
    arguments = [variables["EXPERIMENT"], *shlex.split(variables.get("ARGS", ""))]
    module = importlib.import_module(f"flows.{flow}")
    values = importlib.import_module("flows.command").CLOCK if "--now" in arguments else {}
    quick = QUICK if flow == "train" else []
    return main(module.__name__, flow, [*arguments, *quick], values=values)


def test_from_a_file_to_deployments(
    steps: list[str], root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment, drop, train, later, deployed = steps
    (root / "experiments" / "sales.yaml").write_text(experiment)
    assert "96 new observations of sales" in run(drop, root, capsys)
    assert (root / "inbox" / "sales" / "taken" / "until-1967.csv").is_file()
    said = run(train, root, capsys)
    assert "champion: models:/sales@champion" in said
    assert "6 rows written" in said
    said = run(later, root, capsys)
    assert "12 new observations of sales, 96 there already" in said
    assert "over 6 forecasts" in said
    known = (root / "prefect.yaml").read_text()
    (root / "prefect.yaml").write_text(known + deployed)
    ours = {"ingest/live", "forecast/live", "monitor/live", "train/nightly", "train/on-drift"}
    assert ours <= {d.name for d in deployments.declared()}
    names = [d.name for d in deployments.declared() if d.name.endswith("/sales")]
    assert names == ["ingest/sales", "forecast/sales", "monitor/sales", "train/sales"]
    for content in yaml.safe_load((root / "prefect.yaml").read_text())["deployments"]:
        module, _, flow = content["entrypoint"].rpartition(".")
        parameters = getattr(importlib.import_module(module), flow).parameters.properties
        assert set(content["parameters"]) <= set(parameters)
        assert "lstm-ops" in content["tags"]
