# The tasks of this repository. `make help` lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GOLANGCI_LINT_VERSION := v2.15.0
ACTIONLINT_VERSION := v1.7.12
AIR_VERSION := v1.67.4
GOTESTSUM_VERSION := v1.13.0
TOOLS := $(CURDIR)/.tools
LINT := $(TOOLS)/golangci-lint-$(GOLANGCI_LINT_VERSION)
ACTIONLINT := $(TOOLS)/actionlint-$(ACTIONLINT_VERSION)
AIR := $(TOOLS)/air-$(AIR_VERSION)
GOTESTSUM := $(TOOLS)/gotestsum-$(GOTESTSUM_VERSION)
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
API_PORT ?= 3001
WEB_PORT ?= 3000
# Compiled packages don't contain the path of this directory. So a copy of it, such as the one that scripts/readme builds
# the program in, takes them from Go's cache, where what the tests have built is already.
export GOFLAGS := $(filter-out -trimpath,$(shell go env GOFLAGS 2>/dev/null)) -trimpath

# The web UI is built if Node.js 20 is installed and its sources have changed. A program without it says how to
# build it; `make build WEB=` leaves it out.
HAS_NODE = node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && command -v npm
NPM := $(shell $(HAS_NODE))
WEB := $(if $(NPM),web/dist/index.html)
WEB_SOURCES := $(shell find web/src web/scripts -type f) $(addprefix web/,package-lock.json next.config.ts postcss.config.mjs tsconfig.json)

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Trade memory of compilers for an eighth of the time.
.PHONY: build
build: export GOGC := 400
build: ## Build bin/boxoffice
	@[ -e bin/boxoffice ] || echo 'Building for the first time: packages are downloaded and compiled, which takes a minute or two'
	@$(MAKE) --no-print-directory --jobs=2 compile $(WEB)
	go build -ldflags "-X main.version=$(VERSION)" -o bin/boxoffice ./cmd/boxoffice

# What the program consists of besides the pages, while npm installs and builds those.
.PHONY: compile
compile:
	@go build $$(go list -deps -f '{{if not (or .Standard (eq .Name "main" "web"))}}{{.ImportPath}}{{end}}' ./cmd/boxoffice)

.PHONY: run
run: build ## Run the system on http://localhost:3000, with its own PostgreSQL; Ctrl-C stops it
	exec bin/boxoffice serve

# The development server of Next serves the pages and proxies /api to the program, two ports further.
DEV_PORT := $(shell expr $(WEB_PORT) + 2)

.PHONY: dev
dev: $(AIR) web/node_modules/.package-lock.json ## Run the system on http://localhost:3000 and reload on changes; Ctrl-C stops it
	@$(MAKE) --no-print-directory --jobs=2 dev-program dev-pages

.PHONY: dev-program dev-pages
dev-program:
	WEB_PORT=$(DEV_PORT) API_PORT=$(API_PORT) FRONTEND_ORIGIN=http://localhost:$(WEB_PORT) $(AIR)
dev-pages:
	cd web && NEXT_TELEMETRY_DISABLED=1 BACKEND=http://localhost:$(DEV_PORT) npm run --silent dev -- --port $(WEB_PORT)

.PHONY: setup
setup: setup-go setup-web ## Install what the tests use beside Go, where it is missing; `make test` does so too

.PHONY: setup-go setup-web
setup-go:
	scripts/setup/setup.sh
# What can't be had is said here, and an error of `make test-web` only. In a make of its own, because npm may have just come.
setup-web:
	@if $(HAS_NODE) >/dev/null; then $(MAKE) --no-print-directory web/node_modules/.complete && scripts/browser/browser.sh >/dev/null || true; fi

.PHONY: test
test: setup-go test-go ## Run all tests; they start their own PostgreSQL, and what they use is installed if it is missing
	@if $(HAS_NODE) >/dev/null; then $(MAKE) --no-print-directory test-web; fi

# These packages start no goroutine and have no memory that needs a lock, which scripts/check tests. The race detector
# makes them compute ten times as long.
SEQUENTIAL := ./domain ./internal/images

# The race detector doesn't look into these packages, which hash passwords and sign: with it they compute ten times as
# long. They use no atomics, which it would have to see, as scripts/check tests.
COMPUTING := golang.org/x/crypto/blowfish crypto/internal/fips140/edwards25519/...

# The longest come first, so that none is left over at the end. Compilers trade memory for an eighth of the time, those
# that tests start too; tests don't. The linters run vet; repeating it takes minutes without a cache. In CI failed tests
# are run once more.
LONGEST := ./scripts/chaos ./cmd/boxoffice ./scripts/readme ./httpapi ./eventstore ./projections ./projections/engine
.PHONY: test-go
test-go: go_test = $(if $(CI),scripts/check/go-test.sh $(GOTESTSUM) "$1",go test $1) -vet=off
test-go: export GOFLAGS += '-toolexec=env GOGC=400'
test-go: $(if $(CI),$(GOTESTSUM))
	$(call go_test,$(SEQUENTIAL))
	$(call go_test,$(LONGEST) $$(go list ./... | grep -vxFf <(go list $(SEQUENTIAL)))) -race \
		$(COMPUTING:%='-gcflags=%=-race=false')

.PHONY: test-web
test-web: check-web build ## Test the web UI: components, and the whole system in a browser
	cd web && BOXOFFICE=$(CURDIR)/bin/boxoffice npm run --silent generate -- --check
	bin/boxoffice openapi > bin/openapi.json
	bin/boxoffice openapi --version 3.0 > bin/openapi-3.0.json
	cd web && npx --no-install spectral lint --fail-severity warn ../bin/openapi.json ../bin/openapi-3.0.json
	CHROMIUM="$$(scripts/browser/browser.sh)" && export CHROMIUM && cd web && BOXOFFICE=$(CURDIR)/bin/boxoffice npm run --silent e2e

web/dist/index.html: web/node_modules/.package-lock.json $(WEB_SOURCES)
	cd web && NEXT_TELEMETRY_DISABLED=1 BROTLI_QUALITY=8 npm run --silent build

# Building needs no tools for tests: a third of the time to install. Where they are installed already, they stay.
web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	cd web && if [ -e node_modules/.complete ]; then npm ci && touch node_modules/.complete; else npm ci --omit=dev; fi

web/node_modules/.complete: web/package.json web/package-lock.json
	cd web && npm ci
	touch $@

.PHONY: test-concurrency
test-concurrency: ## Book from many users at once against a running system, and check the result
	go run ./scripts/test-concurrency -url http://localhost:$(API_PORT)

.PHONY: chaos
chaos: ## Break a running system in many ways while people book, and check every answer; CHAOS="-duration 10m -seed 7" for more
	go run ./scripts/chaos $(CHAOS)

.PHONY: failover
failover: ## Take the leader from a PostgreSQL with Patroni while people book, and check every answer; FAILOVER="-seed 7" for more
	scripts/setup/setup.sh initdb patroni etcd
	go run ./scripts/chaos -failover -processes 2 -duration 3m $(FAILOVER)

.PHONY: bench
bench: ## Compare ways of booking on this machine (takes some minutes)
	go run ./scripts/bench

.PHONY: docs
docs: web/node_modules/.complete ## Regenerate: the configuration, the API's examples, the types of the web client
	go test ./internal/config ./httpapi -run 'TestTheDocumentedSettings|TestTheReference' -update
	cd web && npm run --silent generate

.PHONY: screenshots
screenshots: web/node_modules/.complete build ## Take the screenshots of the README again
	CHROMIUM="$$(scripts/browser/browser.sh)" && export CHROMIUM && cd web && SCREENSHOTS=1 BOXOFFICE=$(CURDIR)/bin/boxoffice npm run --silent e2e -- screenshots

.PHONY: lint
lint: $(LINT) $(ACTIONLINT) ## Check style, imports and common mistakes
	$(LINT) run
	scripts/setup/setup.sh shellcheck
	shellcheck .ci/run .githooks/pre-commit scripts/browser/browser.sh scripts/check/check.sh \
		scripts/check/go-test.sh scripts/setup/setup.sh
	$(ACTIONLINT)

.PHONY: hooks
hooks: ## Lint before each commit
	git config core.hooksPath .githooks

.PHONY: format
format: $(LINT) ## Format the code
	$(LINT) fmt

.PHONY: check
check: export GOGC := 400
check: $(LINT) ## Quick check of the Go packages that have changed since main: format, linters, quick tests; all compile
	scripts/check/check.sh $(LINT) $(BASE)

.PHONY: check-web
check-web: web/node_modules/.complete ## Quick check of the web UI: format, linter, types, component tests
	cd web && npm run --silent lint && npm run --silent types && npm test --silent

$(LINT):
	GOBIN=$(TOOLS) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	mv $(TOOLS)/golangci-lint $@

$(ACTIONLINT):
	GOBIN=$(TOOLS) go install github.com/rhysd/actionlint/cmd/actionlint@$(ACTIONLINT_VERSION)
	mv $(TOOLS)/actionlint $@

$(AIR):
	GOBIN=$(TOOLS) go install github.com/air-verse/air@$(AIR_VERSION)
	mv $(TOOLS)/air $@

$(GOTESTSUM):
	GOBIN=$(TOOLS) go install gotest.tools/gotestsum@$(GOTESTSUM_VERSION)
	mv $(TOOLS)/gotestsum $@

.PHONY: clean
clean: ## Remove everything that was built
	rm -rf bin .tools web/node_modules web/.next web/out web/dist/* web/test-results web/screenshots
