"""What of a series is no longer needed in MLflow: versions, their models, runs of old flows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mlflow.entities import LoggedModel, Run
from mlflow.entities.model_registry import ModelVersion
from mlflow.utils.mlflow_tags import MLFLOW_MODEL_VERSIONS

from lstm_ops.errors import InvalidInput
from lstm_ops.tracking import artifacts, ledger, links, names, runs
from lstm_ops.tracking.ledger import moves
from lstm_ops.tracking.ledger.decisions import Clock, Entry
from lstm_ops.tracking.ledger.standing import require
from lstm_ops.tracking.removal import Item, Plan
from lstm_ops.tracking.store import Store, reports_trouble

FLOWS = ("train", "promote", "forecast")
DECISIONS = 10  # whose versions and runs stay


@dataclass(frozen=True)
class _Family:
    """A parent run with its children."""

    parent: Run
    children: tuple[Run, ...]

    @property
    def runs(self) -> tuple[Run, ...]:
        """The parent last, so that no child is ever without one."""
        return (*self.children, self.parent)

    @property
    def ids(self) -> set[str]:
        return {run.info.run_id for run in self.runs}

    @property
    def is_running(self) -> bool:
        return any(run.info.status == "RUNNING" for run in self.runs)


@reports_trouble
def plan(store: Store, series: str, keep: int, clock: Clock) -> Plan:
    """Writes nothing but what settling the ledger writes. Raises `InvalidInput` if `keep` < 1."""
    if keep < 1:
        raise InvalidInput(f"--keep {keep}: at least the newest version is kept; give 1 or more")
    require(store, series)
    entries = ledger.settle(store, series, clock)
    versions = _versions(store, series)
    families = _families(store, series)
    newest = versions[-keep:]
    kept = _kept(store, series, versions, newest, entries, families)
    going = [version for version in versions if version not in kept]
    held = {v.run_id for v in kept if v.run_id} | {e.run_id for e in entries[-DECISIONS:]}
    old = _old(families, newest, held)
    models = _models(store, series, kept, going, old)
    return Plan(series, tuple(_items(store, going, models, old)), len(kept))


def _versions(store: Store, series: str) -> list[ModelVersion]:
    """The oldest first."""
    found: list[ModelVersion] = []
    token: str | None = None
    while True:
        page = store.client.search_model_versions(
            f"name = '{series}'", max_results=1000, page_token=token
        )
        found += page
        token = page.token
        if not token:
            return sorted(found, key=lambda version: int(version.version))


def _families(store: Store, series: str) -> list[_Family]:
    experiment = links.experiment_of(store, series)
    found = [
        run
        for flow in FLOWS
        for run in (runs.find(store, experiment, {names.FLOW: flow}) if experiment else ())
        if run.data.tags.get(names.SERIES) == series
    ]
    children: dict[str, list[Run]] = {}
    for run in found:
        children.setdefault(run.data.tags.get(names.PARENT_RUN, ""), []).append(run)
    return [_Family(parent, _below(parent, children)) for parent in children.get("", [])]


def _below(run: Run, children: Mapping[str, Sequence[Run]]) -> tuple[Run, ...]:
    """Children and theirs, the deepest first."""
    own = children.get(run.info.run_id, ())
    return tuple(one for child in own for one in (*_below(child, children), child))


def _kept(
    store: Store,
    series: str,
    versions: Sequence[ModelVersion],
    newest: Sequence[ModelVersion],
    entries: Sequence[Entry],
    families: Sequence[_Family],
) -> list[ModelVersion]:
    named = {v for e in entries[-DECISIONS:] for v in (e.from_version, e.to_version)}
    named |= set(moves.aliases(store, series).values())
    at_work = {run_id for family in families if family.is_running for run_id in family.ids}
    return [
        version
        for version in versions
        if version in newest or str(version.version) in named or version.run_id in at_work
    ]


def _old(
    families: Sequence[_Family], newest: Sequence[ModelVersion], held: set[str]
) -> list[_Family]:
    """Families begun before those of the newest versions, with nothing in them that stays."""
    recent = {version.run_id for version in newest}
    begun = [f.parent.info.start_time for f in families if recent & f.ids]
    return [
        family
        for family in families
        if begun
        and family.parent.info.start_time < min(begun)
        and not family.is_running
        and not held & family.ids
        and not any(names.LEDGER in run.data.params for run in family.runs)
    ]


def _models(
    store: Store,
    series: str,
    kept: Sequence[ModelVersion],
    going: Sequence[ModelVersion],
    old: Sequence[_Family],
) -> list[LoggedModel]:
    """Those of the versions and runs that go, and those that an earlier prune did not get to."""
    needed = {_model_id(version) for version in kept}
    stay = {int(version.version) for version in kept}
    wanted = {_model_id(version) for version in going}
    newest = max((int(version.version) for version in (*kept, *going)), default=0)
    run_ids = {run_id for family in old for run_id in family.ids}
    found = []
    for model in _logged_models(store, series):
        became = _became(model)
        # One registered since the versions were listed, or by another series, is somebody else's.
        foreign = any(name != series or number > newest for name, number in became)
        stays = model.model_id in needed or bool(stay & {number for _, number in became})
        goes = became or model.model_id in wanted or model.source_run_id in run_ids
        if goes and not stays and not foreign:
            found.append(model)
    return found


def _became(model: LoggedModel) -> set[tuple[str, int]]:
    """Series and number of every version that it became, deleted ones too."""
    mentions = json.loads(model.tags.get(MLFLOW_MODEL_VERSIONS, "[]"))
    return {(mention["name"], int(mention["version"])) for mention in mentions}


def _logged_models(store: Store, series: str) -> list[LoggedModel]:
    experiment = links.experiment_of(store, series)
    found: list[LoggedModel] = []
    token: str | None = None
    while experiment:
        page = store.client.search_logged_models([experiment], max_results=1000, page_token=token)
        found += page
        token = page.token
        if not token:
            break
    return found


def _items(
    store: Store,
    going: Sequence[ModelVersion],
    models: Sequence[LoggedModel],
    old: Sequence[_Family],
) -> Iterable[Item]:
    groups = {_model_id(version): _version_name(version) for version in going}
    of_run = {run_id: _family_name(family) for family in old for run_id in family.ids}
    for version in going:
        yield Item("version", str(version.version), _version_name(version))
    for model in models:
        group = groups.get(model.model_id) or of_run.get(model.source_run_id or "")
        address = str(model.artifact_location)
        size = artifacts.size(store, address)
        yield Item("model", model.model_id, group or f"model {model.model_id}", address, size)
    for family in old:
        for run in family.runs:
            address = str(run.info.artifact_uri)
            size = artifacts.size(store, address)
            yield Item("run", run.info.run_id, _family_name(family), address, size)


def _model_id(version: ModelVersion) -> str:
    """A server leaves the field out; the source has it too."""
    return str(version.model_id or str(version.source).removeprefix("models:/"))


def _version_name(version: ModelVersion) -> str:
    return f"version {version.version} ({version.tags.get(names.VERSION_FORECASTER, 'unknown')})"


def _family_name(family: _Family) -> str:
    info = family.parent.info
    return f"{info.run_name} ({info.run_id}, {len(family.runs)} runs)"
