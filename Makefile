# The course's commands. `make` alone lists them; each one sets up .venv first, if that is not done yet.

# The first of these that runs and is new enough. A name in PATH is not enough: a pyenv shim may be there and fail.
FIND_PYTHON := for p in python3.11 python3.12 python3.13 python3.10 python3; do \
  $$p -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && { echo $$p; exit; }; \
  done; echo python3
ifdef PYTHON
  CHOSEN := --chosen
else
  PYTHON := $(shell $(FIND_PYTHON))
endif
VENV := .venv/bin/python
# Each test on one core; how many at a time: tests/conftest.py. What Python compiles is kept, for the hundreds of
# processes that the tests start.
RUN_TESTS := PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(VENV) -m pytest -n auto --dist loadgroup --no-loadscope-reorder
# JupyterLab's settings lie in tools/lab, and come before the user's own, which stay as they are.
LAB := $(VENV) -m jupyterlab $(shell [ "$$(id -u)" = 0 ] && echo --allow-root) --ServerApp.root_dir="$(CURDIR)"
LAB_SETTINGS = $(CURDIR)/tools/lab$${JUPYTER_CONFIG_PATH:+:$$JUPYTER_CONFIG_PATH}

.DEFAULT_GOAL := help
.SILENT:
.PHONY: help setup lab lab-instructor lint style check test test-all test-gpu doctor repair record overview bench format links rehearsal publish site lock clean

help:  ## list these commands
	sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 18

setup:  ## make .venv from requirements.lock (the others do it for you)
	command -v "$(PYTHON)" >/dev/null || { echo "There is no $(PYTHON) here. The course needs Python 3.10 or newer; \
	if it has another name: make PYTHON=/path/to/python" >&2; exit 1; }
	"$(PYTHON)" tools/install.py $(CHOSEN)

lab: setup  ## open JupyterLab on notebook 01
	JUPYTER_CONFIG_PATH="$(CURDIR)/tools/lab/learner:$(LAB_SETTINGS)" $(LAB) notebooks/01_images_and_videos.ipynb

lab-instructor: setup  ## open JupyterLab with the panels of nbgrader
	JUPYTER_CONFIG_PATH="$(LAB_SETTINGS)" $(LAB)

style: setup  ## format, lint, and which package imports which: a second
	$(VENV) -m ruff format --check .
	$(VENV) -m ruff check .
	.venv/bin/lint-imports --no-logo --no-cache

lint: style  ## style, and types: half a minute, then seconds
	$(VENV) -m mypy

check: lint  ## lint, then the fast tests: two to four minutes, while you work
	echo "make check leaves out the notebooks, the browser, the sandbox's attacks, Colab, and tests over a second:"
	echo "make test runs them all."
	$(RUN_TESTS) -n $$(getconf _NPROCESSORS_ONLN) -m "not slow and not notebook and not browser and not colab and not gpu" \
	  -q $(PYTEST)

# The types take half a minute on a clean clone, on one core: they are checked beside the tests. There the tests
# are listed once before, so that one process compiles what all import, and not each of them.
test: style  ## lint, and the tests: 15 to 25 minutes on two cores
	echo "The tests: $(if $(COURSEKIT_ALL_LEGS),40 to 70,15 to 25) minutes on two cores, less on more. make check is for in between."
	$(VENV) -m mypy & types=$$!; [ -e tests/__pycache__ ] || $(RUN_TESTS) -n 0 --collect-only -q >/dev/null; \
	$(RUN_TESTS) $(PYTEST); tests=$$?; \
	wait $$types || { echo "Types: mypy has found errors, they stand above the tests." >&2; exit 1; }; exit $$tests

test-all: setup  ## make test, and what it leaves to the workflows: each notebook in each way, each known mistake
	COURSEKIT_ALL_LEGS=1 $(MAKE) --no-print-directory test

test-gpu: setup  ## all notebooks, and the tests that need one, on a GPU; without one: skipped, and why
	$(VENV) -m tools.gpu $(PYTEST)

doctor: setup  ## check this machine: versions, device, ffmpeg, data, memory, disk
	$(VENV) -m coursekit doctor

repair:  ## install everything in .venv again, over what is there
	rm -f .venv/.coursekit-lock
	$(MAKE) --no-print-directory setup

record: setup  ## run all notebooks anew and store what they print
	$(VENV) -m tools.notebooks.record

overview: setup  ## draw the picture of the README anew
	$(VENV) -m tools.data.overview

bench: setup  ## run all benchmarks on this machine: readers, costs, features, grading (an hour)
	$(VENV) -m pip install --quiet --constraint=requirements.lock --no-build-isolation --editable=".[bench]"
	for script in tools/benchmarks/*.py; do $(VENV) "$$script" || exit 1; done

format: setup  ## format the code and repair what the linter can repair
	$(VENV) -m ruff check --fix --quiet . || true
	$(VENV) -m ruff format .

rehearsal: setup  ## run all notebooks as on Colab: its versions, its set-up cell, no checkout (minutes, 5 GB for a while)
	$(VENV) -m tools.notebooks.colab $(NOTEBOOKS)

links: setup  ## check every link (REPOSITORY=owner/name BRANCH=main: first let them lead there)
	$(VENV) -m tools.publish.links $(if $(REPOSITORY),--repository "$(REPOSITORY)") $(if $(BRANCH),--branch "$(BRANCH)")

publish: setup  ## make the students' course in dist/student (REPOSITORY=owner/name; SOLUTIONS=no without those of exercises)
	$(VENV) -m tools.publish.student $(if $(REPOSITORY),--repository "$(REPOSITORY)") $(if $(filter no,$(SOLUTIONS)),--no-solutions)

site: setup  ## make the course's site, in _site
	$(VENV) -m tools.publish.site

lock: setup  ## make requirements.lock anew from pyproject.toml (UPGRADE=1: with the newest versions); needs uv
	$(VENV) -m tools.lock $(if $(UPGRADE),--upgrade)

clean:  ## delete .venv and what tools have left
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache artifacts build dist _site
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
