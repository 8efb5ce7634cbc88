"""Plans of a backtest: every origin once, nothing out of order, and what does not fit refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lstm_ops.data.series import FloatArray
from lstm_ops.errors import InvalidExperiment, InvalidSeries, SeriesTooShort
from lstm_ops.evaluation import origins
from lstm_ops.experiment import EarlyStopping, Experiment
from lstm_ops.experiment.files import build


def experiment(look_back: int = 2, **evaluation: Any) -> Experiment:
    content = {
        "series": "numbers",
        "source": {"kind": "synthetic"},
        "window": {"look_back": look_back},
        "forecasters": [{"kind": "linear"}, {"kind": "persistence"}],
        "evaluation": evaluation,
    }
    return build(content, {}, "tests")


def test_cutoffs_are_spread_over_all_that_follows_the_first() -> None:
    plan = origins.plan(100, experiment(cutoffs={"number": 4, "first": 60}))
    assert [block.cutoff for block in plan.blocks] == [60, 70, 80, 90]
    assert plan.origins.tolist() == list(range(60, 100))


def test_with_a_step_the_last_block_is_as_long_as_the_others() -> None:
    plan = origins.plan(100, experiment(cutoffs={"number": 3, "first": 60, "step": 5}))
    assert [block.cutoff for block in plan.blocks] == [60, 65, 70]
    assert plan.origins.tolist() == list(range(60, 75))


def test_a_sliding_fit_sees_as_much_as_the_first_and_every_third_cutoff_refits() -> None:
    cutoffs = {"number": 5, "first": 60, "refit_every": 3, "window": "sliding"}
    blocks = origins.plan(100, experiment(cutoffs=cutoffs)).blocks
    assert [block.fitted_at for block in blocks] == [60, 60, 60, 84, 84]
    assert [block.fitted_at - block.first_seen for block in blocks] == [60] * 5


@given(st.data())
def test_a_plan_has_every_origin_once_each_after_what_its_fit_saw(data: st.DataObject) -> None:
    n, number = data.draw(st.integers(30, 300)), data.draw(st.integers(1, 12))
    horizon, every = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 5))
    refit = data.draw(st.integers(1, 4))
    cutoffs = {"number": number, "refit_every": refit}
    asked = experiment(cutoffs=cutoffs, horizon=horizon, origin_step=every)
    try:
        plan = origins.plan(n, asked)
    except SeriesTooShort:
        assume(False)
    first = int(n * 0.67)
    assert plan.origins.tolist() == list(range(first, n - horizon + 1, every))
    for block in plan.blocks:
        assert block.fitted_at <= block.cutoff <= block.origins[0]
        assert (block.origins + horizon <= n).all()
    assert sum(len(blocks) for blocks in plan.fits()) == number
    assert len(plan.fits()) == -(-number // refit)


@pytest.mark.parametrize(
    ("n", "asked", "message"),
    [
        (100, {"cutoffs": {"number": 41, "first": 60}}, "room for 40 origins.*at least 41"),
        (100, {"cutoffs": {"number": 5, "first": 60, "step": 20}}, "20 points apart.*least 81"),
        (100, {"cutoffs": {"number": 1, "first": 60}, "horizon": 41}, "40 points after.*horizon"),
        (100, {"cutoffs": {"number": 1, "first": 200}}, "0 points after the first cutoff"),
        (200, {"cutoffs": {"number": 20}, "origin_step": 12}, "lies no origin"),
        (100, {"cutoffs": {"number": 1, "first": 4}}, "leaves 4 points, 3 to fit on and 1 to cal"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_would(
    n: int, asked: dict[str, Any], message: str
) -> None:
    with pytest.raises(SeriesTooShort, match=f'"numbers".*{message}'):
        origins.plan(n, experiment(**asked))


def require_varied(values: FloatArray, **evaluation: Any) -> None:
    asked = experiment(**evaluation)
    origins.require_varied(values, origins.plan(len(values), asked), asked)


def test_a_series_that_never_changes_has_no_mase() -> None:
    flat = np.ones(100)
    flat[80:] = 2  # later changes are of no use to the first fit
    with pytest.raises(InvalidSeries, match="never changes from value to value in the 67 points"):
        require_varied(flat)
    seasonal = np.tile([1.0, 2.0, 3.0], 40)
    require_varied(seasonal)
    with pytest.raises(InvalidSeries, match="season to season of 3"):
        require_varied(seasonal, season_length=3)
    with pytest.raises(SeriesTooShort, match="more than a season"):
        require_varied(seasonal, season_length=90)


def test_every_sliding_fit_must_vary() -> None:
    pause = np.concatenate([np.arange(40.0), np.full(40, 7.0), np.arange(20.0)])
    require_varied(pause, cutoffs={"number": 4, "first": 20})
    with pytest.raises(InvalidSeries, match="in the 20 points before the cutoff at 60"):
        require_varied(pause, cutoffs={"number": 4, "first": 20, "window": "sliding"})


def test_early_stopping_that_leaves_nothing_is_refused_before_anything_is_fitted() -> None:
    asked = experiment(cutoffs={"number": 1, "first": 20}, horizon=3, strategy="direct")
    origins.plan(30, asked)
    stopping = EarlyStopping(fraction=0.9)
    asked = asked.model_copy(
        update={"training": asked.training.model_copy(update={"early_stopping": stopping})}
    )
    with pytest.raises(SeriesTooShort, match=r"12 windows, and .* holds 12 out of it"):
        origins.plan(30, asked)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"seeds": [1, 2, 1]}, "evaluation.seeds: seed 1 is given more than once"),
        ({"runner": {"address": "tcp://x:1"}}, "set kind to dask"),
        ({"runner": {"kind": "dask", "address": "tcp://x:1", "workers": 2}}, "leave workers out"),
        ({"level": 0.2}, "at least 0.5"),
        ({"cutoffs": {"number": 0}}, "evaluation.cutoffs.number: got 0"),
    ],
)
def test_faulty_settings_are_refused_when_loaded(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidExperiment, match=message):
        experiment(**asked)
