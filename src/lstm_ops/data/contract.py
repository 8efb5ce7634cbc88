"""The border that every series crosses: pandera schemas, checked lazily, so all faults are told."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pandera.pandas as pa

from lstm_ops.data.raw import RawSeries
from lstm_ops.data.series import Series
from lstm_ops.data.spacing import measure
from lstm_ops.errors import InvalidSeries, RejectedRow, SeriesTooShort

SHOWN_ROWS = 5
# pandas reads these as numbers or as missing values; a person means a missing value by them.
MISSING_TEXTS = ("", "na", "n/a", "nan", "null", "none", "-")

RULES = {
    "value is present": "fill it in, or leave the row's whole period out of the series",
    "value is a number": "write numbers with a point and without units or separators",
    "value is finite": "replace infinities by what was measured, or leave the series out",
    "time is present": "give every row its time, or use time: row",
    "time is a number or a date": "write dates as 2024-05-31, or use time: row",
    "time comes after the one before": "sort the rows and drop repeated times",
    "time is one step after the one before": "fill the gap, or cut the series after it",
}
EVEN = tuple(RULES)[-1]
ROW_RULES = tuple(RULES)[:5]  # those that a row keeps or breaks whatever stands before it


def check_series(raw: RawSeries) -> Series:
    """The series as float64 values at evenly spaced times.

    Raises `InvalidSeries` naming every broken rule, its first rows and how many, and the remedy.
    """
    table = typed(raw)
    _refuse(_faults(table, tuple(RULES)), raw)
    if len(table) < 2:
        raise SeriesTooShort(
            f"{raw.where} holds {len(table)} row{'' if len(table) == 1 else 's'}; a series needs "
            "at least 2, and more for its windows. Give more history."
        )
    spacing, _ = measure(table["t"])
    frame = pd.DataFrame({"t": table["t"], "y": table["y"]})
    if raw.signal is not None:
        frame["signal"] = raw.signal.to_numpy(dtype=np.float64)
    return Series(raw.name, frame, spacing, raw.where)


def check_rows(raw: RawSeries) -> tuple[pd.DataFrame, list[RejectedRow]]:
    """Each row by itself, whatever its order: those that hold as t, y and row (its number, from 1),
    and what is wrong with the others, each told once, by row.
    """
    table = typed(raw)
    first: dict[int | None, RejectedRow] = {}
    for fault in _faults(table, ROW_RULES):
        first.setdefault(fault.row, fault)
    whole = table[["t", "y"]].assign(row=np.arange(1, len(table) + 1))
    good = whole[~whole["row"].isin(list(first))].reset_index(drop=True)
    return good, sorted(first.values(), key=lambda fault: fault.row or 0)


def typed(raw: RawSeries) -> pd.DataFrame:
    """Texts beside what they mean: t_text, y_text, t, y; what cannot be read is missing in t, y."""
    values = raw.values.reset_index(drop=True)
    times = raw.times.reset_index(drop=True) if raw.times is not None else _row_numbers(values)
    return pd.DataFrame(
        {
            "t_text": _texts(times),
            "y_text": _texts(values),
            "t": _times(times),
            "y": _numbers(values),
        }
    )


def _row_numbers(values: pd.Series) -> pd.Series:
    return pd.Series(np.arange(1, len(values) + 1, dtype=np.float64))


def _texts(column: pd.Series) -> pd.Series:
    texts = column.astype(object).where(column.notna(), "").astype(str).str.strip()
    return texts.mask(texts.str.lower().isin(MISSING_TEXTS), "")


def _numbers(column: pd.Series) -> pd.Series:
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return pd.Series(np.nan, index=column.index)
    return pd.to_numeric(column, errors="coerce").astype(np.float64)


def _times(column: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(column):
        return _without_zone(column)
    numbers = _numbers(column).replace([np.inf, -np.inf], np.nan)
    texts = _texts(column)
    if numbers.notna().sum() >= (texts != "").sum() / 2:
        return numbers
    dates = pd.to_datetime(texts.mask(texts == ""), errors="coerce", format="ISO8601", utc=True)
    return _without_zone(dates)


def _without_zone(times: pd.Series) -> pd.Series:
    """Times in UTC, without a zone, as MLflow's schemas and Parquet take them alike."""
    if times.dt.tz is not None:
        times = times.dt.tz_convert("UTC").dt.tz_localize(None)
    return times.astype("datetime64[us]")


def _schema(rules: Sequence[str]) -> pa.DataFrameSchema:
    conditions: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
        "value is present": lambda f: f["y_text"] != "",
        "value is a number": lambda f: (f["y_text"] == "") | f["y"].notna(),
        "value is finite": lambda f: ~np.isinf(f["y"]),
        "time is present": lambda f: f["t_text"] != "",
        "time is a number or a date": lambda f: (f["t_text"] == "") | f["t"].notna(),
        "time comes after the one before": _increasing,
        "time is one step after the one before": _evenly_spaced,
    }
    checks = [pa.Check(conditions[rule], name=rule) for rule in rules]
    columns = {
        "t": pa.Column(nullable=True),
        "y": pa.Column(float, nullable=True),
        "t_text": pa.Column(str),
        "y_text": pa.Column(str),
    }
    return pa.DataFrameSchema(columns, checks=checks)


def _increasing(frame: pd.DataFrame) -> pd.Series:
    known = frame["t"].dropna()
    nothing = pd.Timedelta(0) if pd.api.types.is_datetime64_any_dtype(known) else 0.0
    later = known.diff().iloc[1:] > nothing
    return later.reindex(frame.index, fill_value=True)


def _evenly_spaced(frame: pd.DataFrame) -> pd.Series:
    """Judged only where every time is known and in order: elsewhere those rules speak."""
    well = pd.Series(True, index=frame.index)
    if len(frame) < 3 or frame["t"].isna().any() or not _increasing(frame).all():
        return well
    _, off = measure(frame["t"])
    return ~pd.Series(off, index=frame.index)


def _faults(table: pd.DataFrame, rules: Sequence[str]) -> list[RejectedRow]:
    try:
        _schema(rules).validate(table, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases[["check", "index"]].drop_duplicates()
    else:
        return []
    faults = []
    for rule, position in cases.itertuples(index=False):
        column = "y_text" if str(rule).startswith("value") else "t_text"
        faults.append(RejectedRow(int(position) + 1, str(rule), str(table[column][position])))
    return sorted(faults, key=lambda fault: (list(RULES).index(fault.rule), fault.row or 0))


def _refuse(faults: list[RejectedRow], raw: RawSeries) -> None:
    if not faults:
        return
    broken = [rule for rule in RULES if any(fault.rule == rule for fault in faults)]
    lines = [_line(rule, [f for f in faults if f.rule == rule], raw) for rule in broken]
    rules = f"{len(lines)} rule{'s' if len(lines) > 1 else ''}"
    raise InvalidSeries("\n".join([f"{raw.where} breaks {rules}:", *lines]), faults)


def _line(rule: str, faults: list[RejectedRow], raw: RawSeries) -> str:
    column = raw.value_column if rule.startswith("value") else raw.time_column
    rows = ", ".join(f"{fault.row} ({fault.got or 'nothing'})" for fault in faults[:SHOWN_ROWS])
    more = f" and {len(faults) - SHOWN_ROWS} more" if len(faults) > SHOWN_ROWS else ""
    count = f"{len(faults)} row{'s' if len(faults) > 1 else ''}"
    remedy = (raw.gap_remedy if rule == EVEN else None) or RULES[rule]
    return f"  column {column!r}: {rule}: broken by {count}: row {rows}{more}. Remedy: {remedy}"
