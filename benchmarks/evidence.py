"""The answers of docs/evaluation.md, from the flow itself.

    python -m benchmarks.evidence [--json]

Every figure is what `python -m flows.backtest … --json` says; the commands stand beside them.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.places import backtest, project_root
from lstm_ops import experiment as experiments
from lstm_ops.data.contract import check_series
from lstm_ops.data.sources import load_raw
from lstm_ops.evaluation import text
from lstm_ops.experiment import SyntheticSource

Json = Mapping[str, Any]
RIDGE = {"kind": "ridge", "alpha": 100}
Z90 = 1.6449  # a normal distribution has nine tenths within this many sd of its mean


@dataclass(frozen=True)
class Question:
    """A backtest and what it is asked for."""

    title: str
    experiment: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def arguments(self) -> list[str]:
        """Of `python -m flows.backtest`, after the experiment."""
        return [f"--set={path}={json.dumps(value)}" for path, value in self.settings.items()]

    @property
    def command(self) -> str:
        """As one types it."""
        quoted = "".join(
            f" --set '{path}={json.dumps(value)}'" for path, value in self.settings.items()
        )
        return f"python -m flows.backtest {self.experiment}{quoted}"


QUESTIONS = (
    Question("The tutorial's own setting", "tutorial"),
    Question(
        "The strongest set-up, fitted once",
        "best",
        {"evaluation.cutoffs.number": 4, "evaluation.cutoffs.refit_every": 4},
    ),
    Question("The strongest set-up, fitted at eight cutoffs", "best"),
    Question(
        "A hundred steps ahead, from 32 origins",
        "best",
        {
            "forecasters": [RIDGE, {"kind": "persistence"}],
            "evaluation.cutoffs.number": 1,
            "evaluation.horizon": 100,
            "evaluation.origin_step": 50,
        },
    ),
    Question("Airline passengers", "airline"),
    Question("Car sales", "car-sales"),
    Question("Shampoo", "shampoo"),
)


def main() -> None:
    """Print a section a question, or everything as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="everything that the flow says")
    parser.add_argument("--repeats", type=int, help="it is the same each time")
    options = parser.parse_args()
    with project_root() as root:
        answers = [(question, _answer(root, question)) for question in QUESTIONS]
    if options.json:
        print(json.dumps([{"question": q.title, **a} for q, a in answers], indent=1))
    else:
        print("\n\n".join(_section(question, answer) for question, answer in answers))


def _answer(root: Path, question: Question) -> Json:
    answer: Json = json.loads(backtest(root, question.experiment, *question.arguments).output)
    return answer


def _section(question: Question, answer: Json) -> str:
    rows = [_row(standing, answer, question) for standing in answer["summary"]]
    against = "\n".join(f"- {c['sentence']}" for c in answer["comparisons"] if "lstm" in c["a"])
    parts = [
        f"### {question.title}",
        f"`{question.command}`",
        text.markdown(rows),
        f"**{answer['verdict']}**",
        against,
    ]
    return "\n\n".join(part for part in parts if part)


def _row(standing: Json, answer: Json, question: Question) -> dict[str, str | float | int]:
    row: dict[str, str | float | int] = {
        "forecaster": standing["forecaster"],
        "seeds": standing["n_seeds"],
        "RMSE": f"{standing['rmse']:.7g}",
        "± sd": standing["sd"]["rmse"] or "–",
    }
    if "rmse_over_noise_floor" in standing:
        row["× noise floor"] = f"{standing['rmse_over_noise_floor']:.3f}"
    row |= {
        "MASE": standing["mase"],
        "coverage": f"{standing['coverage']:.3f}",
        "in quarters": _quarters(standing["forecaster"], answer),
        "split": f"{standing['coverage_split']:.3f}",
    }
    if width := noise_width(question.experiment):
        row["width / noise's"] = f"{standing['width'] / width:.2f}"
    return row


def _quarters(forecaster: str, answer: Json) -> str:
    """Lowest and highest coverage of the cutoffs, taken in up to four groups, over the seeds."""
    rows = [row for row in answer["scores"] if row["forecaster"] == forecaster]
    cutoffs = sorted({row["points"] for row in rows})
    if len(cutoffs) < 4:
        return "–"
    groups = np.array_split(cutoffs, 4)
    shares = [
        float(np.mean([row["coverage"] for row in rows if row["points"] in group]))
        for group in groups
    ]
    return f"{min(shares):.2f}–{max(shares):.2f}"


def noise_width(experiment: str) -> float | None:
    """Mean width of the interval that holds nine tenths of the noise, after the first cutoff."""
    recipe = experiments.load(experiment)
    source = recipe.source
    if not isinstance(source, SyntheticSource):
        return None
    series = check_series(load_raw(recipe))
    x = series.frame["t"].to_numpy()[int(len(series) * recipe.split.train_fraction) :]
    size = x / source.growth if source.growth else np.ones_like(x)
    sd = size * source.noise * source.wave_scale
    return float(2 * Z90 * np.mean(sd)) if not math.isclose(source.noise, 0) else None


if __name__ == "__main__":
    main()
