"""Claims in a ledger: a parameter of its run, which MLflow writes once only.

Writing `decision.000007` is the claim, the lock and the entry in one; the tag of the same name
says how it ended. A claim whose holder died is taken over by writing `decision.000007.taken.1`:
a claim too, so that two never carry out the same decision at once.
"""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from lstm_ops.tracking.ledger.decisions import Entry, Proposal, State
from lstm_ops.tracking.process import is_known_dead, this_process
from lstm_ops.tracking.store import Store

LEASE = timedelta(seconds=120)
LONGEST = 5900  # characters; MLflow takes 6000
DECISION = re.compile(r"decision\.(\d{6,})")
VOID = "void: "


@dataclass(frozen=True)
class Holder:
    """Who is to carry a decision out, and since when. `token`: no two are equal."""

    process: str
    at: datetime
    token: str

    def is_gone(self, now: datetime) -> bool:
        """Its process is known dead, or has had the time to do it many times over."""
        return is_known_dead(self.process) or now - self.at > LEASE

    def may_write(self, now: datetime) -> bool:
        """Not where it was paused so long that another may soon take over."""
        return now - self.at < LEASE / 2


@dataclass(frozen=True)
class Claim:
    """An entry, who holds it, and how often it was taken over."""

    entry: Entry
    holder: Holder
    taken: int = 0


def read(run: Run) -> list[Claim]:
    """Every claim of a ledger, in order."""
    numbers = sorted(int(m[1]) for key in run.data.params if (m := DECISION.fullmatch(key)))
    return [_claim(run, number) for number in numbers]


def make(
    store: Store,
    ledger: str,
    proposal: Proposal,
    number: int,
    now: datetime,
    run_id: str,
    forecaster: str = "",
) -> Claim | None:
    """Claim a number for a proposal; None where somebody else has it.

    `run_id`: the run of the decision, `forecaster`: of the version that it makes champion.
    """
    written = {
        "number": number,
        "kind": proposal.kind,
        "from": proposal.expected,
        "to": proposal.champion,
        "forecaster": forecaster,
        "because": proposal.because,
        "by": proposal.by,
        "run_id": run_id,
        "flow_run": proposal.flow_run,
        **_holder(now),
    }
    if not _write(store, ledger, key(number), _short(written)):
        return None
    return Claim(_entry(written, "open"), _as_holder(written))


def take_over(store: Store, ledger: str, claim: Claim, now: datetime) -> Claim | None:
    """Hold a claim in the stead of its holder; None where somebody else was quicker."""
    written, taken = _holder(now), claim.taken + 1
    if not _write(store, ledger, _taken(claim.entry.number, taken), json.dumps(written)):
        return None
    return Claim(claim.entry, _as_holder(written), taken)


def end(store: Store, ledger: str, number: int, void: str | None = None) -> None:
    """How it ended: done, or void for a reason."""
    store.client.set_tag(ledger, key(number), "done" if void is None else VOID + void[:1000])


def key(number: int) -> str:
    """Name of the parameter and of the tag."""
    return f"decision.{number:06d}"


def _taken(number: int, taken: int) -> str:
    return f"{key(number)}.taken.{taken}"


def _claim(run: Run, number: int) -> Claim:
    written = json.loads(run.data.params[key(number)])
    ended = run.data.tags.get(key(number), "")
    state: State = "done" if ended == "done" else "void" if ended.startswith(VOID) else "open"
    entry = _entry(written, state, ended.removeprefix(VOID) if state == "void" else "")
    taken, holder = 0, written
    while _taken(number, taken + 1) in run.data.params:
        taken += 1
        holder = json.loads(run.data.params[_taken(number, taken)])
    return Claim(entry, _as_holder(holder), taken)


def _entry(written: dict[str, Any], state: State, note: str = "") -> Entry:
    return Entry(
        number=written["number"],
        kind=written["kind"],
        from_version=written["from"],
        to_version=written["to"],
        because=written["because"],
        by=written["by"],
        at=datetime.fromisoformat(written["at"]),
        flow_run=written["flow_run"],
        run_id=written["run_id"],
        state=state,
        note=note,
        forecaster=written.get("forecaster", ""),
    )


def _holder(now: datetime) -> dict[str, str]:
    return {"process": this_process(), "at": now.isoformat(), "token": uuid.uuid4().hex}


def _as_holder(written: dict[str, Any]) -> Holder:
    return Holder(written["process"], datetime.fromisoformat(written["at"]), written["token"])


def _short(written: dict[str, Any]) -> str:
    """As compact JSON; the reason is cut where it would not fit, and in `written` too."""
    while len(text := _compact(written)) > LONGEST:
        kept = max(0, len(written["because"]) - (len(text) - LONGEST) - 1)
        written["because"] = written["because"][:kept] + "…"
    return text


def _compact(written: dict[str, Any]) -> str:
    return json.dumps(written, ensure_ascii=False, separators=(",", ":"))


def _write(store: Store, ledger: str, name: str, text: str) -> bool:
    """Whether the parameter is ours; every text is written by one holder only."""
    try:
        store.client.log_param(ledger, name, text)
    except MlflowException:
        found = store.client.get_run(ledger).data.params.get(name)
        if found is None:
            raise
        return bool(found == text)
    return True
