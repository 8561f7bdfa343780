#!/usr/bin/env bash
# Everything: the gate, the domain crate on its own, the cashier page in a browser, a few rounds of every
# fault of the harness, and all tests on SQLite and PostgreSQL.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/check.sh
# The domain is embedded by others without the rest of the house, so it has to build alone;
# in a workspace build it could borrow features from its neighbours unseen.
cargo check -p edupay-domain --locked --no-default-features
# Once, for all that follows: with the tests among what is built, the same features of every library count.
cargo build --locked --workspace --all-features --all-targets
EDUPAY_BINARY="${CARGO_TARGET_DIR:-target}/debug/edupay" scripts/browser.sh
scripts/soak.sh --short
# Last, so that the output ends with what the tests came to.
scripts/with-postgres.sh cargo test --locked --workspace --all-features
