"""`lstm-ops serve`: the champion of a series behind MLflow's own scoring server."""

from __future__ import annotations

import argparse
import json
import shlex
from typing import TYPE_CHECKING, Any

from lstm_ops import project
from lstm_ops.collector import uncollected
from lstm_ops.errors import InvalidInput

if TYPE_CHECKING:
    from lstm_ops.tracking.champions import Version
    from lstm_ops.tracking.store import Store

JSON = "Content-Type: application/json"


def add(commands: Any) -> None:
    """The command and its arguments."""
    parser = commands.add_parser("serve", help="answer forecast requests, on this machine only")
    parser.add_argument("name", metavar="NAME", help="the series, as its model is registered")
    parser.add_argument("--port", type=int, metavar="N", help="default 5050")
    parser.add_argument(
        "--alias", default="champion", metavar="ALIAS", help="or a version's number; champion"
    )
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Check what can be checked, then serve until asked to end."""
    from lstm_ops.stack.discovery import tracking_uri
    from lstm_ops.stack.serving import PORT, refuse_port, serve

    port = PORT if options.port is None else options.port
    refuse_port(port)
    uri = tracking_uri()
    _require_store(uri)
    with uncollected():
        from lstm_ops.tracking import champions
        from lstm_ops.tracking.store import connect
    store = connect(uri)
    version = champions.find(store, options.name, options.alias)
    sign = "/" if options.alias.isdigit() else "@"
    model = f"models:/{version.series}{sign}{options.alias}"
    return serve(model, uri, port, _example(store, version))


def _require_store(uri: str) -> None:
    from lstm_ops.stack import store as local_store

    if uri == local_store.uri() and not local_store.database().is_file():
        raise InvalidInput("nothing has been trained yet, so there is no model; first: make run")


def _example(store: Store, version: Version) -> str:
    """What curl sends after the address: the newest rows that the model's training saw."""
    from lstm_ops.tracking.served.example import newest_rows

    rows = newest_rows(store, version)
    if rows is None:
        return f"-H {shlex.quote(JSON)} -d @request.json   # your history: docs/serving.md"
    path = project.state_folder() / "serving" / f"{version.series}-{version.number}.json"
    request = {"dataframe_split": rows, "params": {"horizon": 3}}
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(request) + "\n", encoding="utf-8")
    except OSError as error:
        raise InvalidInput(
            f"{path} cannot be written ({error.strerror}); give this project a .state folder that "
            "can be written to"
        ) from None
    return f"-H {shlex.quote(JSON)} -d {shlex.quote(f'@{path}')}"
