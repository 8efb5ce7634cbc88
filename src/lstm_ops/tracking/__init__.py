"""The only place that imports mlflow: runs, registry, aliases, the served model."""
