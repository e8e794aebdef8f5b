# One command for each thing one does with mmkit; everything happens in virtual environments beside this file.
#
#   make demo    run the demo                      make test     the suite, on the checkout and on the built wheel
#   make check   style, types, import contracts    make quick    the suite in a few minutes, on the checkout alone
#   make clean   remove what these commands made   make picture  take the README's picture anew
#   make cover   which lines the checkout's tests  make pages    write docs/rules, hooks, formulas and the schema anew
#                never reach                       make docs     the site, docs/_build/index.html
#   make surface what of the public names and keys the changelog does not tell of; at a release, record them
#
# PYTHON chooses the interpreter (3.11 or newer) and JOBS how many tests run at once: make test PYTHON=python3.12 JOBS=4

PYTHON ?= python3
JOBS ?= 2
CHROMIUM ?= chromium

# Without --no-compile pip spends as long on bytecode, most of it never used, as on everything else.
INSTALL := -m pip install --quiet --disable-pip-version-check --no-compile
# Tests of one file share what they build once, so a file stays in one process.
PYTEST := -m pytest -q -n $(JOBS) --dist loadfile
PEER := import sys; sys.path.append("tests/parity"); import peer_process; peer_process.python()
# What compiles stacks, asks the independent engine, runs whole examples, thousands of markets or processes: minutes, and on the wheel alone.
COMPILING := tests/parity tests/properties tests/swap tests/examples tests/cli tests/packaging/test_new_plugins.py \
	$(addprefix tests/docs/test_,how_to.py tutorial.py) \
	$(addprefix tests/plugins/optimization/test_,exact_ones.py log_sampling.py) \
	$(addprefix tests/mmkit/test_,accounting.py profit_identities.py tapes.py benching.py) \
	$(addprefix tests/mmkit/engine/test_,same_bits.py compiled.py cache.py linking.py python_cache.py single.py)
# What a wheel has to show as well as the checkout.
INSTALLED := tests/packaging tests/docs/test_readme.py tests/mmkit/test_plugins.py tests/mmkit/test_driver.py
SOURCES := $(shell find mmkit plugins -type f -not -name '*.pyc') pyproject.toml README.md LICENSE

.PHONY: demo test quick cover check docs picture pages surface clean

demo: .venv/installed
	.venv/bin/mmkit demo

test: .venv/installed-all .venv-wheel/installed
	@# Before the tests, so that no two of their processes make the same environment; without it they say why they skip.
	@.venv/bin/python -c '$(PEER)' || echo "the tests that need the independent engine will skip" >&2
	@echo "== the checkout =="
	.venv/bin/python $(PYTEST) $(COMPILING:%=--ignore=%)
	@echo "== the built wheel =="
	PYTHONSAFEPATH=1 .venv-wheel/bin/python $(PYTEST) -p no:cacheprovider $(COMPILING) $(INSTALLED)

# What the checkout's part of make test is.
quick: .venv/installed-all
	.venv/bin/python $(PYTEST) $(COMPILING:%=--ignore=%)

# Measuring coverage slows tests down, so it is no part of make test.
cover: .venv/installed-all
	.venv/bin/python $(PYTEST) --cov --cov-report=term:skip-covered $(COMPILING:%=--ignore=%)

check: .venv/installed-all
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo

# The suite builds it too, in a folder of its own. Always all of it: the navigation is part of every page.
docs: .venv/installed-all
	.venv/bin/sphinx-build -W --keep-going -n -q -E -a docs docs/_build
	@echo docs/_build/index.html

picture: .venv/installed
	.venv/bin/mmkit demo --out .picture > /dev/null
	$(CHROMIUM) --headless --no-sandbox --hide-scrollbars --window-size=1200,1250 --virtual-time-budget=8000 \
		--screenshot=docs/report.png file://$(CURDIR)/.picture/report.html
	rm -r .picture

pages: .venv/installed
	.venv/bin/python -m mmkit.pages docs/rules
	.venv/bin/python -m mmkit.hook_page docs/hooks.md
	.venv/bin/python -m mmkit.formula_page docs/formulas.md
	.venv/bin/mmkit schema --from mmkit --out mmkit.schema.json

surface: .venv/installed
	.venv/bin/python tests/stability/changes.py

clean:
	rm -rf .venv .venv-wheel .peer-venv dist docs/_build docs/_pages .coverage .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# The checkout itself is installed, so that an edit needs no new installation: only a change of pyproject.toml does.
.venv/installed: pyproject.toml
	test -x .venv/bin/python || $(PYTHON) -m venv .venv
	.venv/bin/python $(INSTALL) --editable .
	touch $@

.venv/installed-all: pyproject.toml .venv/installed
	.venv/bin/python $(INSTALL) --editable '.[test,check,docs]'
	touch $@

.venv-wheel/installed: $(SOURCES)
	test -x .venv-wheel/bin/python || $(PYTHON) -m venv .venv-wheel
	rm -rf dist
	.venv-wheel/bin/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .
	.venv-wheel/bin/python $(INSTALL) --force-reinstall --no-deps dist/mmkit-*.whl
	.venv-wheel/bin/python $(INSTALL) "$$(echo dist/mmkit-*.whl)[test]"
	touch $@
