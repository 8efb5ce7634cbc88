"""Logs stay bounded, and their tails speak of the last start only."""

from __future__ import annotations

from pathlib import Path

import pytest

from lstm_ops.stack import logs


def test_the_tail_is_of_the_last_start(root: Path) -> None:
    path = logs.log_path("worker")
    for words in (b"first\n", b"second\n"):
        with logs.open_log(path, ["prefect", "worker"]) as stream:
            stream.write(words)
    assert path == root / ".state/logs/worker.log"
    assert "first" in path.read_text()
    assert "first" not in logs.tail(path)
    assert logs.tail(path).endswith("prefect worker\nsecond")


def test_the_tail_of_a_long_log_is_short() -> None:
    path = logs.log_path("worker")
    path.write_text("".join(f"line {number}\n" for number in range(100_000)))
    assert logs.tail(path).splitlines()[-1] == "line 99999"
    assert len(logs.tail(path).splitlines()) == logs.TAIL


def test_a_large_log_is_put_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LARGEST", 10)
    path = logs.log_path("worker")
    path.write_text("longer than that\n")
    logs.open_log(path, ["again"]).close()
    assert "longer" not in path.read_text()
    assert "longer" in path.with_name("worker.log.1").read_text()
