"""The local stack, as `make up` starts it, in a folder that is thrown away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.places import environment, project_root
from lstm_ops.stack.addresses import Addresses
from lstm_ops.stack.apart import running


@contextmanager
def local_stack() -> Iterator[Addresses]:
    """Where its servers are, once it is up. Whatever happens, it is stopped, as by Ctrl-C."""
    with project_root() as root, running(root, environment(root)) as addresses:
        yield addresses
