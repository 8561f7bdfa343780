#!/usr/bin/env bash
# Writes docs/openapi.json, which the program serves, anew from the handlers. Commit what changes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
EDUPAY_OPENAPI=write cargo test --locked --workspace --all-features --lib -- the_file_says_what_the_handlers_do
git --no-pager diff --stat -- docs/openapi.json
