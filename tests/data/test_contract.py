"""Every kind of bad input: the class of its error, and words that name it and the remedy."""

from __future__ import annotations

import socket
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lstm_ops.data import raw as raw_files
from lstm_ops.data.contract import RULES, check_series
from lstm_ops.data.files import read_file
from lstm_ops.data.series import Series
from lstm_ops.errors import (
    InvalidInput,
    InvalidSeries,
    LstmOpsError,
    SeriesTooShort,
    SourceUnavailable,
    UnreadableSeries,
)
from lstm_ops.experiment import FileSource

pytestmark = pytest.mark.usefixtures("home")

Check = Callable[..., Series]
MONTHS = [f"{year}-{month:02}" for year in (2022, 2023) for month in range(1, 13)]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """What a flow does with a file: read it, hand it on as Parquet, check it."""

    def run(content: str | bytes | pd.DataFrame, name: str = "bad.csv", **source: str) -> Series:
        path = tmp_path / name
        if isinstance(content, pd.DataFrame):
            content.to_parquet(path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        columns = {"time": "t", "value": "y", **source}
        raw = read_file(
            FileSource.model_validate({"kind": "file", "path": str(path), **columns}), "m"
        )
        handed_on = tmp_path / "raw.parquet"
        raw_files.save(raw, handed_on)
        return check_series(raw_files.read(handed_on))

    return run


def csv(times: list[str], values: list[str] | None = None) -> str:
    rows = zip(times, values or map(str, range(len(times))), strict=True)
    return "t,y\n" + "".join(f"{t},{y}\n" for t, y in rows)


BAD_ROWS = {
    "text in a number column": (
        csv(MONTHS[:3], ["1", "two", "3"]),
        "value is a number",
        [2],
        "two",
    ),
    "a unit": (csv(MONTHS[:3], ["1", "2 kg", "3"]), "value is a number", [2], "2 kg"),
    "a decimal comma": ('t,y\n1,"1,5"\n2,"2,5"\n', "value is a number", [1, 2], "1,5"),
    "NaN": (csv(MONTHS[:3], ["1", "NaN", "3"]), "value is present", [2], "nothing"),
    "an empty field": (csv(MONTHS[:3], ["1", "", "3"]), "value is present", [2], "nothing"),
    "a short row": ("t,y\n1,1\n2\n3,3\n", "value is present", [2], "nothing"),
    "infinity": (csv(MONTHS[:3], ["1", "2", "-inf"]), "value is finite", [3], "-inf"),
    "an overflow": (csv(MONTHS[:3], ["1", "2", "1e999"]), "value is finite", [3], "1e999"),
    "no time": (csv(["2022-01", "", "2022-03"]), "time is present", [2], "nothing"),
    "a time that is none": (
        csv(["2022-01", "soon", "2022-03"]),
        "time is a number or a date",
        [2],
        "soon",
    ),
    "a day that is none": (
        csv(["2022-02-28", "2022-02-29", "2022-03-01"]),
        "time is a number or a date",
        [2],
        "2022-02-29",
    ),
    "an infinite time": (csv(["1", "2", "inf"]), "time is a number or a date", [3], "inf"),
    "duplicate times": (
        csv(["2022-01", "2022-02", "2022-02", "2022-03"]),
        "time comes after the one before",
        [3],
        "2022-02",
    ),
    "unordered times": (
        csv(["2022-01", "2022-03", "2022-02", "2022-04"]),
        "time comes after the one before",
        [3],
        "2022-02",
    ),
    "a gap in months": (
        csv(MONTHS[:5] + MONTHS[6:]),
        "time is one step after the one before",
        [6],
        "2022-07",
    ),
    "a gap in numbers": (
        csv(["1", "2", "3", "5", "6"]),
        "time is one step after the one before",
        [4],
        "5",
    ),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_bad_rows_are_told_by_file_column_rule_rows_count_and_remedy(
    name: str, check: Check
) -> None:
    content, rule, rows, got = BAD_ROWS[name]
    with pytest.raises(InvalidSeries) as refused:
        check(content)
    message = str(refused.value)
    assert "bad.csv breaks 1 rule" in message
    assert f"column {'y' if rule.startswith('value') else 't'!r}" in message
    assert f"{rule}: broken by {len(rows)} row" in message
    assert f"row {rows[0]} ({got})" in message
    assert f"Remedy: {RULES[rule]}" in message
    assert [(r.row, r.rule) for r in refused.value.rejected] == [(row, rule) for row in rows]


def test_several_faults_are_all_told_at_once(check: Check) -> None:
    with pytest.raises(InvalidSeries) as refused:
        check(csv(["2022-01", "2022-03", "2022-02", "x"], ["a", "", "inf", "4"]))
    message = str(refused.value)
    assert "breaks 5 rules" in message
    broken = {r.rule for r in refused.value.rejected}
    assert broken == {
        "value is present",
        "value is a number",
        "value is finite",
        "time is a number or a date",
        "time comes after the one before",
    }
    assert all(rule in message for rule in broken)


def test_of_many_bad_rows_the_first_are_shown_and_all_are_kept(check: Check) -> None:
    with pytest.raises(InvalidSeries) as refused:
        check(csv([str(i) for i in range(1000)], ["?"] * 1000))
    assert "broken by 1000 rows: row 1 (?), 2 (?), 3 (?), 4 (?), 5 (?) and 995 more" in str(
        refused.value
    )
    assert len(refused.value.rejected) == 1000


@pytest.mark.parametrize(
    ("content", "name", "error", "words"),
    [
        ("", "bad.csv", UnreadableSeries, "the file is empty; needed: a header and rows"),
        (" \n\n", "bad.csv", UnreadableSeries, "the file is empty"),
        (
            csv(["1"]).replace("y", "z"),
            "bad.csv",
            UnreadableSeries,
            "no column 'y'; there are: 't'",
        ),
        (b"\x89PNG\r\n\x00\x01\xff", "bad.csv", UnreadableSeries, "not a readable csv file"),
        ("t;y\n1;ä\n".encode("latin-1"), "bad.csv", UnreadableSeries, "save text as UTF-8"),
        (b"PAR1\x00rubbish", "bad.parquet", UnreadableSeries, "not a readable parquet file"),
        ("t,y\n", "bad.csv", SeriesTooShort, "holds 0 rows; a series needs at least 2"),
        ("t,y\n1,1\n", "bad.csv", SeriesTooShort, "holds 1 row; a series needs at least 2"),
    ],
)
def test_files_that_hold_no_series(
    content: str | bytes, name: str, error: type[Exception], words: str, check: Check
) -> None:
    with pytest.raises(error) as refused:
        check(content, name)
    assert name in str(refused.value)
    assert words in str(refused.value)


def test_a_row_with_too_many_fields_is_not_cut_to_fit(check: Check) -> None:
    """A thousands separator without quotes would otherwise turn 1,234 into 1."""
    with pytest.raises(InvalidInput):
        check("t,y\n1,999\n2,1,234\n3,1,235\n")
    with pytest.raises(InvalidInput):
        check("t,y\n1,1,234\n2,1,235\n3,1,236\n")


@pytest.mark.parametrize(
    "values",
    [
        pd.to_datetime(["2020-01-01", "2020-01-02"]),
        [True, False],
        [[1.0], [2.0]],
        [{"a": 1}, {"a": 2}],
        [b"1", b"x"],
    ],
    ids=["dates", "booleans", "lists", "structs", "bytes"],
)
def test_parquet_columns_that_hold_no_numbers(values: object, check: Check) -> None:
    with pytest.raises(InvalidSeries, match="value is a number"):
        check(pd.DataFrame({"t": [1, 2], "y": values}), "bad.parquet")


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.csv", tmp_path):
        source = FileSource(kind="file", path=str(path), time="t", value="y")
        with pytest.raises(UnreadableSeries) as refused:
            read_file(source, "m")
        assert str(path) in str(refused.value)


def refused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def told(error: LstmOpsError) -> str:
    """All that a log may show of an error, with its causes."""
    return "".join(traceback.format_exception(error))


def test_a_server_that_refuses_is_no_fault_of_the_input() -> None:
    url = f"http://ann:secret@127.0.0.1:{refused_port()}/y.csv?key=secret"
    with pytest.raises(SourceUnavailable) as unavailable:
        read_file(FileSource(kind="file", path=url, time="t", value="y"), "m")
    assert not isinstance(unavailable.value, InvalidInput)
    assert "/y.csv: the source did not answer" in str(unavailable.value)
    assert "secret" not in str(unavailable.value)
    assert "secret" not in told(unavailable.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://ann:secret@127.0.0.1:99999/y.csv",
        "http://ann:secret@/y.csv",
        "nonsense://ann:secret@host/y.csv",
    ],
)
def test_credentials_stay_out_of_words_about_bad_addresses(url: str) -> None:
    with pytest.raises(LstmOpsError) as refused:
        read_file(FileSource(kind="file", path=url, time="t", value="y"), "m")
    assert "secret" not in told(refused.value)


@pytest.mark.parametrize(
    ("times", "unit"),
    [
        (MONTHS, "months"),
        (["2022-01-31", "2022-02-28", "2022-03-31", "2022-04-30"], "month_ends"),
        (["2024-05-30", "2024-05-31", "2024-06-03", "2024-06-04"], "business_days"),
        (["2024-05-31T22:00", "2024-05-31T23:00", "2024-06-01T00:00"], "seconds"),
        (["2024-03-31T00:00+01:00", "2024-03-31T01:00+01:00", "2024-03-31T03:00+02:00"], "seconds"),
        (["1949", "1950", "1951"], "number"),
        (["-0.5", "0", "0.5"], "number"),
    ],
)
def test_good_times(times: list[str], unit: str, check: Check) -> None:
    series = check(csv(times))
    assert series.spacing.unit == unit
    assert list(series.values) == list(range(len(times)))


def test_rows_can_be_numbered_instead(check: Check) -> None:
    series = check("y\n5\n7\n6\n", time="row")
    assert list(series.frame["t"]) == [1, 2, 3]
    assert list(series.values) == [5, 7, 6]


def test_a_byte_order_mark_spaces_and_windows_line_ends_do_no_harm(check: Check) -> None:
    series = check("\ufefft,y\r\n1, 5\r\n2,7 \r\n".encode())
    assert list(series.values) == [5, 7]


def test_parquet_equals_csv(check: Check) -> None:
    times = pd.to_datetime(pd.Series(MONTHS), format="%Y-%m")
    values = np.arange(24) / 7
    from_csv = check(csv(MONTHS, [repr(float(v)) for v in values]))
    from_parquet = check(pd.DataFrame({"t": times, "y": values}), "same.parquet")
    pd.testing.assert_frame_equal(from_parquet.frame, from_csv.frame)
    assert from_parquet.spacing == from_csv.spacing
    assert from_parquet.digest() == from_csv.digest()
