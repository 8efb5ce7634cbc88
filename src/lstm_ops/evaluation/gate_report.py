"""A decision of the gate in rows and plain values, for people and programs."""

from __future__ import annotations

from typing import Any

from lstm_ops.evaluation import outcome
from lstm_ops.evaluation.gate import Decision, Finding
from lstm_ops.evaluation.text import percent


def table(decision: Decision) -> list[dict[str, Any]]:
    """A row a contestant, lowest RMSE first."""
    return [_row(finding, decision) for finding in decision.findings]


def as_dict(decision: Decision) -> dict[str, Any]:
    """Everything that it rests on; a figure that does not exist is None."""
    content: dict[str, Any] = outcome.plain(
        {
            "kind": decision.kind,
            "winner": decision.winner,
            "because": decision.because,
            "against": decision.against,
            "findings": [_finding(finding) for finding in decision.findings],
        }
    )
    return content


def _row(finding: Finding, decision: Decision) -> dict[str, Any]:
    gain = finding.gain
    told: dict[str, Any] = {
        "contestant": finding.name,
        "RMSE": finding.rmse,
        f"gain over {decision.against}": None,
        "from": None,
        "to": None,
        "p": None,
        "verdict": finding.verdict,
    }
    if gain is not None and gain.share == gain.share:  # not NaN
        low, high = gain.interval.low, gain.interval.high
        told[f"gain over {decision.against}"] = f"{percent(gain.share)} %"
        if low == low:
            told |= {"from": f"{percent(low)} %", "to": f"{percent(high)} %", "p": gain.p}
    return told


def _finding(finding: Finding) -> dict[str, Any]:
    gain = finding.gain
    return {
        "name": finding.name,
        "rmse": finding.rmse,
        "verdict": finding.verdict,
        "gain": None
        if gain is None
        else {
            "share": gain.share,
            "interval": [gain.interval.low, gain.interval.high],
            "confidence": gain.confidence,
            "p": gain.p,
            "n": gain.n,
        },
    }
