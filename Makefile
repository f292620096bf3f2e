# Everything a fresh machine needs: Python 3.11, make and git; Debian's chromium for the browser tests.
PYTHON ?= python3
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin
APP_INSTALLED := $(VENV)/.app-installed
ALL_INSTALLED := $(VENV)/.all-installed

.PHONY: help demo install test check clean test-vllm audit

help:
	@echo "make demo     build a demo workspace and open the app on http://127.0.0.1:$(PORT) (PORT= sets another)"
	@echo "make install  prepare .venv with everything that tests and training need"
	@echo "make test     install, then ruff, mypy, import-linter and pytest with doctests"
	@echo "make check    the same without installing"
	@echo "make test-vllm     serve a tiny model with vLLM's CPU build and propose through it (3.5 GB, ten minutes)"
	@echo "make bench-ingest  ours against nuscenes-devkit's loader on generated tables (SCENES= sets the scale)"
	@echo "make bench-review    how long a reviewer waits for the next frame, beside a plain page"
	@echo "make bench-review-order  what share of missed TELEOPERATIONs each order of review reaches, on a simulation"
	@echo "make bench-load      how long an answer takes to be saved while 25 people decide every 2 seconds"
	@echo "make bench-training  pairs per second and memory beside stock TRL"
	@echo "make bench-throughput  what the throughput harness costs, against a stand-in server"
	@echo "make audit    ask pip-audit about every pinned package (needs the internet)"
	@echo "make clean    remove caches and the demo workspace"

demo: $(APP_INSTALLED)
	$(BIN)/teletriage --workspace demo-workspace demo --port $(PORT)

install: $(ALL_INSTALLED)

test: install check

check:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest

# The engine has an environment of its own: it pins other versions of what the project uses.
test-vllm: install .venv-vllm/.installed
	TELETRIAGE_REAL_ENGINE=$(CURDIR)/.venv-vllm $(BIN)/python -m pytest -p no:cacheprovider -s tests/real_engine

# In an environment of its own, so that the tool's packages do not mix with what is audited.
audit:
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install --quiet pip-audit
	.venv-audit/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip --progress-spinner off

.venv-vllm/.installed:
	tests/real_engine/install.sh $(CURDIR)/.venv-vllm

# Each benchmark prints its figures as one JSON object on its last line.
bench-%: $(ALL_INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.benchmarks.bench_$(subst -,_,$*)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip setuptools wheel

$(APP_INSTALLED): pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(ALL_INSTALLED): pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[train,nuscenes,labelstudio,dev]'
	@touch $@ $(APP_INSTALLED)

clean:
	rm -rf demo-workspace .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
