#!/usr/bin/env bash
# The cashier page of the real binary in the system's Chromium: phone and computer, light and dark,
# Chinese and English. Where a tool is missing it says so and is skipped; with EDUPAY_BROWSER=required
# that is a failure. EDUPAY_PICTURES=<folder> keeps pictures of the pages, EDUPAY_BINARY names a program that
# is built already.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

skip() {
    echo "browser tests skipped: $1" >&2
    [ "${EDUPAY_BROWSER:-}" != required ] || exit 1
    exit 0
}

# Standard output is the tests' own.
install_packages() {
    local as_root=()
    command -v apt-get >/dev/null || return 1
    [ "$(id -u)" -eq 0 ] || { command -v sudo >/dev/null && sudo -n true 2>/dev/null && as_root=(sudo) || return 1; }
    echo "browser.sh: installing $* with apt-get" >&2
    "${as_root[@]}" apt-get update >&2 &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@" >&2
}

find_chromium() {
    command -v chromium || command -v chromium-browser || command -v google-chrome
}

# The fonts are for the Chinese of the page.
[ -n "${EDUPAY_CHROMIUM:-}" ] || find_chromium >/dev/null || install_packages chromium fonts-noto-cjk || true
command -v npm >/dev/null || install_packages nodejs npm || true
chromium="${EDUPAY_CHROMIUM:-$(find_chromium || true)}"
[ -n "$chromium" ] || skip "there is no chromium (Debian's package of that name has it)"
command -v node >/dev/null && command -v npm >/dev/null || skip "there is no node with npm"
[ "$(node -p 'Number(process.versions.node.split(".")[0]) >= 20')" = true ] || skip "node is older than 20"
tests=crates/edupay/tests/browser
if [ ! -d "$tests/node_modules" ] || [ "$tests/package-lock.json" -nt "$tests/node_modules" ]; then
    npm ci --prefix "$tests" --ignore-scripts --no-audit --no-fund >&2 || skip "the packages of $tests can't be fetched"
fi

# Who has built the program already names it.
[ -n "${EDUPAY_BINARY:-}" ] || cargo build --locked -p edupay
binary="$(realpath "${EDUPAY_BINARY:-${CARGO_TARGET_DIR:-target}/debug/edupay}")"
[ -z "${EDUPAY_PICTURES:-}" ] || EDUPAY_PICTURES="$(mkdir -p "$EDUPAY_PICTURES" && realpath "$EDUPAY_PICTURES")"
export EDUPAY_PICTURES="${EDUPAY_PICTURES:-}"
EDUPAY_BINARY="$binary" EDUPAY_CHROMIUM="$chromium" npm test --prefix "$tests" --silent
