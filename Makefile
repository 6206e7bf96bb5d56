# Every target does its own set-up; what is already there is left alone.
.DEFAULT_GOAL := help
SHELL := /bin/bash
# The accuracy checks and the comparison need development data that is not part of this repository.
SHARED ?= ../shared
# What was made and judged before is kept in target/accuracy. Share of the generated documents `make accuracy` reads; only a whole run is written down.
DOCUMENTS ?= 1
# How long `make fuzz` tries each target.
FUZZ_SECONDS ?= 60
export PATH := $(HOME)/.cargo/bin:$(PATH)

.PHONY: help setup models dashboard web-sdk clients example demo test replicas chaos load dashboard-speed quick check deny serve dist bench bench-clips bench-dialects search-speed accuracy fuzz deploy-check

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what is missing: system packages, ONNX Runtime, model pack, fixtures
	@setup/all.sh

models: ## build or repair the model pack
	@setup/all.sh

dashboard: ## build the web dashboard, which the gateway embeds
	@setup/dashboard.sh

web-sdk: ## build the capture component, which the gateway embeds
	@setup/web_sdk.sh

clients: setup ## build the generated clients into target/clients: an npm package, a Python wheel, a Postman collection
	cargo build --release --locked --bin biometry
	@setup/clients.sh target/release/biometry target/clients

example: setup ## run a sample backend and page that verify a person, next to the server
	cd examples/backend && npm ci --silent --no-audit --no-fund
	cargo build --release --locked --bin biometry
	@BIOMETRY=target/release/biometry node examples/start.mjs

demo: setup ## run the main calls on real media: a table of cases, and target/demo/report.json
	cargo build --release --locked --bin biometry
	@python3 demo/demo.py --biometry target/release/biometry --fixtures fixtures --out target/demo

test: setup check deploy-check ## all tests, in the embedded and in the split deployment
	@setup/timed.py start
	@# One selection of packages and targets for all, so that every dependency is compiled once. The whole-system tests
	@# start the services' own binaries, which this builds too.
	setup/timed.py cargo --workspace --locked
	@# The capture component in Chromium, with films as the camera, and the example that uses it.
	cd sdk/web && ../../setup/timed.py run "capture component: units" npm test --silent
	cd examples/backend && npm ci --silent --no-audit --no-fund
	cd tests/dashboard && npm ci --silent --no-audit --no-fund && ../../setup/timed.py run "capture component in Chromium" npm run --silent capture
	@# The dashboard in Chromium, against the server that was built above; SCREENSHOTS=folder keeps pictures of every page.
	cd dashboard && ../setup/timed.py run "dashboard: units" npm test --silent
	cd tests/dashboard && ../../setup/timed.py run "dashboard in Chromium" npm test --silent
	@setup/timed.py show

replicas: setup ## every whole-system scenario with two of each process behind a balancer, on PostgreSQL, Redis and S3
	cargo test --workspace --locked --no-run
	TEST_REPLICAS=2 cargo test --workspace --locked --test it split

chaos: setup ## kill and freeze every process of a replicated deployment under load, then check its stores (minutes)
	cargo test --workspace --locked --no-run
	cargo test --workspace --locked --test it chaos -- --ignored --nocapture

load: setup ## steady load with one and two svc-ml, then three times the capacity, then recovery (LOAD_SECONDS a case, 60)
	cargo test --release --workspace --locked --no-run
	cargo test --release --workspace --locked --test it load -- --ignored --nocapture

dashboard-speed: setup ## largest contentful paint of the dashboard's pages at 4x CPU slowdown
	cargo build --release --locked --bin biometry
	cd tests/dashboard && npm ci --silent --no-audit --no-fund && BIOMETRY=../../target/release/biometry node lcp.mjs

quick: setup ## formatting, lints and unit tests, for use while editing
	cargo fmt --all --check
	@setup/check_words.py
	cargo clippy --workspace --all-targets --locked -- -D warnings
	PATH="$(CURDIR)/.venv/bin:$$PATH" cargo nextest run --workspace --locked --lib --bins

check: setup deny ## formatting, lints, licences and the word list
	cargo fmt --all --check
	@setup/check_words.py
	cd sdk/web && npm run --silent check
	cd dashboard && npm run --silent check
	cargo clippy --workspace --all-targets --locked -- -D warnings

deploy-check: ## check the Dockerfile and both compose profiles
	@setup/deploy-check.sh

deny: setup ## licences, bans and sources of every Rust crate (deny.toml)
	@PATH="$(CURDIR)/.venv/bin:$$PATH" cargo deny --locked --log-level warn check licenses bans sources

serve: setup ## start everything on http://127.0.0.1:8080
	cargo run --release --locked --bin biometry -- serve

dist: setup ## the Debian package, the tar file, the bill of materials and their checksums, in target/dist
	@setup/dist.sh

bench: setup ## throughput, latency, memory and CPU by stage, next to the Python stack where SHARED has it
	cargo build --release --locked --bin biometry
	@python3 bench/bench.py --biometry target/release/biometry --fixtures fixtures --shared $(SHARED)

bench-dialects: setup ## what the other APIs cost over this server's own for the same call, in turn; fails above 1 ms (on two idle cores)
	cargo build --release --locked --bin biometry
	@python3 bench/dialects.py --biometry target/release/biometry --fixtures fixtures

bench-clips: setup ## wall time and CPU of clips of 12 s in 4K, HEVC and 1080p; fails above 5 s (on two idle cores)
	cargo build --release --locked --bin biometry
	@python3 bench/large_clips.py --biometry target/release/biometry --fixtures fixtures --bar 5

search-speed: ## 1:N over a million synthetic faces: time, recall, memory (the comparison needs 4 GB)
	cargo run --release --locked -p vectors --example search_speed -- 1000000 1000

accuracy: setup ## measure on the development data in SHARED
	@test -d $(SHARED)/data || { echo "make accuracy needs the development data in $(SHARED)/data (set SHARED)"; exit 1; }
	@# One selection for both, so that every dependency is compiled once.
	cargo build --release --locked -p biometry -p specimens --bin biometry --example accuracy --example generate
	@# Each script ends with 1 when a bar is missed; the others run all the same.
	@failed=0; \
	.venv/bin/python tests/accuracy/run.py --data $(SHARED)/data --out docs/ACCURACY.md || failed=1; \
	.venv/bin/python tests/accuracy/whole_call.py --biometry target/release/biometry --data $(SHARED)/data --out docs/ACCURACY.md || failed=1; \
	.venv/bin/python tests/accuracy/server.py --biometry target/release/biometry --data $(SHARED)/data || failed=1; \
	.venv/bin/python tests/accuracy/documents.py --reader target/release/examples/accuracy --data $(SHARED)/data \
	  --work target/accuracy/$(DOCUMENTS) --share $(DOCUMENTS) $(if $(filter 1,$(DOCUMENTS)),--out docs/ACCURACY.md) || failed=1; \
	exit $$failed

fuzz: setup ## every fuzz target under libFuzzer for FUZZ_SECONDS; the tests run the same targets for some seconds
	fuzz/run $(FUZZ_SECONDS)
