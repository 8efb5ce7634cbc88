"""Pooling over seeds and cutoffs, typed verdicts and their sentences, on walks made by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_ops.evaluation import metrics
from lstm_ops.evaluation.evidence import Comparison, compare
from lstm_ops.evaluation.judgement import judgement, sentence
from lstm_ops.evaluation.significance import Interval, diebold_mariano
from lstm_ops.evaluation.walks import Walk, standings


def walk(
    name: str,
    size: float,
    seed: int | None = None,
    *,
    noise: int = 0,
    horizon: int = 1,
    n: int = 200,
) -> Walk:
    """Errors of about `size` over n origins and four cutoffs; `noise` draws them."""
    errors = size * np.random.default_rng([noise, seed or 0]).standard_normal((n, horizon))
    actual = np.random.default_rng(99).standard_normal((n, horizon)).cumsum(axis=0)
    return Walk(
        forecaster=name,
        kind=name.split("-")[0],
        seed=seed,
        cutoffs=np.repeat([100, 150, 200, 250], n // 4),
        origins=np.arange(100, 100 + n),
        actual=actual,
        forecasts=actual - errors,
        adaptive=np.full((n, horizon), 1.645 * size),
        split=np.full((n, horizon), size),
        scale=np.full((n, 1), 2.0),
    )


def comparison(**changes: object) -> Comparison:
    plain = Comparison(
        a="lstm",
        b="feedforward",
        rmse_a=1.136,
        rmse_b=1.0,
        difference=0.136,
        interval=Interval(0.1, 0.18),
        relative=0.136,
        relative_interval=Interval(0.1, 0.18),
        statistic=4.0,
        p=0.0001,
        p_adjusted=0.0002,
        verdict="worse",
        confidence=0.95,
        seed_wins=0.1,
        n_seeds=10,
        n_cutoffs=8,
        n_origins=200,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_scores_are_what_one_line_of_numpy_says() -> None:
    a, f, s = (
        np.array([[1.0, -2.0, 0.0, 4.0]]),
        np.array([[2.0, -2.0, 0.0, 1.0]]),
        np.array([[2.0]]),
    )
    assert metrics.mae(a, f) == 1
    assert metrics.mase(a, f, s) == 0.5
    assert metrics.smape(a, f) == pytest.approx(200 * (1 / 3 + 0 + 0 + 3 / 5) / 4)
    assert metrics.naive_error(np.array([1.0, 2.0, 4.0, 7.0]), 2) == 4


@given(st.integers(0, 3), st.integers(1, 3))
def test_scores_of_a_cutoff_and_a_step_are_those_of_its_rows_alone(cutoff: int, step: int) -> None:
    whole = walk("lstm", 1, horizon=3)
    at = [100, 150, 200, 250][cutoff]
    rows = slice(50 * cutoff, 50 * cutoff + 50)
    score = whole.score(at, step)
    errors = (whole.actual - whole.forecasts)[rows, step - 1]
    assert score["rmse"] == pytest.approx(np.sqrt(np.mean(errors**2)))
    assert score["coverage"] == np.mean(np.abs(errors) <= 1.645)
    assert score["coverage_split"] == np.mean(np.abs(errors) <= 1)
    assert (score["width"], score["width_split"]) == pytest.approx((3.29, 2))


def test_a_standing_is_the_mean_and_the_sample_s_deviation_over_seeds() -> None:
    walked = [walk("lstm", 1, seed) for seed in (1, 2, 3)] + [walk("linear", 0.5)]
    linear, lstm = standings(walked, floor=0.25)
    assert (linear.forecaster, lstm.seeds) == ("linear", (1, 2, 3))
    each = [np.sqrt(w.squared_errors.mean()) for w in walked[:3]]
    assert lstm.mean["rmse"] == pytest.approx(np.mean(each))
    assert lstm.sd["rmse"] == pytest.approx(np.std(each, ddof=1))
    assert linear.sd["rmse"] == 0
    assert lstm.mean["rmse_over_noise_floor"] == pytest.approx(4 * np.mean(each))


def test_the_test_is_on_losses_averaged_over_seeds() -> None:
    seeds = [walk("lstm", 1, seed) for seed in (1, 2)]
    baseline = walk("linear", 1.2, noise=5)
    (found,) = compare([*seeds, baseline], origin_step=1, confidence=0.95)
    losses = (seeds[0].squared_errors + seeds[1].squared_errors)[:, 0] / 2
    expected = diebold_mariano(losses, baseline.squared_errors[:, 0], 1)
    assert (found.statistic, found.p) == (expected.statistic, expected.p)
    assert (found.a, found.b, found.n_seeds, found.n_cutoffs) == ("lstm", "linear", 2, 4)
    assert found.difference == pytest.approx(
        math.sqrt(losses.mean()) - math.sqrt(baseline.squared_errors.mean())
    )


@pytest.mark.parametrize(
    ("size", "verdict"), [(0.7, "better"), (1.0, "not distinguishable"), (1.4, "worse")]
)
def test_the_verdict_is_of_the_more_complex_against_the_simpler(size: float, verdict: str) -> None:
    given_order = [walk("persistence", 1, noise=1), walk("lstm", size, 3, noise=2)]
    for walked in (given_order, given_order[::-1]):
        (found,) = compare(walked, origin_step=1, confidence=0.95)
        assert (found.a, found.b, found.verdict) == ("lstm", "persistence", verdict)
        assert (found.interval.low <= 0 <= found.interval.high) == (verdict.startswith("not"))


def test_holm_counts_all_that_are_compared_with_the_same_baseline() -> None:
    walked = [walk("persistence", 1, noise=1), walk("linear", 0.97, noise=2), walk("lstm", 0.96, 1)]
    found = {(c.a, c.b): c for c in compare(walked, 1, 0.95)}
    assert set(found) == {("linear", "persistence"), ("lstm", "persistence"), ("lstm", "linear")}
    family = [found["linear", "persistence"], found["lstm", "persistence"]]
    smallest = min(family, key=lambda c: c.p)
    assert smallest.p_adjusted == pytest.approx(min(1, 2 * smallest.p))
    assert found["lstm", "linear"].p_adjusted == found["lstm", "linear"].p


def test_too_few_forecasts_distinguish_nothing_and_a_diverged_training_is_worse() -> None:
    few = [walk(*one, horizon=6, n=4) for one in (("persistence", 1.0), ("lstm", 9.0))]
    (found,) = compare(few, 1, 0.95)
    assert math.isnan(found.p) and found.verdict == "not distinguishable"
    assert "(too few forecasts for a test, 1 seed, 4 cutoffs)" in sentence(found)

    broken = walk("lstm", 1)
    broken = replace(broken, forecasts=np.full_like(broken.forecasts, np.nan))
    (found,) = compare([walk("persistence", 1), broken], 1, 0.95)
    assert found.verdict == "worse"
    assert "persistence beats lstm, whose training diverged" in sentence(found)

    exact = walk("seasonal_naive", 0)
    (found,) = compare([walk("lstm", 1), exact], 1, 0.95)
    assert "seasonal_naive beats lstm: it is exact (p < 0.001" in sentence(found)


def test_sentences() -> None:
    assert sentence(comparison()) == (
        "feedforward beats lstm by 12 % (95 % interval 9.1–15 %, p < 0.001, 10 seeds, 8 cutoffs)."
    )
    better = comparison(
        verdict="better", relative=-0.051, relative_interval=Interval(-0.07, -0.02), n_cutoffs=1,
        p_adjusted=0.0123, seed_wins=0.8,
    )  # fmt: skip
    assert sentence(better) == (
        "lstm beats feedforward by 5.1 % (95 % interval 2.0–7.0 %, p = 0.012, 10 seeds, 1 cutoff)."
    )
    same = comparison(
        verdict="not distinguishable", relative_interval=Interval(-0.02, 0.3), p_adjusted=0.4
    )
    assert sentence(same) == (
        "lstm and feedforward are not distinguishable: the RMSE of the first is 14 % above "
        "(95 % interval -2.0 to 30 %, p = 0.4, 10 seeds, 8 cutoffs)."
    )
    assert "of seeds taken one by one it wins 10 %, no more" in sentence(
        comparison(verdict="better", relative=-0.2, relative_interval=Interval(-0.3, -0.1))
    )


def test_the_judgement_names_every_baseline_and_shows_the_evidence_against_the_best() -> None:
    walked = [
        walk("lstm", 1, 3, noise=2),
        walk("linear", 1, noise=4),
        walk("persistence", 0.7, noise=1),
        walk("gru", 0.5, 1, noise=7),
    ]
    verdict = judgement(standings(walked, None), compare(walked, 1, 0.95))
    assert verdict.startswith(
        "The LSTM does not earn its place: lstm is not distinguishable from linear, worse than "
        "persistence. persistence beats lstm by "
    )
    good = [walk("lstm", 0.5, 3, noise=2), *walked[1:3]]
    assert judgement(standings(good, None), compare(good, 1, 0.95)).startswith(
        "The LSTM earns its place: lstm is better than persistence and linear. lstm beats "
    )
    assert judgement(standings(walked[1:3], None), compare(walked[1:3], 1, 0.95)).startswith(
        "persistence has the lowest RMSE, 0.6"
    )
    assert judgement(standings(walked[:1], None), []).startswith("lstm has the lowest RMSE")
