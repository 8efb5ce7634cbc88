"""How a fit's epochs are shown: a bar in a terminal, plain lines in a log elsewhere."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm

from lstm_ops.models.forecaster import OnEpoch

LINES_A_FIT = 5
# Looked at once: while TensorFlow is imported, standard error is held back in a file.
IN_TERMINAL = sys.stderr.isatty()


@contextmanager
def progress(title: str, epochs: int, logger: logging.Logger | Any) -> Iterator[OnEpoch]:
    """An `OnEpoch` that shows `title` and how far the fit has come."""
    if not IN_TERMINAL:
        yield _lines(title, epochs, logger)
        return
    with tqdm(total=epochs, desc=title, unit="epoch", leave=False, delay=0.5) as bar:

        def advance(epoch: int, loss: float) -> None:
            bar.set_postfix(loss=f"{loss:.4g}", refresh=False)
            bar.update(epoch - bar.n)

        yield advance


def _lines(title: str, epochs: int, logger: logging.Logger | Any) -> OnEpoch:
    every = max(1, epochs // LINES_A_FIT)

    def tell(epoch: int, loss: float) -> None:
        if epoch % every == 0 or epoch == epochs:
            logger.info("%s: epoch %d of %d, loss %.4g", title, epoch, epochs, loss)

    return tell
