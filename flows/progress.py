"""How a fit's epochs are shown: a bar in a terminal, plain lines in a log elsewhere."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.logging import get_run_logger
from tqdm import tqdm

from lstm_ops.models.forecaster import OnEpoch

LINES_A_FIT = 5
LINES_OF_A_COUNT = 10
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


@contextmanager
def counted(title: str, total: int, key: str) -> Iterator[Callable[[], None]]:
    """Something to call after each of `total` pieces of work: a bar in a terminal, plain lines in a
    log elsewhere, and a progress artifact in Prefect."""
    start = 0.0 if total else 100.0
    artifact: Any = create_progress_artifact(start, key=key, description=title)
    logger, every = get_run_logger(), max(1, total // LINES_OF_A_COUNT)
    done = 0
    with tqdm(total=total, desc=title, unit="piece", disable=not IN_TERMINAL) as bar:

        def advance() -> None:
            nonlocal done
            done += 1
            bar.update()
            if done % every == 0 or done == total:
                update_progress_artifact(artifact, 100 * done / total)
                if not IN_TERMINAL:
                    logger.info("%s: %d of %d pieces", title, done, total)

        yield advance


def _lines(title: str, epochs: int, logger: logging.Logger | Any) -> OnEpoch:
    every = max(1, epochs // LINES_A_FIT)

    def tell(epoch: int, loss: float) -> None:
        if epoch % every == 0 or epoch == epochs:
            logger.info("%s: epoch %d of %d, loss %.4g", title, epoch, epochs, loss)

    return tell
