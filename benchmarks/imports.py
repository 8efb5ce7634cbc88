"""What imports cost, and whether two commands that train nothing wait for TensorFlow.

    python -m benchmarks.imports [--json] [--repeats 3]

Each import is made in a fresh interpreter; seconds are of the import alone, memory is what the
process holds after it. The two commands are run once for their seconds, and once more with
Python's own list of imports.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch
from urllib.parse import urlsplit

from benchmarks import tables
from benchmarks.measured import Measured, run
from benchmarks.places import environment, project_root, train
from lstm_ops.stack import commands
from lstm_ops.stack.addresses import Addresses
from lstm_ops.stack.embedded import EmbeddedPrefect
from lstm_ops.stack.prefect_http import PrefectApi

IMPORTS = {
    "`lstm_ops.cli`": "import lstm_ops.cli",
    "`flows.command`": "import flows.command",
    "`flows.train`": "import flows.train",
    "`prefect`": "import prefect",
    "`mlflow`": "import mlflow",
    "`keras`, as the project loads it": (
        "from lstm_ops.models.network import load_keras; load_keras()"
    ),
}
TIMED = """
import json, sys, time
wall, cpu = time.perf_counter(), time.process_time()
{statement}
figures = {{"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}}
import psutil
figures["megabytes"] = psutil.Process().memory_info().rss / 1e6
figures["tensorflow"] = "tensorflow" in sys.modules
print(json.dumps(figures))
"""
PROFILE = "PYTHONPROFILEIMPORTTIME"
IMPORTED = re.compile(r"^import time:.*\| +(\w+)\s*$", re.MULTILINE)  # top-level packages only

Figures = dict[str, dict[str, float]]


def main() -> None:
    """Print the tables, or their figures as JSON."""
    options = tables.arguments(__doc__)
    with project_root() as root:
        imports = {name: _import(IMPORTS[name], root, options.repeats) for name in IMPORTS}
        whole = {
            "`prefect --no-prompt deploy --all`": _deploy(root),
            "`flows.train airline`, refused for its data": _refused(root),
        }
    tables.tell(options, {"imports": imports, "commands": whole}, *_tables(imports, whole))


def _import(statement: str, root: Path, repeats: int) -> dict[str, float]:
    command = [sys.executable, "-c", TIMED.format(statement=statement)]
    runs = [run(command, root, environment(root)) for _ in range(repeats)]
    return tables.medians([json.loads(done.output.splitlines()[-1]) for done in runs])


def _deploy(root: Path) -> dict[str, float]:
    """With a server of our own, which reads its settings from this process's environment."""
    with patch.dict(os.environ, environment(root), clear=True), EmbeddedPrefect() as server:
        port = urlsplit(server.wait()).port
        assert port is not None
        command = commands.deploy(Addresses(prefect_port=port))
        with PrefectApi(server.api_url) as api:
            api.ensure_pool(commands.POOL)
        return _whole(
            lambda profile: run(command.arguments, root, {**command.environment, **profile})
        )


def _refused(root: Path) -> dict[str, float]:
    """The airline's experiment on a file with a text among its numbers."""
    file = root / "text.csv"
    file.write_text("Month,Passengers\n1949-01,112\n1949-02,many\n1949-03,132\n")
    setting = f"source.path={file}"
    command = [sys.executable, "-m", "flows.train", "airline", "--set", setting]
    train(root, "airline", "--set", setting, expected=2)  # makes the databases
    return _whole(lambda profile: run(command, root, {**environment(root), **profile}, expected=2))


def _whole(command: Callable[[dict[str, str]], Measured]) -> dict[str, float]:
    """Its seconds without the list of imports, which costs time, and what the list says."""
    imported = set(IMPORTED.findall(command({PROFILE: "1"}).errors))
    if "prefect" not in imported:
        raise RuntimeError("Python's list of imports lacks Prefect, so it cannot be trusted")
    return {"wall": command({}).wall, "tensorflow": "tensorflow" in imported}


def _tables(imports: Figures, whole: Figures) -> list[str]:
    wall = {"wall, s": "{wall:.2f}"}
    columns = {**wall, "CPU, s": "{cpu:.2f}", "MB afterwards": "{megabytes:.0f}"}
    last = {"imports TensorFlow": "{tensorflow}"}
    return [
        tables.table("import", {**columns, **last}, _in_words(imports)),
        tables.table("command", {**wall, **last}, _in_words(whole)),
    ]


def _in_words(rows: Figures) -> dict[str, dict[str, object]]:
    return {
        name: {**figures, "tensorflow": "yes" if figures["tensorflow"] else "no"}
        for name, figures in rows.items()
    }


if __name__ == "__main__":
    main()
