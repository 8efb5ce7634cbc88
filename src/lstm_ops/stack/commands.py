"""The command lines and environments of everything that the stack starts."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from lstm_ops import project
from lstm_ops.errors import InvalidInput
from lstm_ops.stack import store
from lstm_ops.stack.addresses import HOST, Addresses
from lstm_ops.stack.discovery import MLFLOW_VARIABLE
from lstm_ops.stack.processes import Command

POOL = "lstm-ops"
WORKER = "local"

# The garbage collector would walk, again and again, what the imports make: 0.5 s of 2.9 s CPU.
_QUICK_SERVER = (
    "import gc; gc.disable(); import prefect.server.api.server, uvicorn; "
    "gc.freeze(); gc.enable(); uvicorn.main()"
)


def prefect_server(addresses: Addresses) -> Command:
    """Started in the project's root, where Prefect reads `[tool.prefect]` from pyproject.toml."""
    home = prefect_home()
    arguments = ["server", "start", "--host", HOST, "--port", str(addresses.prefect_port)]
    environment = {
        **_server_environment(addresses.prefect_api, home),
        "PREFECT_SERVER_UI_API_URL": addresses.prefect_api,
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": (
            "prefect.server.concurrency.lease_storage.filesystem"
        ),
    }
    return _prefect("prefect", arguments, environment)


def embedded_prefect_server(port: int, home: Path, migrated: bool) -> Command:
    """A server without interface and schedules, for one command.

    `migrated`: whether its database has its tables and block types already. As an ephemeral
    server it still records task runs.
    """
    api = f"http://{HOST}:{port}/api"
    arguments = [sys.executable, "-c", _QUICK_SERVER, "--factory"]
    arguments += ["prefect.server.api.server:create_app", "--host", HOST, "--port", str(port)]
    arguments += ["--log-level", "error", "--lifespan", "on"]
    environment = {
        **_server_environment(api, home),
        "PREFECT__SERVER_EPHEMERAL": "1",
        "PREFECT__SERVER_FINAL": "1",
        "PREFECT_SERVER_UI_ENABLED": "false",
        "PREFECT_SERVER_DATABASE_MIGRATE_ON_START": str(not migrated),
        "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": str(not migrated),
    }
    return Command("embedded-prefect", arguments, environment, project.root())


def mlflow_server(port: int) -> Command:
    """On the store that embedded runs use too, so it must not stand between them and artifacts."""
    arguments = [sys.executable, "-m", "mlflow", "server", "--host", HOST, "--port", str(port)]
    arguments += ["--backend-store-uri", store.uri(), "--no-serve-artifacts"]
    arguments += ["--default-artifact-root", str(store.artifacts()), "--workers", "1"]
    defaults = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    environment = {**defaults, **mlflow_settings(), **_environment()}
    environment.pop(MLFLOW_VARIABLE, None)
    return Command("mlflow", arguments, environment, project.root())


def scoring_server(model: str, store_uri: str, port: int) -> Command:
    """MLflow's own, for one model, with the libraries that are installed here."""
    arguments = [sys.executable, "-m", "mlflow", "models", "serve", "-m", model]
    arguments += ["--env-manager", "local", "--host", HOST, "--port", str(port), "--workers", "1"]
    defaults = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        # A request's matrices are small: one thread for each, and as many requests as cores.
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
        "TF_NUM_INTRAOP_THREADS": str(os.cpu_count() or 1),
    }
    environment = {**defaults, **_environment(), MLFLOW_VARIABLE: store_uri}
    return Command(f"serving-{port}", arguments, environment, project.root())


def worker(addresses: Addresses) -> Command:
    """Its flow runs inherit its environment; they find MLflow as every command does."""
    arguments = ["worker", "start", "--pool", POOL, "--type", "process", "--name", WORKER]
    return _prefect("worker", arguments, {"PREFECT_API_URL": addresses.prefect_api})


def deploy(addresses: Addresses) -> Command:
    """Every deployment of prefect.yaml, made or brought up to date."""
    arguments = ["--no-prompt", "deploy", "--all"]
    return _prefect("deploy", arguments, {"PREFECT_API_URL": addresses.prefect_api})


def create_automations(api_url: str, file: Path) -> Command:
    """Every automation of a file."""
    arguments = ["automation", "create", "--from-file", str(file)]
    return _prefect("automations", arguments, {"PREFECT_API_URL": api_url})


def prefect_home() -> Path:
    folder = project.state_folder() / "prefect"
    folder.mkdir(exist_ok=True)
    return folder


def mlflow_settings() -> dict[str, str]:
    """The KEY=VALUE lines of `mlflow/server.env`, if there is one; the environment wins over them.

    Raises `InvalidInput` for a line that is none.
    """
    path = store.folder() / "server.env"
    lines = path.read_text().splitlines() if path.is_file() else []
    settings = {}
    for number, line in enumerate(map(str.strip, lines), start=1):
        if line and not line.startswith("#"):
            key, equals, value = line.partition("=")
            if not equals or not key.strip().isidentifier():
                raise InvalidInput(f"{path}, line {number}: got {line!r}; needed: KEY=VALUE")
            settings[key.strip()] = value.strip().strip("\"'")
    return settings


def _prefect(name: str, arguments: list[str], environment: Mapping[str, str]) -> Command:
    command = [sys.executable, "-m", "prefect", *arguments]
    return Command(name, command, {**_environment(), **environment}, project.root())


def _server_environment(api: str, home: Path) -> dict[str, str]:
    """A database of its own, whatever a person's environment says of other servers'."""
    return {
        **_environment(),
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": api,
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home / 'prefect.db'}",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }


def _environment() -> dict[str, str]:
    """This process's environment, with our tools first on PATH and no person's Prefect profile."""
    environment = dict(os.environ)
    environment.pop("PREFECT_PROFILE", None)
    tools = str(Path(sys.executable).parent)
    loopback = f"{HOST},localhost"
    return {
        **environment,
        "PATH": os.pathsep.join([tools, environment.get("PATH", os.defpath)]),
        "NO_PROXY": ",".join(filter(None, [environment.get("NO_PROXY"), loopback])),
        "no_proxy": ",".join(filter(None, [environment.get("no_proxy"), loopback])),
        "PYTHONUNBUFFERED": "1",
        "PREFECT_PROFILES_PATH": str(prefect_home() / "profiles.toml"),
        project.HOME_VARIABLE: str(project.root()),
    }
