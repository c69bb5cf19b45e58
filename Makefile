# From a fresh clone on Debian or Ubuntu, as root or not, with git, make and Python 3.11 or newer.
#
#   make setup    .venv with the pinned packages; .venv/bin/elastinet is the program
#   make demo     a small region, built and explained
#   make quick    the tests that need neither the kernel nor another's server, within a minute
#   make test     the tests; TESTS=tests/wire for some of them
#   make lint     ruff and mypy
#   make fuzz     the doors of the machine under odd messages, for an hour; FUZZ="--seconds 300 --seed 1"
#   make bench    elastinet measured, beside moto
#   make docs     the documentation as a site, in build/site: it is read from files, or by any web server
#   make release-check   what a release must pass; RELEASE="changelog build", RELEASE="--advisories DIR"

PYTHON_BIN := .venv/bin/python
TESTS ?= tests
QUICK := rules dumps forecast wire store dpdk fabric/contract fabric/compile fabric/desired fabric/reconcile laws/test_layers.py laws/test_compiled.py laws/test_wire.py test_docs.py test_site.py
# Six workers on two cores: tests of packets mostly wait. What measures has three tries, should it be late.
PYTEST_FLAGS ?= -n 6 -q
# All tests together: of those that are alike a share, and the next time another. TESTS=…: all of them.
IN_TURN := $(if $(filter tests,$(TESTS)),--in-turn)

.PHONY: setup demo quick test lint fuzz bench docs release-check system-packages

setup: .venv/.ready system-packages

.venv/.ready: pyproject.toml constraints.txt scripts/setup
	@scripts/setup

# What is missing is named, and is no obstacle: the tests that need it say so and skip.
system-packages:
	@scripts/system-packages || true

# A program that an example runs on its instances; where there is none, the example's test skips.
.venv/bin/etcd: .venv/.ready
	@scripts/etcd || true

demo: setup
	@$(PYTHON_BIN) examples/demo.py

test: setup .venv/bin/etcd .venv/.docs-ready
	@$(PYTHON_BIN) -m pytest $(PYTEST_FLAGS) $(IN_TURN) $(TESTS)

quick: .venv/.ready
	@$(PYTHON_BIN) -m pytest -n 2 -q $(addprefix tests/,$(QUICK))

lint: setup
	@$(PYTHON_BIN) -m ruff check
	@$(PYTHON_BIN) -m ruff format --check
	@$(PYTHON_BIN) -m mypy

fuzz: setup
	@PYTHONPATH=tests:tests/support $(PYTHON_BIN) -m fuzz $(FUZZ)

bench: setup .venv/.bench-ready .venv/peer/.ready
	@PYTHONPATH=tests:tests/support $(PYTHON_BIN) -m bench

# What is written from the code is written first.
docs: .venv/.docs-ready
	@$(PYTHON_BIN) scripts/site/coverage_page.py
	@NO_MKDOCS_2_WARNING=1 $(PYTHON_BIN) -m mkdocs build --quiet
	@echo "the site is in build/site"

# What is measured beside elastinet, in an environment of its own: its requirements do not agree with ours.
.venv/peer/.ready: constraints-peer.txt .venv/.ready
	@$(PYTHON_BIN) -m venv .venv/peer
	@.venv/peer/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r $<
	@touch $@

.venv/.%-ready: constraints-%.txt .venv/.ready
	@$(PYTHON_BIN) -m pip install -qq --disable-pip-version-check --require-hashes -r $<
	@touch $@

release-check: setup .venv/.release-ready
	@$(PYTHON_BIN) scripts/release-check $(RELEASE)
