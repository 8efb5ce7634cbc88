"""The project's series store: observations, forecasts and rejected rows, in one database.

SQLite under `.state/`, or whatever SQLite or PostgreSQL `LSTM_OPS_STORE` names. Every function
brings the tables up to date first, does its work in one transaction, and raises
`SourceUnavailable` where the database does not answer: then nothing was written.
"""

from lstm_ops.data.store.observations import (
    Appended,
    Reach,
    append,
    count,
    newest_time,
    observations,
    reach,
)
from lstm_ops.data.store.place import VARIABLE, address, shown, url
from lstm_ops.data.store.rejected import Rejected, reject, rejected_rows
from lstm_ops.data.store.schema import Versions, check_writable, migrated_url, schema_version

__all__ = [
    "VARIABLE",
    "Appended",
    "Reach",
    "Rejected",
    "Versions",
    "address",
    "append",
    "check_writable",
    "count",
    "migrated_url",
    "newest_time",
    "observations",
    "reach",
    "reject",
    "rejected_rows",
    "schema_version",
    "shown",
    "url",
]
