# Everything a fresh machine needs: Python 3.11, make and git; Debian's chromium for the browser tests.
PYTHON ?= python3
PORT ?= 8501
WORKERS ?= 3
MINUTES ?= 20
FUZZ_S ?= 60
VENV := .venv
BIN := $(VENV)/bin
APP_INSTALLED := $(VENV)/.app-installed
ALL_INSTALLED := $(VENV)/.all-installed

BENCHES := $(subst _,-,$(patsubst tests/benchmarks/%.py,%,$(wildcard tests/benchmarks/bench_*.py)))
# Byte code is kept whatever the environment says: each test process, and each command a test starts, compiles nothing.
PYTEST := PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --durations 25

.PHONY: audit check check-gpu clean demo docs every-test fuzz help install lock pictures quick sbom soak test test-floors test-label-studio test-vllm types walk-keys $(BENCHES)

help:
	@echo "make demo     build a demo workspace and open the app on http://127.0.0.1:$(PORT) (PORT= sets another)"
	@echo "make install  prepare .venv with everything that tests and training need"
	@echo "make test     install, then ruff, mypy, import-linter and pytest with doctests (WORKERS= processes)"
	@echo "make check    the same without installing"
	@echo "make types    import-linter and mypy alone"
	@echo "make every-test  pytest alone, with everything that it finds installed"
	@echo "make quick    the tests that need no browser, PostgreSQL, training, simulation, other process or fault: 90 seconds"
	@echo "make check-gpu      exactness, kernels, speed, memory, resuming and merging on one GPU, in eight minutes"
	@echo "make test-vllm     serve a tiny model with vLLM's CPU build and propose through it (3.5 GB, ten minutes)"
	@echo "make test-floors   the tests of training on the oldest versions that pyproject.toml allows (1.5 GB, ten minutes)"
	@echo "make test-label-studio  the round trip through a real Label Studio in an environment of its own (1 GB)"
	@echo "make bench-ingest  tables through the port against the reader before it and nuscenes-devkit's; pictures a second (SCENES=)"
	@echo "make bench-review    how long a reviewer waits for the next frame, beside a plain page"
	@echo "make bench-review-order  what share of missed TELEOPERATIONs each order of review reaches, on a simulation"
	@echo "make bench-automation-bias  how often the intervals of follow rates hold what is planted in 200 projects"
	@echo "make bench-guarantee   how often guaranteed thresholds break their guarantee, and how soon live misses withdraw it"
	@echo "make bench-load      how long an answer takes to be saved while 25 people decide every 2 seconds"
	@echo "make bench-find      how long leads wait for pages, counts and words at 100,000 frames and 500,000 reviews"
	@echo "make bench-screens   how long leads wait at 100,000 frames and 500,000 reviews"
	@echo "make bench-store     taking the next frames and writing reviews among 100,000 frames, on SQLite and PostgreSQL"
	@echo "make bench-sa-dpo    the paper's Table 1 in miniature: what each recipe learns about drawn roads (SEEDS= sets 3)"
	@echo "make bench-training  pairs per second and memory beside stock TRL"
	@echo "make bench-throughput  what the throughput harness costs, against a stand-in server"
	@echo "make bench-monitor  50 live feeds, a model and an operator's browser: alert latency, lost alerts (MINUTES= sets 5)"
	@echo "make bench-alike    looking for frames like one among 100,000, and how good the local descriptor's answers are"
	@echo "make bench-coverage  how often intervals hold the truth, and how often false claims and differences are accepted"
	@echo "make bench-probes    how often the intervals of probes hold the truth, and a model that does not look is shown to"
	@echo "make walk-keys  20,000 random keys on the review card, each saved row held against what the screen said"
	@echo "make fuzz     replies, tables, clips and texts of data sets, Label Studio's exports, YAML and HTTP bodies, spoilt at random (FUZZ_S= seconds)"
	@echo "make soak     load and faults on SQLite and PostgreSQL for 20 minutes (MINUTES=480 for a night); figures as JSON"
	@echo "make bench-snapshot    freezing 100,000 verified frames: seconds and memory (FRAMES= sets the scale)"
	@echo "make bench-label-studio  import and export beside Label Studio's own, which it installs and starts"
	@echo "make audit    ask pip-audit about every pinned package: clean, vulnerable (exit 1) or unknown (exit 3)"
	@echo "make sbom     list what is installed as a CycloneDX bill of materials in build/sbom.json"
	@echo "make lock     write requirements/*.lock anew from pyproject.toml and constraints.txt"
	@echo "make docs     build the documentation as a site in build/site, strictly"
	@echo "make pictures take the documentation's screenshots from a running demo (needs chromium)"
	@echo "make clean    remove caches and the demo workspace"

demo: $(APP_INSTALLED)
	$(BIN)/teletriage --workspace demo-workspace demo --port $(PORT)

install: $(ALL_INSTALLED)

test: install check

check:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	tests/javascript/check.sh
	$(MAKE) --no-print-directory -j 2 every-test types

types:
	$(BIN)/lint-imports
	$(BIN)/mypy

every-test:
	$(PYTEST)

quick:
	$(PYTEST) -n 2 -m "not browser and not faults and not postgresql and not processes and not slow and not training" annotator data eval tests

# Random weights at the true shape; without a GPU a tiny one, which shows that the check runs and nothing else.
check-gpu: $(ALL_INSTALLED)
	$(BIN)/python -m tests.gpu.check_gpu

# The engine has an environment of its own: it pins other versions of what the project uses.
test-vllm: install .venv-vllm/.installed
	TELETRIAGE_REAL_ENGINE=$(CURDIR)/.venv-vllm $(BIN)/python -m pytest -p no:cacheprovider -s tests/real_engine

# In an environment of its own, so that the tool's packages do not mix with what is audited.
audit:
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install --quiet pip-audit || { echo "unknown: pip-audit cannot be installed"; exit 3; }
	.venv-audit/bin/python requirements/audit.py .venv-audit/bin/pip-audit

# Every installed package with its version, licence and address (CycloneDX 1.6).
sbom: $(ALL_INSTALLED)
	$(PYTHON) -m venv .venv-sbom
	.venv-sbom/bin/python -m pip install --quiet cyclonedx-bom==7.5.0
	mkdir -p build
	.venv-sbom/bin/cyclonedx-py environment $(BIN)/python --pyproject pyproject.toml --output-reproducible --of JSON -o build/sbom.json
	@echo "build/sbom.json"

.venv-vllm/.installed:
	tests/real_engine/install.sh $(CURDIR)/.venv-vllm

test-floors: .venv-floors/.installed
	OMP_NUM_THREADS=1 .venv-floors/bin/python -m pytest -p no:cacheprovider -q tests/training

.venv-floors/.installed: pyproject.toml
	tests/floors/install.sh $(CURDIR)/.venv-floors

# Label Studio too pins other versions; TELETRIAGE_RECORD=1 keeps what it answers for the tests that replay it.
test-label-studio: install .venv-label-studio/.installed
	TELETRIAGE_LABEL_STUDIO=$(CURDIR)/.venv-label-studio $(BIN)/python -m pytest -p no:cacheprovider -s tests/real_label_studio

bench-label-studio: $(ALL_INSTALLED) .venv-label-studio/.installed
	TELETRIAGE_LABEL_STUDIO=$(CURDIR)/.venv-label-studio $(BIN)/python -m tests.benchmarks.bench_label_studio

.venv-label-studio/.installed:
	tests/real_label_studio/install.sh $(CURDIR)/.venv-label-studio

# Each benchmark prints its figures as one JSON object on its last line.
$(filter-out bench-label-studio,$(BENCHES)): bench-%: $(ALL_INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.benchmarks.bench_$(subst -,_,$*)

# What goes wrong under people who work: crowds, kill -9, power cuts, full disks, a database that goes away.
soak: $(ALL_INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.faults.soak --minutes $(MINUTES)

# A case that breaks something is printed as a file for tests/fuzz/corpus, where every run of the tests tries it again.
fuzz: $(ALL_INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz.fuzz --seconds $(FUZZ_S)

# The pages are plain Markdown; what is generated from the code is written anew first.
pictures: $(ALL_INSTALLED)
	$(BIN)/python docs/scripts/take_pictures.py

docs: $(ALL_INSTALLED)
	for script in write_commands write_models write_rooms draw_architecture; do $(BIN)/python docs/scripts/$$script.py || exit 1; done
	TELETRIAGE_CHECK_PICTURES=1 $(BIN)/python -m pytest -q tests/documentation/test_site.py -k picture
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "build/site/index.html"

walk-keys: $(ALL_INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.annotator.browser.walk_keys

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# Packages come with the hashes of the locks; the project itself is a folder, which has none.
$(APP_INSTALLED): pyproject.toml requirements/app.lock | $(BIN)/python
	$(BIN)/python -m pip install --quiet --no-compile --require-hashes --no-deps --requirement requirements/app.lock
	$(BIN)/python -m pip install --quiet --no-compile --no-deps --no-build-isolation --editable .
	@touch $@

# torch comes last, by version alone: requirements/write_locks.py says why.
$(ALL_INSTALLED): pyproject.toml constraints.txt requirements/all.lock | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps --requirement requirements/all.lock
	$(BIN)/python -m pip install --quiet --no-build-isolation --constraint constraints.txt --editable '.[train,nuscenes,labelstudio,postgresql,ray,dev]'
	@touch $@ $(APP_INSTALLED)

# uv resolves for Linux, macOS and Windows at once; in an environment of its own, as nothing else needs it.
lock:
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet uv==0.13.9
	.venv-lock/bin/python requirements/write_locks.py .venv-lock/bin/uv

clean:
	rm -rf demo-workspace .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
