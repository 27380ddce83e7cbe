# The two commands: "make run" tries Jarvis, "make test" tests it.
# "make help" lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

# How long "make fuzz" and "make prove" try each fuzz target.
FUZZTIME ?= 60s
# Which parts "make prove" runs; see scripts/prove.sh.
PARTS ?= counts races fuzz
# How often "make bench" runs each benchmark.
BENCHCOUNT ?= 1
# More flags for go test, such as TESTFLAGS="-run TestStore -v".
TESTFLAGS ?=

# How the race detector is called, here and by "make prove". SQLite, a C program that
# was translated to Go, and ciphers are not watched from within, which makes the tests
# some 8 times faster: docs/decisions/0030-race-detector.md.
UNWATCHED = github.com/ncruces/go-sqlite3-wasm/... golang.org/x/crypto/... lukechampine.com/adiantum/...
export RACE = -race $(UNWATCHED:%=-gcflags=%=-race=false) -shuffle=on

# Where "make install" puts the program.
PREFIX ?= $(HOME)/.local

# What "jarvis version" says; empty outside a git checkout.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS = -s -w -X main.version=$(VERSION)

.PHONY: help
help:
	@awk -F ':.*## ' '/^##: /{print "\n" substr($$0, 5)} /^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##: everyday

.PHONY: run
run: build ## build Jarvis and start: makes a store, offers to add your screenshots, runs the server
	@bin/jarvis start

.PHONY: build
build: ## build bin/jarvis
	go build -ldflags '$(LDFLAGS)' -o bin/jarvis ./cmd/jarvis

.PHONY: install
install: build ## install it into PREFIX/bin (~/.local/bin)
	install -D -m 755 bin/jarvis '$(DESTDIR)$(PREFIX)/bin/jarvis'

.PHONY: test
test: test-setup ## run every test; installs what is missing (under 10 minutes on two cores)
	go test -timeout 10m $(TESTFLAGS) ./...

.PHONY: test-setup
test-setup:
	@scripts/setup-tests.sh

.PHONY: clean
clean: ## remove what was built here
	rm -rf bin

##: checks, as .ci/run calls them

.PHONY: race
race: test-setup ## run every test under the race detector, in random order
	@scripts/setup-tests.sh race
	go test $(RACE) -timeout 30m $(TESTFLAGS) ./...

.PHONY: lint
lint: bin/golangci-lint ## look for defects, style, imports against the dependency rule, and at deploy/
	bin/golangci-lint run ./...
	scripts/check-deploy.sh

.PHONY: format
format: bin/golangci-lint ## format the code
	bin/golangci-lint fmt ./...

# The linter is a tool of tools/go.mod, so that its several hundred
# dependencies are pinned and stay out of the program's go.mod.
bin/golangci-lint: tools/go.mod tools/go.sum
	go build -modfile=tools/go.mod -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	@touch $@

.PHONY: tidy-check
tidy-check: ## check that go.mod and go.sum name what is used, no more and no less
	go mod tidy -diff
	go -C tools mod tidy -diff
	go mod verify

.PHONY: generate
generate: build ## write the generated files anew
	go generate ./...
	scripts/generate-commands.sh bin/jarvis > docs/commands.md
	bin/jarvis openapi > docs/openapi.yaml

.PHONY: generate-check
generate-check: generate ## check that the generated files are as committed
	git diff --exit-code
	@untracked=$$(git status --porcelain --untracked-files=all -- docs internal | sed -n 's/^?? //p'); \
	if [[ -n "$$untracked" ]]; then echo "not committed: $$untracked" >&2; exit 1; fi

##: long

.PHONY: prove
prove: test-setup ## run the long proofs and write what they saw to bench/proof.md (hours)
	@scripts/setup-tests.sh race
	FUZZTIME=$(FUZZTIME) PARTS="$(PARTS)" scripts/prove.sh

.PHONY: fuzz
fuzz: ## try to break each parser for FUZZTIME (60s)
	FUZZTIME=$(FUZZTIME) scripts/fuzz.sh

.PHONY: bench
bench: ## run the benchmarks; see bench/README.md
	go test -run '^$$' -bench . -benchmem -count $(BENCHCOUNT) -timeout 2h ./... | { grep -v -e '^ok' -e 'no test files' -e '^PASS' || true; }
