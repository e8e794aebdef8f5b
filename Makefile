# One command for each thing one does with mmkit; everything happens in virtual environments beside this file.
#
#   make demo    run the demo                 make test    the suite, on the checkout and on the built wheel
#   make check   style, types, import rules   make clean   remove everything that these commands made
#
# PYTHON chooses the interpreter (3.11 or newer): make test PYTHON=python3.12

PYTHON ?= python3
PIP := -m pip install --quiet --disable-pip-version-check --no-compile
SOURCES := $(shell find mmkit plugins -type f -not -name '*.pyc') pyproject.toml README.md LICENSE

.PHONY: demo test check picture clean

demo: .venv/installed
	.venv/bin/mmkit demo

test: .venv/installed-all .venv-wheel/installed
	@echo "== the suite on the checkout"
	.venv/bin/python -m pytest -q --cov --cov-report=term:skip-covered
	@echo "== the suite on the built wheel"
	PYTHONSAFEPATH=1 .venv-wheel/bin/python -m pytest -q -p no:cacheprovider

check: .venv/installed-all
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo

picture: .venv/installed
	.venv/bin/python docs/picture.py

clean:
	rm -rf .venv .venv-wheel .peer-venv dist .coverage .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# The checkout itself is installed, so that an edit needs no new installation; only pyproject.toml's change does.
.venv/installed: pyproject.toml
	test -x .venv/bin/python || $(PYTHON) -m venv .venv
	.venv/bin/python $(PIP) --editable .
	touch $@

.venv/installed-all: pyproject.toml .venv/installed
	.venv/bin/python $(PIP) --editable '.[test,check]'
	touch $@

.venv-wheel/installed: $(SOURCES)
	test -x .venv-wheel/bin/python || $(PYTHON) -m venv .venv-wheel
	rm -rf dist
	.venv-wheel/bin/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .
	.venv-wheel/bin/python $(PIP) --force-reinstall --no-deps dist/mmkit-*.whl
	.venv-wheel/bin/python $(PIP) "$$(echo dist/mmkit-*.whl)[test]"
	touch $@
