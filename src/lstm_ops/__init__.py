"""Finds out whether an LSTM earns its place over simple baselines, and keeps the one that does."""
