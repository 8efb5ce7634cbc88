"""All the history that a source has, beyond the newest rows that an experiment reads of it."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from lstm_ops.data.contract import ROW_RULES, check_series
from lstm_ops.data.raw import RawSeries
from lstm_ops.data.sources import load_raw
from lstm_ops.errors import InvalidSeries
from lstm_ops.experiment import Experiment, SqlSource


def load_history(experiment: Experiment) -> RawSeries:
    """The series without the cut of `source.newest`, as far back as it keeps to the contract.

    A cut that moves on with every new row takes an old one away: what is measured against old rows
    would change with it. Rows at fault among the newest stay, and are refused as everywhere.
    """
    source = experiment.source
    if not isinstance(source, SqlSource) or source.newest is None:
        return load_raw(experiment)
    whole = source.model_copy(update={"newest": None})
    raw = load_raw(experiment.model_copy(update={"source": whole}))
    return after_old_faults(raw, source.newest)


def after_old_faults(raw: RawSeries, newest: int) -> RawSeries:
    """What follows the last fault that lies before the `newest` rows."""
    while cuts := [cut for cut in _cuts(raw) if cut <= len(raw.values) - newest]:
        raw = _without_first(raw, max(cuts))
    return raw


def _cuts(raw: RawSeries) -> list[int]:
    """How many first rows to leave out, for each fault to be gone."""
    try:
        check_series(raw)
    except InvalidSeries as error:
        # A row that is at fault only beside the one before it may itself be the first.
        return [f.row - (f.rule not in ROW_RULES) for f in error.rejected if f.row]
    return []


def _without_first(raw: RawSeries, count: int) -> RawSeries:
    def rest(column: pd.Series) -> pd.Series:
        return column.iloc[count:].reset_index(drop=True)

    times = None if raw.times is None else rest(raw.times)
    return replace(raw, times=times, values=rest(raw.values))
