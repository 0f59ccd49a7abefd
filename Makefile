# make run: set up and show the demo.   make test: set up with the development tools and run the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= runs/demo
IMAGES := seabios ovmf
DEBIAN := $(IMAGES) vgabios ipxe-qemu nasm device-tree-compiler intel-gpu-tools chromium chromium-driver qemu-system-arm

.PHONY: run images test oracle live mutants lint docs man bench wheel clean packages

run: $(VENV)/.installed images
	$(BIN)/fwsim demo --out $(OUT) --force
	@echo
	@echo "The run's folders, with pictures and events, are in $(abspath $(OUT))"
	@echo "To type fwsim, here and in other folders:"
	@echo "    export PATH=\"$(abspath $(BIN)):\$$PATH\""

# The firmware images that examples/seabios-image.toml and ovmf-image.toml execute.
images:
	@.ci/packages $(IMAGES)

# Each process has its part of the files in their order, so that what a file's tests share is made once; who is done
# first takes from another's end. What pytest makes of the tests' sources is kept: else it costs each 10 s, each time.
WORKERS ?= 2
test: $(VENV)/.developed packages
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal

# Every case that was measured on real firmware, or read in its source, asked again.
oracle: $(VENV)/.developed
	$(BIN)/python -m pytest -q tests/test_oracle.py

# Real boots beside fwsim's answers: takes qemu-system-x86, seabios, ovmf (and nasm, for OVMF) of any version.
BOOTS ?= 40
live: $(VENV)/.developed
	@.ci/packages qemu-system-x86 seabios ovmf nasm
	$(BIN)/python tests/oracle/live --firmware seabios --boots $(BOOTS)
	$(BIN)/python tests/oracle/live --firmware ovmf --boots $(BOOTS)

# Changes of the running code, one at a time in a copy: a test has to notice each. About a quarter of an hour.
mutants: $(VENV)/.developed
	$(BIN)/python tests/mutants.py

lint: $(VENV)/.developed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.developed
	$(BIN)/python -m fwsim.report.registers_page docs/registers.md
	$(BIN)/python -m fwsim.cli.reference docs/cli.md
	$(BIN)/python tests/oracle/exactness_page.py docs/exactness.md
	$(BIN)/python -m fwsim.report.designs_page docs/designs.md examples/designs.toml
	$(BIN)/python -m fwsim.report.speed_page docs/speed.json docs/speed.md docs/images/speed.png
	test -z "$$FWSIM_ROMS" || $(BIN)/python -m fwsim.report.mirror_page docs/must-be-mirrored.md "$$FWSIM_ROMS"
	test -z "$$FWSIM_ROMS" || $(BIN)/python -m fwsim.report.repeated_page docs/run-more-than-once.md "$$FWSIM_ROMS"

# build/man/fwsim.1 and a page for each command; to read one: man -l build/man/fwsim-run.1
man: $(VENV)/.installed
	$(BIN)/python -m fwsim.cli.reference build/man

# How fast it is, and how that grows: a quarter of an hour on a quiet machine. make docs then makes docs/speed.md of it.
bench: $(VENV)/.developed
	@.ci/packages libx86emu-dev qemu-system-x86
	$(BIN)/fwsim bench
	$(BIN)/fwsim bench --growth --save docs/speed.json

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "fwsim needs Python 3.11 or newer; give it with make PYTHON=...")'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "on Debian and Ubuntu venv is a package: apt install python3-venv"; exit 1; }

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml setup.py
	@echo "Installing fwsim and what it needs (300 MB); its native code is compiled here once: a minute, or two"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[build,tables]'
	$(BIN)/python -m fwsim.native.compiler
	touch $@

$(VENV)/.developed: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

# A wheel of this machine, with the native code compiled for it: dist/fwsim-*.whl
wheel: $(VENV)/bin/python
	$(BIN)/python -m pip wheel --disable-pip-version-check --no-deps --wheel-dir dist .

# The tests run the video BIOSes and the assembler of these packages; without them those tests skip and say so.
packages:
	@.ci/packages $(DEBIAN)

clean:
	rm -rf $(VENV) build dist fwsim/native/code.* *.egg-info .mypy_cache .ruff_cache .pytest_cache
