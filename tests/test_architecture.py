"""The house: which layer knows which library, what lies where, and what the lock promises."""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lstm_ops.cli.commands import argument_parser
from lstm_ops.experiment import override_paths

PROJECT = Path(__file__).resolve().parents[1]
SOURCES = PROJECT / "src"
UPPER = ("lstm_ops.tracking",)  # the only layer of lstm_ops that may name mlflow

IMPORT_EACH = """
import importlib, sys
heavy = ("mlflow", "prefect", "tensorflow", "keras")
for module in sys.argv[1:]:
    importlib.import_module(module)
    found = [name for name in heavy if name in sys.modules]
    if found:
        sys.exit(f"{module} imports {', '.join(found)}")
"""


def modules(folder: Path, package: str) -> Iterator[str]:
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        yield ".".join([package, *(part for part in parts if part != "__init__")])


def test_lower_layers_know_no_mlflow_no_prefect_and_no_tensorflow(
    in_fresh_python: Callable[..., str],
) -> None:
    lower = [m for m in modules(SOURCES / "lstm_ops", "lstm_ops") if not m.startswith(UPPER)]
    assert len(lower) > 30
    in_fresh_python(IMPORT_EACH, *lower, path=(SOURCES, PROJECT))


IMPORT_FLOWS = """
import pathlib, sys
before = set(pathlib.Path().iterdir())
import flows.train
assert "tensorflow" not in sys.modules and "keras" not in sys.modules, "TensorFlow is imported"
assert "sklearn" not in sys.modules, "scikit-learn is imported"
assert set(pathlib.Path().iterdir()) == before, "importing writes files"
"""


def test_importing_a_flow_waits_for_no_tensorflow_and_writes_nothing(
    in_fresh_python: Callable[..., str], tmp_path: Path
) -> None:
    """Every flow run and `prefect deploy` import it. No project is needed for that either."""
    in_fresh_python(IMPORT_FLOWS, path=(SOURCES, PROJECT), cwd=tmp_path)


def imported(path: Path) -> set[str]:
    """The outside packages that a file names anywhere, at its top or in a function."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def test_prefect_is_named_in_flows_only_and_mlflow_in_tracking_only() -> None:
    for path in SOURCES.rglob("*.py"):
        names = imported(path)
        assert not names & {"prefect", "flows"}, path
        assert "mlflow" not in names or "tracking" in path.parts, path
    for path in (PROJECT / "flows").rglob("*.py"):
        assert "mlflow" not in imported(path), path


def test_the_served_form_names_nothing_of_ours() -> None:
    served = SOURCES / "lstm_ops" / "tracking" / "served" / "forecaster.py"
    assert not imported(served) & {"lstm_ops", "flows"}


def test_no_python_where_it_would_shadow_mlflow_or_tests() -> None:
    assert not [*(PROJECT / "mlflow").glob("*.py")]  # models below it bring their own code
    assert not [*(PROJECT / "mlflow").rglob("__init__.py")]
    assert not [*(PROJECT / "tests").rglob("__init__.py")]


def test_the_lock_holds_hashes_and_no_addresses() -> None:
    lock = (PROJECT / "requirements.lock").read_text()
    assert "://" not in lock
    assert not re.search(r"^(-i|--index-url|--extra-index-url|--find-links)", lock, re.MULTILINE)
    entries = re.split(r"\n(?=\S)", lock.strip())
    assert len(entries) > 100
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry


def test_prefects_server_starts_with_what_the_lock_holds(
    in_fresh_python: Callable[..., str], tmp_path: Path
) -> None:
    """Later versions of fastapi break it at import; see docs/decisions/0002-lock.md."""
    in_fresh_python("import prefect.server.api.server", cwd=tmp_path)


def commands(parser: argparse.ArgumentParser, prefix: str) -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                yield from commands(inner, f"{prefix} {name}")
            return
    yield prefix


def metric_names() -> set[str]:
    """Every literal `part/name` of a metric in the code that scores, parts filled in."""
    code = (SOURCES / "lstm_ops" / "evaluation" / "trial.py").read_text()
    names = set(re.findall(r'f?"((?:\{part\}|validation|test|fit|model)/[a-z_]+)"', code))
    filled = {n.replace("{part}", part) for n in names for part in ("train", "test")}
    monitoring = (SOURCES / "lstm_ops/evaluation/monitoring/verdict.py").read_text()
    return filled | {"train/loss"} | set(re.findall(r'"(live/[a-z_]+)"', monitoring))


def make_targets() -> list[str]:
    rules = re.findall(r"^([a-z-]+):.*## ", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    return [f"make {target}" for target in rules]


def flow_names() -> list[str]:
    name = re.compile(r'^@flow\(\s*name="([a-z-]+)"', re.MULTILINE)
    found = [name.findall(path.read_text()) for path in (PROJECT / "flows").glob("*.py")]
    return [f"`{flow}`" for flows in found for flow in flows]


DOCUMENTED = {
    "make targets": make_targets,
    "commands": lambda: list(commands(argument_parser(), "lstm-ops")),
    "experiment keys": lambda: sorted({path.rpartition(".")[2] for path in override_paths()}),
    "metrics": lambda: sorted(metric_names()),
    "flows": flow_names,
    "tags": lambda: sorted(
        re.findall(r'"(lstm_ops\.[a-z_]+)"', (SOURCES / "lstm_ops/tracking/names.py").read_text())
    ),
}


@pytest.mark.parametrize("what", DOCUMENTED)
def test_the_docs_name(what: str) -> None:
    readme = PROJECT / "README.md"
    pages = [*([readme] if readme.is_file() else []), *(PROJECT / "docs").rglob("*.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    names = DOCUMENTED[what]()
    assert len(names) > 0
    missing = [name for name in names if not re.search(rf"{re.escape(name)}(?![a-z_-])", text)]
    assert not missing, f"neither README.md nor docs/ names {', '.join(missing)}"
