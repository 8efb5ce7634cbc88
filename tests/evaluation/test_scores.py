"""Who is champion, and that the test part has no say in it."""

from __future__ import annotations

import math
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_ops.evaluation.scores import Score, Summary, summarise, table
from lstm_ops.evaluation.text import markdown, plain
from lstm_ops.evaluation.verdict import sentence


def score(
    forecaster: str, validation: float, test: float = 1.0, seed: int | None = None, **more: float
) -> Score:
    kind = forecaster.split("-")[0]
    return Score(forecaster, kind, seed, {"validation/rmse": validation, "test/rmse": test, **more})


def seeds(forecaster: str, validations: list[float], tests: list[float]) -> list[Score]:
    pairs = zip(validations, tests, strict=True)
    return [score(forecaster, v, t, seed) for seed, (v, t) in enumerate(pairs)]


def test_the_median_of_validation_over_seeds_decides() -> None:
    summaries = summarise(
        [
            *seeds("lstm", [1.0, 9.0, 8.0], [0.1, 0.1, 0.1]),  # best single seed, worst median
            *seeds("feedforward", [4.0, 4.0, 4.0], [5, 5, 5]),
            score("linear", 5.0, 0.2),
        ]
    )
    assert [s.forecaster for s in summaries] == ["feedforward", "linear", "lstm"]
    assert summaries[2].metrics["validation/rmse"] == 8.0
    assert [s.n_seeds for s in summaries] == [3, 1, 3]


@pytest.mark.parametrize(
    ("validations", "representative"),
    [([3.0, 1.0, 2.0], 2), ([4.0, 1.0, 3.0, 2.0], 3), ([2.0, 1.0], 1), ([5.0], 0)],
)
def test_the_trial_that_stands_for_a_forecaster_is_the_lower_of_the_middle(
    validations: list[float], representative: int
) -> None:
    scores = seeds("lstm", validations, validations)
    assert summarise(scores)[0].representative == representative
    shifted = summarise([score("linear", 99.0), *scores])[0]
    assert shifted.representative == representative + 1  # a position among all scores given


def test_equals_keep_the_order_of_the_experiment() -> None:
    names = ["persistence", "lstm", "linear"]
    assert [s.forecaster for s in summarise([score(n, 2.0) for n in names])] == names
    names.reverse()
    assert [s.forecaster for s in summarise([score(n, 2.0) for n in names])] == names


@given(
    validations=st.lists(st.floats(0.1, 9.0), min_size=6, max_size=6),
    tests=st.permutations([0.01, 0.1, 1.0, 10.0, 100.0, 1000.0]),
)
def test_test_figures_play_no_part_in_the_choice(
    validations: list[float], tests: list[float]
) -> None:
    def chosen(figures: list[float]) -> list[tuple[str, int]]:
        scores = seeds("lstm", validations[:3], figures[:3])
        scores += seeds("feedforward", validations[3:5], figures[3:5])
        scores.append(score("linear", validations[5], figures[5]))
        return [(s.forecaster, s.representative) for s in summarise(scores)]

    assert chosen(tests) == chosen([1.0] * 6)


@pytest.mark.parametrize("order", [["lstm", "linear"], ["linear", "lstm"]])
def test_a_forecaster_whose_training_diverged_is_never_champion(order: list[str]) -> None:
    validations = {"lstm": math.nan, "linear": 5.0}
    assert summarise([score(n, validations[n]) for n in order])[0].forecaster == "linear"


def test_one_diverged_seed_stands_for_nobody_whatever_its_place() -> None:
    figures = set()
    for validations in permutations([math.nan, 1.0, 2.0]):
        scores = seeds("lstm", list(validations), [1.0] * 3)
        summary = summarise(scores)[0]
        representative = scores[summary.representative].validation
        figures.add((representative, summary.metrics["validation/rmse"]))
    assert len(figures) == 1
    assert not any(math.isnan(figure) for pair in figures for figure in pair)


class TestVerdict:
    """What is said, and that it never says more than the figures do."""

    @staticmethod
    def say(*scores: Score) -> str:
        return sentence(summarise(scores))

    def test_an_lstm_that_wins(self) -> None:
        assert self.say(score("lstm", 1.0, 0.8), score("persistence", 2.0, 1.0)) == (
            "The LSTM (lstm) earns its place here: test RMSE 0.8, against 1 of persistence "
            "(20% below); lstm has the best validation score."
        )

    def test_an_lstm_that_loses_though_it_is_best_on_validation(self) -> None:
        said = self.say(
            *seeds("lstm", [1.0, 1.0, 1.0], [1.2, 1.5, 1.1]), score("persistence", 2.0, 1.0)
        )
        assert said == (
            "The LSTM (lstm) does not earn its place here: test RMSE 1.2 (median of 3 seeds), "
            "against 1 of persistence (20% above); lstm has the best validation score."
        )

    def test_a_tie(self) -> None:
        assert "does no better than persistence" in self.say(
            score("lstm", 1.0, 1.0), score("persistence", 2.0, 1.0)
        )

    def test_without_persistence_the_best_of_the_others_is_the_measure(self) -> None:
        said = self.say(
            score("lstm", 1.0, 2.0), score("linear", 2.0, 1.0), score("feedforward", 3.0)
        )
        assert "against 1 of linear" in said

    def test_without_an_lstm_or_without_others_it_compares_nothing(self) -> None:
        assert self.say(score("linear", 1.0, 0.5)) == (
            "linear has the best validation score: its test RMSE is 0.5."
        )
        assert "The LSTM" not in self.say(score("lstm", 1.0, 0.5))
        assert "The LSTM" not in self.say(score("linear", 1.0), score("persistence", 2.0))

    def test_of_two_lstms_the_better_speaks(self) -> None:
        said = self.say(
            score("lstm-big", 1.0, 0.9), score("lstm", 2.0, 1.1), score("persistence", 3.0, 1.0)
        )
        assert "The LSTM (lstm-big) earns its place" in said

    def test_a_series_that_persistence_foresees_exactly(self) -> None:
        assert "does no better" in self.say(score("lstm", 1.0, 0.5), score("persistence", 0.0, 0.0))


def summaries() -> list[Summary]:
    more = {"model/parameters": 101.0, "fit/seconds": 1.25}
    return summarise([score("persistence", 2.0, -1.5), score("lstm", 1.0, 0.123456, 7, **more)])


def test_tables_show_the_best_first_and_only_what_is_known() -> None:
    rows = table(summaries())
    assert [row["forecaster"] for row in rows] == ["lstm", "persistence"]
    assert "× noise floor" not in rows[0]
    assert math.isnan(float(rows[1]["parameters"]))


def test_text_tables() -> None:
    rows = table(summaries())
    assert plain(rows).splitlines() == [
        "forecaster   seeds  validation RMSE  test RMSE  parameters  fit s",
        "lstm             1                1     0.1235         101   1.25",
        "persistence      1                2       -1.5           –      –",
    ]
    assert markdown(rows).splitlines() == [
        "| forecaster | seeds | validation RMSE | test RMSE | parameters | fit s |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        "| lstm | 1 | 1 | 0.1235 | 101 | 1.25 |",
        "| persistence | 1 | 2 | -1.5 | – | – |",
    ]
