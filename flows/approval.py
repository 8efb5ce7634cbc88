"""A person's approval: the flow pauses, the evidence stands in front of them in Prefect's UI."""

from __future__ import annotations

from dataclasses import dataclass

from prefect.exceptions import FlowPauseTimeout
from prefect.flow_runs import pause_flow_run
from prefect.input import RunInput

from flows import artifacts
from lstm_ops.experiment import Gate

LOOK = 5  # seconds between two looks whether somebody has answered


class Approval(RunInput):
    """What the form asks."""

    approve: bool = False
    by: str = ""
    because: str = ""


@dataclass(frozen=True)
class Answer:
    """Whether the version may become champion, who says so, and why."""

    yes: bool
    by: str | None = None
    because: str = ""


def ask(gate: Gate, question: str, by_hand: str) -> Answer:
    """`question`: the evidence, as Markdown; `by_hand`: the command that does it without Prefect.

    A server that ends with this process has no UI to answer in: nobody is asked, and it is a no.
    """
    if artifacts.is_embedded():
        return Answer(False, because=f"mode manual, and nobody to ask here; approve by `{by_hand}`")
    form = Approval.with_initial_data(description=question, approve=False)
    try:
        given = pause_flow_run(
            wait_for_input=form, timeout=int(gate.hours * 3600), poll_interval=LOOK
        )
    except FlowPauseTimeout:
        late = f"nobody answered within {gate.hours:g} hours; approve by `{by_hand}`"
        return Answer(False, because=late)
    said = given.because.strip() or "no reason given"
    return Answer(given.approve, given.by.strip() or None, said)
