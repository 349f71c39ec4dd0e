# Sopwith: `make demo` to try it, `make test` before every commit.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.up-to-date
SYNAPSE := .venv-synapse
SYNAPSE_STAMP := $(SYNAPSE)/.up-to-date
# Where tests write: into memory where there are 2 GB of it, since their databases wait for the disk at each commit.
SCRATCH = $(shell test -w /dev/shm && df -Pk /dev/shm | awk 'NR == 2 && $$4 > 2000000 { print "TMPDIR=/dev/shm" }')

.PHONY: setup synapse demo test lint unit chaos bench lock clean

setup: $(STAMP)

$(STAMP): requirements-test.lock pyproject.toml
	@echo "Setting up $(VENV) (about a minute the first time) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Sopwith needs Python 3.11 or newer; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "python3 -m venv failed; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --disable-pip-version-check --progress-bar on --require-hashes -r requirements-test.lock
	$(BIN)/python -m pip install --disable-pip-version-check -q --no-deps --no-build-isolation --no-index -e .
	@touch $(STAMP)

# The Matrix homeserver of the tests; its dependencies are many and none of ours.
synapse: $(SYNAPSE_STAMP)

$(SYNAPSE_STAMP): requirements-synapse.lock
	@echo "Setting up $(SYNAPSE) (half a minute the first time) ..."
	@test -x $(SYNAPSE)/bin/python || $(PYTHON) -m venv $(SYNAPSE)
	$(SYNAPSE)/bin/python -m pip install --disable-pip-version-check --progress-bar on --require-hashes -r requirements-synapse.lock
	@touch $(SYNAPSE_STAMP)

demo: setup
	@$(BIN)/sopwith demo

test: lint unit

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: setup synapse
	$(SCRATCH) $(BIN)/python -m pytest -n auto --dist worksteal --durations=20

# Every crash point as a real SIGKILL; longer than the gate allows.
chaos: setup synapse
	$(BIN)/python -m pytest --run-chaos tests/chaos tests/stored

bench: setup
	$(BIN)/python -m pytest --run-bench tests/bench

# The locks: names, versions and hashes, no addresses. Needs uv on PATH (pip install uv).
lock:
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header -c requirements.lock --extra test pyproject.toml -o requirements-test.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header requirements-synapse.in -o requirements-synapse.lock

clean:
	rm -rf $(VENV) $(SYNAPSE) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache *.egg-info
