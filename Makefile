# Two commands lead: `make demo` shows a morning in the shop, `make test` proves it. Each does all its set-up itself.
# ONCE=1 plays the scripted morning without a screen and exits; PYTHON=… picks another interpreter (3.11 or newer).

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# A file's tests stay with one process: many share a shop, a server or a window that takes seconds to start. One process
# more than there are cores, because many a test waits for another real program.
JOBS   ?= $(shell echo $$(( $$(nproc 2>/dev/null || echo 2) + 1 )))

.PHONY: demo test check bench fuzz format screens clean setup system

demo: setup ## The main job: head office, agent, printer, terminal and till on a demo shop
	$(BIN)/python tests/demo $(if $(ONCE),--once)

test: setup ## All tests: PostgreSQL, real windows and a real browser included
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -q

check: setup ## Format, lint, types and the import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports

bench: setup ## Every number in docs/benchmarks.md, measured here and written there
	$(BIN)/python tests/bench

# Each decoder in its own process, because a fuzzer ends with it. SECONDS_EACH=600 looks longer.
SECONDS_EACH ?= 30
fuzz: setup ## The decoders of what devices send, coverage-guided; needs x86-64
	$(BIN)/python -m pip install --quiet --editable ".[fuzz]"
	for target in zvt result slips text fiscal; do \
		$(BIN)/python tests/fuzz/decoders.py $$target -max_total_time=$(SECONDS_EACH) || exit 1; \
	done

screens: setup ## The pictures in docs/screens
	$(BIN)/python tests/screens.py

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

setup: system $(READY)

system: ## Debian packages: windows, browser, database; installed where we may, named where we may not
	@sh deploy/system-packages.sh

$(READY): setup.cfg pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Counterfoil needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip "setuptools>=69" wheel
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	@touch $(READY)

clean:
	rm -rf $(VENV) build dist *.egg-info demo-out .mypy_cache .ruff_cache
