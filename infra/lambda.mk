# What is built for Lambda, and run as Lambda runs it: functions, layer, `sam build`, `sam local`, releases. A part of the Makefile.

# The architecture as Lambda names it, x86_64 or arm64; this machine's unless it is set. `sam build` passes it on to its makes.
HERE_ARCH := $(patsubst aarch64,arm64,$(shell uname -m))
ARCH ?= $(HERE_ARCH)
export ARCH
MACHINE = $(patsubst arm64,aarch64,$(ARCH))
TARGET = $(MACHINE)-unknown-linux-gnu

BUILD_TOOLS := target/build-tools
# One folder for each program, with the program as `bootstrap`.
BUILT_FOR_LAMBDA = target/for-lambda/$(ARCH)
# `cargo lambda build` with zig as the linker: it links against glibc 2.34, as on Lambda, whatever this machine has. The version
# is a part of --target, so that --x86-64 and --arm64 cannot be used, which are short for a --target without it.
CARGO_LAMBDA = PATH="$(CURDIR)/$(BUILD_TOOLS)/bin:$$PATH" cargo lambda build --locked --target $(TARGET).2.34 \
	--lambda-dir $(BUILT_FOR_LAMBDA)

build-tools: $(BUILD_TOOLS)/.installed

$(BUILD_TOOLS)/.installed: WHAT = cargo-lambda and zig
$(BUILD_TOOLS)/.installed: infra/tools/requirements.lock
	$(environment)

# Rust's standard library for the architecture; rustup brings only that of this machine.
.PHONY: rust-std
rust-std: toolchain
	@test -d "$$(rustc --print sysroot)/lib/rustlib/$(TARGET)" || rustup target add $(TARGET)

FUNCTION_PROFILE := --profile lambda
# Both in one build: separate builds would compile the AWS SDK twice, with different features. Not --release, to which
# cargo-lambda adds settings of its own, such as panic=abort: a panic in one call would end the function.
functions: build-tools rust-std ## build both functions for Lambda (ARCH=x86_64 or arm64)
	$(CARGO_LAMBDA) $(FUNCTION_PROFILE) -p sandcastle-execute --bin bootstrap -p sandcastle-interpreter --bin interpreter

# For releases, whose users make keys without Rust. A build of its own, for which no deployment has to wait.
.PHONY: command
command: build-tools rust-std
	$(CARGO_LAMBDA) $(FUNCTION_PROFILE) -p sandcastle-local --bin sandcastle

# core, full or minimal: see layers/python/requirements.in.
PROFILE := core
RECIPE := $(filter-out layers/python/test_% layers/python/table.py, $(wildcard layers/python/*.py))
LAYER_KERNEL = $(BUILT_FOR_LAMBDA)/sandcastle-kernel/sandcastle-kernel

# Another architecture needs a Python for it; the one that is found on this machine is for this machine.
ifeq ($(ARCH),$(HERE_ARCH))
LAYER = target/layer/$(PROFILE)
SHIPPED_PYTHON =
RUN_RECIPE = "$(EMBEDDED)" layers/python/build-layer.py
FOR_PYTHON = PYO3_PYTHON="$(EMBEDDED)"
else
FOREIGN = target/python-$(ARCH)
LAYER = target/layer/$(PROFILE)-$(ARCH)
SHIPPED_PYTHON = $(FOREIGN)/builder
RUN_RECIPE = "$$(cat $(FOREIGN)/builder)" layers/python/build-layer.py --python $(FOREIGN) --machine $(MACHINE)
FOR_PYTHON = PYO3_CONFIG_FILE="$(CURDIR)/$(FOREIGN)/pyo3.txt"
endif

layer: $(LAYER)/layer.json ## build the Python layer into target/layer/core (PROFILE=minimal: without packages; ARCH=arm64: core-arm64)

$(LAYER)/layer.json: $(LAYER_KERNEL) layers/python/requirements.in layers/python/requirements.lock $(RECIPE)
	$(RUN_RECIPE) --profile $(PROFILE) --kernel $< --out $(@D)

# The same profile as for running and testing, without what cargo-lambda adds to it. Each build writes `bootstrap` again; the
# copy has the time of the last change, so that an unchanged kernel makes no new layer.
KERNEL_PROFILE := --release --disable-optimizations
.PHONY: layer-kernel
layer-kernel: build-tools rust-std $(SHIPPED_PYTHON)
	$(FOR_PYTHON) $(CARGO_LAMBDA) $(KERNEL_PROFILE) -p sandcastle-kernel --bin sandcastle-kernel
	@cmp --silent $(dir $(LAYER_KERNEL))bootstrap $(LAYER_KERNEL) || cp $(dir $(LAYER_KERNEL))bootstrap $(LAYER_KERNEL)

# The empty recipe makes make check the time of the file again; without it, the file would always count as new.
$(LAYER_KERNEL): layer-kernel
	@:

# What may be missing on this machine is found here, before what takes minutes.
.PHONY: shipped-python
shipped-python: $(SHIPPED_PYTHON)

target/python-%/builder: layers/python/foreign-python.sh layers/python/arc4random.c $(BUILD_TOOLS)/.installed
	sh $< $* $(@D) $(BUILD_TOOLS)/bin/python

# The program in the image: interpreter, or for `sam local` bootstrap, which is ExecuteFunction that runs the code itself.
PROGRAM := interpreter
IMAGE = sandcastle-$(PROGRAM)
# Any base image with glibc 2.34 or newer.
BASE := public.ecr.aws/lambda/provided:al2023
FULL = $(subst layer/$(PROFILE),layer/full,$(LAYER))

# Lambda refuses an image with attestations. Hard links, so that the packages are on the disk once.
image: functions ## build a function as a container image with all packages (needs Docker; PROGRAM, IMAGE=name, BASE=base image)
	$(MAKE) layer PROFILE=full
	$(CHECK_LAYER) $(FULL) --function $(BUILT_FOR_LAMBDA)/$(PROGRAM)/bootstrap
	rm -rf target/image && mkdir -p target/image
	cp -al $(FULL) target/image/opt
	cp $(BUILT_FOR_LAMBDA)/$(PROGRAM)/bootstrap target/image/bootstrap
	BUILDX_NO_DEFAULT_ATTESTATIONS=1 docker build --build-arg BASE="$(BASE)" --tag "$(IMAGE)" \
		--file layers/python/Dockerfile target/image

# Called by `sam build` with the output folder in ARTIFACTS_DIR.
.PHONY: build-ExecuteFunction build-InterpreterFunction build-PythonLayer
build-ExecuteFunction: functions
	cp $(BUILT_FOR_LAMBDA)/bootstrap/bootstrap "$(ARTIFACTS_DIR)/"

build-InterpreterFunction: functions
	cp $(BUILT_FOR_LAMBDA)/interpreter/bootstrap "$(ARTIFACTS_DIR)/"

build-PythonLayer: layer
	cp -R $(LAYER)/. "$(ARTIFACTS_DIR)/"

# What is built for another architecture is run under qemu, with that architecture's C library.
FOREIGN_RUN = $(if $(FOREIGN),JAIL=best-effort sh tests/foreign.sh $(FOREIGN))
CHECK_LAYER = $(FOREIGN_RUN) $(BINARIES)/sandcastle layer check

# Builds the deployed template, then the local one, whose build stays for `sam local`. Both use the same binaries.
SAM_BUILD = AWS_DEFAULT_REGION=us-east-1 $(SAM) build
SAM_BUILT = .aws-sam/build

build-sam: tools build ## build the functions and the layer as for a deployment, and check them
	$(SAM_BUILD) --config-env dev --parameter-overrides Architecture=$(ARCH)
	$(TOOLS)/bin/python tests/template/sizes.py $(SAM_BUILT)/ExecuteFunction $(SAM_BUILT)/InterpreterFunction
	$(CHECK_LAYER) $(SAM_BUILT)/PythonLayer \
		--function $(SAM_BUILT)/ExecuteFunction/bootstrap --function $(SAM_BUILT)/InterpreterFunction/bootstrap
	$(SAM_BUILD) --parameter-overrides Architecture=$(ARCH)

# The function on this machine. Each sets up S3, key and variables itself, and cleans up. CODE goes through the environment,
# because code may have any characters.
FUNCTION = PATH="$(CURDIR)/$(TOOLS)/bin:$(CURDIR)/$(BUILD_TOOLS)/bin:$$PATH" $(TOOLS)/bin/python infra/tools/function.py
OF_EVENT = $(if $(EVENT),--event "$(EVENT)") --code "$$PYTHON_CODE"
EVENT ?=
CODE ?=
# Under another name: make expands a `$$` in CODE where CODE itself is exported, and an assignment to it does not replace a
# value of the command line.
unexport CODE
invoke watch: export PYTHON_CODE := $(value CODE)

# With SET=full, from the image that has all packages.
OF_SET = $(if $(filter full,$(SET)),--image sandcastle-bootstrap:latest)

invoke: build-sam-local ## run ExecuteFunction once in Docker (EVENT=file of an event, CODE=Python, SET=full: all packages)
	$(FUNCTION) invoke $(OF_EVENT) $(OF_SET)

start-api: build-sam-local ## serve the API in Docker at http://127.0.0.1:3000, until Ctrl-C (PORT=… for another port, SET=full)
	$(FUNCTION) start-api --port $(or $(PORT),3000) $(OF_SET)

watch: tools build-tools build packages ## serve invocations with cargo-lambda, building again on changes (EVENT, CODE: for the example)
	$(FUNCTION) watch --port $(or $(PORT),9000) $(OF_EVENT)

.PHONY: build-sam-local
build-sam-local: tools build
	$(if $(filter full,$(SET)),$(MAKE) image PROGRAM=bootstrap,$(SAM_BUILD) --parameter-overrides Architecture=$(ARCH))

# The cases that every deployment must pass; ONLY=part of their names. Two of them need a mount, which Lambda refuses.
CONTRACT = output errors files plots dataframes http state
smoke: ## run the contract cases against a deployment (URL=… without /v2, KEY=…, ONLY=part of a case's name)
	@: $(or $(URL),$(error URL is not set: the address of the API without /v2)) $(or $(KEY),$(error KEY is not set: an API key))
	@python3 tests/cases/run.py --base-url "$(URL)" --api-key "$(KEY)" $(if $(ONLY),--only "$(ONLY)") \
		--except files/sandbox_files_is_the_working_directory --except files/sandbox_files_in_a_child \
		$(CONTRACT:%=tests/cases/%.json)

# Architectures of a release.
ARCHS ?= x86_64 arm64
DIST := target/dist
dist: ## write a release into target/dist: zips, templates, programs, checksums, SBOM (ARCHS=x86_64 for one architecture)
	for arch in $(ARCHS); do $(MAKE) shipped-python ARCH=$$arch; done
	for arch in $(ARCHS); do $(MAKE) functions layer command ARCH=$$arch; done
	"$(EMBEDDED)" infra/tools/dist.py --out $(DIST) $(foreach arch,$(ARCHS),--arch $(arch) \
		--functions target/for-lambda/$(arch) --layer target/layer/core$(if $(filter-out $(HERE_ARCH),$(arch)),-$(arch)))

# Elsewhere than on arm64 this needs root, and what tests/qemu.sh installs. What it builds runs once, in a processor that is
# emulated: it has one profile for all, which is quick to build. The next `make deploy` or `make dist` builds its own again.
FOR_EMULATION = ARCH=arm64 FUNCTION_PROFILE="--profile emulated" KERNEL_PROFILE="--profile emulated"
.PHONY: arm64-parts check-layer test-jail test-arm64
arm64: build tools arm64-parts ## build functions and layer for arm64, check them, and play cases against them (needs tests/qemu.sh)
	$(MAKE) --jobs 2 check-layer test-arm64 $(FOR_EMULATION)

# What needs nothing that is built for this machine, and locks no folder of another build: CI runs it beside something else.
arm64-parts:
	$(MAKE) functions layer test-jail $(FOR_EMULATION)

test-arm64:
	$(HERE) $(CARGO) test $(FLAGS) --workspace --test cases_on_lambda -- --ignored arm64

# In a folder of its own: with another linker, cargo builds crates again that it shares with the functions, and then those too.
test-jail: $(SHIPPED_PYTHON)
	CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=$(MACHINE)-linux-gnu-gcc \
	CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="$(if $(FOREIGN),sh $(CURDIR)/tests/foreign.sh $(CURDIR)/$(FOREIGN))" \
	cargo test --locked --profile emulated --target $(TARGET) --target-dir target/emulated-jail -p sandcastle-jail --lib

check-layer:
	$(CHECK_LAYER) $(LAYER) --function $(BUILT_FOR_LAMBDA)/bootstrap/bootstrap --function $(BUILT_FOR_LAMBDA)/interpreter/bootstrap
