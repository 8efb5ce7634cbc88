"""The schema of an MLflow store, against that of the MLflow which is installed."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

from lstm_ops.errors import TrackingUnavailable
from lstm_ops.redaction import redacted

PATIENCE = 5  # seconds
# How a driver is told not to wait for ever; others keep their own limit.
LIMITS = {"postgresql": "connect_timeout", "mysql": "connect_timeout", "sqlite": "timeout"}


@dataclass(frozen=True)
class Revisions:
    """Alembic's revisions: what the store has (None: no tables yet), and what MLflow needs."""

    found: str | None
    needed: str
    known: bool

    @property
    def fit(self) -> bool:
        return self.found == self.needed


def revisions(uri: str) -> Revisions:
    """Of a database, by its SQLAlchemy URL. Raises `TrackingUnavailable` where it is away."""
    from alembic.script import ScriptDirectory

    found = _found(uri)
    scripts = ScriptDirectory(str(_migrations()))
    needed = scripts.get_current_head() or ""
    known = found in {script.revision for script in scripts.walk_revisions()}
    return Revisions(found, needed, known)


def _found(uri: str) -> str | None:
    from alembic.migration import MigrationContext

    try:
        engine = create_engine(uri, connect_args=_limits(uri), hide_parameters=True)
        try:
            with engine.connect() as connection:
                return MigrationContext.configure(connection).get_current_revision()
        finally:
            engine.dispose()
    except (SQLAlchemyError, OSError, ImportError) as error:
        reason = redacted(" ".join(str(error).partition("[SQL:")[0].split()))[:300]
        raise TrackingUnavailable(f"MLflow's database {redacted(uri)}: {reason}") from None


def _limits(uri: str) -> dict[str, Any]:
    dialect = uri.partition(":")[0].partition("+")[0]
    return {LIMITS[dialect]: PATIENCE} if dialect in LIMITS else {}


def _migrations() -> Path:
    """MLflow's own. Finding them does not import MLflow."""
    spec = find_spec("mlflow")
    if spec is None or not spec.submodule_search_locations:
        raise TrackingUnavailable("MLflow is not installed; make clean, then make run")
    return Path(spec.submodule_search_locations[0]) / "store" / "db_migrations"
