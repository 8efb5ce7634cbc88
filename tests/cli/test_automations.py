"""Automations and the block behind their notifications, on a real server."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from lstm_ops import cli
from lstm_ops.errors import InvalidInput
from lstm_ops.stack import alerts, automations

if TYPE_CHECKING:
    from tests.cli.conftest import Server


STALE = "lstm-ops stale data"


def on_server(server: Server) -> dict[str, dict[str, Any]]:
    found = server.ask("POST", "/automations/filter", {})
    assert len({automation["name"] for automation in found}) == len(found), "doubled"
    return {automation["name"]: automation for automation in found}


@pytest.fixture
def root(well: Path, server: Server) -> Path:
    """A project with files of its own, and a server without automations."""
    for automation in server.ask("POST", "/automations/filter", {}):
        server.ask("DELETE", f"/automations/{automation['id']}")
    files = (well / "automations").resolve()
    (well / "automations").unlink()
    shutil.copytree(files, well / "automations")
    return well


def test_made_once_and_renewed_under_their_ids(root: Path, server: Server) -> None:
    assert cli.main(["automations"]) == 0
    first = on_server(server)
    assert len(first) == 4
    mine = {**first[STALE], "name": "my own"}
    mine = {k: mine[k] for k in ("name", "trigger", "actions", "description", "tags")}
    server.ask("POST", "/automations/", mine)
    server.ask("PATCH", f"/automations/{first[STALE]['id']}", {"enabled": False})
    before = on_server(server)
    assert automations.renew(server.url) == []
    assert on_server(server) == before

    path = root / "automations" / "stale-data.yaml"
    content = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**content, "description": "changed"}))
    assert automations.renew(server.url) == []
    after = on_server(server)
    assert after[STALE]["description"] == "changed"
    assert (after[STALE]["id"], after[STALE]["enabled"]) == (first[STALE]["id"], False)
    assert {n: a for n, a in after.items() if n != STALE} == {
        n: a for n, a in before.items() if n != STALE
    }


@pytest.mark.usefixtures("root")
def test_a_persons_block_of_another_type_takes_the_place_of_ours(server: Server) -> None:
    server.automate()

    def told() -> str:
        (action,) = on_server(server)[STALE]["actions"]
        return str(action["block_document_id"])

    wanted = {"block_documents": {"name": {"any_": [alerts.NAME]}}}
    (ours,) = server.ask("POST", "/block_documents/filter", wanted)
    assert told() == ours["id"]
    assert ours["data"]["url"] == f"{server.url}/artifacts/"

    slack = server.ask("GET", "/block_types/slug/slack-webhook")["id"]
    schemas = {"block_schemas": {"block_type_id": {"any_": [slack]}}}
    schema = server.ask("POST", "/block_schemas/filter", schemas)[0]["id"]
    block = {"block_type_id": slack, "block_schema_id": schema, "name": alerts.NAME}
    data = {"url": "https://hooks.example.com/nowhere"}
    theirs = server.ask("POST", "/block_documents/", {**block, "data": data})["id"]
    try:
        automations.renew(server.url)
        assert told() == theirs
    finally:
        server.ask("DELETE", f"/block_documents/{theirs}")
    nowhere = automations.pointing_nowhere(server.api, list(on_server(server).values()))
    assert STALE in nowhere
    assert "lstm-ops crashed runs" not in nowhere  # it notifies nobody
    automations.renew(server.url)
    assert told() == ours["id"]


def test_a_file_that_is_no_automation_is_refused(root: Path) -> None:
    (root / "automations" / "mine.yaml").write_text("name: mine\n")
    with pytest.raises(InvalidInput, match=r"mine.yaml is no automation: needed are name, trigger"):
        automations.declared()
