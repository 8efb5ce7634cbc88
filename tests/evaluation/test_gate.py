"""The gate's rule: nothing moves without evidence, and nothing moves below the naive floor."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_ops.evaluation.gate import Contestant, Decision, Incumbent, decide
from lstm_ops.experiment import Gate

RULE = Gate()
N = 100


def losses(scale: float, seed: int = 0, n: int = N) -> np.ndarray:
    """Squared errors of that RMSE, nearly; of one seed they lie side by side."""
    if math.isinf(scale):
        return np.full(n, np.inf)
    shared = np.random.default_rng(999).normal(size=n)
    own = np.random.default_rng(seed).normal(size=n)
    return np.asarray((scale * (0.9 * shared + math.sqrt(0.19) * own)) ** 2)


def contestant(name: str, scale: float, seed: int = 0, naive: bool = False) -> Contestant:
    return Contestant(name, f"recipe of {name}", naive, losses(scale, seed))


NAIVE = contestant("persistence", 2.0, 1, naive=True)


def incumbent(scale: float, seed: int = 2, k: int = N, name: str = "linear") -> Incumbent:
    return Incumbent(name, f"recipe of {name}", losses(scale, seed)[N - k :])


def case(*contestants: Contestant, served: Incumbent | None = None, **rule: Any) -> Decision:
    return decide([NAIVE, *contestants], served, RULE.model_copy(update=rule), 1)


def test_the_first_champion_is_the_best_that_beats_the_naive_one() -> None:
    decision = case(contestant("lstm", 1.0), contestant("ridge", 0.8, 3))
    assert (decision.kind, decision.winner) == ("first", "ridge")
    assert "ridge beats persistence by" in decision.because


def test_nothing_that_beats_the_naive_one_makes_it_champion() -> None:
    decision = case(contestant("lstm", 2.05, 3))
    assert (decision.kind, decision.winner) == ("first", "persistence")


def test_the_same_recipe_on_newer_data_takes_over_unless_it_is_worse_by_more_than_the_margin() -> (
    None
):
    same = incumbent(1.0, seed=5)
    fresh = contestant("linear", 1.0, 5)
    assert case(fresh, served=same).kind == "refresh"
    slightly = Contestant(fresh.name, fresh.recipe, False, fresh.losses * 1.03)
    assert case(slightly, served=same).kind == "refresh"  # 1.5 % of RMSE
    worse = Contestant(fresh.name, fresh.recipe, False, fresh.losses * 1.05)
    kept = case(worse, served=same)
    assert (kept.kind, kept.winner) == ("kept", None)
    assert "linear fitted anew is 2.5 % worse than the champion" in kept.because


def test_another_recipe_needs_the_margin_with_confidence() -> None:
    home, served = contestant("linear", 1.0, 2), incumbent(1.0)
    assert case(home, contestant("lstm", 0.5, 3), served=served).winner == "lstm"
    slightly = Contestant("lstm", "x", False, home.losses * 0.97)  # surely better, by 1.5 %
    assert case(home, slightly, served=served).kind == "refresh"
    assert case(home, slightly, served=served, margin=0.01).winner == "lstm"
    noisy = contestant("lstm", 0.93, 3)
    assert case(home, noisy, served=served).kind == "refresh"


def test_a_better_recipe_must_be_ahead_of_what_is_served_too() -> None:
    """The champion's recipe fitted anew may have gone astray where the champion has not."""
    astray, served = contestant("linear", 1.2, 2), incumbent(0.5, k=20)
    decision = case(astray, contestant("lstm", 0.6, 3), served=served)
    assert decision.kind == "kept"
    assert "worse than the champion" in decision.because


def test_a_champion_below_the_naive_floor_gives_way_to_it() -> None:
    home, served = contestant("linear", 4.0, 2), incumbent(4.0)
    decision = case(home, served=served)
    assert (decision.kind, decision.winner) == ("replace", "persistence")


def test_a_recipe_that_nobody_knows_stands_as_it_is_served() -> None:
    unknown = Incumbent("lstm", "", losses(1.0, 2))
    assert case(contestant("ridge", 0.5, 3), served=unknown).winner == "ridge"
    kept = case(contestant("ridge", 0.98, 3), served=unknown)
    assert kept.kind == "kept"
    assert "the champion's own recipe is not among" in kept.because


def test_where_the_champion_has_seen_every_point_its_recipe_stands_for_it() -> None:
    home, served = contestant("linear", 1.0, 2), incumbent(1.0, k=0)
    assert case(home, contestant("lstm", 0.5, 3), served=served).winner == "lstm"
    assert case(home, contestant("lstm", 1.0, 3), served=served).kind == "kept"


def test_what_is_refused_gives_way_to_the_next() -> None:
    three = [NAIVE, contestant("lstm", 0.5, 3), contestant("ridge", 0.6, 4)]
    refused = {"lstm": "takes 9 ms, and gate.budget.milliseconds is 5"}
    assert decide(three, None, RULE, 1, refused).winner == "ridge"
    home, served = contestant("linear", 1.0, 2), incumbent(1.0)
    decision = decide([NAIVE, home, three[1]], served, RULE, 1, refused)
    assert decision.kind == "refresh"
    assert "lstm is better, but takes 9 ms" in decision.because


def test_a_diverged_training_never_wins() -> None:
    lost = Contestant("lstm", "x", False, np.full(N, np.inf))
    assert case(lost).winner == "persistence"
    home = Contestant("linear", "recipe of linear", False, np.full(N, np.inf))
    assert case(home, lost, served=incumbent(1.0)).kind == "kept"


@pytest.mark.parametrize("k", [0, 20, N])
def test_a_recipe_that_diverged_this_time_does_not_stand_for_a_sound_champion(k: int) -> None:
    """Anything is better than infinite; that says nothing about what is served."""
    lost = Contestant("linear", "recipe of linear", False, np.full(N, np.inf))
    slightly = contestant("lstm", 1.9, 3)
    decision = case(lost, slightly, served=incumbent(0.9, k=k))
    assert (decision.kind, decision.winner) == ("kept", None)


def test_the_first_champion_is_told_with_those_turned_away() -> None:
    two = [NAIVE, contestant("lstm", 0.5, 3)]
    decision = decide(two, None, RULE, 1, {"lstm": "has 9 MB, and gate.budget.megabytes is 1"})
    assert decision.winner == "persistence"
    assert "nothing else is shown to beat persistence" in decision.because
    assert "lstm is better, but has 9 MB" in decision.because


scales = st.one_of(st.floats(0.2, 4.0), st.just(math.inf))
recipes = st.lists(st.tuples(scales, st.integers(0, 50), st.booleans()), min_size=1, max_size=5)


@given(
    recipes=recipes,
    champion=st.tuples(st.floats(0.2, 4.0), st.integers(0, 50)),
    k=st.integers(0, N),
)
def test_no_move_without_evidence_whatever_the_scores(
    recipes: list[tuple[float, int, bool]], champion: tuple[float, int], k: int
) -> None:
    """Never to one that lost on the shared points, never below the floor."""
    field = [NAIVE, *(contestant(f"c{i}", *c) for i, c in enumerate(recipes))]
    served = Incumbent("c0", "recipe of c0", losses(*champion)[N - k :])
    decision = decide(field, served, RULE, 1)
    if decision.winner is None:
        assert decision.kind == "kept"
        return
    winner = next(c for c in field if c.name == decision.winner)
    assert winner.rmse <= min(c.rmse for c in field if c.naive)
    if k:
        behind = math.sqrt(winner.losses[N - k :].mean() / served.losses.mean()) - 1
        assert behind <= (RULE.margin if decision.kind == "refresh" else 0)
    if decision.kind == "replace":
        found = next(f for f in decision.findings if f.name == winner.name)
        assert found.gain is not None
        assert found.gain.interval.low > (0 if winner.naive else RULE.margin)
    assert (decision.kind == "refresh") == (winner.recipe == served.recipe)


@pytest.mark.parametrize("others", [1, 4])
def test_equal_recipes_are_hardly_ever_taken_for_better(others: int) -> None:
    """Out of two hundred draws of equally good ones, fewer than the confidence allows."""
    moves = 0
    for draw in range(200):
        rng = np.random.default_rng(draw)
        home = Contestant("home", "h", False, rng.normal(size=N) ** 2)
        field = [Contestant(f"c{i}", str(i), False, rng.normal(size=N) ** 2) for i in range(others)]
        naive = Contestant("persistence", "n", True, np.full(N, 9.0))
        served = Incumbent("home", "h", home.losses[N // 2 :])
        moves += decide([naive, home, *field], served, RULE, 1).kind == "replace"
    assert moves <= 10
