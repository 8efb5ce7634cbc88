"""A contest: who stands in it, on which points, and that nobody has seen those."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lstm_ops.errors import SeriesTooShort
from lstm_ops.evaluation import contest
from lstm_ops.evaluation.calibration import calibration_errors
from lstm_ops.evaluation.rolling import fit_on
from lstm_ops.experiment import Experiment
from lstm_ops.experiment.files import build
from lstm_ops.experiment.recipe import alone
from lstm_ops.models.forecaster import ignore_epochs
from lstm_ops.models.linear import Linear


def experiment(*forecasters: dict[str, Any], **sections: Any) -> Experiment:
    content = {
        "series": "walk",
        "source": {"kind": "synthetic"},
        "window": {"look_back": 6},
        "scaling": "standardise",
        "forecasters": list(forecasters) or [{"kind": "linear"}],
        "gate": {"origins": 40},
        **sections,
    }
    return build(content, {}, "tests")


WALK = np.random.default_rng(3).normal(size=400).cumsum()


def test_the_naive_ones_and_the_champions_recipe_stand_in_every_contest() -> None:
    recipe = experiment({"kind": "linear"}, evaluation={"season_length": 12})
    before = alone(*(e := experiment({"kind": "linear", "look_back": 2}), e.forecasters[0]))
    found = {c.name: c for c in contest.contenders(recipe, before)}
    assert list(found) == ["linear", "persistence", "seasonal_naive", "linear-before"]
    assert [c.naive for c in found.values()] == [False, True, True, False]
    assert found["seasonal_naive"].recipe.window.look_back == 12
    assert found["linear-before"].spec.look_back == 2
    assert len({c.fingerprint for c in found.values()}) == 4


def test_no_two_contestants_share_a_name() -> None:
    """They are told apart by it."""
    ours = {"kind": "linear", "name": "lin"}, {"kind": "ridge", "name": "lin-before"}
    recipe = experiment(*ours, {"kind": "ridge", "alpha": 9, "name": "persistence"})
    before = experiment({"kind": "linear", "name": "lin", "look_back": 2})
    found = contest.contenders(recipe, before)
    names = [contender.name for contender in found]
    assert names == ["lin", "lin-before", "persistence", "persistence-plain", "lin-before-before"]
    assert len({contender.fingerprint for contender in found}) == 5


def test_a_recipe_is_known_by_what_decides_its_fit_alone() -> None:
    plain = experiment({"kind": "linear"})
    assert len(contest.contenders(plain, alone(plain, plain.forecasters[0]))) == 2
    same = experiment({"kind": "linear", "name": "other"}, seeds=[1, 2], gate={"margin": 0.5})
    other = experiment({"kind": "linear"}, scaling="none")
    flat = experiment({"kind": "linear"}, window={"look_back": 6, "layout": "features"})
    prints = [contest.contenders(e)[0].fingerprint for e in (plain, same, flat, other)]
    assert prints[0] == prints[1] == prints[2] != prints[3]
    own = experiment({"kind": "lstm", "epochs": 3}, training={"epochs": 9})
    shared = experiment({"kind": "lstm"}, training={"epochs": 3})
    assert contest.contenders(own)[0].fingerprint == contest.contenders(shared)[0].fingerprint


def test_nothing_after_the_cutoff_reaches_a_fit() -> None:
    recipe = experiment({"kind": "ridge"}, {"kind": "persistence"})
    found = contest.contenders(recipe)
    terms = contest.terms(len(WALK), recipe, found)
    assert (terms.cutoff, len(terms.origins)) == (360, 40)
    altered = WALK.copy()
    altered[terms.cutoff + 5 :] += 100.0
    for contender in found:
        one, other = (contest.enter(contender, None, v, terms) for v in (WALK, altered))
        np.testing.assert_array_equal(one.losses[:5], other.losses[:5])
        assert one.losses[5] != other.losses[5]


def test_losses_are_those_of_a_loop() -> None:
    recipe = experiment({"kind": "linear"}, evaluation={"horizon": 3})
    (linear, persistence) = contest.contenders(recipe)
    terms = contest.terms(len(WALK), recipe, [linear, persistence])
    losses = contest.enter(persistence, None, WALK, terms).losses
    expected = [np.mean((WALK[o : o + 3] - WALK[o - 1]) ** 2) for o in range(terms.cutoff, 398)]
    np.testing.assert_allclose(losses, expected)
    assert list(terms.after(390)) == list(range(390, 398))
    assert len(terms.after(400)) == 0


def test_a_long_horizon_takes_more_origins_or_is_refused() -> None:
    """With fewer than three times the horizon nothing could ever be shown."""
    longer = experiment(evaluation={"horizon": 30})
    assert len(contest.terms(400, longer, contest.contenders(longer)).origins) == 90
    too_long = experiment(evaluation={"horizon": 40})
    with pytest.raises(SeriesTooShort, match=r"shorten evaluation\.horizon"):
        contest.terms(400, too_long, contest.contenders(too_long))


def test_too_little_to_judge_on_is_said() -> None:
    recipe = experiment()
    with pytest.raises(SeriesTooShort, match="the gate needs at least 8 there"):
        contest.terms(20, recipe, contest.contenders(recipe))
    early = experiment(split={"train_fraction": 0.05}, gate={"origins": 96})
    with pytest.raises(SeriesTooShort, match="linear needs at least 7"):
        contest.terms(100, early, contest.contenders(early))


def test_of_several_seeds_the_middle_one_is_fitted_anew() -> None:
    (contender, _) = contest.contenders(experiment())
    entries = [
        contest.Entry(contender, seed, np.full(4, loss), np.empty((0, 1)))
        for seed, loss in ((1, 5.0), (2, np.inf), (3, 1.0), (4, 2.0))
    ]
    assert contest.typical(entries).seed == 4


def test_calibration_errors_are_of_points_that_the_fit_has_not_seen() -> None:
    window = experiment().window
    rolling = fit_on(Linear(), WALK[:350], window, "none", seed=0, on_epoch=ignore_epochs)
    errors = calibration_errors(rolling, WALK, 350, 3)
    assert errors.shape == (50, 3)
    ahead = rolling.ahead(WALK, np.array([360]), 3)[0]
    np.testing.assert_allclose(errors[10], np.abs(WALK[360:363] - ahead))
    assert np.isnan(errors[-1, 1:]).all()
    assert np.isfinite(errors[:, 0]).all()
    assert calibration_errors(rolling, WALK[:352], 350, 24).shape == (2, 2)
