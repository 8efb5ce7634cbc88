"""The automations of `automations/*.yaml`: which of them the server lacks, or has otherwise.

A tag of each bears a fingerprint of the file it was made from. Only a changed file changes an
automation, so that what a person changed in Prefect's UI stays until then.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lstm_ops import project
from lstm_ops.errors import InvalidInput
from lstm_ops.stack import alerts
from lstm_ops.stack.prefect_http import PrefectApi

FOLDER = "automations"
TAG = "lstm-ops"
FILE_TAG = "lstm-ops-file:"

Contents = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Automation:
    """One as its file says, and as Prefect takes it."""

    path: Path
    content: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.content["name"])

    def notifying(self, block: str) -> dict[str, Any]:
        """What Prefect is told: with the block's id in place of its name, and our tags."""
        actions = [_pointed(action, block) for action in self.content["actions"]]
        content = {**self.content, "actions": actions}
        digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]
        return {**content, "tags": [*content.get("tags", []), TAG, f"{FILE_TAG}{digest}"]}


@dataclass(frozen=True)
class Comparison:
    """`missing`: to be made. `changed`: what each should be, by its id on the server."""

    missing: Contents
    changed: dict[str, dict[str, Any]]


def declared() -> list[Automation]:
    """What the files say. Raises `InvalidInput` for one that is no automation."""
    folder = project.root() / FOLDER
    found = [_read(path) for path in sorted(folder.glob("*.yaml"))]
    names = [automation.name for automation in found]
    for automation in found:
        if names.count(automation.name) > 1:
            raise InvalidInput(
                f"{automation.path}: another file under {FOLDER}/ has the name "
                f"{automation.name!r} too; needed is a name of its own"
            )
    return found


def compare(api: PrefectApi, block: str) -> Comparison:
    """The files against the server, by name. Others' automations are not looked at."""
    wanted = [automation.notifying(block) for automation in declared()]
    present = on_server(api, [content["name"] for content in wanted])
    return Comparison(
        missing=[content for content in wanted if content["name"] not in present],
        changed={
            present[content["name"]]["id"]: {
                **content,
                "enabled": present[content["name"]]["enabled"],  # a person's switch stays
            }
            for content in wanted
            if content["name"] in present
            and content["tags"][-1] not in present[content["name"]]["tags"]
        },
    )


def on_server(api: PrefectApi, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Those of that name which the server has, the eldest of each."""
    wanted = {"name": {"any_": list(names)}}
    found = api.found("automations", automations=wanted, sort="CREATED_DESC")
    return {automation["name"]: automation for automation in found}


def pointing_nowhere(api: PrefectApi, present: Contents) -> list[str]:
    """The names of those that notify through a block which the server does not have (any more)."""
    pointed = {a["name"]: set(_blocks_of(a)) for a in present}
    wanted = sorted(set().union(*pointed.values()))
    found = api.found("block_documents", block_documents={"id": {"any_": wanted}}) if wanted else ()
    there = {str(block["id"]) for block in found}
    return [name for name, blocks in pointed.items() if blocks - there]


def renew(api_url: str) -> Contents:
    """Brings those that are there up to date, under their ids, and gives the missing ones.

    The block that notifications go through is made where there is none.
    """
    with PrefectApi(api_url) as api:
        found = compare(api, alerts.ensure_block(api, api_url))
        for automation, content in found.changed.items():
            api.ask("PUT", f"/automations/{automation}", content)
    return found.missing


def draft(missing: Contents) -> Path:
    """A file for `prefect automation create --from-file`."""
    path = project.state_folder() / "automations.json"
    path.write_text(json.dumps({"automations": list(missing)}, indent=1))
    return path


def _read(path: Path) -> Automation:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise InvalidInput(f"{path} is not readable YAML: {reason}") from None
    needed = {"name": str, "trigger": dict, "actions": list}
    for key, kind in needed.items():
        if not isinstance(content, dict) or not isinstance(content.get(key), kind):
            raise InvalidInput(
                f"{path} is no automation: needed are {', '.join(needed)} as Prefect describes "
                "them (https://docs.prefect.io/v3/concepts/automations)"
            )
    return Automation(path, content)


def _blocks_of(automation: dict[str, Any]) -> list[str]:
    named = (action.get("block_document_id") for action in automation["actions"])
    return [str(block) for block in named if block]


def _pointed(action: dict[str, Any], block: str) -> dict[str, Any]:
    if action.get("block_document_id") != alerts.NAME:
        return action
    return {**action, "block_document_id": block}
