"""`python -m flows.…`: arguments, the server that a run without one needs, the exit status.

Imports neither Prefect nor MLflow at the top: the server is started before they are, and bad
arguments are refused without waiting for them.
"""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import yaml

from lstm_ops import experiment, project
from lstm_ops.collector import uncollected
from lstm_ops.errors import InvalidExperiment, LstmOpsError, StackError
from lstm_ops.stack.discovery import prefect_api_url, tracking_uri
from lstm_ops.stack.embedded import EMBEDDED_VARIABLE, EmbeddedPrefect

HEARTBEAT = "30"  # seconds, as pyproject.toml says where it is read
TAG = "lstm-ops"  # what our automations know a run of ours by


@dataclass(frozen=True)
class Value:
    """A parameter of a flow as its command takes it."""

    help: str
    read: Callable[[str], Any]
    shape: str


def main(
    module: str,
    flow_name: str,
    arguments: Sequence[str] | None = None,
    switches: Mapping[str, str] = MappingProxyType({}),
    values: Mapping[str, Value] = MappingProxyType({}),
    experiment_name: str = "tutorial",
) -> int:
    """Run one flow here and now. 0 done; 2 bad arguments, experiment or data; 1 anything else.

    The flow's own parameters: `switches`, which are on or off, each with its help, and `values`.
    `experiment_name` is what runs where none is named.
    """
    parser = argument_parser(module, switches, values, experiment_name)
    options = parser.parse_args(arguments)
    try:
        overrides = parse_overrides(options.set)
        experiment.load(options.experiment, overrides)
        os.environ.setdefault(project.HOME_VARIABLE, str(project.root()))
        # Ends at exit, after Prefect has sent it the last logs: it was there before Prefect was.
        server = EmbeddedPrefect() if prefect_api_url() is None else None
        own = {name: getattr(options, name) for name in (*switches, *values)}
        parameters = {"experiment": options.experiment, "overrides": overrides, **own}
        state = _state(module, flow_name, parameters, server)
        return _end(state, as_json=options.json)
    except LstmOpsError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print("interrupted; what was begun is closed as failed", file=sys.stderr)
        return 1


def argument_parser(
    module: str,
    switches: Mapping[str, str] = MappingProxyType({}),
    values: Mapping[str, Value] = MappingProxyType({}),
    experiment_name: str = "tutorial",
) -> argparse.ArgumentParser:
    """The arguments that every flow's command takes, and its own."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}")
    parser.add_argument(
        "experiment",
        nargs="?",
        default=experiment_name,
        help="a name under experiments/, or a path",
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="a.b=c", help="change a setting; repeatable"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    for name, text in switches.items():
        parser.add_argument(f"--{name.replace('_', '-')}", action="store_true", help=text)
    for name, value in values.items():
        parser.add_argument(f"--{name}", type=value.read, metavar=value.shape, help=value.help)
    return parser


def moment(text: str) -> datetime:
    """Raises `argparse.ArgumentTypeError` where the text is no time."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time; needed is one as 2026-09-01T00:00, in UTC"
        ) from None


CLOCK = MappingProxyType(
    {"now": Value("the time to go by, in UTC; left out: now", moment, "2026-09-01T00:00")}
)


def parse_overrides(assignments: Sequence[str]) -> dict[str, Any]:
    """`training.epochs=20` → {"training.epochs": 20}; the value is read as YAML."""
    overrides = {}
    for assignment in assignments:
        path, equals, value = assignment.partition("=")
        if not equals:
            raise InvalidExperiment(f"--set {assignment!r}: needed is path=value, as epochs=20")
        try:
            overrides[path.strip()] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise InvalidExperiment(f"--set {path}: {value!r} is not a readable value") from None
    return overrides


def _state(
    module: str, flow_name: str, parameters: dict[str, Any], server: EmbeddedPrefect | None
) -> Any:
    """The flow run's last state, on the server that is there, or on one that ends with this."""
    if server:
        os.environ |= {"PREFECT_API_URL": server.api_url, EMBEDDED_VARIABLE: "1"}
        logging.getLogger("prefect.flow_runs").addFilter(_leads_somewhere)
    else:
        os.environ["PREFECT_API_URL"] = str(prefect_api_url())
        # Automations take a run for crashed after 90 s; Prefect's own default is 180.
        os.environ.setdefault("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", HEARTBEAT)
    with uncollected():
        flow = getattr(importlib.import_module(module), flow_name)
    if server:
        server.wait()
    with _no_heartbeat() if server else nullcontext():
        return _run(flow, parameters)


def _end(state: Any, *, as_json: bool) -> int:
    """The exit status, after the result or the reason is told."""
    if state.is_completed():
        _tell(state.result(), as_json=as_json)
        return 0
    from flows.endings import INVALID_INPUT

    print(f"error: {state.message}", file=sys.stderr)
    return 2 if state.name == INVALID_INPUT else 1


def _no_heartbeat() -> AbstractContextManager[object]:
    """Nobody listens on a server that ends with this command, and its end is waited for."""
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    return temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None})


def _leads_somewhere(record: logging.LogRecord) -> bool:
    """Not a link to a server that ends with this command."""
    return not record.getMessage().startswith("View at ")


def _run(flow: Any, parameters: dict[str, Any]) -> Any:
    """The flow run's last state. Raises `StackError` where Prefect's server went away."""
    import httpx  # Prefect has it imported by now
    from prefect import tags

    try:
        with tags(TAG):
            return flow(**parameters, return_state=True)
    except httpx.HTTPError as error:
        raise StackError(
            f"Prefect's server at {os.environ['PREFECT_API_URL']} stopped answering "
            f"({type(error).__name__}). This is not your input's fault: start it, then run again"
        ) from None


def _tell(result: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(result, indent=1, allow_nan=False))
        return
    from lstm_ops.evaluation import text

    if rows := result.get("table") or result.get("scores"):
        print(f"\n{text.plain(rows)}")
    print(f"\n{result['verdict']}\n")
    if sentence := result.get("decision", {}).get("sentence"):
        print(f"{sentence}\n")
    if champion := result.get("champion"):
        print(f"champion: models:/{result['series']}@champion (version {champion['version']})")
    if url := result["mlflow"]["run_url"]:
        print(f"browse:   {url}")
    else:
        print(f"browse:   make ui, then open experiment {result['series']!r}")
        print(f"store:    {tracking_uri()}")
