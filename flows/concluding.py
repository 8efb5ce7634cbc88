"""The last steps of the gate: evidence where people look, the move into the ledger, the report."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
from prefect.logging import get_run_logger

from flows import artifacts, reports
from flows.approval import Answer, ask
from flows.beginning import Opened
from flows.endings import this_flow_run
from flows.gathering import Call
from flows.promoting import Weighed
from flows.refitting import registered
from flows.store import now, tracking_store
from lstm_ops.data import series as series_files
from lstm_ops.errors import MovedMeanwhile
from lstm_ops.evaluation import drawing, gate_figure, gate_report, outcome, text
from lstm_ops.evaluation.contest import Entry
from lstm_ops.evaluation.gain import rmse
from lstm_ops.evaluation.gate import Decision
from lstm_ops.tracking import champions, ledger, links, names, registry, runs
from lstm_ops.tracking.champions import Version


@dataclass(frozen=True)
class Concluded:
    """What was decided in the end, and the champion after it; `run_id`: the decision's run."""

    decision: Decision
    sentence: str
    champion: Version | None
    run_id: str


def show_evidence(
    opened: Opened, call: Call, series: Path, entries: Sequence[Entry], weighed: Weighed
) -> None:
    """On the decision's run: table, figure, every loss, and what brings it back."""
    store, decision = tracking_store(), weighed.decision
    if call.made:  # its evidence is there
        return
    report = opened.folder / "report"
    (report / "figures").mkdir(parents=True, exist_ok=True)
    reports.bring_back(opened.recipe, series, report)
    content = json.dumps(gate_report.as_dict(decision), indent=1)
    (report / "decision.json").write_text(content, encoding="utf-8")
    if entries:
        figure = gate_figure.evidence(decision, opened.recipe.gate.margin)
        drawing.save(figure, report / "figures" / "decision.png")
        _losses(call, series, entries).to_parquet(report / "losses.parquet", index=False)
        runs.log_table(store, opened.run_id, "contest", gate_report.table(decision))
    runs.log_folder(store, opened.run_id, report)
    runs.log(store, opened.run_id, metrics=_metrics(call, weighed), tags=_tags(series))


def asked(opened: Opened, weighed: Weighed) -> Answer:
    """A person's word in mode `manual`; a yes where nobody needs to be asked."""
    if weighed.made is None or opened.recipe.gate.mode != "manual":
        return Answer(True)
    version = registered(weighed.made)
    series, number = version.series, version.number
    ledger.propose(tracking_store(), series, number)
    url = links.run_url(tracking_store(), opened.run_id)
    by_hand = f"lstm-ops champion promote {series} {number} --because …"
    rows = text.markdown(gate_report.table(weighed.decision))
    evidence = f"[The evidence in MLflow]({url})" if url else f"Evidence: run {opened.run_id}"
    why = weighed.decision.because
    question = f"**Shall {version} become champion?** {why}\n\n{rows}\n\n{evidence}"
    artifacts.text(f"{series}-approval", f"{question}\n\nResume this flow run to answer.")
    return ask(opened.recipe.gate, question, by_hand)


def conclude(opened: Opened, call: Call, weighed: Weighed, answer: Answer) -> Concluded | None:
    """The move, or that there is none, into the ledger; then the run is done.

    None, and nothing done, where another decision came first: this one was about another champion.
    """
    store = tracking_store()
    if call.made:
        runs.finish(store, opened.run_id)
        sentence = f"Decision {call.made.number}: {_sentence(weighed.decision, call.champion)}"
        return Concluded(weighed.decision, sentence, call.champion, opened.run_id)
    if not answer.yes and weighed.made:
        because = _turned_down(weighed, answer)
        turned_down = replace(weighed.decision, kind="kept", winner=None, because=because)
        weighed = Weighed(turned_down, None)
    try:
        sentence, champion = _recorded(opened, call, weighed, answer)
    except MovedMeanwhile as moved:
        get_run_logger().warning("%s", moved)
        return None
    decision = weighed.decision
    rows = gate_report.table(decision)
    described = f"**{sentence}**\n\n{text.markdown(rows) if rows else ''}"
    tags = {names.DESCRIPTION: described, names.DECISION: decision.kind}
    runs.log(store, opened.run_id, tags=tags)
    runs.finish(store, opened.run_id)
    return Concluded(decision, sentence, champion, opened.run_id)


def _recorded(
    opened: Opened, call: Call, weighed: Weighed, answer: Answer
) -> tuple[str, Version | None]:
    """The sentence about it, and the champion after it. The winner is registered only now."""
    decision, champion = weighed.decision, call.champion
    if opened.recipe.gate.mode in ("dry_run", "off"):
        return f"Nothing was moved: {_supposed(decision, champion)}", champion
    if champion is None and weighed.made is None:  # nobody is there to be kept
        return _sentence(decision, None), None
    version = registered(weighed.made) if weighed.made else None
    store, series = tracking_store(), opened.recipe.series
    try:
        entry = ledger.decide(store, series, _proposal(opened, call, weighed, version, answer), now)
    except MovedMeanwhile:
        if version:
            registry.withdraw(store, series, version.number)
        raise
    champion = champions.look(store, series, names.CHAMPION)
    return f"Decision {entry.number}: {_sentence(decision, champion)}", champion


def report_decision(opened: Opened, concluded: Concluded) -> dict[str, Any]:
    """What a person wants to know, as Prefect artifacts and as a flow's result."""
    store, series = tracking_store(), opened.recipe.series
    champion = concluded.champion
    rows = outcome.plain(gate_report.table(concluded.decision))
    told = f"**{concluded.sentence}**\n\n{text.markdown(rows) if rows else ''}"
    artifacts.text(f"{series}-decision", told)
    if rows:
        artifacts.table(f"{series}-contest", rows, concluded.sentence)
    run_url = links.run_url(store, opened.run_id)
    artifacts.link(
        f"{series}-decision-run", run_url, "Decision's run", f"`make ui`, then: {opened.run_id}"
    )
    model_url = (
        links.model_version_url(store, series, champion.number) if champion is not None else None
    )
    if champion:
        without = f"`make ui`, then open it there: {series} {champion.number}"
        artifacts.link(f"{series}-champion", model_url, "Champion's version", without)
    shutil.rmtree(opened.folder, ignore_errors=True)
    get_run_logger().info(concluded.sentence)
    return {
        "series": series,
        "experiment": opened.name,
        "verdict": concluded.sentence,
        "table": rows,
        "decision": gate_report.as_dict(concluded.decision),
        "champion": champion
        and {
            "forecaster": champion.forecaster,
            "version": champion.number,
            "cutoff": champion.cutoff,
        },
        "mlflow": {"run_id": opened.run_id, "run_url": run_url, "model_url": model_url},
    }


def _proposal(
    opened: Opened, call: Call, weighed: Weighed, version: Version | None, answer: Answer
) -> ledger.Proposal:
    approved = f"; approved: {answer.because}" if answer.yes and answer.because else ""
    return ledger.Proposal(
        kind=weighed.decision.kind,
        to=version.number if version else None,
        expected=call.champion.number if call.champion else None,
        because=weighed.decision.because + approved,
        by=answer.by or runs.user(),
        flow_run=this_flow_run().id,
        run_id=opened.run_id,
    )


def _turned_down(weighed: Weighed, answer: Answer) -> str:
    return (
        f"{weighed.decision.winner} was not approved: {answer.because} ({weighed.decision.because})"
    )


def _sentence(decision: Decision, champion: Version | None) -> str:
    """`champion`: the one after the decision; before it where none was made of the winner."""
    told = {
        "first": f"{champion} is champion",
        "refresh": f"{champion} is champion, the same recipe on newer data",
        "replace": f"{champion} is champion, another recipe",
        "kept": f"{champion} stays champion" if champion else "there is no champion",
    }
    return f"{told[decision.kind]}: {decision.because}"


def _supposed(decision: Decision, champion: Version | None) -> str:
    if decision.winner is None:
        return _sentence(decision, champion)
    return f"{decision.winner} would be champion ({decision.kind}): {decision.because}"


def _losses(call: Call, series: Path, entries: Sequence[Entry]) -> pd.DataFrame:
    """A row an origin: its last known time, and the loss of each recipe and seed."""
    times = series_files.read(series).frame["t"]
    columns = {
        e.contender.name if e.seed is None else f"{e.contender.name} seed {e.seed}": e.losses
        for e in entries
    }
    frame = pd.DataFrame({"known_until": times.iloc[call.terms.origins - 1].to_numpy(), **columns})
    if call.incumbent is not None:
        served = pd.Series(call.incumbent.losses)
        served.index = frame.index[len(frame) - len(served) :]
        frame["champion as served"] = served
    return frame


def _metrics(call: Call, weighed: Weighed) -> dict[str, float]:
    """`gate/origins`: judged on; `gate/champion_origins`: of these the champion had not seen."""
    known = {f.name: f for f in weighed.decision.findings}
    figures = {"gate/origins": float(len(call.terms.origins))}
    if call.incumbent is not None:
        figures["gate/champion_origins"] = float(len(call.incumbent.losses))
        if len(call.incumbent.losses):
            figures["gate/champion_rmse"] = rmse(call.incumbent.losses)
    if winner := known.get(weighed.decision.winner or ""):
        figures["gate/winner_rmse"] = winner.rmse
    return figures


def _tags(series: Path) -> dict[str, str]:
    observed = series_files.read(series)
    return {
        names.DATA_DIGEST: observed.digest(),
        names.CUTOFF: str(observed.frame["t"].iloc[-1]),
    }
