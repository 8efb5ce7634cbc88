"""Automations: those of automations/*.yaml and the triggers of prefect.yaml."""

from __future__ import annotations

from collections.abc import Iterator

from lstm_ops.cli.doctor.finding import Finding, fault, ok, some, warning
from lstm_ops.cli.doctor.situation import Situation
from lstm_ops.stack import alerts, automations, deployments

REMEDY = "make up anew, or: lstm-ops automations"


def check(situation: Situation) -> Iterator[Finding]:
    """Present, switched on, and with somewhere to send notifications to."""
    files = [automation.name for automation in automations.declared()]
    triggers = [name for d in deployments.declared() for name in d.triggers]
    with situation.asking() as api:
        present = automations.on_server(api, [*files, *triggers])
        blocks = alerts.named(api)
        lost = automations.pointing_nowhere(api, [present[n] for n in files if n in present])
    if missing := [name for name in files if name not in present]:
        yield fault(f"missing on the server: {some(missing)}", REMEDY)
    if missing := [name for name in triggers if name not in present]:
        yield fault(
            f"missing triggers of deployments: {some(missing)}",
            "make up anew, or: prefect --no-prompt deploy --all",
        )
    if off := [name for name, automation in present.items() if not automation["enabled"]]:
        yield warning(f"switched off: {some(off)}", "prefect automation resume NAME")
    if files and not blocks:
        yield fault(f"there is no notification block {alerts.NAME}: nobody is told", REMEDY)
    elif lost:
        yield fault(f"their notification block is gone: {some(lost)}: nobody is told", REMEDY)
    if len(present) == len(files) + len(triggers):
        yield ok(f"all {len(present)} are present")
