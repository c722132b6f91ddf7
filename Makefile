# Every target sets up what it needs: a .venv with pinned, hashed requirements, and the system's own programs.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
COLLECTION := collections/ansible_collections/mitlab/pixel
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export ANSIBLE_HOME := $(CURDIR)/.ansible

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

PAGE := signalling/hatch_build.py signalling/page/package-lock.json signalling/page/build.mjs \
	$(wildcard signalling/page/src/* signalling/page/static/*)

$(VENV)/.installed: requirements/dev.txt signalling/pyproject.toml tools/system-packages $(PAGE)
	@tools/system-packages
	@echo "installing the pinned requirements into $(VENV): about two minutes the first time"
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else f"Python 3.11 or newer is needed, $(PYTHON) is {sys.version.split()[0]}: set PYTHON=python3.11")'
	@$(PYTHON) -m venv $(VENV)
	@pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.txt
	@pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable signalling
	@touch $@

.PHONY: setup
setup: $(VENV)/.installed ## install what the other targets need

.PHONY: lock
lock: setup ## pin requirements/*.in again, with hashes
	@pip install --quiet --disable-pip-version-check uv
	@cd requirements && uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header dev.in --output-file dev.txt
	@cd requirements && uv pip compile --quiet --python-platform x86_64-manylinux_2_28 --python-version 3.13 \
		--generate-hashes --no-emit-index-url --no-header --constraint dev.txt wake.in --output-file wake.txt
	@cd requirements && uv pip compile --quiet --python-platform windows --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --constraint dev.txt signalling-windows.in \
		--output-file signalling-windows.txt
	@cd requirements && uv pip compile --quiet --python-platform x86_64-manylinux_2_28 --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --constraint dev.txt execution-environment.in \
		--output-file execution-environment.txt

.PHONY: demo
demo: setup ## take the tour of a fleet's life on the embedded AWS; KEEP=1 leaves it up
	@PYTHONPATH=tools python -m demo $(if $(KEEP),--keep)

.PHONY: play
play: setup ## wake a member on the embedded AWS, for your own browser
	@PYTHONPATH=tools python -m demo.play

.PHONY: image
image: setup ## build, verify and release an image on the embedded AWS, with a stand-in for Windows
	@PYTHONPATH=tests:tools python -m packer

.PHONY: down
down: setup ## stop the sandbox that `make demo KEEP=1` left up
	@pixel sandbox down --state .sandbox

.PHONY: test
test: setup ## everything that must pass
	@$(MAKE) --no-print-directory --jobs 2 --keep-going pytest beside

.PHONY: pytest
pytest: setup
	@pytest --numprocesses 2 --dist loadgroup -m 'not soak'

# What runs beside pytest gives way to it, and is heard when it is complete.
.PHONY: beside
beside: setup
	@nice -n 5 $(MAKE) --no-print-directory --output-sync=target --keep-going lint-sanity molecule lint-ansible lint-python

.PHONY: molecule
molecule: setup
	@$(COLLECTION)/tests/run-molecule

.PHONY: test-fast
test-fast: setup ## the tests that take less than ten seconds each
	@pytest --numprocesses 2 --dist loadgroup -m 'not slow and not soak'

.PHONY: faults
faults: setup ## 200 schedules of faults against the whole system; SEED=N plays one again
	@PYTHONPATH=tests python -m faults $(if $(SEED),--seed $(SEED)) $(if $(JOBS),--jobs $(JOBS))

.PHONY: soak
soak: setup ## the tests that repeat for minutes what others show once
	@pytest -m soak

.PHONY: test-wine
test-wine: setup ## the service package in a Windows Python, under Wine
	@tools/system-packages 'wine:wine wine64' osslsigncode:osslsigncode
	@pytest tests/wine/service_checks.py

.PHONY: lint lint-python lint-ansible lint-sanity
lint: lint-python lint-ansible lint-sanity ## style, types, documentation

lint-python: setup
	@ruff check .
	@ruff format --check .
	@mypy
	@yamllint --strict .

lint-ansible: setup
	@ansible-lint --offline playbooks inventory $(COLLECTION)

lint-sanity: setup
	@$(COLLECTION)/tests/run-sanity

.PHONY: bench
bench: setup ## speed and AWS calls, beside a peer in the same run
	@PYTHONPATH=tests:tools python -m bench

.PHONY: reference
reference: setup ## the collection's modules and roles, as HTML in build/reference
	@python tools/reference.py build/reference

.PHONY: audit
audit: setup ## known vulnerabilities of what is pinned; asks the services of PyPI and npm
	@pip-audit --strict --disable-pip --require-hashes --requirement requirements/dev.txt
	@cd signalling/page && npm audit --omit=dev
	@cd tests/security/iam && npm audit

.PHONY: clean
clean: ## remove everything that make made
	@rm -rf $(VENV) .ansible .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
