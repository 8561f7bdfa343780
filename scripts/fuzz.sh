#!/usr/bin/env bash
# Feeds the parsers with whatever libFuzzer comes upon (docs/TESTING.md):
#   scripts/fuzz.sh [--runs N | --seconds N] [TARGET…]
# Without names it goes through all targets, with 100,000 runs each. It installs cargo-fuzz if it is not
# there. What it learns is kept in target/fuzz/corpus, what breaks a claim in target/fuzz/findings. Exit
# status 1 says that a claim was broken. Stable Rust is enough, since no sanitizer is used: there is no
# unsafe code to be watched.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

limit=-runs=100000
targets=()
while [[ $# -gt 0 ]]; do
    case "$1" in
    --runs) limit="-runs=$2" && shift ;;
    --seconds) limit="-max_total_time=$2" && shift ;;
    -*)
        echo "usage: $0 [--runs N | --seconds N] [TARGET…]" >&2
        exit 2
        ;;
    *) targets+=("$1") ;;
    esac
    shift
done

# The longest input that means more to a parser than a shorter one.
longest() {
    case "$1" in
    money | days | addresses) echo 48 ;;
    names | values) echo 300 ;;
    endpoint_urls | form_body | json_body | fault_plans | answers) echo 512 ;;
    bill_files | bill_texts | signed_texts) echo 4096 ;;
    *) echo 1536 ;;
    esac
}

cargo fuzz --version >/dev/null 2>&1 || cargo install --locked --version 0.13.2 cargo-fuzz
export CARGO_TARGET_DIR="$PWD/target/fuzz"
# cargo-fuzz knows no --locked.
cargo metadata --locked --format-version 1 --manifest-path crates/edupay-fuzz/Cargo.toml >/dev/null
cargo fuzz build --fuzz-dir crates/edupay-fuzz --sanitizer none
programs="$CARGO_TARGET_DIR/$(rustc -vV | sed -n 's/^host: //p')/release"
[[ ${#targets[@]} -gt 0 ]] || mapfile -t targets < <(cargo fuzz list --fuzz-dir crates/edupay-fuzz)

failed=0
report="| target | runs | seconds | corpus | findings |"$'\n'"|---|---|---|---|---|"
for target in "${targets[@]}"; do
    corpus="target/fuzz/corpus/$target"
    findings="target/fuzz/findings/$target"
    log="target/fuzz/$target.log"
    mkdir -p "$corpus" "$findings"
    echo "== $target, the log is $log"
    found=none
    begun=$SECONDS
    "$programs/$target" "$corpus" "crates/edupay-fuzz/seeds/$target" "$limit" -max_len="$(longest "$target")" \
        -timeout=20 -artifact_prefix="$findings/" -print_final_stats=1 >"$log" 2>&1 || {
        failed=1
        found="see $findings"
        tail -n 20 "$log"
    }
    runs="$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
    report+=$'\n'"| $target | ${runs:-?} | $((SECONDS - begun)) | $(find "$corpus" -type f | wc -l) | $found |"
done
echo "$report"
exit "$failed"
