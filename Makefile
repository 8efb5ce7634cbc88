# The commands people type; `make` alone lists them. Each first makes or renews .venv where needed.
# Written for GNU make 3.81 as well, which is what macOS has.

EXPERIMENT ?= tutorial
# Not from the environment, where some systems keep the machine's name as NAME.
NAME = tutorial

# A person's own Python settings shall not reach ours.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV __PYVENV_LAUNCHER__

# `exec`, so that signals reach the command itself and no shell is left in between.
BIN := exec .venv/bin

.PHONY: help run backtest forecast ingest monitor demo up ui serve test lint bench explained lock clean set-up

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

run: set-up  ## train an experiment: make run EXPERIMENT=airline ARGS="--set training.epochs=20"
	@$(BIN)/python -m flows.train "$(EXPERIMENT)" $(ARGS)

backtest: set-up  ## compare its forecasters over cutoffs and seeds: make backtest EXPERIMENT=best
	@$(BIN)/python -m flows.backtest "$(EXPERIMENT)" $(ARGS)

forecast: set-up  ## let the champion forecast, and keep the rows: make forecast EXPERIMENT=airline
	@$(BIN)/python -m flows.forecast "$(EXPERIMENT)" $(ARGS)

ingest: EXPERIMENT = live
ingest: set-up  ## take new observations into the series store: make ingest ARGS="--now 2026-09-01T00:00"
	@$(BIN)/python -m flows.ingest "$(EXPERIMENT)" $(ARGS)

monitor: EXPERIMENT = live
monitor: set-up  ## hold past forecasts against what happened, tell alarms: make monitor EXPERIMENT=airline
	@$(BIN)/python -m flows.monitor "$(EXPERIMENT)" $(ARGS)

demo: set-up  ## the whole circle on a sped-up clock: a drift is seen, retrained for, and decided on
	@$(BIN)/python -m flows.demo $(ARGS)

up: set-up  ## start the local stack, Ctrl-C stops it: make up PREFECT_PORT=4300 MLFLOW_PORT=5100
	@$(BIN)/lstm-ops up $(if $(PREFECT_PORT),--prefect-port "$(PREFECT_PORT)") \
		$(if $(MLFLOW_PORT),--mlflow-port "$(MLFLOW_PORT)") $(ARGS)

ui: set-up  ## look at the results in MLflow
	@$(BIN)/lstm-ops ui $(ARGS)

serve: set-up  ## answer forecast requests with the champion: make serve NAME=airline PORT=5051
	@$(BIN)/lstm-ops serve "$(NAME)" $(if $(PORT),--port "$(PORT)") $(ARGS)

test: set-up  ## run the tests: make test ARGS="tests/evaluation -x"
	@$(BIN)/python -m pytest -n 3 --dist loadscope $(ARGS)

lint: set-up  ## check style, types and the direction of imports
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

bench: set-up  ## measure speed and memory, and write the tables of docs/performance.md
	@$(BIN)/python -m benchmarks --write $(ARGS)

explained: set-up  ## write docs/lstm-explained.md anew from the tutorial's network
	@$(BIN)/python -m lstm_ops.anatomy.document $(ARGS)

lock:  ## renew requirements.lock after a change of pyproject.toml; ARGS=--upgrade takes newer versions
	@$(FIND_PYTHON); exec "$$python" -I scripts/set_up.py --uv pip compile --quiet pyproject.toml \
		--group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --no-header -o requirements.lock $(ARGS)

clean:  ## remove .venv and the tools' caches; results stay
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache build \
		lstm_ops.egg-info src/lstm_ops.egg-info
	find . \( -path ./.git -o -path ./.state -o -path ./mlflow \) -prune -o \
		-name __pycache__ -prune -exec rm -rf {} +

# The Python of .venv says fastest whether .venv still fits; a PYTHON that was named has a say, too.
set-up:
	@if [ -z "$(PYTHON)" ] && .venv/bin/python -I -S scripts/set_up.py --check 2>/dev/null; \
	then exit 0; fi; $(FIND_PYTHON); exec "$$python" -I scripts/set_up.py

# Each is tried: version managers put names on PATH that do not run. uv may know Pythons that are not there.
define FIND_PYTHON
fits='import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))'; python=; \
for candidate in $(if $(PYTHON),"$(PYTHON)",python3 python3.13 python3.12 python3.11 \
	"`uv python find --no-project --system '>=3.11,<3.14' 2>/dev/null`"); do \
	if "$$candidate" -I -c "$$fits" >/dev/null 2>&1; then python="$$candidate"; break; fi; \
done; \
if [ -z "$$python" ]; then \
	echo "$(if $(PYTHON),$(PYTHON) is not,There is no) Python 3.11 to 3.13 that runs." >&2; \
	echo 'Install one (apt install python3; brew install python@3.12; uv python install 3.12),' \
		'or name one: make PYTHON=/path/to/python3.12' >&2; \
	exit 1; \
fi
endef
