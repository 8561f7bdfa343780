#!/usr/bin/env bash
# Measures the money path of the release build beside a throw-away PostgreSQL and on SQLite files:
#   scripts/bench.sh [--quick] [--all] [--only postgres,sqlite,growth,overload,start] …   (--help lists all)
# The figures are ratios within one run on one machine; leave it alone meanwhile. PostgreSQL's files
# lie in ${TMPDIR:-/tmp} and SQLite's in the target folder: neither should be a RAM disk.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target="${CARGO_TARGET_DIR:-target}"
# One after the other: built together, the service would get features that only the benchmark asks for.
cargo build --release --locked -p edupay
cargo build --release --locked -p edupay-bench
scripts/with-postgres.sh "$target/release/edupay-bench" \
    --service "$target/release/edupay" --work-dir "$target" "$@"
