# Everything a contributor needs, once. `make demo` and `make test` make their own environment.
PYTHON ?= python3.11
VENV ?= .venv
DEMO ?= build/demo
EXAMPLE ?= banking77
JOBS ?= 2
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: demo test quick lint docs bench clean

demo: $(VENV)/.train ## the whole chain on Banking77; then load the result and watch its traffic
	$(BIN)/trimtab init $(EXAMPLE) --into $(DEMO) --if-missing
	$(BIN)/trimtab -C $(DEMO) run
	$(BIN)/trimtab -C $(DEMO) bench --seconds 2 --replay
	$(BIN)/trimtab -C $(DEMO) watch
	$(BIN)/trimtab -C $(DEMO) report --no-open

test: lint quick ## every test, the slow ones too; those use all cores by themselves, one after the other
	$(BIN)/python -m pytest -m slow

quick: $(VENV)/.dev ## the tests that take seconds, JOBS files at a time
	$(BIN)/python -m pytest -m "not slow" --numprocesses $(JOBS) --dist loadfile

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.dev ## build the documentation; a warning is an error
	$(BIN)/mkdocs build --strict

bench: $(VENV)/.dev ## the serving ablation of the README
	$(BIN)/python bench/serving.py

clean:
	rm -rf build site .pytest_cache .mypy_cache .ruff_cache

# torch stands in the same command as what depends on it: alone, pip would fetch gigabytes of CUDA.
$(VENV)/.train: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --constraint constraints.txt "torch==2.13.0" --editable ".[train]"
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --constraint constraints.txt "torch==2.13.0" --editable ".[dev]"
	touch $@ $(VENV)/.train
