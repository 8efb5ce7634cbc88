"""`make ui`: the MLflow server alone, on the shared store, in the foreground."""

from __future__ import annotations

import uuid

from lstm_ops.stack import commands, record
from lstm_ops.stack.addresses import MLFLOW_PORT, PREFECT_PORT, Addresses
from lstm_ops.stack.children import Children, Say, say
from lstm_ops.stack.interruption import Interrupted, Interruption
from lstm_ops.stack.supervisor import GRACE, refuse_taken_port


def ui(mlflow_port: int = MLFLOW_PORT, say: Say = say) -> int:
    """0 once asked to end, or if the local stack shows the same store already; 1 if MLflow died.

    Raises `StackError` for a taken port, or a server that does not start.
    """
    if stack := record.live():
        say(f"The stack is up and has it: {stack.addresses.mlflow_ui}")
        return 0
    refuse_taken_port(mlflow_port, "MLflow", "make ui MLFLOW_PORT=5001")
    with Interruption() as interruption:
        children = Children(uuid.uuid4().hex, interruption, say)
        try:
            return _show(children, mlflow_port, say)
        except Interrupted:
            return 0
        finally:
            children.stop("mlflow", GRACE["mlflow"])


def _show(children: Children, mlflow_port: int, say: Say) -> int:
    # Only MLflow's addresses are asked of it; any other port will do for Prefect's.
    addresses = Addresses(PREFECT_PORT if mlflow_port != PREFECT_PORT else MLFLOW_PORT, mlflow_port)
    say("Starting MLflow (log: .state/logs/mlflow.log) ...")
    children.start(commands.mlflow_server(mlflow_port))
    children.healthy("MLflow", addresses.mlflow_health)
    say(f"\nMLflow   {addresses.mlflow_ui}\n\nCtrl-C stops it.\n")
    return children.watch()
