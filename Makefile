# Koji in one Go module: hub, builder, repo daemon, command line, terminal UI.
#
# Everything is built by `go build`; this file knows how to fetch what the
# machine lacks and which commands belong together. `make` alone is `make help`.

SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS   += --no-print-directory

GO       ?= go
FUZZTIME ?= 30s
BENCH    ?= .
AREA     ?=
STEPS    ?=
ENGINE   ?= sqlite
ROWS     ?= .
CLIENTS  ?= 1,8,32
SECONDS  ?= 1
GOLANGCI := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOFUMPT  := mvdan.cc/gofumpt@v0.12.0

PROGRAMS := koji hubd kojid kojira
ARCHES   := amd64 arm64 ppc64le s390x riscv64

# Debian packages: what a lab makes its distribution of and builds with (a test
# compares this list with the program's), and what the tests want besides.
LAB_PACKAGES  := binutils bzip2 cpio createrepo-c debugedit dnf file gcc libc6-dev make patch pkg-config procps rpm unzip \
                 xz-utils zstd bubblewrap
TEST_PACKAGES := $(LAB_PACKAGES) postgresql tmux git zlib1g-dev curl krb5-kdc krb5-admin-server krb5-user zsh fish

# Packages whose tests don't run under the race detector: in sqlstore it is
# SQLite that would be watched, and a buildroot's first process is the test's
# own program, which is static as the builder is. Of hubd, where SQLite takes
# most of the time too, those run in which several things happen at a time.
NO_RACE   := koji/hubd koji/sqlstore koji/kojid
RACE_HUBD := Stream|Sched|AtOnce|Concurrent

.DEFAULT_GOAL := help
.PHONY: help build lab test conformance crash vet manual cross bench gobench fuzz lint fmt clean lab-packages test-packages

help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## the four programs, into bin/
	@mkdir -p bin
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/ $(PROGRAMS:%=./cmd/%)

lab: lab-packages build ## a hub, a builder and a repo daemon of your own, and two packages built with them
	@bin/koji lab demo

# Four at a time, whatever the machine has: most wait for processes of their own.
test: test-packages vet ## vet and all tests; what could not run is said, with the reason
	@all=$$($(GO) list ./...); plain=$$(grep -E '^($(subst $() $(),|,$(NO_RACE)))(/|$$)' <<<"$$all"); raced=$$(grep -vFx "$$plain" <<<"$$all"); \
	status=0; \
	CGO_ENABLED=1 $(GO) test -timeout 20m -parallel 4 -race -v $$raced 2>&1 | awk -f .ci/brief.awk || status=1; \
	CGO_ENABLED=1 $(GO) test -timeout 20m -parallel 4 -race -v -run '$(RACE_HUBD)' ./hubd 2>&1 | awk -f .ci/brief.awk || status=1; \
	CGO_ENABLED=0 $(GO) test -timeout 20m -parallel 4 -v $$plain 2>&1 | awk -f .ci/brief.awk || status=1; \
	exit $$status

# The test's own lines are left out: the last is `N passed, N failed`.
conformance: ## recorded conversations with Koji's hub, asked of ours; AREA=tags picks some, STEPS=1 shows all
	@CGO_ENABLED=0 $(GO) test ./hubd -run '^TestConformance$$' -count=1 -v -args \
	  $(if $(AREA),-conformance.only='$(AREA)') $(if $(STEPS),-conformance.steps) 2>&1 | sed -n '/^ *\(===\|---\|PASS\|FAIL$$\|FAIL\t\|ok  \t\)/d; s/^    //; p'

crash: ## a hub killed twenty times while 16 clients write, on either engine
	@KOJI_TEST_CRASHES=20 CGO_ENABLED=0 $(GO) test ./hubd -run '^TestCrash$$' -count=1 -v | grep -v '^=== '

vet:
	CGO_ENABLED=0 $(GO) vet ./...

manual: ## docs/cli and the man pages, into man/, from the client's commands
	CGO_ENABLED=0 $(GO) run ./cli/manual docs docs/cli
	CGO_ENABLED=0 $(GO) run ./cli/manual man man

cross: ## the programs for every architecture, into dist/
	@for arch in $(ARCHES); do \
	  echo "linux/$$arch"; mkdir -p dist/linux-$$arch; \
	  CGO_ENABLED=0 GOOS=linux GOARCH=$$arch $(GO) build -trimpath -o dist/linux-$$arch/ $(PROGRAMS:%=./cmd/%); \
	done

bench: ## the hub on a big data set beside Koji's figures; ENGINE=both ROWS=regexp CLIENTS=1,8,32 SECONDS=1 JSON=1
	@mkdir -p bin
	@CGO_ENABLED=0 $(GO) build -trimpath -o bin/ ./cmd/hubd ./hubd/bench
	@echo "(docs/performance.md tells how to read this; make gobench runs the benchmarks of single packages)" >&2
	@bin/bench --engine '$(ENGINE)' --rows '$(ROWS)' --clients '$(CLIENTS)' --seconds '$(SECONDS)' $(if $(JSON),--json)

gobench: ## the packages' own benchmarks; BENCH=regexp picks some
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem ./...

fuzz: ## every fuzz target for FUZZTIME=30s
	@status=0; for pkg in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "== $$pkg $$target"; \
	    $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$pkg || status=1; \
	  done; \
	done; exit $$status

lint: ## golangci-lint with our import rules (the first run compiles it: minutes)
	CGO_ENABLED=0 $(GO) run $(GOLANGCI) run ./...

fmt: ## gofumpt over the tree
	CGO_ENABLED=0 $(GO) run $(GOFUMPT) -w .

clean: ## remove what was built
	rm -rf bin dist man

# missing lists those of the packages that are not installed.
missing = $$(for p in $(1); do [ "$$(dpkg-query -W -f '$${db:Status-Status}' $$p 2>/dev/null)" = installed ] || echo $$p; done)
apt     = apt-get install -y --no-install-recommends

lab-packages:
	@if ! command -v dpkg-query >/dev/null; then \
	  for tool in rpmbuild createrepo_c mergerepo_c dnf gcc; do \
	    command -v $$tool >/dev/null || { echo "$$tool is missing: run dnf install -y rpm-build createrepo_c dnf bubblewrap gcc make" >&2; exit 1; }; \
	  done; exit 0; \
	fi; \
	missing=$(call missing,$(LAB_PACKAGES)); [ -n "$$missing" ] || exit 0; \
	if [ "$$(id -u)" != 0 ]; then echo "Some packages are missing. Run, as root:" >&2; echo "  $(apt)" $$missing >&2; exit 1; fi; \
	export DEBIAN_FRONTEND=noninteractive; echo "installing" $$missing; \
	apt-get update -qq; $(apt) -qq $$missing >/dev/null

test-packages:
	@missing=; command -v dpkg-query >/dev/null && missing=$(call missing,$(TEST_PACKAGES)); [ -n "$$missing" ] || exit 0; \
	if [ "$$(id -u)" != 0 ]; then \
	  echo "Some tests will NOT run, packages are missing. Run, as root:" >&2; echo "  $(apt)" $$missing >&2; exit 0; \
	fi; \
	export DEBIAN_FRONTEND=noninteractive; echo "installing" $$missing; \
	apt-get update -qq; $(apt) -qq $$missing >/dev/null
