"""Types of flow parameters, as Prefect's forms and its server check them."""

from __future__ import annotations

from datetime import UTC, datetime
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
Clock = Annotated[
    datetime | None,
    Field(description="the time to go by, in UTC; left out: now"),
]
Fresh = Annotated[bool, Field(description="fit again what an earlier backtest has done")]
WhenDue = Annotated[
    bool, Field(description="skip, as a success that says why, where there is nothing to do yet")
]
Cause = Annotated[
    dict[str, Any] | None,
    Field(description="the event that asks for it, with its evidence; a cool-down applies then"),
]


def moment(clock: datetime | None) -> datetime:
    """What a `Clock` stands for: a time in UTC, without a zone."""
    if clock is None:
        return datetime.now(UTC).replace(tzinfo=None)
    return clock.astimezone(UTC).replace(tzinfo=None) if clock.tzinfo else clock
