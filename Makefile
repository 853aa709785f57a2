# What a person does with this project; `make` alone lists it.

PYTHON ?= python3
VENV ?= .venv
PORT ?= 8000
BIN := $(VENV)/bin
RUN := $(BIN)/python

.DEFAULT_GOAL := help
.PHONY: settings secrets help install demo run seed test test-all test-services test-browser bench chaos soak fuzz schema messages eval test-llm check lint audit licences types migrations deploy release lock

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|' 2>/dev/null || true

install: $(VENV)/.installed .env ## set up .venv and a development .env

$(VENV)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make install PYTHON=python3.12"; exit 1; }
	@echo "Installing into $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements/dev.txt $(VENV)/.installed
	@echo "Installing what the checks need …"
	@$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

.env: | $(VENV)/.installed
	@umask 077; secret() { $(RUN) -c "import secrets; print(secrets.token_urlsafe($$1))"; }; \
		sed -e "s|^SECRET_KEY=$$|SECRET_KEY=$$(secret 50)|" \
		    -e "s|^DJANGO_SUPERUSER_PASSWORD=$$|DJANGO_SUPERUSER_PASSWORD=$$(secret 9)|" .env.example > .env
	@echo "Wrote a development .env (not in git)."

demo: $(VENV)/.installed ## post five dev-logs to a real server and watch their tags come
	@PORT=$(PORT) $(RUN) -m tests.demo

run: install ## migrate and serve, with the worker in the same process
	@$(RUN) manage.py migrate --verbosity 0
	@$(RUN) manage.py createsuperuser --noinput >/dev/null 2>&1 || true
	@echo "Open http://127.0.0.1:$(PORT)/"
	@sed -n 's/^DJANGO_SUPERUSER_USERNAME=//p; s/^DJANGO_SUPERUSER_PASSWORD=//p' .env | paste -s -d '|' | sed 's/^/Login: /; s!|! / password !'
	@echo "Admin: http://127.0.0.1:$(PORT)/admin/"
	@echo "API:   http://127.0.0.1:$(PORT)/api/v1/devlogs/   (described at http://127.0.0.1:$(PORT)/api/v1/docs/)"
	@$(RUN) manage.py seed --offer
	@$(RUN) manage.py runserver 127.0.0.1:$(PORT)

seed: install ## fill an empty database with a year of made-up dev-logs, to have something to look at
	@$(RUN) manage.py migrate --verbosity 0
	@$(RUN) manage.py seed

test: $(VENV)/.installed ## run the tests: no network, no services, a few minutes
	@$(RUN) -m pytest -n 2 --dist worksteal -m "not long"

test-all: $(VENV)/.installed-dev ## the long ones too; says what it skipped
	@$(RUN) -m pytest -rs -n 2 --dist worksteal

test-services: $(VENV)/.installed-dev ## the tests against real servers, those that answer: PostgreSQL, RabbitMQ, Redis, MiniStack
	@$(RUN) -m tests.services $(SERVICES_FLAGS)

test-browser: $(VENV)/.installed-dev ## the pages and the admin in a real browser, Debian's Chromium; BROWSER_FLAGS="--pictures docs/pictures" draws README's
	@$(RUN) -m tests.browser $(BROWSER_FLAGS)

bench: $(VENV)/.installed ## measure it beside the naive designs, in minutes; writes docs/benchmarks.*
	@$(RUN) -m tests.load.benchmarks $(BENCH_FLAGS)

chaos: $(VENV)/.installed ## kill -9 real servers 200 times, have the provider fail in every way, on SQLite and PostgreSQL; count what is lost (40 minutes)
	@$(RUN) -m tests.load.chaos $(CHAOS_FLAGS)

soak: $(VENV)/.installed ## load it for minutes (SOAK_FLAGS="--minutes 60"), with faults, kills and restarts; see that nothing grows
	@$(RUN) -m tests.load.soak $(SOAK_FLAGS)

fuzz: $(VENV)/.installed-dev ## send thousands of made-up requests to a real server; each answer must be as the contract says
	@$(RUN) -m tests.fuzz $(FUZZ_FLAGS)

schema: $(VENV)/.installed ## write the contract to docs/openapi.yaml
	@DEBUG=on SECRET_KEY=schema $(RUN) manage.py spectacular --file docs/openapi.yaml --validate --fail-on-warn

settings: $(VENV)/.installed ## write docs/settings.md from what reads them
	@SECRET_KEY=settings $(RUN) manage.py settings > docs/settings.md

messages: $(VENV)/.installed-dev ## gather what the pages say into the German catalogue, compile it, and list what has no German yet
	@DJANGO_SETTINGS_MODULE=tests.settings $(RUN) -m tests.support.messages

eval: $(VENV)/.installed ## score the extractor on the repository's own gold set
	@DEBUG=on SECRET_KEY=eval $(RUN) manage.py evaluate tests/gold.jsonl $(EVAL_FLAGS)

test-llm: $(VENV)/.installed ## the same extractor against a real model on this machine (downloads it)
	@$(RUN) -m tests.llm

check: lint audit types migrations deploy test-all ## all that CI checks

lint: $(VENV)/.installed-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec compose.yaml
	@$(BIN)/kubernetes-validate --quiet --strict deploy/kubernetes/*.yaml
	@$(BIN)/bandit --quiet --recursive --configfile pyproject.toml devlog_project devlogs tagging deploy/lambda

audit: $(VENV)/.installed-dev ## do the installed packages fit together, and is a weakness of one known? Says so where nobody can be asked
	@$(RUN) -m tests.security.audit

licences: $(VENV)/.installed-dev ## write under which licence each package is to docs/licences.md
	@$(RUN) -m tests.support.licences

types: $(VENV)/.installed-dev
	@SECRET_KEY=types $(BIN)/mypy devlog_project devlogs tagging clients/devlog

migrations: $(VENV)/.installed
	@SECRET_KEY=check $(RUN) manage.py makemigrations --check --dry-run

release: $(VENV)/.installed-dev ## look whether this tree can be released, build what is handed out, say what would be tagged
	@$(RUN) deploy/release.py

deploy: $(VENV)/.installed
	@DEBUG=off SECRET_KEY=$$($(RUN) -c "import secrets; print(secrets.token_urlsafe(50))") ALLOWED_HOSTS=example.org \
		$(RUN) manage.py check --deploy --fail-level WARNING

# Each file is whole in itself; what two of them hold has one version.
lock: $(VENV)/.installed ## pin anew what pyproject.toml names, with hashes, for all supported Pythons
	@$(RUN) -m pip install --quiet --disable-pip-version-check uv
	@set -e; pin() { file=$$1; shift; $(RUN) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --custom-compile-command "make lock" $(LOCK_FLAGS) "$$@" -o "$$file"; }; \
	pin requirements.txt pyproject.toml --group test; \
	pin requirements/run.txt -c requirements.txt pyproject.toml; \
	pin requirements/dev.txt -c requirements.txt pyproject.toml --all-extras --group dev; \
	for name in celery sqs actors django otel; do pin requirements/$$name.txt -c requirements/dev.txt pyproject.toml --extra $$name; done; \
	pin requirements/lambda.txt -c requirements.txt --group lambda; \
	for name in ministack llm; do pin requirements/$$name.txt --group $$name; done

secrets: ## random secrets for compose.yaml in var/secrets, where there are none yet
	@mkdir -p var && mkdir -p -m 700 var/secrets && cd var/secrets && umask 022 && \
	word() { $(PYTHON) -c 'import secrets; print(secrets.token_hex(32))'; }; \
	[ -e secret_key ] || word > secret_key; \
	[ -e database_password ] || word > database_password; \
	[ -e openai_api_key ] || : > openai_api_key; \
	[ -e rabbitmq.conf ] || { w=$$(word); printf 'default_user = devlog\ndefault_pass = %s\n' "$$w" > rabbitmq.conf; \
		echo "amqp://devlog:$$w@rabbitmq:5672//" > rabbitmq_url; }; \
	[ -e redis.conf ] || { w=$$(word); printf 'requirepass %s\ndir /data\n' "$$w" > redis.conf; \
		echo "redis://:$$w@redis:6379/0" > redis_url; }
