# `make help` lists what there is. Every target works from a fresh clone, alone, and twice in a row.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help deps generate build hosts lint test demo bench soak clean

# Where jest writes its JSON result, and further arguments for it: make test JEST=test/model
RESULTS ?= node_modules/.cache/jest-results.json
JEST ?=
# How often `make soak` tries each property; each case of some works on real images for seconds.
RUNS ?= 200

# Two shells must not install or compile at once. flock comes with every Linux; elsewhere one shell at a time.
LOCK := $(if $(shell command -v flock),flock Makefile)
# Some dependencies export themselves to “import” alone, and tsx asks as “require” (privatenumber/tsx issue 239).
TSX := npx --no-install tsx --conditions=import

INSTALLED := node_modules/.package-lock.json
# A checkout's own examples import the package by its name, as a user's program does.
SELF := node_modules/pulumi-snaptree

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 12

deps: $(INSTALLED) ## install what package-lock.json says, if it is newer than what is installed
	@$(LOCK) bash -c '[ -e $(SELF) ] || ln -s .. $(SELF)'

$(INSTALLED): package-lock.json
	$(LOCK) bash -c '[ $@ -nt $< ] || { npm ci && touch $@; }'

generate: deps ## make validators and argument types anew from schema/schema.json
	$(LOCK) npm run generate

build: deps ## compile to dist and make bin/snaptree
	$(LOCK) npm run build
	chmod +x bin/snaptree

hosts: deps ## see to the real QEMU tools, two releases of libvirt, VirtualBox, an SSH server, a simulated vSphere and the real Pulumi engine (made once, ten minutes, if it is not installed)
	$(TSX) test/hosts/ensure.ts qemu libvirt libvirt-newer virtualbox ssh vsphere pulumi

lint: build ## check types, rules, format, and that what is generated is fresh
	npm run generate:check
	npm run typecheck
	npm run lint

test: build lint hosts ## everything that CI checks
	mkdir -p $(dir $(RESULTS))
	rm -f $(RESULTS)
	npx --no-install jest --json --outputFile=$(RESULTS) $(JEST) || status=$$?; \
	node test/support/summary.mjs skipped $(RESULTS); \
	exit $${status:-0}

demo: build hosts ## a tree of snapshots on a real disk, from the first `pulumi up` to the last
	$(TSX) examples/demo/demo.ts

bench: build hosts ## how fast it is, beside others
	$(TSX) bench/main.ts

soak: deps ## the property tests, each with RUNS=200 cases, and all of what `make test` samples
	SNAPTREE_RUNS=$(RUNS) npx --no-install jest --testTimeout=3600000 --runTestsByPath $$(grep -rlE --include='*.test.ts' 'fast-check|SNAPTREE_RUNS|libvirtConformance' test)

clean: ## remove what build and test made (not node_modules, not the cache of hosts)
	rm -rf dist coverage $(RESULTS)
