"""`make serve`: a registered model behind MLflow's own scoring server, in the foreground."""

from __future__ import annotations

import uuid

from lstm_ops.errors import InvalidInput
from lstm_ops.stack import commands
from lstm_ops.stack.addresses import HOST
from lstm_ops.stack.children import Children, Say, say
from lstm_ops.stack.interruption import Interrupted, Interruption
from lstm_ops.stack.supervisor import refuse_taken_port

PORT = 5050
GRACE = 5.0  # seconds from SIGTERM to SIGKILL


def refuse_port(port: int) -> None:
    """Raises `InvalidInput` for a port that cannot be, `StackError` for one that is taken."""
    if not 1 <= port <= 65535:
        raise InvalidInput(f"port {port} does not exist; choose one of 1 to 65535")
    refuse_taken_port(port, "the model", f"make serve PORT={PORT + 1}")


def serve(model: str, store_uri: str, port: int, example: str, say: Say = say) -> int:
    """0 once asked to end, 1 if the server died. `model`: a `models:/` URI of that store.

    `example`: what curl sends, after the address. Raises `StackError` for a server that does not
    start.
    """
    with Interruption() as interruption:
        children = Children(uuid.uuid4().hex, interruption, say)
        command = commands.scoring_server(model, store_uri, port)
        try:
            say(f"Starting MLflow's scoring server (log: .state/logs/{command.name}.log) ...")
            children.start(command)
            children.healthy(model, f"http://{HOST}:{port}/ping")
            address = f"http://{HOST}:{port}/invocations"
            say(f"\n{model}   {address}\n\n  curl {address} {example}\n\nCtrl-C stops it.\n")
            return children.watch()
        except Interrupted:
            return 0
        finally:
            children.stop(command.name, GRACE)
