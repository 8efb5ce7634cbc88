"""Prefect flows: the only place that imports prefect. Each reads like a table of contents."""
