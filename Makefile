# Two commands are all a new user needs: `make run` and `make test`.

PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup long run test check system-packages style types layers pages unit fuzz soak e2e schema lock clean mutants

help:  ## Show this list
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/ready  ## Make .venv/ with the command classroom in it

# The versions of requirements.lock, whatever has come out since.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable

.venv/ready: pyproject.toml requirements.lock
	sh .ci/system-packages python "$(PYTHON)"
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(INSTALL) '.[audio,announce]'
	touch $@

.venv/ready-dev: .venv/ready
	$(INSTALL) '.[audio,announce,dev]'
	touch $@

run: setup  ## Run a lesson made from the devices of this machine
	$(BIN)/classroom teach

# Most tests wait for something most of the time, so several run at once; those that look at time or at memory run alone.
test: check  ## Set up everything and run every check and test
	$(BIN)/pytest --numprocesses 3 --dist worksteal -m 'not alone and not long'
	$(BIN)/pytest -m 'alone and not long'

check: style types layers pages  ## Everything but the tests

system-packages:
	sh .ci/system-packages tests

style: .venv/ready-dev  ## Lint and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/ready-dev  ## mypy --strict
	$(BIN)/mypy

layers: .venv/ready-dev  ## Who may import whom
	$(BIN)/lint-imports

web/node_modules/ready: web/package.json web/package-lock.json | system-packages
	# Not `npm ci`: it refuses a lock file that lacks the builds of biome for other systems.
	cd web && npm install --no-save --silent --no-audit --no-fund
	touch $@

pages: web/node_modules/ready  ## Types and lint of the pages
	cd web && npm run --silent check

unit: .venv/ready-dev system-packages web/node_modules/ready  ## The fast tests only
	$(BIN)/pytest tests/unit

fuzz: .venv/ready-dev  ## Half a million broken requests of each kind at the signaling; takes an hour
	$(BIN)/pytest --hypothesis-profile=fuzz -o timeout=0 tests/integration/test_fuzzing.py \
		tests/unit/signaling/test_room_machine.py

long: .venv/ready-dev system-packages  ## Tests that take minutes each: attacks, proxies at their own time limits, measurements; half an hour
	$(BIN)/pytest -m long

.venv/ready-mutants: .venv/ready-dev
	$(INSTALL) '.[audio,announce,dev,mutants]'
	touch $@

mutants: .venv/ready-mutants system-packages web/node_modules/ready  ## Change 200 lines at random, and say which changes no test notices; two hours
	$(BIN)/python -m tests.mutants

soak: .venv/ready-dev  ## Ten minutes with sources that die at random
	SOAK_SECONDS=600 $(BIN)/pytest -o timeout=0 tests/integration/test_dying_sources.py

e2e: .venv/ready-dev system-packages web/node_modules/ready  ## The tests in a real browser
	$(BIN)/pytest tests/e2e

schema: setup  ## Write the lesson's schema and what the pages take from the program again
	$(BIN)/classroom schema > config/lesson.schema.json
	$(BIN)/classroom schema --pages > web/lib/protocol.d.ts
	$(BIN)/python -m classroom.lesson.audio_page > web/lib/audio_settings.js

lock: .venv/ready  ## Write requirements.lock anew, with the newest versions that pyproject.toml allows
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --upgrade --universal --all-extras --python-version 3.11 \
		--custom-compile-command 'make lock' --output-file requirements.lock pyproject.toml

clean:  ## Remove everything that setup made
	rm -rf .venv web/node_modules dist
