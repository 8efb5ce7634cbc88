"""A `.keras` file read without running anything that it might bring along."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_ops.anatomy.network import SUPPORTED
from lstm_ops.errors import InvalidInput, UnsupportedModel

if TYPE_CHECKING:
    import keras

KNOWN = {"InputLayer", "LSTM", "Dense"}


def load(path: Path) -> keras.Model:
    """The model of a file. Its list of layers is read first, and none but known ones are built.

    Raises `InvalidInput` for what is no such file, `UnsupportedModel` for other layers.
    """
    _require_known_layers(_config(path), path)
    from lstm_ops.models.network import load_keras

    try:
        return load_keras().saving.load_model(path, compile=False, safe_mode=True)
    except (ValueError, TypeError, KeyError, OSError) as error:
        reason = " ".join(str(error).split())[:300]
        raise InvalidInput(f"{path} could not be loaded by Keras: {reason}") from None


def _config(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise InvalidInput(f"{path}: no such file; give the path of a .keras file")
    try:
        with zipfile.ZipFile(path) as archive:
            content: dict[str, Any] = json.loads(archive.read("config.json"))
    except (zipfile.BadZipFile, KeyError, ValueError, OSError):
        raise InvalidInput(
            f"{path} is not a .keras file; model.save('name.keras') writes one"
        ) from None
    return content


def _require_known_layers(config: dict[str, Any], path: Path) -> None:
    kind = config.get("class_name")
    if config.get("module") not in ("keras", "keras.src.models.functional", "keras.models") or (
        kind not in ("Sequential", "Functional")
    ):
        raise UnsupportedModel(f"{path} holds a {kind}; explained are models of {SUPPORTED}")
    for layer in config["config"].get("layers", []):
        name = layer.get("config", {}).get("name", "without a name")
        foreign = layer.get("registered_name") or layer.get("module") != "keras.layers"
        if layer.get("class_name") not in KNOWN or foreign:
            kind = layer.get("class_name")
            raise UnsupportedModel(
                f"layer {name!r} of {path} is of kind {kind}, which is not known here; "
                f"explained are {SUPPORTED}"
            )
