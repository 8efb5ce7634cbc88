"""Series whose versions are made in milliseconds: a folder with one file, and nothing to load."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lstm_ops.tracking import names
from lstm_ops.tracking.ledger.moves import aliases
from lstm_ops.tracking.store import Store, experiment_id


class Ticking:
    """A clock that goes on by a second whenever it is looked at."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@dataclass(frozen=True)
class Shelf:
    """Makes versions in a store, and says what the aliases are."""

    store: Store
    folder: Path

    def add(self, series: str, count: int = 1, made_for: str | None = None) -> list[str]:
        """So many more versions of a series, each with a run of its own."""
        if not aliases(self.store, series) and not self.store.client.search_registered_models(
            f"name = '{series}'"
        ):
            self.store.client.create_registered_model(series)
        return [self._version(series, made_for or series) for _ in range(count)]

    def files(self, series: str, number: str) -> Path:
        """Where a version's files lie."""
        return Path(self.store.client.get_model_version(series, number).source)

    def aliases(self, series: str) -> dict[str, str]:
        return aliases(self.store, series)

    def _version(self, series: str, made_for: str) -> str:
        tags = {names.SERIES: made_for, names.CUTOFF: "1960-12-01"}
        run = self.store.client.create_run(experiment_id(self.store, series), tags=tags)
        source = self.folder / run.info.run_id
        source.mkdir(parents=True)
        (source / "MLmodel").write_text("flavors: {}\n")
        made = self.store.client.create_model_version(
            series,
            str(source),
            run.info.run_id,
            tags={names.VERSION_FORECASTER: "linear"},
        )
        return str(made.version)


@pytest.fixture
def shelf(store: Store, tmp_path: Path) -> Shelf:
    return Shelf(store, tmp_path / "versions")


@pytest.fixture
def clock() -> Callable[[], datetime]:
    return Ticking()
