# Works with GNU make 3.81 (macOS) and newer.

# Set it to use a certain interpreter: make PYTHON=python3.13 venv
PYTHON =
# Goes to pytest: make test ARGS="-k bulk -x"
ARGS =
# Processes that run the tests, a file of them each at a time. Twice as many as a small machine has cores: many tests wait.
JOBS = 4

VENV = .venv
PY = $(VENV)/bin/python
PIP = $(PY) -m pip --disable-pip-version-check --no-input install --quiet --progress-bar off --require-hashes
LOCK = uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	--custom-compile-command "make lock"
# Installed, and newer than what asks for it.
RUNTIME = $(VENV)/.runtime
REPORT = $(VENV)/.report
DEV = $(VENV)/.dev

.PHONY: help venv env extras demo test bench soak docs dashboards previews format lock clean

# Python's upgrade leaves a link to nowhere. Made anew it would point to a file older than the stamps, so that
# nothing were installed: being phony, it is newer than everything.
ifneq ($(shell test -x $(PY) && echo works),works)
.PHONY: $(PY)
endif

help:
	@echo "make venv     sets up $(VENV) with what vconf-harvest needs"
	@echo "make env      copies example.env to .env, which you alone can read, unless there is one"
	@echo "make extras   adds what 'report' and 'export parquet' need"
	@echo "make demo     harvests simulated vendors, without any account, and makes a report"
	@echo "make test     checks style and types, then runs the tests on a real Elasticsearch"
	@echo "make bench    measures speed, memory and disk against the goals, and writes docs/performance.md"
	@echo "make soak     runs every fault with every vendor and 500 random kills, and writes docs/reliability.md"
	@echo "make docs     makes the documentation that follows from the code"
	@echo "make dashboards makes the file of Kibana's dashboards anew from their definitions"
	@echo "make previews draws the dashboards with invented calls into build/previews, to look at without a Kibana"
	@echo "make format   formats the code"
	@echo "make lock     pins the requirements anew (needs uv)"
	@echo "make clean    removes what the other targets made; data/ stays"

venv: $(RUNTIME)

env: .env

.env:
	install -m 600 example.env $@

extras: $(REPORT)
	$(PIP) -r requirements-parquet.txt

demo: $(REPORT)
	$(PY) harvest.py dev demo
	$(PY) harvest.py --no-progress -q dev demo --vendor all --days 14

test: $(DEV)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	@# mypy keeps one core busy; beside it pytest reads all tests once, so that its processes find them prepared.
	PYTHONDONTWRITEBYTECODE= $(PY) -m pytest --collect-only -q >/dev/null 2>&1 & $(PY) -m mypy; types=$$?; wait; exit $$types
	$(PY) -m tests.elasticsearch_node run -- $(PY) -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

bench: $(DEV)
	$(PY) benchmarks/run.py --write

soak: $(DEV)
	$(PY) -m tests.elasticsearch_node run -- $(PY) -m tests.faults --write $(ARGS)

docs: $(DEV)
	$(PY) docs/generate.py

dashboards: $(DEV)
	$(PY) -m harvesters.dashboards

previews: $(DEV)
	$(PY) -m tests.elasticsearch_node run -- $(PY) docs/previews.py

format: $(DEV)
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

lock:
	$(LOCK) --upgrade --output-file requirements.txt requirements.in
	$(LOCK) --upgrade --output-file requirements-report.txt requirements-report.in
	$(LOCK) --upgrade --output-file requirements-parquet.txt requirements-parquet.in
	$(LOCK) --upgrade --output-file requirements-dev.txt requirements-dev.in

clean:
	rm -rf $(VENV) .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Tried by running: a name on the path may be a launcher for a version that is not there.
$(PY):
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
		"$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		echo "$(VENV) from $$("$$python" --version)"; \
		exec "$$python" -m venv --clear --without-pip $(VENV); \
	done; \
	echo "Python 3.11 or newer with its venv module is needed (on Debian: apt-get install python3-venv)." >&2; \
	exit 1

# pip comes here, not with the environment: a set-up that was interrupted in between goes on.
$(RUNTIME): $(PY) requirements.txt
	@$(PY) -m ensurepip >/dev/null
	$(PIP) -r requirements.txt
	@touch $@

$(REPORT): $(RUNTIME) requirements-report.txt
	$(PIP) -r requirements-report.txt
	@touch $@

$(DEV): $(RUNTIME) requirements-dev.txt
	$(PIP) -r requirements-dev.txt
	@touch $@
