"""Where a stored series is not evenly spaced, so that nobody can read it as a series."""

from __future__ import annotations

from dataclasses import dataclass

from lstm_ops.data import store
from lstm_ops.data.grid import LEAST
from lstm_ops.data.spacing import Spacing, measure
from lstm_ops.data.times import as_text
from lstm_ops.experiment import Experiment, SqlSource


@dataclass(frozen=True)
class Gaps:
    """`after` and `before`: times, as text, of the two rows around the first of `count` gaps."""

    count: int
    after: str
    before: str
    spacing: Spacing

    def __str__(self) -> str:
        several = f"has {self.count} gaps, the first" if self.count > 1 else "has a gap"
        return (
            f"The stored series {several} between {self.after} and {self.before} (its step is "
            f"{self.spacing}): nothing can be forecast from it until the missing rows are ingested "
            "or a row whose time is wrong is deleted from observations"
        )


def stored_gaps(experiment: Experiment) -> Gaps | None:
    """Among the rows that the experiment reads; all of them where it reads elsewhere."""
    source = experiment.source
    read = source.newest if isinstance(source, SqlSource) and source.is_own_store else None
    times = store.observations(experiment.series, read)["t"]
    if len(times) < LEAST:
        return None
    spacing, off = measure(times)
    if not off.any():
        return None
    first = int(off.argmax())
    around = as_text(times.iloc[first - 1]), as_text(times.iloc[first])
    return Gaps(int(off.sum()), *around, spacing)
