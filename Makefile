.DEFAULT_GOAL := help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= $(shell getconf _NPROCESSORS_ONLN)

help: ## Show what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

$(VENV)/.base: requirements/base.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/base.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -c "import lightgbm" 2>/dev/null || { apt-get update -qq && apt-get install -y -qq libgomp1; } || \
	{ echo "LightGBM needs the runtime of OpenMP: install libgomp1 (Debian), libgomp (Fedora) or libomp (macOS), then make again"; exit 1; }
	@touch $@

$(VENV)/.test: $(VENV)/.base requirements/test.lock requirements/spark.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/spark.lock
	@touch $@

$(VENV)/.bench: $(VENV)/.test requirements/bench.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.lock
	@touch $@

setup: $(VENV)/.base ## Install Benne into .venv

demo: $(VENV)/.base ## Set up, simulate a small society, score it, compare the scores
	test -f demo/benne.toml || $(BIN)/benne society demo --people 5000 --seed 1
	$(BIN)/benne build demo
	$(BIN)/benne compare demo
	@echo
	@echo "Open demo/reports/comparison.html in a browser: three scores of the same people, and a policy to set."
	@echo "The figures of each score: demo/reports/sesame.html and demo/reports/bureau.html"
	@echo "Then try:"
	@echo "  $(BIN)/benne score demo --json | head -1            one person's score, with reasons and levers"
	@echo "  $(BIN)/benne compare demo --refit card              what each domain is worth, by the card itself"
	@echo "  $(BIN)/benne society bust --set wave.lived=1        another society: a wave of unemployment"
	@echo "  $(BIN)/benne build examples/superlender --data DIR  real loans"

test: $(VENV)/.test ## Set up, then lint, type-check and test
	$(BIN)/ruff check src tests benchmarks docs
	$(BIN)/ruff format --check src tests benchmarks docs
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q -n $(WORKERS) --maxprocesses 4 --dist loadfile

bench-features: $(VENV)/.test ## Compare the feature algebra with SQL written by hand
	$(BIN)/python benchmarks/features.py

bench-ingest: $(VENV)/.base ## Measure how ingest grows
	$(BIN)/python benchmarks/ingest.py --rows 1000000 10000000

bench-network: $(VENV)/.bench ## Compare the network block with SQL, igraph and NetworkX
	$(BIN)/python benchmarks/network.py

bench-quality: $(VENV)/.bench ## Measure Benne against five rivals on six sets (DATA=DIR), resuming
	$(BIN)/python -m benchmarks.quality $(if $(DATA),--data $(DATA))

bench-society: $(VENV)/.test bench-comparison ## Measure the society: growth, difficulty on fresh seeds, and the refused
	$(BIN)/python benchmarks/society.py --people 5000 20000 100000
	$(BIN)/python -W ignore benchmarks/society_refused.py
	$(BIN)/python -W ignore benchmarks/society_difficulty.py --live --seeds 31 32 33

bench-service: $(VENV)/.test ## Measure the service's answers on SQLite and PostgreSQL (WORKSPACE=DIR, built)
	$(BIN)/python -m benchmarks.service --workspace $(or $(WORKSPACE),demo)

bench-orders: $(VENV)/.test ## Time the making of orders over HTTP, at 200 a second on PostgreSQL
	$(BIN)/python -m benchmarks.orders

bench-comparison: $(VENV)/.base ## Compare the three scores on several societies (FOLDER=DIR), resuming
	$(BIN)/python benchmarks/comparison_seeds.py --folder $(or $(FOLDER),build/comparison)

bench-decisions: $(VENV)/.base ## Time a million decisions by a policy
	$(BIN)/python benchmarks/decisions.py

bench-load: $(VENV)/.test ## Measure how fast a lake comes into the online store
	$(BIN)/python benchmarks/load.py

bench-faults: $(VENV)/.test ## Kill a working store 50 times, on both databases
	$(BIN)/python benchmarks/faults.py --kills 50

lock: ## Compile the hashed requirement files (needs uv)
	for set in base test spark bench; do \
		uv pip compile --quiet --python-version 3.11 --universal --generate-hashes \
			--no-emit-index-url --no-header --no-annotate \
			requirements/$$set.in -o requirements/$$set.lock || exit 1; \
	done

clean: ## Remove what was built
	rm -rf $(VENV) build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis

bench: bench-features bench-ingest bench-network bench-quality bench-society bench-service bench-orders bench-comparison bench-decisions bench-load bench-faults ## Run every benchmark

.PHONY: help setup demo test bench bench-features bench-ingest bench-network bench-quality bench-society bench-service bench-orders bench-comparison bench-decisions bench-load bench-faults lock clean
