"""Where notifications go: a Prefect block named `lstm-ops-alerts`.

One of our own making leaves every alert as an artifact in Prefect's UI. A block of the same name
and of another type (mail, chat, …) that a person makes there takes its place.
"""

from __future__ import annotations

from typing import Any

from lstm_ops.errors import StackError
from lstm_ops.stack.prefect_http import PrefectApi, authorization

NAME = "lstm-ops-alerts"  # of the block, and the key of the artifacts
WEBHOOK = "custom-webhook"


def ensure_block(api: PrefectApi, api_url: str) -> str:
    """The id of the block that automations shall use, made where there is none.

    A person's goes before ours, the newest first. Ours follows its server to another port.
    """
    blocks = named(api)
    if theirs := [block for block in blocks if not is_ours(block)]:
        return str(max(theirs, key=lambda block: block["updated"])["id"])
    data = _data(api_url)
    if not blocks:
        return _create(api, data)
    if blocks[0]["data"]["url"] != data["url"]:
        content = {"data": data, "merge_existing_data": True}
        api.ask("PATCH", f"/block_documents/{blocks[0]['id']}", content)
    return str(blocks[0]["id"])


def named(api: PrefectApi) -> list[dict[str, Any]]:
    """Every block of that name; there may be one of each type."""
    names = {"name": {"any_": [NAME]}, "is_anonymous": {"eq_": False}}
    return list(api.found("block_documents", block_documents=names))


def is_ours(block: dict[str, Any]) -> bool:
    """Whether it leaves artifacts, as the one that `make up` makes."""
    return bool(((block.get("data") or {}).get("json_data") or {}).get("key") == NAME)


def _create(api: PrefectApi, data: dict[str, Any]) -> str:
    block_type = api.ask("GET", f"/block_types/slug/{WEBHOOK}")
    wanted = {"block_type_id": {"any_": [block_type["id"]]}}
    schema = next(api.found("block_schemas", block_schemas=wanted), None)
    if schema is None:
        raise StackError(f"Prefect's server knows no block type {WEBHOOK}")
    kind = {"block_type_id": block_type["id"], "block_schema_id": schema["id"]}
    return str(api.ask("POST", "/block_documents/", {"name": NAME, "data": data, **kind})["id"])


def _data(api_url: str) -> dict[str, Any]:
    """A webhook to the server's own API. `{{subject}}` and `{{body}}` are Prefect's."""
    password = authorization().get("Authorization")
    return {
        "name": NAME,
        "url": f"{api_url}/artifacts/",
        "method": "POST",
        "json_data": {
            "key": NAME,
            "type": "markdown",
            "description": "{{subject}}",
            "data": "# {{subject}}\n\n{{body}}",
        },
        **({"headers": {"Authorization": "{{authorization}}"}} if password else {}),
        "secrets": {"authorization": password} if password else {},
    }
