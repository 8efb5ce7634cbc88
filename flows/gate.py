"""Through the gate: the whole of `promote`, and the last steps of `train`."""

from __future__ import annotations

from pathlib import Path

from prefect import unmapped

from flows import beginning, concluding, gathering, promoting
from flows.beginning import Opened
from flows.concluding import Concluded
from flows.gathering import Call
from flows.policy import retried
from lstm_ops.errors import MovedMeanwhile

opened = retried(beginning.open_run, "gate-open")
called = retried(gathering.call, "gate-call")
prepared = retried(promoting.prepare_contest, "gate-prepare")
entered = retried(promoting.enter_contest, "gate-enter", "gate-enter {attempt}")
weighed = retried(promoting.weigh, "gate-weigh")
shown = retried(concluding.show_evidence, "gate-show")
concluded = retried(concluding.conclude, "gate-conclude")
reported = retried(concluding.report_decision, "gate-report")


TIMES = 3  # that a decision is made, where others about the same series come first


def through_the_gate(gate: Opened, call: Call, series: Path) -> Concluded:
    """Decide; anew, about the champion that there is then, where another decision came first."""
    for _ in range(TIMES):
        if (result := _decided(gate, call, series)) is not None:
            return result
        call = called(gate, series)
    raise MovedMeanwhile(f"{TIMES} times another decision about {gate.recipe.series!r} came first")


def _decided(gate: Opened, call: Call, series: Path) -> Concluded | None:
    """Fit up to the cutoff, judge on what came after, decide; the ledger and the alias follow."""
    prepared(call, series)
    entries = entered.map(call.attempts(), unmapped(series), unmapped(call.terms)).result()
    outcome = weighed(gate, call, series, entries)
    shown(gate, call, series, entries, outcome)
    answer = concluding.asked(gate, outcome)
    return concluded(gate, call, outcome, answer)
