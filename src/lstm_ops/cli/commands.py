"""`lstm-ops …`: experiments, explanations, the champion, the local stack and its health.

Exit status: 0 done; 2 bad arguments, experiment or data; 1 anything else.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence

from lstm_ops import experiment
from lstm_ops.cli import automations, champion, doctor, explain, prune, reproduce, serve
from lstm_ops.errors import LstmOpsError
from lstm_ops.experiment import Experiment
from lstm_ops.experiment.files import dump
from lstm_ops.stack.addresses import MLFLOW_PORT, Addresses

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; trouble is told in words on standard error."""
    options = argument_parser().parse_args(arguments)
    command: Command = options.command
    try:
        return command(options)
    except LstmOpsError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 1
    except BrokenPipeError:
        sys.stderr.close()  # the reader, `head` perhaps, has seen enough
        return 0


def argument_parser() -> argparse.ArgumentParser:
    """Every command with its help."""
    parser = argparse.ArgumentParser(prog="lstm-ops", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _experiment_commands(commands.add_parser("experiment", help="look at experiments"))
    explain.add(commands)
    reproduce.add(commands)
    champion.add(commands)
    prune.add(commands)
    serve.add(commands)
    doctor.add(commands)
    automations.add(commands)
    up = commands.add_parser("up", help="start Prefect, MLflow and a worker, on this machine only")
    up.add_argument("--prefect-port", type=int, metavar="N", help="default 4200")
    up.add_argument("--mlflow-port", type=int, metavar="N", help="default 5000")
    up.set_defaults(command=_up)
    ui = commands.add_parser("ui", help="start only the MLflow UI")
    ui.add_argument("--mlflow-port", type=int, metavar="N", help="default 5000")
    ui.set_defaults(command=_ui)
    return parser


def _experiment_commands(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="the names under experiments/")
    listing.set_defaults(command=_list)
    show = commands.add_parser("show", help="one experiment, every setting resolved, as YAML")
    show.add_argument("name", help="a name under experiments/, or a path")
    show.set_defaults(command=_show)
    schema = commands.add_parser("schema", help="the JSON schema of an experiment file")
    schema.set_defaults(command=_schema)


def _list(options: argparse.Namespace) -> int:
    del options
    print("\n".join(experiment.names()))
    return 0


def _show(options: argparse.Namespace) -> int:
    print(dump(experiment.load(options.name)), end="")
    return 0


def _schema(options: argparse.Namespace) -> int:
    del options
    print(json.dumps(Experiment.model_json_schema(), indent=2))
    return 0


def _up(options: argparse.Namespace) -> int:
    from lstm_ops.stack.supervisor import up

    return up(_addresses(options), before_worker=_close_lost_runs, after_worker=_close_lost_runs)


def _ui(options: argparse.Namespace) -> int:
    from lstm_ops.stack.mlflow_ui import ui

    return ui(options.mlflow_port or MLFLOW_PORT)


def _addresses(options: argparse.Namespace) -> Addresses:
    given = {
        name: getattr(options, name)
        for name in ("prefect_port", "mlflow_port")
        if getattr(options, name) is not None
    }
    return Addresses(**given)


def _close_lost_runs() -> list[str]:
    """Close the MLflow runs of dead processes, while the stack's MLflow server answers."""
    from lstm_ops.stack.discovery import tracking_uri
    from lstm_ops.stack.flow_run_ends import ended
    from lstm_ops.tracking.lost import close_lost_runs
    from lstm_ops.tracking.store import connect

    return close_lost_runs(connect(tracking_uri()), ended)
