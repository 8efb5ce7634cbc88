"""Observations, forecasts and rejected rows."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forecasts may be there already, made where a database was named in `forecast.url`."""
    _observations()
    _rejected_rows()
    if not sa.inspect(op.get_bind()).has_table("forecasts"):
        _forecasts()


def _observations() -> None:
    op.create_table(
        "observations",
        sa.Column("series", sa.String(100), primary_key=True),
        sa.Column("time", sa.String(40), primary_key=True),
        sa.Column("position", sa.Double, nullable=False),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("observations_by_position", "observations", ["series", "position"])


def _rejected_rows() -> None:
    op.create_table(
        "rejected_rows",
        sa.Column("fingerprint", sa.String(64), primary_key=True),
        sa.Column("series", sa.String(100), nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("row", sa.Integer),
        sa.Column("time", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("rejected_rows_by_series", "rejected_rows", ["series", "noticed_at"])


def _forecasts() -> None:
    op.create_table(
        "forecasts",
        sa.Column("series", sa.String(100), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("forecaster", sa.String(100), nullable=False),
        sa.Column("cutoff", sa.String(40), primary_key=True),
        sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("time", sa.String(40), nullable=False),
        sa.Column("forecast", sa.Double, nullable=False),
        sa.Column("lower", sa.Double),
        sa.Column("upper", sa.Double),
        sa.Column("level", sa.Double, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
    )
