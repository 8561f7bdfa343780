#!/usr/bin/env bash
# Breaks the release build in every way the harness knows and looks for lost money (docs/TESTING.md):
#   scripts/soak.sh [--short] [--seed S] [--scale PERCENT]
# The long form takes hours and writes a report; --scale 10 does a tenth of it. --short is what
# scripts/test.sh runs: a few rounds of everything on the debug build, within minutes. Long forms are
# many runs with seeds of their own, since a run looks at everything it has ever done.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

form=long
seed=1
scale=100
while [[ $# -gt 0 ]]; do
    case "$1" in
    --short) form=short ;;
    --seed) seed="$2" && shift ;;
    --scale) scale="$2" && shift ;;
    *)
        echo "usage: $0 [--short] [--seed S] [--scale PERCENT]" >&2
        exit 2
        ;;
    esac
    shift
done

target="${CARGO_TARGET_DIR:-target}"
if [[ "$form" == short ]]; then
    programs="$target/debug"
    # With the tests, so that what scripts/test.sh has built is not built again with other features.
    cargo build --locked --workspace --all-features --all-targets
else
    # What ships knows neither fail points nor planted bugs.
    cargo build --release --locked -p edupay
    if grep --text --quiet 'MISCHIEF_BUG\|MISCHIEF_POINT\|MISCHIEF_CLOCK' "$target/release/edupay"; then
        echo "soak.sh: the release build has fail points or planted bugs" >&2
        exit 1
    fi
    programs="$target/soak"
    mkdir -p "$programs"
    cp "$target/release/edupay" "$programs/edupay"
    cargo build --release --locked -p edupay-harness
    cp "$target/release/edupay-harness" "$programs/edupay-harness"
    # The same program with both, beside it.
    cargo build --release --locked -p edupay --features failpoints,planted-bugs
    cp "$target/release/edupay" "$programs/edupay-with-mischief"
fi
bin="$(scripts/postgres.sh)"
export EDUPAY_TEST_POSTGRES_BIN="$bin"

report="$target/soak-report.md"
{
    echo "Commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown), $(nproc) cores, $(uname -sr), $form form, seeds from $seed."
    echo
    echo "| database | fault | planted | seed | faults | acknowledged | about money | orders | unknown, of which applied | ready again, median / max ms | at rest after at most ms | violations |"
    echo "|---|---|---|---|---|---|---|---|---|---|---|---|"
} >"$report"

failed=0
# Runs it once; what it finds is no reason to look no further.
harness() {
    local service="$programs/edupay"
    if [[ "$1" == mischief ]]; then
        [[ "$form" == short ]] || service="$programs/edupay-with-mischief"
        shift
    fi
    echo "== $*"
    "$programs/edupay-harness" --service "$service" --report "$report" --seed "$seed" "$@" || failed=1
    seed=$((seed + 1))
}

# So many runs of so many rounds.
soak() {
    local runs=$(($1 * scale / 100)) run
    [[ "$runs" -gt 0 ]] || runs=1
    shift
    for ((run = 0; run < runs; run++)); do
        harness "$@"
    done
}

if [[ "$form" == short ]]; then
    for db in sqlite postgres; do
        harness --db "$db" --fault kill --rounds 6
        harness --db "$db" --fault term --rounds 2
        harness --db "$db" --fault gateway --rounds 4
        harness mischief --db "$db" --fault failpoints --point tx.
    done
    harness --db postgres --fault pgkill --rounds 3
    harness --db postgres --fault pgbackend --rounds 6
    harness --db postgres --fault cut --rounds 10
    harness --db postgres --fault mix --rounds 4
    # Looked for early: with so many commits that were none, what waits to be delivered takes minutes.
    harness mischief --planted ack_without_commit --rounds 50 --check-every 3
    # It shows only where a cut meets a batch of one; it has been caught within 10 to 30 rounds, and a gate
    # must not depend on luck. The run ends when it is caught.
    harness mischief --planted unknown_commit_is_failure --rounds 200
else
    soak 10 --db sqlite --fault kill --rounds 100
    soak 10 --db postgres --fault kill --rounds 100
    soak 6 --db postgres --fault pgkill --rounds 50
    soak 10 --db postgres --fault cut --rounds 100
    soak 5 --db postgres --fault pgbackend --rounds 100
    for db in sqlite postgres; do
        soak 2 --db "$db" --fault term --rounds 50
        soak 2 --db "$db" --fault pause --rounds 15
        soak 5 --db "$db" --fault gateway --rounds 20 --orders 2500
        soak 5 --db "$db" --fault mix --rounds 50 --operations 5000
        soak 2 mischief --db "$db" --fault clock --rounds 20
        soak 1 mischief --db "$db" --fault failpoints
    done
    soak 1 mischief --planted all --rounds 50
fi

echo
cat "$report"
exit "$failed"
