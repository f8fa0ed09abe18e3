# Every target installs what it needs into .venv (tools, tests, sandbox), .venv-runtime (what the
# functions run in) and others for programs that need old versions. `make` alone lists the targets.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo label sandbox test browser fast coverage check format faults load bench sabotage mutants package dist live docs referees release-check clean

# The Python that makes the virtual environments; any 3.11 or newer will do.
PYTHON ?=
ITEMS ?=
KEEP ?=
N ?=
SEED ?=
TASK ?=
VERIFY ?=
DEMO_ARGS ?=
ONLY ?=
PYTEST_ARGS ?=
BENCH_ARGS ?=
LIVE ?=
WORKTEAM_ARN ?=
LIVE_ARGS ?=

BIN := .venv/bin
READY := .venv/.installed
RUNTIME_READY := .venv-runtime/.installed
SCAN_READY := .venv-scan/.installed
STUDIO_READY := .venv-label-studio/new-database/label_studio.sqlite3
FORMATS_READY := .venv-formats/.installed
distributions := harness/deployment harness/in_process_aws harness/sandbox harness/faults harness/bench labelctl lambda_src
PIP := -m pip --disable-pip-version-check -qq install

define make_environment
@chosen=''; \
for candidate in $(or $(PYTHON),python3 python3.13 python3.12 python3.11); do \
	if "$$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	then chosen="$$candidate"; break; fi; \
done; \
if [ -z "$$chosen" ]; then \
	echo "error: Python 3.11 or newer with its venv module is needed; name one with: make PYTHON=/path/to/python3" >&2; \
	exit 1; \
fi; \
echo "== $(1): installing $(2)"; \
"$$chosen" -m venv $(1)
endef

define need_terraform
@command -v terraform >/dev/null || { \
	echo "error: terraform 1.9 or newer is needed and was not found on the PATH" >&2; exit 1; }
endef

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

demo: $(READY) $(RUNTIME_READY) $(if $(ENGINE),$(STUDIO_READY)) ## Run the whole pipeline locally, no AWS account needed (TASK=<task type>, ENGINE=label_studio, VERIFY=1 adds reviewers, KEEP=1 leaves it running)
	$(need_terraform)
	@$(BIN)/labeling-sandbox demo $(if $(ENGINE),--engine $(ENGINE)) $(if $(TASK),--task $(TASK)) $(if $(VERIFY),--verify) $(if $(KEEP),--keep) $(DEMO_ARGS)

label: $(READY) $(RUNTIME_READY) $(STUDIO_READY) ## Label ten items yourself in a browser, and see their records (TASK=<task type>, VERIFY=1)
	$(need_terraform)
	@$(BIN)/labeling-sandbox label $(if $(TASK),--task $(TASK)) $(if $(VERIFY),--verify) $(LABEL_ARGS)

sandbox: $(READY) $(RUNTIME_READY) ## Start the local AWS and print how to use it
	@$(BIN)/labeling-sandbox serve

# Where no browser can be had, the tests that need one fail and say what to install; all others run.
test: check $(RUNTIME_READY) $(SCAN_READY) $(STUDIO_READY) $(FORMATS_READY) ## Run the checks, every test and a sample of the fault suite
	-@$(BIN)/python -m tools.chromium
	@$(if $(PYTEST_ARGS),$(BIN)/python -m pytest $(PYTEST_ARGS),$(all_tests))

browser: $(READY) ## Print the Chromium of the tests; where there is none, install Debian's, else the one that Playwright downloads
	@$(BIN)/python -m tools.chromium

fast: check $(RUNTIME_READY) ## Run the checks and the quick tests, before you commit
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(quick_tests)

quick_tests := tests/domain tests/conventions tests/package tests/plan/test_functions.py tests/handlers

# The tests of the deployed pipeline have their own processes, because they count what is undelivered and denied in the
# whole sandbox of a process. They mostly wait, so all other tests run beside them, with a lower priority, because those
# of the pipeline have deadlines. Of the others four run at once, because many wait too; the tests of a file share what
# they deploy. The sample of the fault suite takes the place of the pipeline, which ends first.
define all_tests
mkdir -p .cache; \
echo "== tests of the deployed pipeline, then the fault suite (.cache/pipeline.log), and all others beside them"; \
{ $(BIN)/python -m pytest -n 4 tests/pipeline; pipeline=$$?; \
echo "== fault suite, a sample"; nice -n 5 $(BIN)/labeling-faults run --stride 20 --histories 400; \
exit $$((pipeline + $$?)); } >.cache/pipeline.log 2>&1 & pipeline=$$!; \
nice -n 5 $(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder --ignore tests/pipeline; others=$$?; \
wait $$pipeline; pipeline=$$?; \
echo "== tests of the deployed pipeline"; cat .cache/pipeline.log; \
exit $$((others + pipeline))
endef

coverage: $(READY) $(RUNTIME_READY) $(FORMATS_READY) ## Measure the share of lines and branches of each package that the tests run
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --cov --cov-report= $(measured_tests)
	@for package in $(measured_packages); do \
		share=$$($(BIN)/coverage report --include "*/src/$$package/*" --format=total); \
		printf '%-20s %s %%\n' "$$package" "$$share"; \
	done

# Those that call the packages in their own process; what Terraform or a Lambda environment runs is not measured.
measured_tests := $(addprefix tests/,domain handlers in_process_aws faults labelctl sandbox statemachine)
measured_packages := labeling_lambdas labelctl labeling_sandbox labeling_faults labeling_deployment in_process_aws

check: $(READY) ## Check format, lint, types and Terraform format
	$(need_terraform)
	@echo "== ruff format"
	@$(BIN)/ruff format --check --quiet --diff .
	@echo "== ruff check"
	@$(BIN)/ruff check --quiet .
	@echo "== mypy"
	@$(BIN)/mypy --no-error-summary
	@echo "== terraform fmt"
	@terraform fmt -check -diff -recursive

format: $(READY) ## Format Python and Terraform, and fix what the linter can
	$(need_terraform)
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/python -m tools.mock_provider
	@terraform fmt -recursive

faults: $(READY) ## Prove the promises under faults (N=<random histories>, SEED=<one of them, run again>)
	$(need_terraform)
	@$(BIN)/labeling-faults $(if $(SEED),replay $(SEED),run $(if $(N),--histories $(N)))

load: $(READY) ## Let days of many uploads pass under AWS's quotas, and write docs/scale.md (ITEMS=<items of one day> writes nothing)
	$(need_terraform)
	@$(BIN)/labeling-faults load $(if $(ITEMS),--items $(ITEMS),--keep docs/scale.json)
	$(if $(ITEMS),,@$(BIN)/python -m tools.scale_page)

bench: $(READY) $(STUDIO_READY) ## Measure the functions against the performance limits (BENCH_ARGS="--help")
	@$(BIN)/python -m labeling_bench $(BENCH_ARGS)

sabotage: $(READY) $(RUNTIME_READY) ## Remove every permission from a deployed pipeline, one at a time (ONLY=<part of a name>)
	$(need_terraform)
	@$(BIN)/python -m tests.sabotage $(if $(ONLY),--only "$(ONLY)")

mutants: $(READY) ## Break the module in one place at a time; a test must detect each change (ONLY=<part of a name>)
	$(need_terraform)
	@$(BIN)/python -m tests.security.mutants $(if $(ONLY),--only "$(ONLY)")

package: $(READY) ## Rebuild the Lambda package that ships in the module
	@$(BIN)/python tools/build_package.py

dist: $(READY) ## Build labelctl as a wheel and as a source distribution, in dist/
	@rm -rf dist
	@$(BIN)/python -m build --quiet --no-isolation --outdir dist labelctl
	@ls dist/*

live: $(READY) ## List what a test in your AWS account would create; LIVE=1 deploys it, tries it and removes it (WORKTEAM_ARN=<work team>)
	$(need_terraform)
	@LIVE=$(LIVE) $(BIN)/python -m tools.live_test --workteam-arn "$(WORKTEAM_ARN)" $(LIVE_ARGS)

docs: $(READY) ## Write the parts of the documentation that are made from the code
	$(need_terraform)
	@$(BIN)/python -m tools.generated_docs

referees: $(READY) $(RUNTIME_READY) ## Let independent implementations judge the module and the sandbox (ONLY=<part of a name>)
	$(need_terraform)
	@$(BIN)/python -m tools.referees $(if $(ONLY),--only "$(ONLY)")

release-check: $(READY) ## List what prevents a release of the checkout
	@$(BIN)/python -m tools.check_release

clean: ## Remove the environments, caches and working folders
	@rm -rf .venv .venv-runtime .venv-scan .venv-label-studio .venv-formats dist .cache .demo .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -name .git -prune -o \( -name __pycache__ -o -name .terraform \) -type d -prune -exec rm -rf {} +

$(READY): requirements-dev.txt $(distributions:%=%/pyproject.toml)
	$(call make_environment,.venv,tools and tests)
	@$(BIN)/python $(PIP) --requirement requirements-dev.txt
	@$(BIN)/python $(PIP) --no-deps --no-build-isolation $(distributions:%=--editable %)
	@touch $@

$(SCAN_READY): requirements-scan.txt
	$(call make_environment,.venv-scan,scanners)
	@.venv-scan/bin/python $(PIP) --requirement requirements-scan.txt
	@touch $@

$(FORMATS_READY): requirements-formats.txt
	$(call make_environment,.venv-formats,libraries that load training sets)
	@.venv-formats/bin/python $(PIP) --requirement requirements-formats.txt
	@touch $@

# With a database that has its tables, of which every Label Studio that is started gets a copy: to write them takes it half
# a minute of a processor.
$(STUDIO_READY): requirements-label-studio.txt
	$(call make_environment,.venv-label-studio,Label Studio)
	@.venv-label-studio/bin/python $(PIP) --requirement requirements-label-studio.txt
	@rm -rf $(@D)
	@HOME="$(CURDIR)/$(@D)" LABEL_STUDIO_BASE_DATA_DIR="$(CURDIR)/$(@D)" \
		COLLECT_ANALYTICS=false LATEST_VERSION_CHECK=false SENTRY_DSN= FRONTEND_SENTRY_DSN= \
		.venv-label-studio/bin/label-studio version >/dev/null 2>&1
	@touch $@

$(RUNTIME_READY): requirements-runtime.txt
	$(call make_environment,.venv-runtime,the Lambda runtime client)
	@.venv-runtime/bin/python $(PIP) --requirement requirements-runtime.txt
	@touch $@
