"""The whole circle on a sped-up clock, until a drift has made a new champion, told as a story.

python -m flows.demo [--stay]

In a project root of its own, `.state/demo/`, which is made anew, with a stack of its own on free
ports: nothing that is yours is touched.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lstm_ops import project
from lstm_ops.cli.columns import aligned
from lstm_ops.collector import uncollected
from lstm_ops.errors import LstmOpsError
from lstm_ops.stack import apart
from lstm_ops.stack.addresses import Addresses

if TYPE_CHECKING:
    from flows.demonstration import Story

WIDTH = 92  # characters of what happened


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where the drift was seen and the gate promoted; 1 where not."""
    options = argument_parser().parse_args(arguments)
    try:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C
        folder = project.state_folder() / "demo"
        with apart.claimed(folder):
            return _demonstrate(apart.fresh_root(folder), stay=options.stay)
    except LstmOpsError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print("interrupted; the demonstration's stack is stopped", file=sys.stderr)
        return 1


def argument_parser() -> argparse.ArgumentParser:
    """Of the one command."""
    parser = argparse.ArgumentParser(prog="python -m flows.demo")
    parser.add_argument(
        "--stay", action="store_true", help="keep its servers up afterwards, until Ctrl-C"
    )
    return parser


def _demonstrate(root: Path, *, stay: bool) -> int:
    _say("Starting Prefect, MLflow and a worker of their own ...")
    with apart.running(root, apart.environment_of(root)) as addresses:
        code = _play(root.as_posix(), addresses)
        if stay:
            _stay()
    _say("Its servers are stopped. To follow the links: make demo ARGS=--stay")
    return code


def _play(root: str, addresses: Addresses) -> int:
    """The story, in this process, on the servers that were started for it."""
    for name in [name for name in os.environ if name.startswith(apart.SERVERS)]:
        del os.environ[name]
    os.environ |= {
        project.HOME_VARIABLE: root,
        "PREFECT_API_URL": addresses.prefect_api,
        "PREFECT_LOGGING_LEVEL": "WARNING",
    }
    os.chdir(root)  # where Prefect reads the project's settings
    began = time.monotonic()
    with uncollected():
        from flows.demonstration import Demonstration
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    story = Demonstration(addresses, _say).play()
    _say(f"\n{_table(story)}\n\n{story.verdict}\n")
    _say(f"champion  {addresses.mlflow}/#/models/demo?workflowType=machine_learning")
    _say(f"MLflow    {addresses.mlflow_ui}\nPrefect   {addresses.prefect_ui}\n")
    _say(f"{time.monotonic() - began:.0f} s after its servers were up.")
    return 0 if story.promoted else 1


def _table(story: Story) -> str:
    """The story in columns; what happened in lines that a terminal takes."""
    rows: list[tuple[str, ...]] = [("time", "flow", "what happened")]
    for event in story.events:
        first, *more = textwrap.wrap(event.happened, WIDTH)
        rows += [(f"{event.time:%m-%d %H:%M}", event.what, first)]
        rows += [("", "", line) for line in [*more, event.link]]
    return aligned(rows)


def _stay() -> None:
    _say("\nThe servers stay up for you to look at. Ctrl-C stops them.")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
