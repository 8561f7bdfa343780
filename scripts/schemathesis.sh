#!/usr/bin/env bash
# Looks for what the OpenAPI document and the service disagree about: schemathesis against a demo of its own,
# as staff, as a member, and a log-out (docs/TESTING.md):
#   scripts/schemathesis.sh [--examples N] [--seconds S] [--seed S]
# The short form takes a minute. --seconds 0 takes as long as it takes, for long forms; else the time is shared
# among the three, and repeats of what was drawn fill it. Where schemathesis
# can't be had it says so and is skipped; with EDUPAY_SCHEMATHESIS=required that is a failure.
# EDUPAY_BINARY names a program that is built already.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

examples=2
seconds=45
seed=42
while [[ $# -gt 0 ]]; do
    case "$1" in
    --examples) examples="$2" && shift ;;
    --seconds) seconds="$2" && shift ;;
    --seed) seed="$2" && shift ;;
    *)
        echo "usage: $0 [--examples N] [--seconds S] [--seed S]" >&2
        exit 2
        ;;
    esac
    shift
done

skip() {
    echo "schemathesis skipped: $1" >&2
    [ "${EDUPAY_SCHEMATHESIS:-}" != required ] || exit 1
    exit 0
}

scripts="$PWD/scripts"
target="$(mkdir -p "${CARGO_TARGET_DIR:-target}" && realpath "${CARGO_TARGET_DIR:-target}")"
venv="$target/schemathesis/venv"
version=4.32.5
if ! "$venv/bin/schemathesis" --version 2>/dev/null | grep --quiet --fixed-strings "$version"; then
    command -v python3 >/dev/null || skip "there is no python3"
    python3 -m venv "$venv" >&2 || skip "python3 makes no virtual environment (Debian's package python3-venv does)"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$version" >&2 ||
        skip "pip can't install schemathesis $version"
fi

binary="${EDUPAY_BINARY:-}"
if [ -z "$binary" ]; then
    cargo build --locked -p edupay
    binary="$target/debug/edupay"
fi
# The program reads EDUPAY_* as its settings.
unset EDUPAY_BINARY EDUPAY_SCHEMATHESIS

runs="$(mktemp -d "$target/schemathesis/run.XXXXXX")"
demo=
stop() {
    [ -z "$demo" ] || kill "$demo" 2>/dev/null || true
    [ -z "$demo" ] || wait "$demo" 2>/dev/null || true
    demo=
}
trap stop EXIT

# A run gets a demo of its own, so that what one has stored is no matter of the next.
failed=0
run() {
    local name="$1" percent="$2" phases="$3" token="$4" service=
    shift 4
    local folder="$runs/$name"
    mkdir -p "$folder"
    "$binary" demo --data-dir "$folder/data" --listen 127.0.0.1:0 --sandbox-listen 127.0.0.1:0 \
        >"$folder/demo.out" 2>"$folder/demo.log" &
    demo=$!
    for _ in $(seq 300); do
        service="$(sed -n '1s/.*"service":"\([^"]*\)".*/\1/p' "$folder/demo.out")"
        [ -z "$service" ] || break
        kill -0 "$demo" 2>/dev/null || break
        sleep 0.1
    done
    [ -n "$service" ] || { echo "schemathesis.sh: the demo did not start, see $folder/demo.log" >&2 && exit 2; }
    local time=()
    [ "$seconds" -eq 0 ] || time=(--max-time $((seconds * percent / 100 + 1)))
    echo "== $name, seed $seed, $examples examples an operation, $folder"
    # One worker: what is drawn then follows from the seed, and schemathesis itself fails at times with several.
    # It leaves files where it is started. The hooks are a module beside the configuration.
    (cd "$folder" && PYTHONPATH="$scripts" PYTHONDONTWRITEBYTECODE=1 SCHEMATHESIS_HOOKS=schemathesis_hooks \
        "$venv/bin/schemathesis" --config-file "$scripts/schemathesis.toml" run "$service/openapi.json" \
        --header "Authorization: Token $token" --phases "$phases" --mode all \
        --max-examples "$examples" --seed "$seed" --workers 1 "${time[@]}" --no-color \
        --report json --report-json-path "$folder/report.json" "$@") >"$folder/schemathesis.txt" 2>&1 || failed=1
    # Without what schemathesis would like the document to say more of.
    awk '/^=+ WARNINGS =+$/ { quiet = 1 } /^=+ SUMMARY =+$/ { quiet = 0; shown = 1 }
        /^=+ (FAILURES|ERRORS) =+$/ { shown = 1 } shown && !quiet' "$folder/schemathesis.txt"
    stop
    # What the run made of the books is right, too.
    "$binary" verify --data-dir "$folder/data" >"$folder/verify.json" 2>&1 ||
        { echo "edupay verify found something, see $folder/verify.json" && failed=1; }
}

phases=examples,coverage,fuzzing
run staff 60 "$phases,stateful" 706a87288233ea2427cddb8a1bbce29369ac5073 --exclude-path /account/logout/
run member 30 "$phases,stateful" 7309fabd207c22e0a00eada158989b89ffe839ef --exclude-path /account/logout/
# Nothing leads to or from a log-out.
run log-out 10 "$phases" 7309fabd207c22e0a00eada158989b89ffe839ef --include-path /account/logout/
exit "$failed"
