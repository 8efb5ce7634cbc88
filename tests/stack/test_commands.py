"""What the servers and the worker are started with."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from lstm_ops.errors import InvalidInput
from lstm_ops.stack import commands
from lstm_ops.stack.addresses import Addresses

ADDRESSES = Addresses(4300, 5001)


def test_flow_runs_find_mlflow_themselves_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "MLFLOW_TRACKING_URI" not in commands.worker(ADDRESSES).environment
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://team:5000")
    assert commands.worker(ADDRESSES).environment["MLFLOW_TRACKING_URI"] == "http://team:5000"


def test_children_use_this_stack_this_project_and_this_environments_tools(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://elsewhere/api")
    monkeypatch.setenv("PREFECT_PROFILE", "mine")
    for command in (commands.worker(ADDRESSES), commands.deploy(ADDRESSES)):
        environment = command.environment
        assert environment["PREFECT_API_URL"] == ADDRESSES.prefect_api
        assert "PREFECT_PROFILE" not in environment
        assert environment["LSTM_OPS_HOME"] == str(root)
        assert environment["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
        assert command.folder == root


def test_the_prefect_server_keeps_its_own_database(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", "postgresql://team")
    environment = commands.prefect_server(ADDRESSES).environment
    database = f"sqlite+aiosqlite:///{root}/.state/prefect/prefect.db"
    assert environment["PREFECT_SERVER_DATABASE_CONNECTION_URL"] == database


def test_mlflow_settings_come_from_the_file_and_the_environment_wins(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "mlflow").mkdir()
    (root / "mlflow/server.env").write_text(
        "# settings\n\nMLFLOW_A=file\nMLFLOW_B = 'file = b'\nMLFLOW_DISABLE_TELEMETRY=maybe\n"
    )
    monkeypatch.setenv("MLFLOW_A", "environment")
    monkeypatch.delenv("MLFLOW_DISABLE_TELEMETRY", raising=False)
    environment = commands.mlflow_server(5001).environment
    assert environment["MLFLOW_A"] == "environment"
    assert environment["MLFLOW_B"] == "file = b"
    assert environment["MLFLOW_DISABLE_TELEMETRY"] == "maybe"
    assert environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"


def test_a_faulty_line_of_settings_is_refused(root: Path) -> None:
    (root / "mlflow").mkdir()
    (root / "mlflow/server.env").write_text("A=1\nexport B=2\n")
    with pytest.raises(InvalidInput, match=r"server.env, line 2: got 'export B=2'"):
        commands.mlflow_server(5001)
