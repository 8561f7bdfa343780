#!/usr/bin/env bash
# The one gate: what must hold before a change is looked at. A person and CI run the same file.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cargo fmt --all --check
cargo clippy --workspace --all-targets --all-features --locked -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --workspace --locked
# Which crate and which module may use which. The whole workspace is named, and not edupay
# alone, because cargo would otherwise resolve other features and build everything twice.
cargo test --locked --workspace --all-features --test it arrows::
