"""Forecasters: anything that fits on windows and predicts. One file for each family."""
