"""TensorFlow's first words, which no setting of it silences, kept out of people's way."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

# Written by its C++ before any logging is set up, on every machine without a GPU.
NOISE = (b"absl::InitializeLog()", b"port.cc:", b"cudart_stub.cc:", b"cuda_platform.cc:")
STANDARD_ERROR = 2


@contextmanager
def without_noise() -> Iterator[None]:
    """Holds back standard error, this process's whole, and passes on all but the noise after."""
    kept = os.dup(STANDARD_ERROR)
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), STANDARD_ERROR)
        try:
            yield
        finally:
            os.dup2(kept, STANDARD_ERROR)
            os.close(kept)
            caught.seek(0)
            lines = [line for line in caught if not any(noise in line for noise in NOISE)]
            os.write(STANDARD_ERROR, b"".join(lines))
