# `make` lists the commands. Each makes .venv when it is missing, and installs again only when the lock has changed.
# Another interpreter: PYTHON=python3.12 make test

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help chat test bench check schema fmt lock clean

# A question may hold quotes, spaces and `$`: as it was typed, it travels in the environment and never through a shell.
override ASK := $(value ASK)
export ASK
# Desktops set LANGUAGE themselves, to "en_US:en" and the like; only `make chat LANGUAGE=km` is meant for us.
ifeq ($(origin LANGUAGE),command line)
export CHAT_LANGUAGE := $(value LANGUAGE)
endif
# All else that tests need comes with them.
CHROMIUM := $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
# A Python that was upgraded away leaves a dangling link: have the environment made anew.
$(shell test -e $(BIN)/python || rm -f .venv/pyvenv.cfg)

help: ## List these commands
	@awk -F ' *## ' '/^[a-z]+:.*## / { sub(/:.*/, "", $$1); printf "  make %-6s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

chat: .venv/.runtime ## Talk with Pratip here; one answer: ASK="/prisoners kem sokha"; in Khmer: LANGUAGE=km
	@set -- chat $${CHAT_LANGUAGE:+--language "$$CHAT_LANGUAGE"}; \
	[ -z "$$ASK" ] || set -- "$$@" --ask="$$ASK"; \
	exec $(BIN)/python -m bot "$$@"

test: .venv/.dev ## Run all tests; coverage is 90 % or more in all, and every branch of bot/core and handlers
	@$(if $(CHROMIUM),,echo 'Chromium is not here: the preview is not tried in a browser (apt-get install chromium fonts-khmeros).' >&2)
	@$(BIN)/pytest -n 2 --dist loadgroup --cov --cov-report= $(if $(CHROMIUM),,--ignore=tests/preview/test_browser.py)
	@$(BIN)/coverage report --fail-under=90
	@$(BIN)/coverage report --fail-under=100 --include='bot/core/*,handlers/*'

bench: .venv/.dev .venv-peer/.ready ## Measure what is promised of updates and imports, 25 minutes; one of them: BENCH=broadcast (see tests/bench/README.md)
	@$(BIN)/python -m tests.bench $(BENCH)

check: .venv/.dev ## Check format, lint, types and who may import what; nothing is changed
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy --strict bot handlers tests
	@$(BIN)/lint-imports --no-logo

schema: .venv/.dev ## Write content/schema/*.json anew, which editors read, after a model has changed
	@$(BIN)/python -m bot schema content

fmt: .venv/.dev ## Format the code and mend what can be mended without thought
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format

# Wheels only: an sdist would run its own setup.py, with build tools that no hash covers.
COMPILE = "$$tmp/bin/uv" pip compile --quiet --universal --python-version 3.11 --only-binary :all: --generate-hashes \
	--no-emit-index-url --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade) pyproject.toml --group build

lock: ## Write the locked requirements anew; to newer versions too: UPGRADE=1
	@tmp=$$(mktemp -d) && trap 'rm -rf "$$tmp"' EXIT && $(PYTHON) -m venv "$$tmp" && \
	"$$tmp/bin/python" -m pip install --quiet --disable-pip-version-check uv && \
	$(COMPILE) --output-file requirements.txt >/dev/null && \
	$(COMPILE) --group dev --extra postgres --constraint requirements.txt --output-file requirements-dev.txt >/dev/null

clean: ## Remove .venv and every cache; content and data stay
	@rm -rf .venv .venv-peer .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	@find bot handlers tests -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/pyvenv.cfg:
	@command -v $(PYTHON) >/dev/null || { echo 'Pratip needs Python 3.11 or newer; there is no $(PYTHON).' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("Pratip needs Python 3.11 or newer; \
	$(PYTHON) is %d.%d. Name a newer one: PYTHON=python3.12 make" % v[:2])'
	@$(PYTHON) -m venv --clear .venv >&2

.venv/.runtime: .venv/pyvenv.cfg requirements.txt
	@$(call install,requirements.txt)
	@touch $@

.venv/.dev: .venv/pyvenv.cfg requirements-dev.txt
	@$(call install,requirements-dev.txt)
	@touch $@ .venv/.runtime

# The library that the benchmarks compare with, away from ours; without it they go on, and say so.
.venv-peer/.ready: tests/bench/requirements.txt
	@$(PYTHON) -m venv --clear .venv-peer >&2
	@.venv-peer/bin/python -m pip install --quiet --disable-pip-version-check --no-input --only-binary :all: -r $< >&2 \
	&& touch $@ || { rm -rf .venv-peer; echo 'The peer cannot be installed here: the table goes without it.' >&2; }

# The last step, because a package that brings a `bot` of its own would be found before ours.
define install
echo 'Installing $(1), about a minute the first time.' >&2
$(PIP) --require-hashes --only-binary :all: -r $(1) >&2
$(PIP) --no-deps --no-build-isolation --editable . >&2
cd / && '$(CURDIR)/$(BIN)/python' -I -c "$$OURS" '$(CURDIR)'
endef

define OURS
import sys
from importlib.util import find_spec
from pathlib import Path

for name in ("bot", "handlers"):
    found = find_spec(name)
    if not found or not found.origin or not Path(found.origin).samefile(Path(sys.argv[1], name, "__init__.py")):
        sys.exit(f"In .venv, {name!r} is not this checkout's but {found and found.origin}; another package brings it.")
endef
export OURS
