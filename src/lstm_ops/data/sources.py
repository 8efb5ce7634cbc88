"""From an experiment's source section to a raw series."""

from __future__ import annotations

from lstm_ops.data.files import read_file
from lstm_ops.data.raw import RawSeries
from lstm_ops.data.sql_source import read_sql
from lstm_ops.data.synthetic import generate
from lstm_ops.experiment import Experiment, FileSource, SqlSource, SyntheticSource


def load_raw(experiment: Experiment) -> RawSeries:
    """The series as its source gives it, unchecked. Raises what the source's reader raises."""
    source = experiment.source
    match source:
        case SyntheticSource():
            return generate(source, experiment.series)
        case FileSource():
            return read_file(source, experiment.series)
        case SqlSource():
            return read_sql(source, experiment.series)
