"""`lstm-ops …`: every command, a file for each larger one."""

from lstm_ops.cli.commands import main

__all__ = ["main"]
