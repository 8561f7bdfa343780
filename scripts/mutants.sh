#!/usr/bin/env bash
# cargo mutants over the domain, in a copy of the tree: scripts/mutants.sh [--services] [OPTIONS of cargo mutants].
# Without --services everything but services, with the domain's unit tests; with it the services, with the
# testkit's tests. See "Mutants" in docs/TESTING.md.
#
# EDUPAY_MUTANTS is the folder of the copy (target/mutants); it may be on a disk in memory, and two runs at
# once need two. What comes of it lies in mutants.out there.
# EDUPAY_MUTANTS_SKIP is tests to leave out, by a part of their names, apart by spaces.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! command -v cargo-mutants > /dev/null; then
    echo "cargo-mutants is missing: cargo install cargo-mutants --locked" >&2
    exit 2
fi
part=(--cargo-arg=--lib --exclude '**/service.rs' --exclude '**/service/**')
services=''
if [[ "${1:-}" == --services ]]; then
    services=1
    part=(--test-package edupay-testkit --cargo-arg=--test=it --file '**/service.rs' --file '**/service/**')
    shift
fi
copy="${EDUPAY_MUTANTS:-target/mutants}"
mkdir -p "$copy"
git ls-files -z --cached --others --exclude-standard | tar -c --null --files-from=- | tar -x --touch -C "$copy"
cd "$copy"
# For its doctests the domain depends on itself, with mocks. No test of its own needs them, and without
# them there is a fourth as much to build for each mutant.
sed -i '/^edupay-domain = .*mocks/d' crates/edupay-domain/Cargo.toml
sed -i '/^name = "edupay-domain"$/,/^$/{/^ "edupay-domain",$/d}' Cargo.lock
if [[ -n "$services" ]]; then
    # Claims about stores tell nothing of services, and histories take longer than all other tests.
    sed -i '/^mod \(contract\|[a-z_]*histories\);$/d' crates/edupay-testkit/tests/it/main.rs
fi
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=1 CARGO_TARGET_DIR=target
tests=(--)
for skipped in ${EDUPAY_MUTANTS_SKIP:-}; do
    tests+=(--skip "$skipped")
done
exec cargo mutants --package edupay-domain --in-place "${part[@]}" "$@" -- "${tests[@]}"
