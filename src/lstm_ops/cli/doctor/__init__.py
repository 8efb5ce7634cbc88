"""`lstm-ops doctor`: what is well, what is not, and the remedy; a file for each group of checks."""

from lstm_ops.cli.doctor.command import add, run

__all__ = ["add", "run"]
