# All commands of the project. On a new machine, `make run` and `make test` set up everything that they need.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.PHONY: help run build packages layer image tools build-tools functions test soak lint lint-template check-deploy build-sam invoke start-api watch \
	smoke dist arm64 fmt bench lock deploy url key logs destroy clean

# The Python to embed; found when the first recipe needs it.
EMBEDDED = $(eval EMBEDDED := $$(shell sh layers/python/find-python.sh))$(or $(EMBEDDED),$(error no Python to embed found, see above))
CARGO = PYO3_PYTHON="$(EMBEDDED)" cargo
# One profile for running, testing and measuring; see Cargo.toml.
FLAGS := --release --locked

PACKAGES := target/python/site-packages
TOOLS := target/tools
LINT := target/lint
PEERS := target/peers
UV := target/uv
UV_VERSION := 0.13.9
LOCALSTACK := target/localstack
TRANSLATED := target/template
BINARIES := target/release
SAM = SAM_CLI_TELEMETRY=0 $(TOOLS)/bin/sam
# Paths of this build for tests and benchmarks.
HERE = SANDCASTLE_KERNEL="$(CURDIR)/$(BINARIES)/sandcastle-kernel" SANDCASTLE_SITE_PACKAGES="$(CURDIR)/$(PACKAGES)" \
	SANDCASTLE_TOOLS="$(CURDIR)/$(TOOLS)"

# Makes a Python environment in the folder of the target, with the packages of the lock that it depends on.
define environment
@echo "installing $(WHAT) into $(@D)"
@rm -rf $(@D)
"$(EMBEDDED)" -m venv $(@D)
$(@D)/bin/python -m pip install --disable-pip-version-check --quiet --no-deps --require-hashes -r $<
@touch $@
endef

include infra/lambda.mk

help: ## list the commands
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/' | expand -t 22
	@echo "Settings of the server: target/release/sandcastle serve --help"

run: build packages ## build what is missing and serve on http://127.0.0.1:8787 (PORT=… for another port)
	@exec $(BINARIES)/sandcastle serve

build: toolchain ## build the server and the kernel
	$(CARGO) build $(FLAGS) $(BUILT)

# What is tested has dependencies with more features: building less before it would compile the AWS SDK twice.
ALL := --workspace --all-targets
BUILT = $(if $(CI),$(ALL),-p sandcastle-local -p sandcastle-execute -p sandcastle-interpreter -p sandcastle-kernel)
test soak bench: BUILT = $(ALL)

packages: locked $(PACKAGES)/.installed ## install the Python packages that code can import

# Fails when requirements.in has changed since.
.PHONY: locked
locked:
	@"$(EMBEDDED)" layers/python/lock.py check

# The stamp names the Python: another one needs other wheels.
$(PACKAGES)/.installed: layers/python/requirements.lock
	@echo "installing the Python packages (numpy, pandas, scipy, …: 1.3 GB, a minute or two) into $(PACKAGES)"
	@rm -rf $(PACKAGES) && mkdir -p $(PACKAGES)
	"$(EMBEDDED)" -m pip install --disable-pip-version-check --no-deps --require-hashes --target $(PACKAGES) \
		--only-binary=:all: --progress-bar off -r layers/python/requirements.lock
	@touch $@

tools: $(TOOLS)/.installed

$(TOOLS)/.installed: WHAT = the tools of the tests (the official client, the Lambda emulator)
$(TOOLS)/.installed: tests/requirements.lock
	$(environment)

.PHONY: toolchain
toolchain:
	@command -v cargo >/dev/null || { echo "cargo is missing: install Rust from https://rustup.rs" >&2; exit 1; }
	@command -v cc >/dev/null || { echo "a C compiler is missing: apt-get install build-essential" >&2; exit 1; }

test: build packages layer tools ## run all tests
	@mkdir -p target
	@status=0; $(HERE) $(CARGO) test $(FLAGS) --workspace --no-fail-fast 2>&1 | tee target/test.log || status=$$?; \
		sh tests/totals.sh target/test.log; exit $$status

# Prints its seeds and its progress. SANDCASTLE_SEED repeats the calls of one of them.
soak: export SANDCASTLE_OPERATIONS ?= 50000
soak: export SANDCASTLE_FRONT_ENDS ?= 3
soak: export SANDCASTLE_PROGRAMS ?= 2000
soak: build packages tools ## run long random histories and many made-up programs (SANDCASTLE_OPERATIONS, SANDCASTLE_PROGRAMS, SANDCASTLE_SEED)
	$(HERE) $(CARGO) test $(FLAGS) --workspace --test history -- --nocapture --test-threads 2
	SANDCASTLE_EMULATED_LIMITS=1 $(HERE) $(CARGO) test $(FLAGS) --workspace --test cases_with_kills
	$(HERE) $(CARGO) test $(FLAGS) --workspace --test hostile -- --ignored
	SANDCASTLE_SEED=$${SANDCASTLE_SEED:-$$RANDOM$$RANDOM} $(HERE) $(CARGO) test $(FLAGS) --workspace --test durable -- --nocapture made_up

lint: packages ## check formatting and clippy, as CI does
	cargo fmt --all --check
	$(CARGO) clippy $(FLAGS) --workspace --all-targets -- -D warnings

# The SAM CLI is one of the tests' tools; cfn-lint and checkov need other versions of its packages. Needs no credentials.
# W3010 warns of zones, which are a parameter's in the translated template.
lint-template: TEMPLATES = template.yaml $(addprefix infra/,network.yaml image.yaml firewall.yaml alarms.yaml)
lint-template: tools $(LINT)/.installed ## check the SAM template
	AWS_DEFAULT_REGION=us-east-1 $(SAM) validate --lint
	AWS_DEFAULT_REGION=us-east-1 $(SAM) validate --lint --template infra/local.yaml
	@rm -rf $(TRANSLATED)
	$(TOOLS)/bin/python -B tests/template/translate.py $(TRANSLATED)
	$(LINT)/bin/cfn-lint --include-experimental -- $(TEMPLATES)
	$(LINT)/bin/cfn-lint --include-experimental --ignore-checks W3010 -- $(TRANSLATED)/*.json
	$(LINT)/bin/python -B tests/lint/policies.py $(TRANSLATED)/*.json
	$(LINT)/bin/checkov --file $(TEMPLATES) --framework cloudformation --compact --quiet --skip-download

$(LINT)/.installed: WHAT = the linters of the SAM template
$(LINT)/.installed: tests/lint/requirements.lock
	$(environment)

check-deploy: tools $(LOCALSTACK)/.installed ## make, update and delete the stack in LocalStack, an emulator of AWS
	$(TOOLS)/bin/python -B tests/localstack/check_deploy.py

# An environment of its own: LocalStack needs packages of its time.
$(LOCALSTACK)/.installed: WHAT = LocalStack
$(LOCALSTACK)/.installed: tests/localstack/requirements.lock
	$(environment)

fmt: ## format the code
	cargo fmt --all

bench: build packages tools $(PEERS)/.installed ## run the benchmarks (ONLY=--only-variables: only those of variables)
	$(HERE) PYO3_PYTHON="$(EMBEDDED)" SANDCASTLE_PEERS="$(CURDIR)/$(PEERS)" $(BINARIES)/bench $(ONLY)

# An environment of its own, which only the bench needs: Kishu brings packages whose pins would fight those of the tests.
$(PEERS)/.installed: WHAT = what the bench compares variables with (cloudpickle, dill, Kishu)
$(PEERS)/.installed: tests/bench/requirements.lock
	$(environment)

# The first lock says which requirements it is for. Versions stay unless a requirement needs another one, or with UPGRADE.
LOCKED = "$(CURDIR)/$(UV)/bin/uv" pip compile --quiet --universal --no-strip-extras --python-version 3.11 $(if $(UPGRADE),--upgrade) \
	--generate-hashes --no-emit-index-url --output-file requirements.lock

lock: $(UV)/.installed ## write the requirements.lock files after a change of a requirements.in (UPGRADE=1: newest versions)
	cd layers/python && $(LOCKED) --custom-compile-command "make lock (requirements.in: $$("$(EMBEDDED)" lock.py digest))" requirements.in
	for dir in infra/tools tests tests/lint tests/localstack tests/bench; do (cd $$dir && $(LOCKED) requirements.in); done
	"$(EMBEDDED)" layers/python/table.py

$(UV)/.installed:
	@echo "installing uv into $(UV)"
	@rm -rf $(UV)
	"$(EMBEDDED)" -m venv $(UV)
	$(UV)/bin/python -m pip install --disable-pip-version-check --quiet uv==$(UV_VERSION)
	@touch $@

# The deployment in samconfig.toml, and the region.
ENV ?= dev
REGION ?= $(or $(AWS_REGION),$(AWS_DEFAULT_REGION),$(shell $(TOOLS)/bin/python -c "import boto3; print(boto3.Session().region_name or '')"))
NAMED = import tomllib; print(tomllib.load(open('samconfig.toml', 'rb')).get('$(ENV)', {}).get('deploy', {}).get('parameters', {}).get('stack_name', ''))
STACK = $(or $(shell "$(EMBEDDED)" -c "$(NAMED)"),$(error samconfig.toml has no deployment $(ENV): set ENV to dev or prod, or add a section))

deploy: tools ## check the account, build, and deploy to AWS (ENV=dev or prod, REGION=…); needs credentials
	@echo "1/3 checks the account, for $(ENV) in $(or $(REGION),no region)"
	@$(TOOLS)/bin/python -B infra/account.py --region "$(REGION)" --env $(ENV) --stack $(STACK) --arch $(ARCH) --out target/parameters.yaml
	@echo "2/3 builds the functions and the layer; some minutes the first time"
	@$(SAM) build --config-env $(ENV) --parameter-overrides Architecture=$(ARCH)
	@echo "3/3 makes or changes the stack $(STACK); some ten minutes the first time"
	@$(SAM) deploy --config-env $(ENV) --region "$(REGION)" --parameter-overrides file://target/parameters.yaml || \
		{ $(TOOLS)/bin/python -B infra/outcome.py --region "$(REGION)" --stack $(STACK) --env $(ENV) --failed; exit 1; }
	@$(TOOLS)/bin/python -B infra/fail_closed.py --region "$(REGION)" --stack $(STACK)
	@$(TOOLS)/bin/python -B infra/outcome.py --region "$(REGION)" --stack $(STACK) --env $(ENV)

url: tools ## print the URL of a deployment (ENV, REGION)
	@$(TOOLS)/bin/python -B infra/outcome.py --region "$(REGION)" --stack $(STACK) --url

# What the program asks for, if nothing else is asked for with ARGS.
CREATE = create --org "$(ORG)" --member "$(MEMBER)" --name "$(or $(NAME),first)"
key: for-whom tools build ## make an API key for a deployment (ENV, REGION, ORG=…, MEMBER=…, NAME=…; ARGS=list: other commands on keys)
	@$(TOOLS)/bin/python -B infra/key.py --region "$(REGION)" --stack $(STACK) --program $(BINARIES)/sandcastle -- $(or $(ARGS),$(CREATE))

# Before the build, which may take minutes.
.PHONY: for-whom
for-whom:
	@$(if $(or $(ARGS),$(and $(ORG),$(MEMBER))),:,$(error give ORG=… and MEMBER=…, the names of an organisation and of a member, or ARGS=list))

logs: tools ## follow the logs of a deployment (ENV, REGION)
	$(SAM) logs --stack-name $(STACK) --region "$(REGION)" --tail

destroy: tools ## delete a deployment except its bucket (ENV, REGION)
	$(SAM) delete --stack-name $(STACK) --region "$(REGION)"

clean: ## delete all build output; keeps the data in .sandcastle
	rm -rf target
