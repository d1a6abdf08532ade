# `make` prints what there is.
.DEFAULT_GOAL := help
.PHONY: help setup demo check test coverage lint fix bench fuzz chaos faults screens messages lock
PY := .venv/bin/python
# Tests that run at a time; more than processors, as many tests wait for other processes.
TESTERS ?= 4
# What a program start compiles is kept, also where the environment would not have it.
unexport PYTHONDONTWRITEBYTECODE

help:
	@echo "make demo     set up, rank the sample résumés, and serve the pages until Ctrl-C"
	@echo "              (ONCE=1: exit when the ranking is printed; PORT=8000: another port)"
	@echo "make check    lint, types, and the tests that need no browser, no process, no half second"
	@echo "make test     set up, and run lint, types and all tests"
	@echo "make coverage run the tests but for the browser's, and print branch coverage by module"
	@echo "make lint     format, lint, types, imports, scripts, migrations, deployment checks"
	@echo "make fix      format and mend what can be mended by itself"
	@echo "make bench    measure; prints the tables of docs/benchmarks.md"
	@echo "make fuzz     break files and read them (MINUTES=10, SEED=1)"
	@echo "make chaos    kill, freeze and cut off whatever there is (MINUTES=10, SEED=1)"
	@echo "make faults   cause each fault once, and write down what the monitor says of it, and when"
	@echo "make screens  make docs/screens/*.png anew: every page, on a desk and on a phone"
	@echo "make messages gather what is to be translated, and compile what is"
	@echo "make setup    only set up .venv"
	@echo "make lock     compile the pinned lists from requirements*.in"

setup:
	@sh tools/setup.sh run

demo:
	@sh tools/setup.sh run
	@exec $(PY) manage.py demo $(if $(ONCE),--once)

# Lint beside the tests; what it has to say comes last, and only where something is wrong.
check:
	@sh tools/setup.sh check
	@mkdir -p var
	@$(MAKE) --no-print-directory lint >var/lint.txt 2>&1 & lint=$$!; \
	LIVES=$${LIVES:-5} $(PY) -m pytest -n 2 --dist worksteal -m "not browser and not processes and not slow" \
		--ignore=tests/browser $(ARGS); tests=$$?; \
	wait $$lint || { cat var/lint.txt; exit 1; }; exit $$tests

test:
	@sh tools/setup.sh test
	@$(MAKE) --no-print-directory lint
	@$(PY) -m pytest -n $(TESTERS) --dist worksteal $(ARGS)

# Without a browser. ARGS may name tests; the report says of each module which share of its branches
# was taken, whatever process took them.
coverage:
	@sh tools/setup.sh test
	@mkdir -p var/coverage && rm -f var/coverage/data*
	@$(PY) -m coverage run -m pytest -n $(TESTERS) --dist worksteal -m "not browser" \
		--ignore=tests/browser $(ARGS); tests=$$?; \
	$(PY) -m coverage combine -q && $(PY) -m coverage report; exit $$tests

# Production-like values, so that the deployment checks see what production would.
DEPLOYED = DEBUG=0 SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(50))') \
	DATABASE_URL=postgres://nobody@localhost/nothing SITE_URL=https://evaluator.example.com \
	DEFAULT_FROM_EMAIL=evaluator@example.com

# The scripts. Deno fetches nothing here, and speaks only where something is wrong.
DENO = DENO_NO_UPDATE_CHECK=1 DENO_DIR=var/deno .venv/bin/deno
SCRIPTS = --quiet --config tests/js/deno.jsonc

lint:
	@.venv/bin/ruff format --check -q .
	@.venv/bin/ruff check -q --no-cache .
	@.venv/bin/djade --check templates/*.html templates/*/*.html
	@$(PY) tools/check_names.py
	@.venv/bin/mypy .
	@.venv/bin/lint-imports --no-logo >/dev/null || .venv/bin/lint-imports --no-logo
	@$(DENO) fmt --check $(SCRIPTS) static/js tests/js
	@$(DENO) lint $(SCRIPTS) static/js tests/js
	@$(DENO) check --no-remote $(SCRIPTS) static/js tests/js
	@NO_COLOR=1 $(DENO) test --no-remote --no-npm --reporter=dot $(SCRIPTS) tests/js >var/deno-test.txt 2>&1 || { cat var/deno-test.txt; exit 1; }
	@$(PY) manage.py makemigrations --check --dry-run
	@$(DEPLOYED) $(PY) manage.py check --deploy --static --fail-level WARNING

fix:
	@.venv/bin/ruff check -q --fix .; .venv/bin/ruff format -q .
	@.venv/bin/djade templates/*.html templates/*/*.html || true
	@$(DENO) lint --fix $(SCRIPTS) static/js tests/js || true
	@$(DENO) fmt $(SCRIPTS) static/js tests/js

bench:
	@sh tools/setup.sh test
	@$(PY) -m benchmarks

fuzz:
	@sh tools/setup.sh test
	@$(PY) -m tests.fuzz --minutes $(or $(MINUTES),10) --seed $(or $(SEED),1)

chaos:
	@sh tools/setup.sh test
	@$(PY) -m tests.chaos --minutes $(or $(MINUTES),10) --seed $(or $(SEED),1)

faults:
	@sh tools/setup.sh test
	@$(PY) -m tests.faults

screens:
	@sh tools/setup.sh test
	@$(PY) -m tests.screens

# Plain words of the page stay where they are said: no line numbers, which change with every edit.
messages:
	@sh tools/setup.sh test
	@mkdir -p locale
	@$(PY) manage.py makemessages -l de --no-location --no-obsolete --no-wrap -d django \
		-e html,txt,py -i .venv -i var -i tests -i benchmarks -i staticfiles
	@$(PY) manage.py compilemessages -v 0 -i .venv -i var

lock:
	@sh tools/setup.sh test
	@.venv/bin/uv pip compile -q --universal --python-version 3.12 --generate-hashes --no-header requirements.in -o requirements.txt
	@.venv/bin/uv pip compile -q --universal --python-version 3.12 --generate-hashes --no-header requirements-test.in -o requirements-test.txt
