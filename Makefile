# Every everyday command. Each one first installs what is missing and costs seconds when nothing is.
#
# System packages come from apt-get (Debian, Ubuntu), Python packages go into .venv, the R package
# goes into .r-library; all three are looked at every time, and only touched when needed.

SHELL := /bin/bash -o pipefail
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := $(CURDIR)/.venv
R_LIBRARY := $(CURDIR)/.r-library

# The commands below mean this project's R library and Python, whatever the shell has set.
export R_LIBS := $(R_LIBRARY)
unexport TORCHBRIDGE_PYTHON RETICULATE_PYTHON PYTHONPATH PYTHONHOME
# A bare machine has no locale, or one of ASCII alone, and R would print text as escapes.
ifneq ($(shell locale charmap 2>/dev/null),UTF-8)
export LC_ALL := C.UTF-8
endif

.PHONY: docs dist check-dist check-matrix fuzz packages book soak help demo lessons test test-fast bench bench-details lint document sanitize clean setup system

help: ## show these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

# Threads that wait by spinning take the cores from whatever else runs there: with a busy machine's
# every step of a small network then waits for the scheduler (measured: 44 s instead of 4).
demo docs lessons test test-fast: export OMP_WAIT_POLICY ?= PASSIVE

# Compiled programs that tests make are not kept in the user's cache.
test test-fast: export TORCHBRIDGE_CACHE ?= off

demo: setup ## the main job: R's data, a PyTorch network, R's figures; then the same from Python
	Rscript r_scripts/demo.R
	$(VENV)/bin/python r_scripts/demo.py
	@echo "The figures:"; ls -1 output/*.png

lessons: setup ## every lesson of r_scripts/lessons as a page of output/lessons/index.html
	rm -rf output/lessons
	$(VENV)/bin/python r_scripts/lessons/site/spin.py output/lessons r_scripts/lessons/*.py
	Rscript r_scripts/lessons/site/render.R output/lessons
	rm output/lessons/*.json
	@echo "Open output/lessons/index.html in a browser."

# docs/site/requirements.txt has what only the guides need; every chunk of theirs is run.
SITE := output/docs
docs: export TORCHBRIDGE_PYTHON := $(VENV)/bin/python
docs: setup ## the documentation as a site, every code of it run: output/docs/index.html
	$(PIP) install -q $(PINS) -r docs/site/requirements.txt
	rm -rf $(SITE)
	$(VENV)/bin/python r_scripts/lessons/site/spin.py $(SITE)/lessons r_scripts/lessons/*.py
	$(VENV)/bin/python r_scripts/lessons/site/spin.py $(SITE)/guides docs/guides/*.py
	$(VENV)/bin/python docs/site/reference.py $(SITE)/python.json
	Rscript docs/site/build.R $(SITE)
	rm $(SITE)/guides/*.json $(SITE)/lessons/*.json
	$(VENV)/bin/python docs/site/finish.py $(SITE)
	@echo "Open $(SITE)/index.html in a browser."

# FILE: a file or a folder of either language, by path or by bare name, or pytest's path::test.
test: setup ## every test of both languages, and the checks; FILE=... runs one file or folder
	@$(VENV)/bin/python tests/run.py $(FILE)

test-fast: setup ## the basics of every room, in both languages, in under a minute
	@$(VENV)/bin/python tests/run.py --fast

bench: setup ## the bridge's speed beside its limits and peers, in one table: docs/BENCHMARKS.md
	@$(VENV)/bin/python benchmarks/table.py --write docs/BENCHMARKS.md

bench-details: setup ## more of it, script by script; a peer that is missing ends its script alone
	@for script in $(filter-out %/timing.py %/table.py %/table_rows.py,$(wildcard benchmarks/*.py)); do \
		echo "== $$script"; $(VENV)/bin/python $$script || echo "$$script did not come to its end"; done
	@for script in $(filter-out %/table_rows.R,$(wildcard benchmarks/*.R)); do \
		echo "== $$script"; Rscript $$script || echo "$$script did not come to its end"; done

# A crash, a hang, a wrong value or another error than a documented one is told with what repeats it.
INPUTS ?= 100000
SEED ?= 1
fuzz: setup ## inputs that try to break the core and the loaders; INPUTS=1000000 SEED=2 for others
	$(VENV)/bin/python tests/fuzz/run.py --inputs $(INPUTS) --seed $(SEED)

# Memory, file handles, threads and temporary files must stay what they are after the first hundred.
ROUNDS ?= 10000
ONLY ?=
soak: setup ## each conversion, call, fit and save 10,000 times; ROUNDS=200 ONLY=to_frame for less
	$(VENV)/bin/python tests/soak/run.py --rounds $(ROUNDS) --only "$(ONLY)"

# CHECKOUTS: a folder of checkouts, OWNER+NAME or NAME. PACKAGES: some of tests/packages/*.dcf.
# FILES: a pattern for names of test files, the others count with what they gave last.
CHECKOUTS ?=
PACKAGES ?=
FILES ?=
packages: export OMP_WAIT_POLICY ?= PASSIVE
packages: setup ## tests of packages on R's torch, on the stand-in; CHECKOUTS=folder PACKAGES=luz
	Rscript tests/packages/run.R "$(CHECKOUTS)" $(PACKAGES) $(if $(FILES),"--files=$(FILES)")

# REFERENCE: an R library with R's own torch. DOCUMENTS: some chapters and vignettes.
REFERENCE ?=
DOCUMENTS ?=
book: export OMP_WAIT_POLICY ?= PASSIVE
book: setup ## a book's code and vignettes, on R's torch and here; CHECKOUTS=folder REFERENCE=library
	Rscript tests/packages/book/run.R "$(CHECKOUTS)" "$(REFERENCE)" $(DOCUMENTS)

# --- dist ---------------------------------------------------------------------------------------

STAGE := build/dist
VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' bridge/__init__.py)

# The R package carries the source distribution: install_torch() compiles it for the R that it is in.
# The wheel links to libR, which is each machine's own; auditwheel names the oldest system it runs on.
dist: APT += r-cran-rmarkdown pandoc patchelf
dist: setup ## sdist, audited wheel and R source package into dist/, checked as CRAN does
	$(PIP) install -q build twine auditwheel
	rm -rf dist $(STAGE)
	mkdir -p dist $(STAGE)/wheel
	$(VENV)/bin/python -m build -q --no-isolation --sdist --outdir dist .
	$(VENV)/bin/python -m build -q --no-isolation --wheel --outdir $(STAGE)/wheel .
	PATH=$(VENV)/bin:$$PATH auditwheel repair --exclude 'libR.so*' -w dist $(STAGE)/wheel/*.whl
	$(VENV)/bin/twine check --strict dist/torchbridge-*
	cp -r r_scripts/torchbridge $(STAGE)/torchbridge
	mkdir -p $(STAGE)/torchbridge/inst/python
	cp dist/torchbridge-$(VERSION).tar.gz $(STAGE)/torchbridge/inst/python
	cd $(STAGE) && R CMD build torchbridge
	mv $(STAGE)/torchbridge_$(VERSION).tar.gz dist
	$(MAKE) check-dist

# What asks CRAN itself is off: the package is not there.
check-dist: export _R_CHECK_CRAN_INCOMING_ := false
check-dist: export _R_CHECK_FORCE_SUGGESTS_ := false
check-dist: ## R CMD check --as-cran of dist/'s R package
	cd $(STAGE) && R CMD check --as-cran --no-manual $(CURDIR)/dist/torchbridge_$(VERSION).tar.gz
	@$(VENV)/bin/python tests/check_log.py $(STAGE)/torchbridge.Rcheck/00check.log

# DEBIAN: chroots (folders) of Debian or Ubuntu, as debootstrap or mmdebstrap make them; as root.
DEBIAN ?=
check-matrix: ## builds and tests a clone of the last commit in chroots: DEBIAN="/srv/trixie /srv/sid"
	@tests/matrix.sh $(DEBIAN)

# --- lint ---------------------------------------------------------------------------------------

# setuptools' own commands, for builds beside the installed one.
SETUP := $(VENV)/bin/python -c 'import setuptools; setuptools.setup()' -q

lint: APT += r-cran-lintr
lint: setup ## the checks alone: ruff, mypy, C warnings as errors, clang-format, lintr
	@$(VENV)/bin/python tests/checks.py

# --- document -----------------------------------------------------------------------------------

document: APT += r-cran-roxygen2
document: setup ## write anew what is generated: gen-*.R, NAMESPACE, help pages
	$(VENV)/bin/python r_scripts/generators/document.py
	Rscript -e 'roxygen2::roxygenise("r_scripts/torchbridge")'

# --- sanitize -----------------------------------------------------------------------------------

NATIVE_TESTS ?= tests/native
SANITIZE := build/sanitize
SANITIZERS := -fsanitize=address,undefined
# libR comes along because a sanitizer looks up what it wraps (xdr_* among it) once, at the start:
# what a later library brings would be called through null.
PRELOADED = $(shell gcc -print-file-name=libasan.so) $(shell gcc -print-file-name=libubsan.so) \
	$(shell R RHOME)/lib/libR.so
# R and Python keep memory at exit by design: leaks are the business of the live-handle tests;
# memory beyond the machine is NULL, as without it.
SANITIZED = env LD_PRELOAD="$(PRELOADED)" PYTHONPATH=$(SANITIZE)/lib:tests/soak PYTHONMALLOC=malloc \
	ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1
# Reads and writes only: what valgrind calls uninitialised is all in PyTorch and R.
MEMCHECK = env PYTHONPATH=tests/soak PYTHONMALLOC=malloc OMP_NUM_THREADS=1 \
	valgrind -q --error-exitcode=9 --undef-value-errors=no --leak-check=no \
	--suppressions=tests/soak/valgrind.supp

sanitize: setup ## the core's tests, fuzzed inputs and fits under ASan, UBSan, valgrind, gctorture
	rm -rf $(SANITIZE)
	TORCHBRIDGE_CFLAGS="$(SANITIZERS) -fno-sanitize-recover=undefined -g -O1 -fno-omit-frame-pointer" \
	TORCHBRIDGE_LDFLAGS="$(SANITIZERS)" \
		$(SETUP) build --build-lib $(SANITIZE)/lib --build-temp $(SANITIZE)/temp
	@# pytest must leave crashes and stderr to the sanitizers, or their reports are lost.
	$(SANITIZED) $(VENV)/bin/python -m pytest -p no:faulthandler --capture=sys $(NATIVE_TESTS)
	@# Arrow and DLPack made by hand in memory of just their size: a read beyond it is seen.
	$(SANITIZED) bash -c 'for part in arrow dlpack vectors; do \
		$(VENV)/bin/python tests/fuzz/run.py --part $$part --inputs 5000 || exit 1; done'
	@# Each conversion, call, fit and save.
	TMPDIR=$$(mktemp -d) $(SANITIZED) $(VENV)/bin/python tests/soak/python_pieces.py 30
	@if command -v valgrind >/dev/null; then \
		TMPDIR=$$(mktemp -d) $(MEMCHECK) $(VENV)/bin/python tests/soak/python_pieces.py 1 $(CROSSINGS); \
	else echo "valgrind is not installed: its checks are left out"; fi
	TORCHBRIDGE_GCTORTURE=1 $(VENV)/bin/python -m pytest $(NATIVE_TESTS)

# The pieces that valgrind runs: it takes a hundred times as long.
CROSSINGS := '^(to_torch|to_numpy|to_r|handle)'

clean: ## remove everything these commands made here (apt's packages stay)
	rm -rf .venv .r-library build dist output torchbridge.egg-info bridge/_native.so
	rm -rf .pytest_cache .hypothesis .mypy_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

# --- setup --------------------------------------------------------------------------------------

setup: $(R_LIBRARY)/.installed
	@$(COMPILE)

# r-base-dev: R, and the compilers and headers that rpy2 and our native core are built with.
APT := r-base-dev r-cran-reticulate r-cran-r6 r-cran-rlang r-cran-cli r-cran-bit64 r-cran-matrix \
	r-cran-mass r-cran-nnet r-cran-ggplot2 r-cran-numderiv r-cran-testthat r-cran-survival \
	r-cran-generics r-cran-hardhat r-cran-recipes r-cran-tibble r-cran-knitr r-cran-commonmark

# A virtual environment needs ensurepip, the core Python.h, and reticulate a shared libpython.
define PYTHON_IS_COMPLETE
import ensurepip, os, sysconfig as s
assert os.path.isfile(os.path.join(s.get_path("include"), "Python.h"))
assert s.get_config_var("Py_ENABLE_SHARED")
assert os.path.isfile(os.path.join(s.get_config_var("LIBDIR"), s.get_config_var("INSTSONAME")))
endef
export PYTHON_IS_COMPLETE
python_is_complete = $(PYTHON) -c "$$PYTHON_IS_COMPLETE" 2>/dev/null

system:
	@! command -v $(PYTHON) >/dev/null \
		|| $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
		|| { echo "torchbridge needs Python 3.10 or later, and $(PYTHON) is older:" \
			"name another with make PYTHON=..."; exit 1; }
	@missing=; \
	if command -v apt-get >/dev/null; then \
		for package in $(APT); do \
			dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null | grep -qx installed \
				|| missing="$$missing $$package"; \
		done; \
		$(python_is_complete) || missing="$$missing python3-venv python3-dev"; \
	fi; \
	if [ -n "$$missing" ]; then \
		echo "Installing with apt-get:$$missing"; \
		as_root="$$([ "$$(id -u)" = 0 ] || echo sudo) env DEBIAN_FRONTEND=noninteractive"; \
		$$as_root apt-get update -q \
			&& $$as_root apt-get install -q -y --no-install-recommends $$missing || exit 1; \
	fi; \
	command -v R >/dev/null || { echo "Please install R 4.2 or later."; exit 1; }; \
	$(python_is_complete) || { echo "$(PYTHON) lacks venv, Python.h or a shared libpython:" \
		"name another with make PYTHON=..."; exit 1; }

CONSTRAINTS := bridge/constraints.txt bridge/constraints-r-before-4.5.txt
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check
# The pins that go with this R.
PINS = -c bridge/constraints.txt $(shell Rscript --vanilla \
	-e 'if (getRversion() < "4.5.0") cat("-c bridge/constraints-r-before-4.5.txt")')

PROJECT := .[test,lint]

# Everything if what is needed has changed, only our own build if just C sources have.
# editable_mode=strict links every file under its import name: by folders alone, a script in
# r_scripts/ would find the R package r_scripts/torchbridge when it imports torchbridge. So a
# file that comes or goes (the folder's time) means a new build too.
# RPY2_CFFI_MODE: rpy2 must fail to build rather than quietly build its slower form.
FOLDERS := $(shell find bridge models r_scripts/torchbridge -type d \
	-not -name __pycache__ -not -path '*/tests/*')
NATIVE := $(shell find bridge/native -type f -not -name '*.pyc')
EDITABLE := --no-build-isolation --config-settings editable_mode=strict -e
$(VENV)/.installed: pyproject.toml $(CONSTRAINTS) $(FOLDERS) $(NATIVE) | system
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(if $(filter pyproject.toml $(CONSTRAINTS),$?), \
		$(PIP) install $(PINS) setuptools cffi && \
		RPY2_CFFI_MODE=API $(PIP) install $(PINS) $(EDITABLE) '$(PROJECT)', \
		$(PIP) install -q --no-deps $(EDITABLE) .)
	@touch $@

# What pip does for a wheel: where Python may not write bytecode, each start of ours would compile
# every file that it imports.
COMPILE = $(VENV)/bin/python -m compileall -q build/__editable__*

# Not its tests: they are read from here, and running them writes among them.
R_SOURCES := $(shell find r_scripts/torchbridge -path '*/tests' -prune -o -print)

$(R_LIBRARY)/.installed: $(R_SOURCES) $(VENV)/.installed
	$(VENV)/bin/python -m torchbridge install-r --library $(R_LIBRARY)
	@touch $@
