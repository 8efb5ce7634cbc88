"""Taken and free ports, and what is said of a taken one."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from lstm_ops.errors import InvalidInput, StackError
from lstm_ops.stack import ports
from lstm_ops.stack.addresses import Addresses
from lstm_ops.stack.supervisor import refuse_taken_port


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_port_that_is_listened_on_is_taken(taken: int) -> None:
    assert not ports.is_free(taken)
    assert ports.is_free(ports.free_port())


def test_who_holds_a_port(taken: int) -> None:
    assert f"pid {os.getpid()} (" in str(ports.holder(taken))
    assert ports.holder(ports.free_port()) is None


def test_a_taken_port_is_refused_with_purpose_holder_and_remedy(taken: int) -> None:
    message = f"port {taken}, needed for MLflow, is taken by pid {os.getpid()} .*make ui X=1"
    with pytest.raises(StackError, match=message):
        refuse_taken_port(taken, "MLflow", "make ui X=1")


@pytest.mark.parametrize("chosen", [(0, 5000), (4200, 65536), (5000, 5000)])
def test_ports_that_cannot_be(chosen: tuple[int, int]) -> None:
    with pytest.raises(InvalidInput, match=r"port"):
        Addresses(*chosen)
