"""`lstm-ops explain`: a fitted network's every number, in a terminal, as a page or as JSON."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_ops import experiment as experiments
from lstm_ops.cli.store import existing_store
from lstm_ops.collector import uncollected
from lstm_ops.errors import InvalidInput

if TYPE_CHECKING:
    from lstm_ops.anatomy.explanation import Explanation, Subject
    from lstm_ops.tracking.networks import TrainedNetwork

REGISTRY = "models:/"
KERAS = ".keras"
ROWS = "row"


def add(commands: Any) -> None:
    """The command and its arguments."""
    parser = commands.add_parser("explain", help="every number of a fitted LSTM, explained")
    parser.add_argument(
        "what",
        nargs="?",
        default="tutorial",
        help="an experiment (its newest LSTM), a .keras file, or models:/NAME@ALIAS",
    )
    parser.add_argument("--data", metavar="FILE", help="CSV or Parquet, to explain a file on")
    parser.add_argument("--column", help="column of --data; the last one where left out")
    parser.add_argument("--window", type=int, metavar="N", help="the window to go through by hand")
    parser.add_argument("--out", metavar="DIR", help="write page, figures and JSON into a folder")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Explain, print, and write where asked."""
    if options.data and not options.what.endswith(KERAS):
        raise InvalidInput(f"--data goes with a {KERAS} file; {options.what} has data of its own")
    with uncollected():  # imports, most of all
        from_file = options.what.endswith(KERAS)
        model, subject = _from_file(options) if from_file else _logged(options.what)
    from lstm_ops.anatomy.explanation import explain

    explanation = explain(model, subject, options.window)
    if options.out:
        _write(explanation, Path(options.out))
    _print(explanation, as_json=options.json)
    return 0


def _from_file(options: argparse.Namespace) -> tuple[Any, Subject]:
    from lstm_ops.anatomy import files, subjects

    model = files.load(Path(options.what))
    if options.data is None:
        return model, subjects.of_wave(model, options.what)
    from lstm_ops.data.files import read_file
    from lstm_ops.experiment import FileSource

    path = str(Path(options.data).resolve()) if "://" not in options.data else options.data
    column = options.column or _last_column(path)
    source = FileSource(kind="file", path=path, time=ROWS, value=column)
    return model, subjects.of_file(model, options.what, read_file(source, model.name))


def _last_column(path: str) -> str:
    from lstm_ops.data.files import columns

    return columns(path)[-1]


def _logged(what: str) -> tuple[Any, Subject]:
    from lstm_ops.tracking.networks import lstm_of_version, newest_lstm

    if what.startswith(REGISTRY):
        return _of_training(lstm_of_version(existing_store(what), what))
    recipe = experiments.load(what)
    return _of_training(newest_lstm(existing_store(what), recipe.series, Path(what).stem))


def _of_training(trained: TrainedNetwork) -> tuple[Any, Subject]:
    from lstm_ops.anatomy import files, subjects
    from lstm_ops.data import series as series_files
    from lstm_ops.data.scaling import Scaling
    from lstm_ops.data.windows import split
    from lstm_ops.models.view import from_recipe

    recipe = experiments.load(str(trained.experiment))
    series = series_files.read(trained.series)
    parts = split(series.values, recipe.split, recipe.window, recipe.series)
    scaling = Scaling(**trained.recipe["scaling"])
    view, layout = from_recipe(trained.recipe), trained.recipe["layout"]
    subject = subjects.of_training(
        recipe.series, trained.source, parts.train, scaling, layout, view
    )
    return files.load(trained.network), subject


def _write(explanation: Explanation, folder: Path) -> None:
    """Page, figures as PNG and SVG, and the JSON."""
    from lstm_ops.anatomy import figures
    from lstm_ops.anatomy.as_json import as_dict
    from lstm_ops.anatomy.page import page

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(f"--out {folder} cannot be written to ({error.strerror})") from None
    text = json.dumps(as_dict(explanation), indent=1, allow_nan=False)
    (folder / "explanation.json").write_text(text, encoding="utf-8")
    (folder / "explanation.html").write_text(page(explanation), encoding="utf-8")
    figures.save(figures.all_figures(explanation), folder)


def _print(explanation: Explanation, *, as_json: bool) -> None:
    from lstm_ops.anatomy.as_json import as_dict
    from lstm_ops.anatomy.text import table

    if as_json:
        print(json.dumps(as_dict(explanation), indent=1, allow_nan=False))
    else:
        print(table(explanation))
