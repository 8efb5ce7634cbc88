"""The local stack: a Prefect server, an MLflow server and one worker, started and supervised here.

Imports neither prefect nor mlflow: it speaks to them by command line and HTTP.
"""
