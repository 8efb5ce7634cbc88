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
from lstm_ops.cli.store import existing_store
from lstm_ops.collector import uncollected
from lstm_ops.errors import LstmOpsError

if TYPE_CHECKING:
    from lstm_ops.data.series import Series
    from lstm_ops.experiment import Experiment
    from lstm_ops.tracking.recorded import Recorded

MOST_SHOWN = 10
LARGEST = 1.797e308  # what MLflow's databases keep of an infinite metric, nearly
Figure = float | str | None
Figures = Mapping[str, Mapping[str, Figure]]


@dataclass(frozen=True)
class Difference:
    """A metric that is not what it was; None where a side has none."""

    of: str
    metric: str
    then: Figure
    now: Figure


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
        from lstm_ops.tracking.recorded import recorded

        record = recorded(existing_store(f"run {options.run}"), options.run)
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
        now = replay.replay_trials(recipe, series, _advance)
    else:
        then = replay.backtest_figures(record.found)
        now = replay.replay_backtest(recipe, series, _advance)
    return Reproduction(
        run_id=record.run_id,
        flow=record.flow,
        metrics=sum(len(metrics) for _, metrics, _ in _pairs(then, now)),
        differences=tuple(differences(then, now)),
        code=_code(record),
        versions=_versions(record),
        data=_data(record, recipe, series),
    )


def differences(then: Figures, now: Figures) -> list[Difference]:
    """Every metric that is not equal to the last bit. Two that are no number are equal."""
    return [
        Difference(of, metric, sides[0].get(metric), sides[1].get(metric))
        for of, metrics, sides in _pairs(then, now)
        for metric in metrics
        if _comparable(sides[0].get(metric)) != _comparable(sides[1].get(metric))
    ]


def _pairs(then: Figures, now: Figures) -> list[tuple[str, list[str], list[Mapping[str, Figure]]]]:
    """What figures are of, the names of all that either side has, and both sides."""
    pairs = []
    for of in sorted(then.keys() | now.keys()):
        sides = [then.get(of, {}), now.get(of, {})]
        pairs.append((of, sorted(sides[0].keys() | sides[1].keys()), sides))
    return pairs


def _comparable(value: Figure) -> Figure:
    """Neither NaN, which is not equal to itself, nor two ways to say infinite."""
    if not isinstance(value, float):
        return value
    if math.isnan(value):
        return None
    return math.copysign(math.inf, value) if abs(value) >= LARGEST else value


def _advance(name: str) -> None:
    print(f"again: {name}", file=sys.stderr, flush=True)


def _code(record: Recorded) -> str | None:
    now = project.code_digest()
    return None if now == record.code_digest else f"{record.code_digest} then, {now} now"


def _versions(record: Recorded) -> tuple[str, ...]:
    """What is installed otherwise than the lock of then has it."""
    if record.lock is None:
        return ("unknown, the run has no requirements.lock",)
    return tuple(project.installed_otherwise(record.lock))


def _data(record: Recorded, recipe: Experiment, series: Series) -> str | None:
    """Whether the source still gives what the run saw; it was done again on what it saw."""
    if series.digest() != record.data_digest:
        return f"series.parquet is not what the run saw ({record.data_digest})"
    from lstm_ops.data.contract import check_series
    from lstm_ops.data.sources import load_raw

    # What came from an address with a password or a query was recorded without them.
    try:
        today = check_series(load_raw(recipe)).digest()
    except LstmOpsError as error:
        return f"the source as it is recorded gives no series: {error}"
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
