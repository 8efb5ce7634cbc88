"""The answer in one sentence: does the LSTM earn its place, and who is best on validation."""

from __future__ import annotations

from collections.abc import Sequence

from lstm_ops.evaluation.scores import Summary


def sentence(summaries: Sequence[Summary]) -> str:
    """`summaries` best first. Speaks of test RMSE, which decided nothing, against persistence
    where it was asked for, else against the best of the others."""
    best = summaries[0]
    chosen = f"{best.forecaster} has the best validation score"
    lstm = next((s for s in summaries if s.kind == "lstm"), None)
    others = [s for s in summaries if s is not lstm]
    if lstm is None or not others:
        return f"{chosen}: its test RMSE is {_figure(best)}{_seeds(best)}."
    rival = next((s for s in others if s.kind == "persistence"), others[0])
    return f"{_comparison(lstm, rival)}; {chosen}."


def _comparison(lstm: Summary, rival: Summary) -> str:
    ours, theirs = lstm.metrics["test/rmse"], rival.metrics["test/rmse"]
    figures = (
        f"test RMSE {_figure(lstm)}{_seeds(lstm)}, "
        f"against {_figure(rival)} of {rival.forecaster}{_seeds(rival)}"
    )
    if ours == theirs or theirs == 0:
        return f"The LSTM ({lstm.forecaster}) does no better than {rival.forecaster}: {figures}"
    change = f"{abs(ours / theirs - 1):.0%} {'below' if ours < theirs else 'above'}"
    earns = "earns its place here" if ours < theirs else "does not earn its place here"
    return f"The LSTM ({lstm.forecaster}) {earns}: {figures} ({change})"


def _figure(summary: Summary) -> str:
    return f"{summary.metrics['test/rmse']:.4g}"


def _seeds(summary: Summary) -> str:
    return f" (median of {summary.n_seeds} seeds)" if summary.n_seeds > 1 else ""
