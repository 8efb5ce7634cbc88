"""`lstm-ops automations`: what `make up` does for the local stack, for any Prefect server."""

from __future__ import annotations

import argparse
import subprocess
from typing import Any

from lstm_ops.errors import InvalidInput, StackError
from lstm_ops.redaction import redacted


def add(commands: Any) -> None:
    """The command and its arguments."""
    parser = commands.add_parser(
        "automations", help="make those of automations/*.yaml on Prefect's server, or renew them"
    )
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Make what is missing, and bring up to date what was made from a file that has changed."""
    from lstm_ops.stack import automations, commands
    from lstm_ops.stack.discovery import prefect_api_url

    del options
    url = prefect_api_url()
    if url is None:
        raise InvalidInput(
            "no Prefect server answers; make up does this for its own, for another: export "
            "PREFECT_API_URL"
        )
    missing = automations.renew(url)
    if missing:
        command = commands.create_automations(url, automations.draft(missing))
        done = subprocess.run(
            command.arguments,
            cwd=command.folder,
            env=dict(command.environment),
            check=False,
        )
        if done.returncode:
            raise StackError(f"not every automation could be made on {redacted(url)}; see above")
    print(f"automations are up to date on {redacted(url)}; {len(missing)} new")
    return 0
