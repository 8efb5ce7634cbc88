"""CONTRIBUTING's example of a new forecaster is one: it runs, fits, and is served."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from lstm_ops.experiment.forecasters import NamedSpec
from lstm_ops.models.forecaster import ignore_epochs

CONTRIBUTING = Path(__file__).resolve().parents[2] / "CONTRIBUTING.md"


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names that the section's blocks define, and the catalog's line as `line`."""
    _, _, rest = CONTRIBUTING.read_text(encoding="utf-8").partition("## Adding a forecaster\n")
    section, _, _ = rest.partition("\n## ")
    spec, file, line = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    module = types.ModuleType("drift")
    monkeypatch.setitem(sys.modules, "drift", module)  # where dataclasses look
    names = vars(module)
    names |= {"NamedSpec": NamedSpec, "Literal": Literal}
    exec(spec, names)
    exec(file, names)
    names["line"] = eval(f"{{{line}}}", names)
    return names


def test_the_example_of_a_new_forecaster_fits_and_goes_on_along_a_line(
    example: dict[str, Any], tmp_path: Path
) -> None:
    spec = example["DriftSpec"](kind="drift")
    forecaster = example["line"][spec.kind](spec, None)
    line = 7 - 2 * np.arange(9.0)
    inputs, targets = line[np.newaxis, :5], line[np.newaxis, 5:]
    forecaster.prepare(inputs, targets)
    fitted = forecaster.fit(inputs, targets, seed=1, on_epoch=ignore_epochs)
    np.testing.assert_allclose(fitted.predict(inputs), targets)
    bent = np.array([[0.0, 50.0, -9.0, 3.0, 4.0]])
    np.testing.assert_allclose(fitted.predict(bent), [[5, 6, 7, 8]])
    assert (spec.needs, forecaster.stochastic, fitted.parameters) == (2, False, 0)

    from lstm_ops.tracking.served.forecaster import FAMILIES

    recipe = fitted.save(tmp_path)
    served = FAMILIES[recipe["family"]](recipe, tmp_path)
    np.testing.assert_allclose(served(bent), fitted.predict(bent))
