"""An explanation as a table for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from lstm_ops.anatomy import wording
from lstm_ops.anatomy.dimensions import GATE_NAMES
from lstm_ops.anatomy.explanation import Explanation
from lstm_ops.anatomy.forward import DenseTrace, LstmTrace
from lstm_ops.data.series import FloatArray

COLUMNS = 100
MAX_UNITS = 6
MAX_LAGS = 12
INDENT = "  "
Rows = Sequence[Sequence[str]]


def table(explanation: Explanation) -> str:
    """Everything in one column of text, headings without indent."""
    parts = [
        _head(explanation),
        _section("variables", [*_variables(explanation), "", *_wrapped(_totals(explanation))]),
        _section("what flows (n windows)", _flows(explanation)),
        _section(_layouts_title(explanation), _layouts(explanation)),
        _section(_proof_title(explanation), _proof(explanation)),
        _section(f"window {explanation.window}, scaled units", list(_forward(explanation))),
        _section("memory", _memory(explanation)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(explanation: Explanation) -> str:
    subject = explanation.subject
    lines = [subject.title, f"source: {subject.source}", f"data: {subject.data}"]
    return "\n".join(textwrap.fill(line, COLUMNS) for line in lines)


def _section(title: str, lines: list[str]) -> str:
    indented = (f"{INDENT}{line}".rstrip() for line in lines)
    return "\n".join([title, *indented]) if lines else ""


def _variables(explanation: Explanation) -> list[str]:
    rows = [
        (
            variable.path,
            wording.shape(variable.shape),
            " × ".join(variable.axes),
            wording.blocks(variable),
            str(variable.count),
            str(wording.live(explanation, variable)),
        )
        for variable in explanation.variables
    ]
    return _aligned([("name", "shape", "axes", "gate blocks", "count", "live"), *rows])


def _totals(explanation: Explanation) -> str:
    return f"{wording.totals(explanation)}. {wording.seen(explanation)}"


def _flows(explanation: Explanation) -> list[str]:
    rows = [(f.layer, f.symbol, wording.shape(f.shape), f.meaning) for f in explanation.flows]
    return _aligned([("layer", "symbol", "shape", "meaning"), *rows], left=4)


def _layouts_title(explanation: Explanation) -> str:
    if not explanation.network.lstms:
        return ""
    return f"parameters of {explanation.network.lstms[0].name} in either layout of the window"


def _layouts(explanation: Explanation) -> list[str]:
    used = explanation.network.input_shape
    rows = [
        (
            layout.layout,
            wording.shape(layout.input_shape),
            layout.formula,
            "this network" if layout.input_shape == used else "",
        )
        for layout in explanation.layouts
    ]
    return (
        _aligned([("layout", "steps, features", "parameters", ""), *rows], left=4) if rows else []
    )


def _proof_title(explanation: Explanation) -> str:
    windows = explanation.proof.windows
    return f"largest absolute difference from Keras over {windows} windows, scaled units"


def _proof(explanation: Explanation) -> list[str]:
    rows = [
        (check.name, wording.number(check.difference), check.meaning)
        for check in wording.checks(explanation)
    ]
    width = max(len(row[0]) for row in rows) + max(len(row[1]) for row in rows) + 6
    if width + max(len(row[2]) for row in rows) > COLUMNS:
        short = [f"{name}: {difference} ({meaning})" for name, difference, meaning in rows]
        return [line for text in short for line in _wrapped(text)]
    return _aligned(rows, left=3)


def _forward(explanation: Explanation) -> Iterator[str]:
    for trace in explanation.trace:
        yield from _lstm(trace) if isinstance(trace, LstmTrace) else _dense(trace)
    scaling = explanation.subject.scaling
    forecast = _values(scaling.invert(explanation.trace[-1].y[0].reshape(-1)))
    target = wording.target(explanation)
    actual = "" if target is None else f"; what came, one step ahead: {_number(target)}"
    yield f"forecast in {explanation.subject.unit}: {forecast}{actual}"


def _lstm(trace: LstmTrace) -> Iterator[str]:
    steps = trace.x.shape[1]
    for t in _shown_steps(steps):
        where = "" if steps == 1 else f", step {t + 1} of {steps}"
        yield f"{trace.layer.name}{where}: x = {_values(trace.x[0, t])}"
        yield from (INDENT + line for line in _units(trace, t))


def _shown_steps(steps: int) -> list[int]:
    """First, middle and the last two."""
    return sorted({0, steps // 2, max(steps - 2, 0), steps - 1})


def _units(trace: LstmTrace, t: int) -> list[str]:
    units = trace.layer.units
    columns = [trace.z[0, t].reshape(4, units)[k] for k in range(4)]
    columns += [getattr(trace, symbol)[0, t] for symbol in "ifgoch"]
    rows = [
        (str(unit + 1), *(_number(column[unit]) for column in columns))
        for unit in range(min(units, MAX_UNITS))
    ]
    header = ("unit", *(f"z_{gate}" for gate in GATE_NAMES), *"ifgoch")
    more = [f"… {units - MAX_UNITS} more"] if units > MAX_UNITS else []
    return _aligned([header, *rows], left=0) + more


def _dense(trace: DenseTrace) -> Iterator[str]:
    layer, last = trace.layer, trace.y[0].reshape(-1, trace.layer.units)[-1]
    which = "" if trace.y.ndim == 2 else ", last step"
    yield f"{layer.name}{which}: y = {layer.activation}(x V + d) = {_values(last)}"


def _memory(explanation: Explanation) -> list[str]:
    lags = explanation.memory.lags
    rows = [(str(g.lag), _number(g.mean), _number(g.largest)) for g in lags[:MAX_LAGS]]
    lines = [*_wrapped(wording.looks_back(explanation)), ""]
    lines += _aligned([("lag", "mean |∂y/∂x|", "largest"), *rows], left=0)
    lines += [f"… {len(lags) - MAX_LAGS} more"] if len(lags) > MAX_LAGS else []
    for layer, lives in explanation.memory.half_lives.items():
        lines += _wrapped(f"half-lives of {layer}'s units in time steps: {_some(lives)}")
    return lines


def _some(values: Sequence[float]) -> str:
    shown = ", ".join(map(_number, values[:MAX_UNITS]))
    return shown + (f", … {len(values) - MAX_UNITS} more" if len(values) > MAX_UNITS else "")


def _values(values: FloatArray) -> str:
    return _some([float(value) for value in values])


def _number(value: float) -> str:
    return f"{value:.4g}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, COLUMNS - len(INDENT))


def _aligned(rows: Rows, left: int = 4) -> list[str]:
    """Columns of equal width, the first `left` of them set to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if place < left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
