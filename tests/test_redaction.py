"""No password in what is said, nor in what an experiment says."""

from __future__ import annotations

import pytest

from lstm_ops.errors import InvalidExperiment
from lstm_ops.experiment import load
from lstm_ops.redaction import redacted

# SQLAlchemy takes every one of these.
WITH_PASSWORD = (
    "postgresql+psycopg://ann:secret@host/db",
    "postgresql+psycopg://ann:pa/secret@host/db",
    "postgresql+psycopg://ann:pa@secret@host/db",
    "postgresql+psycopg://ann:pa?secret@host/db",
    "postgresql+psycopg://host/db?user=ann&password=secret",
)


@pytest.mark.parametrize("url", WITH_PASSWORD)
def test_a_password_is_neither_shown_nor_taken(url: str) -> None:
    assert "secret" not in redacted(f"cannot reach {url}, try again")
    for override in ({"forecast.url": url}, {"source": {"kind": "sql", "url": url, "table": "t"}}):
        with pytest.raises(InvalidExperiment, match="a password does not belong here") as refusal:
            load("airline", override)
        assert "secret" not in str(refusal.value)
