.DEFAULT_GOAL := help
PYTHON ?= python3
UV_VERSION := 0.13.8
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
BIN := .venv/bin
# The extras in .venv: all but spark, which is larger than the others together.
EXTRAS := fake testing hyperliquid lighter ccxt serve alerts analytics relay imports proof
# Four processes, since many tests wait. The tests of a file stay together, with what they share; the longest files come first.
PYTEST := $(BIN)/pytest --numprocesses=4 --dist=loadfile --no-loadscope-reorder
# Tests of real processes have seconds, and a machine may have none to give: the few that failed run once more, alone. The first report stays above.
FEW := 8
define run-tests
$(1) $(2) || { test $$? -eq 1 && $(BIN)/python -m tests.again $(FEW) $(2); }
endef

# requirements.lock pins every package with its hashes, and no addresses; `make lock` renews it.
.venv/.ok: pyproject.toml requirements.lock | $(UV)
	$(UV) venv --quiet --clear --python $(PYTHON) .venv
	$(UV) pip sync --quiet --require-hashes --python .venv requirements.lock
	$(UV) pip install --quiet --no-deps --python .venv --editable .
	@touch $@

# Only where the machine has no uv of its own.
.tools/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "orderledger needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments: install python3-venv, or uv" >&2; exit 1; }
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# Without bytecode, compiling takes half of the start of a process. Where Python is told to write none, it writes it into pytest's cache.
ifneq ($(PYTHONDONTWRITEBYTECODE),)
export PYTHONPYCACHEPREFIX := $(CURDIR)/.pytest_cache/d/bytecode
export PYTHONDONTWRITEBYTECODE :=
endif

.PHONY: help setup lock demo demo-page test test-slow test-core test-long nightly test-interop test-spark test-image test-page screenshots mutants mutants-random crash crash-calls histories soak check format docs bench clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.ok  ## build .venv from requirements.lock, with the project in it

demo: setup  ## one minute: record orders, kill the process, recover, show P&L
	$(BIN)/orderledger demo

demo-page: setup  ## the page in your browser, on a ledger that trades at a simulated venue; until Ctrl-C
	$(BIN)/orderledger demo --serve

test: setup  ## the tests that take less than a second each, on all stores; PART=venues: of one folder; three minutes on two cores
	$(call run-tests,$(PYTEST),$(addprefix tests/,$(PART)))

test-slow: setup  ## the tests that take longer: processes that are killed, commands, whole streams; five minutes
	$(call run-tests,$(PYTEST),-m "slow and not long" $(addprefix tests/,$(PART)))

test-core: setup  ## the tests of the core, on a copy of the package without its leaves; STORES="not postgres": of these stores; two minutes
	$(BIN)/python -m tests.core_alone --numprocesses=4 --dist=loadfile $(if $(STORES),-k "$(STORES)")

test-long: setup  ## the long tests: more seeds, whole streams, 1000 worlds; half an hour and more
	$(PYTEST) -m long

test-interop: setup | $(UV)  ## translations against the real Qubx, NautilusTrader and Hummingbot, each in an environment of its own
	$(BIN)/python -m tests.venues.interop.real $(UV)

test-spark: setup | $(UV)  ## a rebuild on Spark, on one machine and on a cluster that loses a worker; needs Java
	$(BIN)/python -m tests.analytics.spark $(UV)

test-image: setup  ## build the image of deploy/Dockerfile and run it; needs a Docker engine or podman; some minutes
	$(BIN)/python -m tests.image
	$(BIN)/pytest tests/image -m image

test-page: setup  ## the page in a real browser, which apt installs where it may; some minutes
	$(BIN)/python -m tests.serve.page.browser
	$(call run-tests,$(BIN)/pytest --numprocesses=2 --dist=loadfile,tests/serve/page -m "page or not page")

screenshots: setup  ## make the pictures of the page in docs/images again
	$(BIN)/python -m tests.serve.page.browser
	ORDERLEDGER_SCREENSHOTS=1 $(BIN)/pytest tests/serve/page/test_screenshots.py -m page

nightly: HISTORIES = 60
nightly: test-core test-long test-interop test-spark test-image mutants mutants-random histories soak bench  ## what takes too long for every change; hours

mutants: setup  ## plant known faults in a copy, and count those that no test finds; some minutes
	$(BIN)/python -m tests.mutants

POINTS ?= 3
mutants-random: setup  ## change POINTS=3 random places of each package in a copy; PACKAGE=gateway: of one; SEED=1: the same draw; half an hour the first time
	$(BIN)/python -m tests.mutants.random --points $(POINTS) --least 0.7 $(addprefix --package ,$(PACKAGE)) $(addprefix --seed ,$(SEED))

N ?= 100
SEED ?=
crash: setup  ## cut the power of real processes: N=100 images of their disk, after planted faults; SEED=1: the same draws; half a minute
	$(BIN)/python -m tests.crash images --count $(N) $(addprefix --seed ,$(SEED))

CALLS ?= 20
crash-calls: setup  ## let CALLS=20 system calls of real processes fail, after planted faults; SEED=1: the same draws; two minutes
	$(BIN)/python -m tests.crash calls --count $(CALLS) $(addprefix --seed ,$(SEED))

HISTORIES ?= 3
PLANTED ?= yes
histories: setup  ## HISTORIES=3 histories of real processes under kills, partitions and a failover, after planted faults; PLANTED= without them; SEED=1; some minutes
	$(BIN)/python -m tests.histories --count $(HISTORIES) $(addprefix --seed ,$(SEED)) $(if $(PLANTED),,--no-faults)

MINUTES ?= 60
soak: setup  ## everything at once for MINUTES=60: memory, open files and the write-ahead log stay flat
	$(BIN)/python -m tests.soak --minutes $(MINUTES) --json soak.json

check: setup  ## style, format, types (of the pages' programs too) and the architecture
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python docs/check_programs.py
	$(BIN)/lint-imports

format: setup  ## put the code into the format that check asks for
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

docs: setup  ## the documentation as a site, in site/; needs no network
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	$(BIN)/python docs/check_site.py site

bench: setup  ## every benchmark in benchmarks/, one after the other
	@for script in $(sort $(wildcard benchmarks/bench_*.py)); do echo "== $$script"; $(BIN)/python "$$script" || exit; done

lock: | $(UV)  ## renew requirements.lock
	$(UV) pip compile --quiet --upgrade --universal --generate-hashes --no-header --group dev $(addprefix --extra ,$(EXTRAS)) pyproject.toml --output-file requirements.lock

clean:  ## remove what was built: environments, caches, packages
	rm -rf .venv .interop .spark .tools dist site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .coverage.* htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
