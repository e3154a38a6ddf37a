# Kolsai: every command that a person or the continuous integration needs. `make help` prints itself.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Always the whole workspace's features, so that no command compiles anything twice.
BUILD = cargo build --workspace
BIN = $${CARGO_TARGET_DIR:-target}/debug

.PHONY: help run up down traces story test faults promises promises-sabotage bench deploy-check contract bless

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 26

run: ## The whole school in one process on https://localhost:8443; Ctrl-C drains
	@$(BUILD) --bin kolsai
	@exec $(BIN)/kolsai run

up: ## The whole platform: seven services on PostgreSQL, NATS, Redis and S3, TLS between all of them, on this machine
	@$(BUILD) -q --bin kolsai
	@deploy/up

down: ## Stops what `make up` started; the data stays
	@deploy/down

traces: ## A trace viewer in the browser, a school that sends to it, and its story, told with links to its traces; Ctrl-C ends it
	@$(BUILD) -q --bin kolsai --bin story
	@deploy/traces

story: ## The school's story told from outside: to the school that KOLSAI_URL names, to the platform of `make up`, or to a school of its own
	@$(BUILD) -q --bin kolsai --bin story
	@deploy/story

test: ## Formatting, lints and all tests, on SQLite + memory and on a private PostgreSQL
	@deploy/test

faults: ## Kills the school at every named failpoint (KOLSAI_FAULTS='privacy.*' chooses), then breaks the platform at random under load; long
	@$(BUILD) -q --bins
	@deploy/faults

promises: ## One line per promise of the policy, from the tests' own results
	@deploy/promises

promises-sabotage: ## Turns each sabotage switch and shows that its promise breaks
	@deploy/promises --sabotage

bench: ## Figures, one line each: name, value, unit, compared with
	@deploy/bench

deploy-check: ## The Helm chart, its manifests and policies, the Dockerfile and the compose file, without a cluster
	@deploy/deploy-check

contract: ## Regenerates the code and descriptors under crates/contract from proto/
	@cargo run -q -p kolsai-contract-codegen

bless: ## Accepts the printed method × role table after a change of the contract
	@KOLSAI_BLESS=1 cargo test -q -p kolsai-contract --test golden
