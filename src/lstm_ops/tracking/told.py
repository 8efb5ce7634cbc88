"""Which alarms were told, and when, as the runs of `monitor` remember it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from lstm_ops.tracking import links, names
from lstm_ops.tracking.store import Store, reports_trouble


@dataclass(frozen=True)
class Told:
    """An alarm of a kind that was told `at` a time; the same one bears the same identity."""

    identity: str
    at: datetime

    def holds(self, identity: str, now: datetime, again: timedelta) -> bool:
        """Whether that alarm need not be told now. A clock that went back tells anew."""
        return identity == self.identity and timedelta(0) <= now - self.at < again


@reports_trouble
def earlier(store: Store, series: str, experiment: str) -> dict[str, Told]:
    """By kind, as the newest run of the experiment's monitor has it."""
    where = links.experiment_of(store, series)
    if where is None:
        return {}
    condition = (
        f"tags.`{names.EXPERIMENT}` = '{experiment}' and tags.`{names.FLOW}` = 'monitor' "
        f"and tags.`{names.TOLD}` LIKE '%'"
    )
    order = ["attributes.start_time DESC"]
    found = store.client.search_runs([where], condition, max_results=1, order_by=order)
    known = json.loads(found[0].data.tags[names.TOLD]) if found else {}
    return {
        kind: Told(one["identity"], datetime.fromisoformat(one["at"]))
        for kind, one in known.items()
    }


def as_tag(told: Mapping[str, Told]) -> str:
    """For the run that carries it on."""
    return json.dumps(
        {k: {"identity": t.identity, "at": t.at.isoformat()} for k, t in told.items()}
    )
