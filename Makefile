# Kolsai: every command that a person or the continuous integration needs. `make help` prints itself.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Always the whole workspace's features, so that no command compiles anything twice.
BUILD = cargo build --workspace
BIN = $${CARGO_TARGET_DIR:-target}/debug

.PHONY: help run story test faults promises promises-sabotage bench contract bless

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 26

run: ## The whole school in one process on https://localhost:8443; Ctrl-C drains
	@$(BUILD) --bin kolsai
	@exec $(BIN)/kolsai run

story: ## The school's story told from outside, against a school of its own or the one that KOLSAI_URL names
	@$(BUILD) -q --bin kolsai --bin story
	@deploy/story

test: ## Formatting, lints and all tests, on SQLite + memory and on a private PostgreSQL
	@deploy/test

faults: ## Kills the school at every named failpoint, one after the other; long. KOLSAI_FAULTS='privacy.*' chooses
	@$(BUILD) -q --bin kolsai
	@KOLSAI_FAULTS=$${KOLSAI_FAULTS:-all} cargo test --workspace --test faults -- --nocapture

promises: ## One line per promise of the policy, from the tests' own results
	@deploy/promises

promises-sabotage: ## Turns each sabotage switch and shows that its promise breaks
	@deploy/promises --sabotage

bench: ## Figures, one line each: name, value, unit, compared with
	@deploy/bench

contract: ## Regenerates the code and descriptors under crates/contract from proto/
	@cargo run -q -p kolsai-contract-codegen

bless: ## Accepts the printed method × role table after a change of the contract
	@KOLSAI_BLESS=1 cargo test -q -p kolsai-contract --test golden
