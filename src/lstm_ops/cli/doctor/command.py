"""`lstm-ops doctor [--json] [--mend] [NAME …]`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from lstm_ops.cli.columns import aligned
from lstm_ops.cli.doctor import automations, data, deployments, machine, mlflow, prefect, runs
from lstm_ops.cli.doctor import versions as installed
from lstm_ops.cli.doctor.finding import Finding, fault
from lstm_ops.cli.doctor.situation import Situation
from lstm_ops.errors import InvalidInput, LstmOpsError
from lstm_ops.redaction import redacted

Check = Callable[[Situation], Iterable[Finding]]
Named = tuple[str, Finding]

CHECKS: dict[str, Check] = {
    "versions": installed.check,
    "disk": machine.disk,
    "leftovers": machine.leftovers,
    "ports": machine.taken_ports,
    "prefect": prefect.server,
    "clock": prefect.clock,
    "worker": prefect.worker,
    "deployments": deployments.as_declared,
    "schedules": deployments.schedules,
    "automations": automations.check,
    "flow-runs": runs.in_prefect,
    "mlflow": mlflow.server,
    "schema": mlflow.schema,
    "artifacts": mlflow.artifacts,
    "mlflow-runs": runs.in_mlflow,
    "store": data.series_store,
    "data": data.freshness,
}
# Left out where no server of Prefect's is meant, or none answers: `prefect` says so.
ASK_PREFECT = ("clock", "worker", "deployments", "schedules", "automations", "flow-runs")


def add(commands: Any) -> None:
    """The command and its arguments."""
    parser = commands.add_parser("doctor", help="say what is well, what is not, and the remedy")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(CHECKS)}; all")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument("--mend", action="store_true", help="close lost MLflow runs")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """1 if anything is at fault."""
    findings = list(examine(options.names, datetime.now(UTC), mend=options.mend))
    if options.json:
        print(json.dumps([{"check": name, **asdict(f)} for name, f in findings], indent=1))
    else:
        print(_shown(findings))
    return int(any(finding.status == "fault" for _, finding in findings))


def examine(names: Sequence[str], now: datetime, *, mend: bool = False) -> Iterator[Named]:
    """What each check finds, with its name. Raises `InvalidInput` for a name that is none."""
    if unknown := [name for name in names if name not in CHECKS]:
        raise InvalidInput(f"no check {', '.join(unknown)}; there are {', '.join(CHECKS)}")
    situation = Situation.of(now, mend)
    for name in names or CHECKS:
        unasked = situation.prefect is None or situation.prefect_trouble is not None
        if name in ASK_PREFECT and unasked and not names:
            continue
        for finding in _found(CHECKS[name], situation):
            yield name, finding


def _found(check: Check, situation: Situation) -> Iterator[Finding]:
    """A check that fails itself is a fault of what it looked at, told in words."""
    try:
        yield from check(situation)
    except LstmOpsError as error:
        yield fault(f"could not be looked at: {redacted(str(error))}", "see to that first")
    except Exception as error:  # whatever it was: the other checks go on
        reason = redacted(" ".join(f"{type(error).__name__}: {error}".split()))[:400]
        yield fault(f"could not be looked at ({reason})", "a fault of this check: please report it")


def _shown(findings: Sequence[Named]) -> str:
    rows = [(finding.status, name, finding.found) for name, finding in findings]
    told = []
    for line, (_, finding) in zip(aligned(rows).splitlines(), findings, strict=True):
        told += [line, *([f"    → {finding.remedy}"] if finding.remedy else [])]
    return "\n".join([*told, f"{_count('fault', findings)}, {_count('warning', findings)}"])


def _count(status: str, findings: Sequence[Named]) -> str:
    number = sum(finding.status == status for _, finding in findings)
    return f"{number} {status}{'' if number == 1 else 's'}"
