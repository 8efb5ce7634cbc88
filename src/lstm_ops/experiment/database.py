"""How a section names a database: by URL, or by the environment variable that holds one."""

from __future__ import annotations

from pydantic import Field, field_validator, model_validator

from lstm_ops.experiment.base import Section

IDENTIFIER = r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?$"


class Database(Section):
    """A database, as SQLAlchemy names it. A URL with a password stays in the environment."""

    url: str | None = Field(default=None, description="SQLAlchemy's, without a password")
    url_from: str | None = Field(
        default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="variable that holds the URL"
    )

    @field_validator("url")
    @classmethod
    def _no_password(cls, url: str | None) -> str | None:
        if url and _has_password(url):
            raise ValueError(
                "a password does not belong here; put the URL into an environment variable and "
                "name that in url_from"
            )
        return url

    @model_validator(mode="after")
    def _one_place(self) -> Database:
        if self.url and self.url_from:
            raise ValueError("needed is one of url and url_from, not both")
        return self


def _has_password(url: str) -> bool:
    """As SQLAlchemy reads it, which takes a slash in one, and one among the options."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        address = make_url(url)
    except (ArgumentError, ValueError):  # whoever opens it says so
        return "@" in url
    return address.password is not None or "password" in address.query
