# Builds, tests and flashes Thecal. Every target sets up what it needs; see README.md for what they are for.
#
# Settings, given as NAME=value on the command line or in the environment:
#   PYTHON        the Python to make the virtual environment with (3.11 or newer)
#   THECAL_CACHE  where compiled things that outlive a checkout are kept (~/.cache/thecal)
#   THECAL_UF2    a stock MicroPython image to use; nothing is cross-built then
#   DOSE_STEPS, PICO_DOSE_SEQUENCES
#                 how many steps make doses takes, and how many sequences make doses-pico (1000000, 2000)
#   THECAL_RESULTS
#                 where results are kept (build/results); none keeps none
#   PUMP          the pump that image, host and checks are about: a name of pumps/ or a description's path (reference)
#   QUICK_ARGS, PYTEST_ARGS, VERIFY_ARGS, FLASH_ARGS, MUTANTS_ARGS, TRACE_MUTANTS_ARGS, POWERCUTS_ARGS, LONGRUN_ARGS, ATTACK_ARGS, FULLCYCLE_ARGS,
#   INTERRUPTED_ARGS, FUZZ_ARGS, READERS_ARGS, GUESTS_ARGS, AUDIT_ARGS, DEMO_ARGS, MEMORY_ARGS, LOCKSTEP_ARGS, PARITY_ARGS, CHANGES_ARGS, CALIBRATION_ARGS, CAMPAIGN_ARGS, EVIDENCE_ARGS,
#   SPEED_ARGS, HISTORY_ARGS, DOSES_ARGS, METER_ARGS, PUMPS_ARGS, SLIPS_ARGS, FLUID_ARGS, WORDS_ARGS, CONSOLE_ARGS
#                 passed on to the command of that name

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
# Set-up steps share the package manager and the processor; side by side they would only get in each other's way.
.NOTPARALLEL:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BUILD := $(PYTHON) firmware/board/build.py
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet

# Compiled modules are kept below build/, also where the environment says to keep none: without them each of the many
# processes of a test run compiles everything it imports anew, which takes it a second.
KEEPING_COMPILED := env -u PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX="$(CURDIR)/build/compiled-python"

DOSE_STEPS ?= 1000000
PICO_DOSE_SEQUENCES ?= 2000
DEMO_ARGS ?= --program examples/paediatric_flex.toml

THECAL_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/thecal
export THECAL_CACHE

ifdef PUMP
export THECAL_PUMP := $(PUMP)
endif

# With a stock image at hand, neither the cross compiler nor its sources are needed.
ifdef THECAL_UF2
export THECAL_UF2
TOOLS := system-python
FIRMWARE := mpy
TEST_FIRMWARE := mpy
STOCK :=
else
TOOLS := system-all
FIRMWARE := uf2
TEST_FIRMWARE := uf2 probe stock unix
STOCK := stock mpy
endif

.PHONY: help
help: ## List the targets
	@echo "Usage: make TARGET"; echo
	@sed -nE 's/^([a-z0-9-]+):.*## (.*)$$/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-12s %s\n", $$1, $$2 }'

.PHONY: setup
setup: $(TOOLS) $(VENV)/ready ## Install what is missing: system packages and the virtual environment

.PHONY: uf2
uf2: $(TOOLS) ## Build the firmware image, build/firmware/thecal.uf2
	@$(BUILD) uf2

.PHONY: probe
probe: $(TOOLS) ## Build the image of the bench probe, build/firmware/probe.uf2
	@$(BUILD) probe

.PHONY: stock
stock: $(TOOLS) ## Build a stock MicroPython image, build/firmware/stock.uf2
	@$(BUILD) stock

.PHONY: unix
unix: $(TOOLS) ## Build MicroPython for this machine, build/firmware/micropython-unix
	@$(BUILD) unix mpy-cross

.PHONY: mpy
mpy: $(VENV)/verify-ready ## Compile the firmware for a stock board's file system, build/firmware/mpy
	@$(BUILD) mpy

.PHONY: demo
demo: $(VENV)/demo-ready ## Play a pump to practise on, without hardware; it delivers an example until Ctrl-C
	@$(BIN)/thecal demo $(DEMO_ARGS)

.PHONY: verify
verify: $(TOOLS) $(VENV)/verify-ready $(FIRMWARE) ## Deliver a day on the emulated board and check every pulse
	@$(BIN)/thecal-hil verify $(VERIFY_ARGS)

.PHONY: test
test: $(TOOLS) system-analyser $(VENV)/ready $(TEST_FIRMWARE) ## Run all tests
	@$(KEEPING_COMPILED) $(BIN)/pytest -n 2 --outcomes build/evidence/tests.json --results "$(or $(THECAL_RESULTS),build/results)" $(PYTEST_ARGS)

.PHONY: quick
quick: $(TOOLS) $(VENV)/ready ## Check an edit within a minute: style, types, unit tests it is felt in, twenty scenarios
	@PYTHONPATH=tests $(KEEPING_COMPILED) $(BIN)/python -m quick $(QUICK_ARGS)

.PHONY: powercuts
powercuts: $(TOOLS) $(VENV)/ready $(FIRMWARE) ## Cut the power in every flash operation, on the model and the emulated board
	@$(BIN)/thecal-hil powercuts $(POWERCUTS_ARGS)

.PHONY: doses
doses: $(VENV)/ready ## Ask anything of a pump a million times, and hold doses, log and pulses against a reference; it resumes
	@PYTHONPATH=tests nice $(BIN)/python -m therapy.campaign --steps $(DOSE_STEPS) $(DOSES_ARGS)

.PHONY: doses-pico
doses-pico: $(TOOLS) $(VENV)/ready $(FIRMWARE) ## The same on the emulated board, 2,000 sequences
	@PYTHONPATH=tests nice $(BIN)/python -m therapy.campaign --rig pico --sequences $(PICO_DOSE_SEQUENCES) $(DOSES_ARGS)

.PHONY: meter
meter: $(VENV)/ready ## Corrupt the history of doses 10,000 times, and hold every hour and 24 hours by the pulse; it resumes
	@PYTHONPATH=tests nice $(BIN)/python -m therapy.meter_campaign $(METER_ARGS)

.PHONY: pumps
pumps: $(TOOLS) $(VENV)/ready $(FIRMWARE) ## Draw 200 described pumps and hold each against the oracle at its least and greatest rate
	@nice $(BIN)/thecal-hil pumps $(PUMPS_ARGS)

.PHONY: slips
slips: $(VENV)/ready ## Put slips and right changes to the rules of the host library, and print pages beside wrong clocks
	@$(BIN)/thecal-hil slips $(SLIPS_ARGS)

.PHONY: console-check
console-check: $(TOOLS) system-analyser $(VENV)/ready ## Measure the console in Chromium: first picture, delay, a day by a scripted hand, axe
	@$(BIN)/pytest -m "campaign or not campaign" tests/console/test_in_chromium.py
	@PYTHONPATH=tests $(BIN)/python -m console.check $(CONSOLE_ARGS)

.PHONY: console-pictures
console-pictures: $(TOOLS) system-analyser $(VENV)/ready ## Make the pictures of docs/console.md anew
	@PYTHONPATH=tests $(BIN)/python -m console.pictures

.PHONY: faults
faults: $(TOOLS) $(VENV)/ready $(FIRMWARE) ## Cause every alarm of the table on the model and on the emulated board
	@$(BIN)/pytest -n 2 -m "campaign or not campaign" tests/scenarios/test_alarms.py

.PHONY: scenarios
scenarios: $(TOOLS) $(VENV)/ready $(TEST_FIRMWARE) ## Run every scenario on both rigs, also those that make test leaves out for time
	@$(BIN)/pytest -n 2 -m "campaign or not campaign" tests/scenarios tests/hil/test_pico_variants.py \
	  tests/hil/test_copies.py tests/micropython tests/plant tests/instruments tests/campaign/test_replay.py

.PHONY: longrun
longrun: $(VENV)/ready ## Deliver 200 days on the model with a fault every few hours
	@$(BIN)/thecal-hil long-run $(LONGRUN_ARGS)

.PHONY: changes
changes: $(TOOLS) $(VENV)/ready $(FIRMWARE) stock ## Ask for changes at any instant on slow boards, and faults in any order on the model
	@$(BIN)/thecal-hil changes $(CHANGES_ARGS)

.PHONY: attack
attack: $(TOOLS) $(VENV)/ready $(FIRMWARE) ## Send a keyed pump frames without a key, a million on the model, and lie to the host
	@$(BIN)/thecal-hil attack $(ATTACK_ARGS)

.PHONY: interrupted
interrupted: $(VENV)/ready ## Interrupt every changing command and a visit at each step, and cut its line at each byte; it resumes
	@nice $(BIN)/thecal-hil interrupted $(INTERRUPTED_ARGS)

.PHONY: fuzz
fuzz: $(VENV)/fuzz-ready ## Have boards that answer anything talk to every command, and fuzz every reader of bytes; it resumes
	@status=0; nice $(BIN)/thecal-hil hostile $(FUZZ_ARGS) || status=$$?; \
	PYTHONPATH=$(VENV)/fuzz-packages nice $(BIN)/thecal-hil readers $(READERS_ARGS) || status=$$?; exit $$status

.PHONY: guests
guests: $(VENV)/ready ## Run the pytest plugin in a dozen environments, each beside another plugin; installs them once
	@nice $(BIN)/thecal-hil guests $(GUESTS_ARGS)

.PHONY: campaign
campaign: $(VENV)/ready ## Run 1,000 weeks of drawn pumps on the model with its plant; stopped, it goes on when run again
	@$(BIN)/thecal-hil weeks $(CAMPAIGN_ARGS)

.PHONY: calibration
calibration: $(VENV)/ready ## Calibrate 2,000 simulated heads and 100 with a planted error, beside an ideal estimator
	@$(BIN)/thecal-hil calibration $(CALIBRATION_ARGS)

.PHONY: campaign-dask
campaign-dask: $(VENV)/ready ## Measure what a second Dask worker brings to a campaign
	@$(BIN)/thecal-hil weeks-scaling

.PHONY: reproducible
reproducible: $(TOOLS) $(VENV)/ready uf2 ## Build the firmware from nothing and in a copied cache, and compare the bytes
	@$(BIN)/pytest -m campaign tests/firmware/test_build_reproducible.py tests/firmware/test_build_kept.py

.PHONY: house
house: $(TOOLS) $(VENV)/ready $(FIRMWARE) ## Hold the structure of the sources, and what an hour costs, against bounds
	@PYTHONPATH=tests nice $(BIN)/python -m house

.PHONY: mutants
mutants: $(VENV)/ready ## Change the firmware's decisions in one place at a time and count what the tests notice
	@PYTHONPATH=tests nice $(BIN)/python -m mutants.campaign $(MUTANTS_ARGS)

.PHONY: history-check
history-check: $(TOOLS) $(VENV)/ready $(FIRMWARE) ## Hold the store of results against made runs, planted regressions and commits; it resumes
	@PYTHONPATH=tests nice $(BIN)/python -m history $(HISTORY_ARGS)

.PHONY: trace
trace: $(VENV)/ready ## Print and write the matrix of requirements and tests; fail where a link is missing
	@$(BIN)/thecal-hil trace

.PHONY: trace-mutants
trace-mutants: $(VENV)/ready ## Put each safety-bearing requirement's mistake into a copy and have its own tests notice it
	@nice $(BIN)/thecal-hil trace-mutants $(TRACE_MUTANTS_ARGS)

.PHONY: evidence
evidence: $(TOOLS) $(VENV)/ready $(FIRMWARE) ## Run the library of scenarios on model and emulated board and write the report of it
	@$(BIN)/thecal-hil report $(EVIDENCE_ARGS)

.PHONY: evidence-check
evidence-check: $(TOOLS) system-analyser $(VENV)/ready ## Open a report in a browser: no errors, no requests; and its waveforms in sigrok
	@$(BIN)/pytest -m "campaign or not campaign" tests/report

.PHONY: speed
speed: $(TOOLS) $(VENV)/ready $(TEST_FIRMWARE) ## Measure what verification costs, beside an earlier commit; about an hour
	@$(BIN)/thecal-hil speed $(SPEED_ARGS)

.PHONY: comparison
comparison: $(TOOLS) $(VENV)/ready $(TEST_FIRMWARE) ## Measure the model's speed, and step timing beside machine.Timer and asyncio
	@$(BIN)/thecal-hil model-speed
	@$(BIN)/thecal-hil comparison

.PHONY: fullcycle
fullcycle: $(VENV)/ready ## Deliver 180 days on the model with its plant, every pulse checked, and say how long it took
	@$(BIN)/thecal-hil full-cycle $(FULLCYCLE_ARGS)

.PHONY: fluid
fluid: $(VENV)/ready ## Close, open and break lines, drift heads and fail sensors, and count false alarms; it resumes
	@$(BIN)/thecal-hil fluid $(FLUID_ARGS)

.PHONY: memory
memory: $(TOOLS) $(VENV)/ready $(FIRMWARE) $(STOCK) ## Measure what requests leave of the memory and how long they take; stopped, it goes on when run again
	@$(BIN)/thecal-hil memory $(MEMORY_ARGS)

.PHONY: lockstep
lockstep: $(TOOLS) $(VENV)/ready $(FIRMWARE) ## Measure what a plant in the loop costs the emulated board
	@$(BIN)/thecal-hil lock-step $(LOCKSTEP_ARGS)

.PHONY: emulator-parity
emulator-parity: $(TOOLS) $(VENV)/ready $(FIRMWARE) ## Compare both paths of the emulator after every instruction, over the whole library
	@nice $(BIN)/thecal-hil parity $(PARITY_ARGS)

.PHONY: parity-mutants
parity-mutants: $(VENV)/ready ## Put mistakes into the emulator's compiled path and have that comparison find each
	@nice $(BIN)/pytest -m campaign tests/parity

.PHONY: lint
lint: $(VENV)/ready ## Check style and formatting
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

.PHONY: types
types: $(VENV)/ready ## Check types
	@$(BIN)/pyright

.PHONY: deps
deps: $(VENV)/ready ## Check who imports whom: the contracts of pyproject.toml
	@$(BIN)/lint-imports --no-logo --cache-dir build/import-linter

.PHONY: words
words: $(VENV)/ready ## Check the words of docs and docstrings: sentences, blocks of code, links, names
	@PYTHONPATH=tests $(BIN)/python -m words $(WORDS_ARGS)

.PHONY: format
format: $(VENV)/ready ## Put the sources into the agreed format
	@$(BIN)/ruff check --fix --select I
	@$(BIN)/ruff format

.PHONY: docs
docs: $(VENV)/ready ## Bring the generated parts and drawings of docs/ up to date
	@$(BIN)/python docs/generate.py

.PHONY: sbom
sbom: $(VENV)/audit-ready ## Write the bills of materials of host and image, CycloneDX, to build/sbom
	@$(VENV)/audit/bin/python requirements/sbom.py

.PHONY: audit
audit: $(VENV)/audit-ready ## Look up every locked package in the advisories of the package index
	@$(VENV)/audit/bin/python requirements/audit.py $(AUDIT_ARGS)

.PHONY: flash
flash: $(TOOLS) $(VENV)/ready $(FIRMWARE) ## Put the firmware on an attached board
	@$(BIN)/thecal flash $(FLASH_ARGS)

.PHONY: clean
clean: ## Remove what was built here, and keep the results of runs
	if [ -d build ]; then find build -mindepth 1 -maxdepth 1 ! -name results -exec rm -rf {} +; fi
	rm -rf .pytest_cache .ruff_cache .hypothesis .coverage
	find firmware host sim hil tests -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

.PHONY: distclean
distclean: clean ## Remove also results, the virtual environment and the cached toolchain builds
	rm -rf build $(VENV) *.egg-info */*.egg-info
	rm -rf "$(THECAL_CACHE)"/{downloads,emulator,host-*,images,lock,sources-*,tree-*}

# Hashes are those of every file that the index has of a version, so the locks hold on any machine and Python.
LOCKED := --no-config --quiet --upgrade --universal --generate-hashes --no-annotate --custom-compile-command "make lock"
.PHONY: lock
lock: system-python ## Choose the newest packages that fit and write the locks anew, with hashes
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS= build/lock/bin/pip install --quiet --require-hashes --requirement requirements/lock.lock
	build/lock/bin/uv pip compile $(LOCKED) --extra bench --extra verify --extra dev --extra flash --extra console pyproject.toml --output-file build/lock/dev.lock >/dev/null
	build/lock/bin/uv pip compile $(LOCKED) --extra verify --constraint build/lock/dev.lock pyproject.toml --output-file build/lock/verify.lock >/dev/null
	build/lock/bin/uv pip compile $(LOCKED) --extra demo --group checkout --constraint build/lock/dev.lock pyproject.toml --output-file build/lock/demo.lock >/dev/null
	build/lock/bin/uv pip compile $(LOCKED) --group stubs --no-deps --output-file build/lock/stubs.lock >/dev/null
	build/lock/bin/uv pip compile $(LOCKED) --group lock --output-file build/lock/lock.lock >/dev/null
	build/lock/bin/uv pip compile $(LOCKED) --group fuzz --output-file build/lock/fuzz.lock >/dev/null
	build/lock/bin/uv pip compile $(LOCKED) --group audit --output-file build/lock/audit.lock >/dev/null
	mv build/lock/{dev,verify,demo,lock,fuzz,audit}.lock requirements/
	mv build/lock/stubs.lock firmware/board/

# Set-up -------------------------------------------------------------------------------------------------------

# Checking takes a moment, so it is done each time: a machine may be new while the checkout is not.
.PHONY: system-python system-all system-native system-analyser
system-python:
	@firmware/board/system_setup.sh python
system-all:
	@firmware/board/system_setup.sh python cross
# Without a compiler the emulator runs on its slow path.
system-native:
	@firmware/board/system_setup.sh native || echo "set-up: going on without a compiler; the emulator is about fifteen times slower"
system-analyser:
	@firmware/board/system_setup.sh analyser || echo "set-up: going on without sigrok-cli; its tests are skipped"

# The environment grows in three steps: what a practice pump needs, what make verify needs beside it, and what all else
# needs beside that. It is made from nothing when any lock changes, so that nothing stays in it that no lock names.
LOCKS := requirements/demo.lock requirements/verify.lock requirements/dev.lock firmware/board/stubs.lock
INSTALL := $(PIP) install --no-deps --no-compile --require-hashes

$(VENV)/demo-packages: $(LOCKS) | system-python
	@echo "set-up: virtual environment"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(INSTALL) --requirement requirements/demo.lock
	@touch $@

$(VENV)/demo-ready: $(VENV)/demo-packages pyproject.toml firmware/thecal_fw/version.py
	@$(PIP) install --no-deps --no-build-isolation --no-index --editable .
	@touch $@

$(VENV)/verify-packages: $(VENV)/demo-packages
	@$(INSTALL) --requirement requirements/verify.lock
	@touch $@

$(VENV)/verify-ready: $(VENV)/verify-packages $(VENV)/demo-ready | system-native
	@$(BIN)/thecal-hil compile-emulator
	@touch $@

$(VENV)/packages: $(VENV)/verify-packages
	@echo "set-up: tools for development"
	@$(INSTALL) --requirement requirements/dev.lock
	@$(INSTALL) --target $(VENV)/micropython-stubs --requirement firmware/board/stubs.lock
	@touch $@

# Beside the others, not among them: they are needed by one command each.
$(VENV)/fuzz-ready: requirements/fuzz.lock $(VENV)/ready
	@$(INSTALL) --upgrade --target $(VENV)/fuzz-packages --requirement requirements/fuzz.lock
	@touch $@

$(VENV)/audit-ready: requirements/audit.lock $(VENV)/ready
	@$(PYTHON) -m venv --clear $(VENV)/audit
	@$(PIP) --python $(VENV)/audit/bin/python install --no-deps --no-compile --require-hashes --requirement requirements/audit.lock
	@touch $@

$(VENV)/ready: $(VENV)/packages $(VENV)/verify-ready
	@touch $@
