"""Types of flow parameters, as Prefect's forms and its server check them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from lstm_ops.experiment import override_paths

# With `propertyNames` a misspelt key is refused by the server, before a run exists.
Overrides = Annotated[
    dict[str, Any],
    Field(
        description="settings to change, by dotted path, such as training.epochs",
        json_schema_extra={"propertyNames": {"enum": list(override_paths())}},
    ),
]
ExperimentName = Annotated[
    str, Field(description="a name under experiments/, or the path of an experiment file")
]
Fresh = Annotated[bool, Field(description="fit again what an earlier backtest has done")]
