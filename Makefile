# make studio   makes the environment, starts the studio and opens it   (HOST=127.0.0.1 PORT=7860)
# make test     proves everything
# make bench    measures speed, memory, how well clips follow the drawing, and how soon

.PHONY: studio test bench
.DEFAULT_GOAL := studio

HOST ?= 127.0.0.1
PORT ?= 7860
VENV := .venv
BIN := $(VENV)/bin
# The CPU build is enough. For another build: make studio TORCH_INDEX=https://download.pytorch.org/whl/cu130
TORCH := torch==2.13.0
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
PYTHONS := python3 python3.14 python3.13 python3.12 python3.11
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

studio: $(VENV)/.installed
	$(BIN)/echo-studio serve --host $(HOST) --port $(PORT)

test: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	@if command -v node >/dev/null; then echo node --test tests/studio/ui; node --test tests/studio/ui/*.test.mjs; \
	else echo "No node was found: the unit tests of the browser modules are left out."; fi
	$(BIN)/python -m pytest

bench: $(VENV)/.installed-test
	$(BIN)/python -m training.bench
	$(BIN)/python -m studio.bench

# The stamps make a second run start at once: nothing is installed again until pyproject.toml changes.
$(VENV)/.installed: $(VENV)/.torch pyproject.toml
	$(PIP) --editable .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.torch pyproject.toml
	$(PIP) --editable '.[train,test]'
	@touch $@ $(VENV)/.installed

$(VENV)/.torch: $(BIN)/python
	$(PIP) --no-deps --retries 1 --extra-index-url $(TORCH_INDEX) $(TORCH)
	@touch $@

$(BIN)/python:
	@for python in $(PYTHONS); do \
		if $$python -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "$$python -m venv $(VENV)"; exec $$python -m venv $(VENV); \
		fi; \
	done; \
	echo "Python 3.11 or newer with its venv module is needed, and none was found; install python3 and python3-venv."; exit 1
