# make run     start the app at http://127.0.0.1:8000 (PORT and DATA_DIR are honoured)
# make test    run the tests
# make lint    check form, types, import contracts, migrations and settings
# make sandbox start a provider on this computer for trying out, without a key
# make bench   print what intake, engine and polls cost
# make train   train the networks of the engine again, on the CPU (hours)
# make lock    pin the dependencies anew, after a change in pyproject.toml

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test lint sandbox bench train lock

help:
	@sed -n '/^# make/s/^# //p' Makefile

setup: $(VENV)/run.stamp

setup-dev: $(VENV)/dev.stamp

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed. Name it: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "Python cannot make a virtual environment. On Debian: apt install python3-venv" >&2; exit 1; }

$(VENV)/run.stamp: requirements/run.lock | $(BIN)/python
	@echo "Installing what the app needs (once, a minute or two) ..."
	@$(PIP) --require-hashes --requirement requirements/run.lock
	@touch $@

$(VENV)/dev.stamp: requirements/dev.lock $(VENV)/run.stamp
	@echo "Installing what the tests need (once) ..."
	@$(PIP) --require-hashes --requirement requirements/dev.lock
	@touch $@

run: $(VENV)/run.stamp
	@exec $(BIN)/python manage.py run --stop-with-parent

test: $(VENV)/dev.stamp
	@$(BIN)/python -m pytest -p tests.parallel -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@scratch=$$(mktemp -d) && trap 'rm -rf "$$scratch"' EXIT && \
	  export DATA_DIR="$$scratch" SITE_URL=https://photos.example.org && \
	  $(BIN)/python manage.py makemigrations --check --dry-run && \
	  $(BIN)/python manage.py check --deploy --fail-level WARNING

sandbox: $(VENV)/dev.stamp
	@exec $(BIN)/python -m tests.provider_sandbox

bench: $(VENV)/dev.stamp
	@for bench in tests/bench/*_bench.py; do \
	  module=$$(echo "$${bench%.py}" | tr / .); \
	  $(BIN)/python -m "$$module" || exit 1; \
	done
	@$(BIN)/python -m tests.bench.engine

# Never part of setup. PyTorch's CPU build is found where pip is told to look for it, by
# PIP_EXTRA_INDEX_URL or PIP_FIND_LINKS. One thread each, so that the same seed gives the
# same weights.
TRAIN_VENV := .cache/train
# The network that finds damage goes on from the one of this revision, which the scripts
# of that revision made from nothing.
MARKS_START := 84e119f
TRAIN := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(TRAIN_VENV)/bin/python -m

$(TRAIN_VENV)/train.stamp: requirements/train.lock
	@$(PYTHON) -m venv $(TRAIN_VENV)
	@$(TRAIN_VENV)/bin/python -m pip --disable-pip-version-check install --quiet \
	  --require-hashes --requirement $<
	@touch $@

train: $(TRAIN_VENV)/train.stamp
	$(TRAIN) training.photographs
	git show $(MARKS_START):jobs/engine/weights/marks.onnx > .cache/marks_start.onnx
	$(TRAIN) training.marks --start .cache/marks_start.onnx --steps 6500 --stop 2000 --rate 1.5e-3 --seed 23
	cp jobs/engine/weights/marks.onnx .cache/marks_middle.onnx
	$(TRAIN) training.marks --start .cache/marks_middle.onnx --steps 1800 --rate 1e-3 --seed 29
	cp jobs/engine/weights/marks.onnx .cache/marks_end.onnx
	$(TRAIN) training.blend .cache/marks_middle.onnx .cache/marks_end.onnx 0.3 jobs/engine/weights/marks.onnx
	$(TRAIN) training.grain
	$(TRAIN) training.fill
	$(TRAIN) training.enlarge

# Needs uv. The locks hold for every platform and name no index.
lock:
	uv pip compile --quiet pyproject.toml --universal --generate-hashes --no-header \
	  --no-annotate --output-file requirements/run.lock
	uv pip compile --quiet pyproject.toml --group dev --universal --generate-hashes --no-header \
	  --no-annotate --output-file requirements/dev.lock
	UV_FIND_LINKS=$(PIP_FIND_LINKS) uv pip compile --quiet --group pyproject.toml:train \
	  --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --output-file requirements/train.lock
