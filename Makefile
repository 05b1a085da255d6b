# Two commands are all a new user needs: `make run` and `make test`.

PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup run test check style types layers pages unit e2e schema lock clean

help:  ## Show this list
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/ready  ## Make .venv/ with the command classroom in it

.venv/ready: pyproject.toml uv.lock
	$(PYTHON) -c 'import sys; sys.exit("classroom needs Python 3.11 or newer, this is %s" % sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[audio]'
	touch $@

.venv/ready-dev: .venv/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[audio,dev]'
	touch $@

run: setup  ## Run a lesson made from the devices of this machine
	$(BIN)/classroom teach

test: .venv/ready-dev system-packages web/node_modules/ready check  ## Set up everything and run every check and test
	$(BIN)/pytest

check: style types layers pages

.PHONY: system-packages
system-packages:
	@tools=$$(sh .ci/system-packages --missing); if [ -n "$$tools" ]; then sh .ci/system-packages --install; fi

style: .venv/ready-dev  ## Lint and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/ready-dev  ## mypy --strict
	$(BIN)/mypy

layers: .venv/ready-dev  ## Who may import whom
	$(BIN)/lint-imports

web/node_modules/ready: web/package.json web/package-lock.json
	cd web && npm ci --silent --no-audit --no-fund
	touch $@

pages: web/node_modules/ready  ## Types and lint of the pages
	cd web && npm run --silent check

unit: .venv/ready-dev  ## The fast tests only
	$(BIN)/pytest tests/unit

e2e: .venv/ready-dev system-packages  ## The tests in a real browser
	$(BIN)/pytest tests/e2e

schema: setup  ## Write config/lesson.schema.json anew
	$(BIN)/classroom schema > config/lesson.schema.json

lock:  ## Write uv.lock anew
	uv lock

clean:  ## Remove everything that setup made
	rm -rf .venv web/node_modules dist
