# Everything here works on a fresh clone with Python 3.11 and make: whatever is missing is installed into this folder first.

PYTHON ?= python3
ENGINE ?= auto
STACK ?= local
TARGET ?=
SCENARIOS ?= ../shared/reference/engine-scenarios
CORPUS ?= ../shared/corpus
PYTEST ?=
PREVIEW ?=
WORKERS ?= 2

VENV := .venv/bin/python
DEPLOY = $(VENV) scripts/deploy.py --stack "$(STACK)" --engine "$(ENGINE)" --target "$(TARGET)"

.DEFAULT_GOAL := help
.PHONY: help setup preview up demo down test test-slow lint bench engine-conformance fidelity lock

help: ## what there is to make
	@echo "make TARGET [NAME=VALUE ...]"
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  \1 \2/p' $(MAKEFILE_LIST) | awk '{ name = $$1; sub(/^ *[a-z-]+ +/, ""); printf "  %-20s %s\n", name, $$0 }'

setup: ## install into .venv and .tools what the lock files say, if it is not there yet
	@$(PYTHON) scripts/setup.py

preview: setup ## show what `make up` would change, and change nothing  [STACK] [ENGINE] [TARGET] [PREVIEW="--diff"]
	@$(DEPLOY) preview --flags="$(PREVIEW)"

up: setup ## deploy a stack and print its outputs  [STACK=local] [ENGINE=auto|pulumi|embedded] [TARGET=batchlocal]
	@$(DEPLOY) up

demo: setup ## after `make up`: draw a fractal with 64 tasks on the deployed pool  [STACK=local]
	@$(DEPLOY) demo

down: ## destroy a local stack and stop batchlocal  [STACK=local] [ENGINE=...] [TARGET=batchlocal]
	@if [ -x $(VENV) ]; then $(DEPLOY) down; else echo "nothing was ever up here"; fi

test: setup ## every test that is not marked slow  [PYTEST="-k name"] [WORKERS=2]
	@$(VENV) -m pytest -m "not slow" -n $(WORKERS) --dist loadfile $(PYTEST)

test-slow: setup ## the tests that take long  [PYTEST="-k name"]
	@$(VENV) -m pytest -m slow $(PYTEST)

lint: setup ## ruff, format, types, and pages that are made from code
	@$(VENV) scripts/lint.py

bench: setup ## the benchmarks, one after another
	@$(VENV) scripts/bench.py

engine-conformance: setup ## replay recorded engine scenarios  [SCENARIOS=DIR]
	@$(VENV) scripts/engine_conformance.py "$(SCENARIOS)"

fidelity: setup ## replay recordings of Azure against a fresh batchlocal  [CORPUS=DIR]
	@$(VENV) scripts/fidelity.py "$(CORPUS)"

lock: setup ## make the lock files again  [LOCK="--upgrade"]
	@scripts/lock $(LOCK)
