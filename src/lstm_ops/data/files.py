"""CSV and Parquet files, from a path or from any URL that fsspec opens."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from pathlib import Path

import fsspec
import pandas as pd

from lstm_ops import project
from lstm_ops.data.raw import RawSeries
from lstm_ops.errors import SourceUnavailable, UnreadableSeries
from lstm_ops.experiment import FileSource
from lstm_ops.redaction import redacted

ROW_NUMBERS = "row"
PARQUET = (".parquet", ".pq")


def read_file(source: FileSource, name: str) -> RawSeries:
    """The two columns that the source names, as text.

    Raises `UnreadableSeries` for a file that is missing, empty, not of its format or without the
    columns; `SourceUnavailable` where a remote place does not answer.
    """
    location = _location(source.path)
    return as_series(_fetch(location), source, name, redacted(location))


def as_series(content: bytes, source: FileSource, name: str, where: str) -> RawSeries:
    """The same of a file's content; `where` names it in messages."""
    table = _parse(content, _format(source), where)
    columns = [source.value] if source.time == ROW_NUMBERS else [source.time, source.value]
    _require_columns(table, columns, where)
    return RawSeries(
        name=name,
        times=None if source.time == ROW_NUMBERS else table[source.time],
        values=table[source.value],
        where=where,
        time_column=source.time,
        value_column=source.value,
    )


def columns(path: str) -> list[str]:
    """The names in a file's header, in order. Raises as `read_file` does."""
    location = _location(path)
    file_format = "parquet" if path.endswith(PARQUET) else "csv"
    return [str(name) for name in _parse(_fetch(location), file_format, redacted(location)).columns]


def _location(path: str) -> str:
    if "://" in path or Path(path).is_absolute():
        return path
    return str(project.root() / path)


def _fetch(location: str) -> bytes:
    where = redacted(location)
    try:
        with fsspec.open(location, "rb") as file:
            content = bytes(file.read())
    except FileNotFoundError as error:
        if _did_not_answer(error):
            raise _unavailable(where, error) from None  # it would tell the URL
        raise UnreadableSeries(f"{where}: no such file; give the path of one that exists") from None
    except (IsADirectoryError, PermissionError, ValueError, ImportError) as error:
        reason = redacted(f"{type(error).__name__}: {error}")
        raise UnreadableSeries(f"{where}: cannot be read ({reason})") from None
    except Exception as error:  # fsspec's backends raise what their libraries raise
        raise _unavailable(where, error) from None
    if not content.strip():
        raise UnreadableSeries(f"{where}: the file is empty; needed: a header and rows")
    return content


def _did_not_answer(error: FileNotFoundError) -> bool:
    """fsspec calls every failure of HTTP a missing file; only an answer of 404 or 410 means it."""
    cause = error.__cause__
    return cause is not None and getattr(cause, "status", None) not in (404, 410)


def _unavailable(where: str, error: Exception) -> SourceUnavailable:
    reason = type(error.__cause__ or error).__name__
    return SourceUnavailable(f"{where}: the source did not answer ({reason}); try again later")


def _format(source: FileSource) -> str:
    if source.format:
        return source.format
    return "parquet" if redacted(source.path).endswith(PARQUET) else "csv"


def _parse(content: bytes, file_format: str, where: str) -> pd.DataFrame:
    parse: Callable[[bytes], pd.DataFrame] = {"csv": _parse_csv, "parquet": _parse_parquet}[
        file_format
    ]
    try:
        return parse(content)
    except Exception as error:  # parsers raise whatever the bytes lead them to
        reason = " ".join(str(error).split())[:200]
        raise UnreadableSeries(
            f"{where}: not a readable {file_format} file ({reason}); give source.format if its "
            "name misleads, and save text as UTF-8"
        ) from None


def _parse_csv(content: bytes) -> pd.DataFrame:
    if b"\0" in content:
        raise ValueError("it holds binary data")
    text = content.decode("utf-8-sig")
    with warnings.catch_warnings():
        # Rows with more fields than the header: pandas would cut them, and 1,234 become 1.
        warnings.simplefilter("error", pd.errors.ParserWarning)
        return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False, index_col=False)


def _parse_parquet(content: bytes) -> pd.DataFrame:
    return pd.read_parquet(io.BytesIO(content))


def _require_columns(table: pd.DataFrame, columns: list[str], where: str) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing:
        there = ", ".join(map(repr, table.columns))
        raise UnreadableSeries(
            f"{where}: no column {' or '.join(map(repr, missing))}; there are: {there}. "
            "Name yours in source.time and source.value"
        )
