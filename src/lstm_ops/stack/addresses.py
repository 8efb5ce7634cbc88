"""Where the local stack's two servers are reached. Always on this machine only."""

from __future__ import annotations

from dataclasses import dataclass

from lstm_ops.errors import InvalidInput

HOST = "127.0.0.1"
PREFECT_PORT = 4200
MLFLOW_PORT = 5000

# MLflow 3's interface opens on GenAI views; its router reads the query behind the `#`.
MODEL_TRAINING_VIEW = "/#/experiments?workflowType=machine_learning"


@dataclass(frozen=True)
class Addresses:
    """The ports of one stack. Raises `InvalidInput` for a port that cannot be, or one for both."""

    prefect_port: int = PREFECT_PORT
    mlflow_port: int = MLFLOW_PORT

    def __post_init__(self) -> None:
        for port in (self.prefect_port, self.mlflow_port):
            if not 1 <= port <= 65535:
                raise InvalidInput(f"port {port} does not exist; choose one of 1 to 65535")
        if self.prefect_port == self.mlflow_port:
            raise InvalidInput(f"Prefect and MLflow cannot both listen on port {self.mlflow_port}")

    @property
    def prefect_ui(self) -> str:
        return f"http://{HOST}:{self.prefect_port}"

    @property
    def prefect_api(self) -> str:
        return f"{self.prefect_ui}/api"

    @property
    def prefect_health(self) -> str:
        return f"{self.prefect_api}/health"

    @property
    def mlflow(self) -> str:
        return f"http://{HOST}:{self.mlflow_port}"

    @property
    def mlflow_health(self) -> str:
        return f"{self.mlflow}/health"

    @property
    def mlflow_ui(self) -> str:
        """The link for people: opens on the model-training view."""
        return f"{self.mlflow}{MODEL_TRAINING_VIEW}"
