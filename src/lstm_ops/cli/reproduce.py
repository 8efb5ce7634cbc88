"""`lstm-ops reproduce`: a recorded run done again, and whether every metric is equal."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from lstm_ops import experiment as experiments
from lstm_ops import project
from lstm_ops.collector import uncollected
from lstm_ops.errors import LstmOpsError

if TYPE_CHECKING:
    from lstm_ops.data.series import Series
    from lstm_ops.experiment import Experiment
    from lstm_ops.tracking.recorded import Recorded

MOST_SHOWN = 10
Figures = Mapping[str, Mapping[str, float | None]]


@dataclass(frozen=True)
class Difference:
    """A metric that is not what it was; None where a side has none."""

    of: str
    metric: str
    then: float | None
    now: float | None


@dataclass(frozen=True)
class Reproduction:
    """What came out again, and what is not as it was when the run was made."""

    run_id: str
    flow: str
    metrics: int
    differences: tuple[Difference, ...]
    code: str | None
    versions: tuple[str, ...]
    data: str | None


def add(commands: Any) -> None:
    """The command and its arguments."""
    parser = commands.add_parser(
        "reproduce", help="do a recorded run again and compare every metric"
    )
    parser.add_argument("run", metavar="RUN", help="an MLflow run id of train or backtest")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """0 where every metric is equal, else 1."""
    with uncollected():
        from lstm_ops.stack.discovery import tracking_uri
        from lstm_ops.tracking.recorded import recorded
        from lstm_ops.tracking.store import connect

        record = recorded(connect(tracking_uri()), options.run)
    result = reproduce(record)
    print(json.dumps(asdict(result), indent=1) if options.json else _told(result))
    return 1 if result.differences else 0


def reproduce(record: Recorded) -> Reproduction:
    """Fit everything again, on the series that the run saw; nothing is written anywhere."""
    from lstm_ops.data import series as series_files
    from lstm_ops.evaluation import replay

    recipe = experiments.load(str(record.experiment))
    series = series_files.read(record.series)
    then: Figures
    if record.flow == "train":
        then = replay.trial_figures(record.trials)
        now = replay.replay_trials(recipe, series, record.trials, _advance)
    else:
        then = replay.backtest_figures(record.found["scores"])
        now = replay.replay_backtest(recipe, series, _advance)
    return Reproduction(
        run_id=record.run_id,
        flow=record.flow,
        metrics=sum(map(len, then.values())),
        differences=tuple(differences(then, now)),
        code=_code(record),
        versions=tuple(project.installed_otherwise(record.lock)) if record.lock else (),
        data=_data(record, recipe, series),
    )


def differences(then: Figures, now: Figures) -> list[Difference]:
    """Every metric that is not equal to the last bit. Two that are no number are equal."""
    found = []
    for of in then.keys() | now.keys():
        before, after = then.get(of, {}), now.get(of, {})
        for metric in before.keys() | after.keys():
            a, b = before.get(metric), after.get(metric)
            if not _equal(a, b):
                found.append(Difference(of, metric, a, b))
    return sorted(found, key=lambda d: (d.of, d.metric))


def _equal(a: float | None, b: float | None) -> bool:
    nothing = [value is None or math.isnan(value) for value in (a, b)]
    return all(nothing) if any(nothing) else a == b


def _advance(name: str) -> None:
    print(f"again: {name}", file=sys.stderr, flush=True)


def _code(record: Recorded) -> str | None:
    now = project.code_digest()
    return None if now == record.code_digest else f"{record.code_digest} then, {now} now"


def _data(record: Recorded, recipe: Experiment, series: Series) -> str | None:
    """Whether the source still gives what the run saw; it was done again on what it saw."""
    if series.digest() != record.data_digest:
        return f"series.parquet is not what the run saw ({record.data_digest})"
    from lstm_ops.data.contract import check_series
    from lstm_ops.data.sources import load_raw

    try:
        today = check_series(load_raw(recipe)).digest()
    except LstmOpsError as error:
        return f"the source no longer gives a series: {error}"
    return None if today == record.data_digest else "the source gives another series today"


def _told(result: Reproduction) -> str:
    count = len(result.differences)
    lines = [
        f"all {result.metrics} metrics of {result.flow} run {result.run_id} are equal"
        if not count
        else f"{count} of {result.metrics} metrics of {result.flow} run {result.run_id} differ"
    ]
    for d in result.differences[:MOST_SHOWN]:
        lines.append(f"  {d.of}: {d.metric} was {d.then}, is {d.now}")
    if count > MOST_SHOWN:
        lines.append(f"  and {count - MOST_SHOWN} more; --json has them all")
    lines.append(f"code:     {result.code or 'the same'}")
    lines.append(f"versions: {'; '.join(result.versions) or 'the same'}")
    lines.append(f"data:     {result.data or 'the same'}")
    return "\n".join(lines)
