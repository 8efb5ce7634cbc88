"""Everything that lstm_ops raises on purpose.

LstmOpsError                    exit status 1: not the user's doing
├── InvalidInput                exit status 2: something the user can mend; nothing was registered
│   ├── InvalidExperiment       a missing or faulty experiment file, key, value or override
│   ├── UnreadableSeries        a file that is missing, empty, or not what its name says
│   ├── InvalidSeries           data that break the contract; carries the failing rows
│   │   └── SeriesTooShort      fewer rows than the windows asked for
│   ├── NewerStore              a series store that a newer version of this project has changed
│   └── UnsupportedModel        a network that cannot be explained; names the layer
├── SourceUnavailable           a remote source, or a place for forecasts, that did not answer
├── TrackingUnavailable         MLflow's server or store did not answer, or refused
├── ChampionUnusable            an incident: the champion cannot be loaded, or does not forecast
├── MovedMeanwhile              somebody else's decision about the champion came first
└── StackError                  the local stack: a taken port, a child that died, one already up
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class LstmOpsError(Exception):
    """Base of the tree. `exit_status` is what a command line ends with."""

    exit_status = 1


class InvalidInput(LstmOpsError):
    """The user's input is at fault: the message says what was got, what is needed, what to do."""

    exit_status = 2


class InvalidExperiment(InvalidInput):
    """An experiment that cannot be found, read or validated."""


class UnreadableSeries(InvalidInput):
    """A series whose file is missing, empty, binary, or lacks the columns asked for."""


@dataclass(frozen=True)
class RejectedRow:
    """One row that breaks a rule. `row` counts data rows from 1; None: the whole series."""

    row: int | None
    rule: str
    got: str


class InvalidSeries(InvalidInput):
    """Data that break the contract. `rejected` holds every failing row, for tables."""

    def __init__(self, message: str, rejected: Sequence[RejectedRow] = ()) -> None:
        super().__init__(message, tuple(rejected))
        self.message = message
        self.rejected = tuple(rejected)

    def __str__(self) -> str:
        return self.message


class SeriesTooShort(InvalidSeries):
    """Fewer rows than the split and the windows need."""


class NewerStore(InvalidInput):
    """A series store whose tables a newer version of this project has changed."""


class UnsupportedModel(InvalidInput):
    """A network with a layer, a wiring or a setting that its explanation does not know."""


class SourceUnavailable(LstmOpsError):
    """A source of data, or a place where they go, did not answer. Trying again may help."""


class TrackingUnavailable(LstmOpsError):
    """MLflow's server or store did not answer, or refused what was asked."""


class ChampionUnusable(LstmOpsError):
    """The version behind an alias cannot be loaded, or does not forecast. Nothing was changed."""


class MovedMeanwhile(LstmOpsError):
    """Another decision about the champion was made first. Nothing was changed; look again."""


class StackError(LstmOpsError):
    """The local stack could not be started, found or stopped."""
