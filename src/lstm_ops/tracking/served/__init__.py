"""The one served form of every forecaster, and how it is logged."""
