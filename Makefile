# Everything that people do with this repository. `make help` lists it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GOLANGCI_LINT_VERSION := v2.15.0
TOOLS := $(CURDIR)/.tools
LINT := $(TOOLS)/golangci-lint-$(GOLANGCI_LINT_VERSION)
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
API_PORT ?= 3001

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/boxoffice
	go build -trimpath -ldflags "-X main.version=$(VERSION)" -o bin/boxoffice ./cmd/boxoffice

.PHONY: run
run: build ## Run the system on http://localhost:3000, with its own PostgreSQL; Ctrl-C stops it
	exec bin/boxoffice serve

.PHONY: test
test: ## Run every test, on a PostgreSQL that the tests start themselves
	go vet ./...
	go test -race ./...

.PHONY: test-concurrency
test-concurrency: ## Book from many users at once against a running system, and check the result
	go run ./scripts/test-concurrency -url http://localhost:$(API_PORT)

.PHONY: chaos
chaos: ## Break a running system in many ways while people book, and check what they were told; CHAOS="-duration 10m -seed 7" for more
	go run ./scripts/chaos $(CHAOS)

.PHONY: bench
bench: ## Compare ways of booking on this machine (takes some minutes)
	go run ./scripts/bench

.PHONY: lint
lint: $(LINT) ## Check style, imports and common mistakes
	$(LINT) run

.PHONY: format
format: $(LINT) ## Format the code
	$(LINT) fmt

.PHONY: check
check: lint ## Check quickly, while working
	go vet ./...
	go test ./...

$(LINT):
	GOBIN=$(TOOLS) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	mv $(TOOLS)/golangci-lint $@

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin .tools
