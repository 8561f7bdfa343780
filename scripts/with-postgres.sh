#!/usr/bin/env bash
# Runs a command beside a throw-away PostgreSQL cluster on a free port of 127.0.0.1:
#   scripts/with-postgres.sh cargo test --workspace
# The command finds it by EDUPAY_TEST_POSTGRES_URL. The cluster is stopped and removed
# whatever the command does, and the command's status is this script's status.
set -euo pipefail

if [[ $# -eq 0 ]]; then
    echo "usage: $0 COMMAND [ARGUMENT...]" >&2
    exit 2
fi

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
bin="$("$here/postgres.sh")"
root="$(mktemp --directory --tmpdir edupay-postgres.XXXXXX)"
data="$root/data"
log="$root/server.log"

# PostgreSQL refuses to run as root, so root lends the cluster to an unprivileged user.
as_owner=()
if [[ "$(id -u)" -eq 0 ]]; then
    owner=postgres
    if ! id "$owner" >/dev/null 2>&1; then
        useradd --system --no-create-home --shell /usr/sbin/nologin "$owner"
    fi
    chown "$owner" "$root"
    if command -v setpriv >/dev/null 2>&1; then
        as_owner=(setpriv "--reuid=$owner" "--regid=$(id --group "$owner")" --clear-groups)
    else
        as_owner=(runuser -u "$owner" --)
    fi
fi

# The caller's folder may be closed to the owner, and initdb insists on entering where it stands.
owned() {
    (cd "$root" && "${as_owner[@]}" "$@")
}

# Called by the trap below.
# shellcheck disable=SC2317,SC2329
stop() {
    local status=$?
    trap - EXIT
    if [[ -f "$data/postmaster.pid" ]]; then
        owned "$bin/pg_ctl" stop --pgdata="$data" --mode=immediate --silent || true
    fi
    rm -rf -- "$root"
    exit "$status"
}
trap stop EXIT
# Without these a signal would end the shell before the trap above could see it.
trap 'exit 130' INT
trap 'exit 143' TERM

owned "$bin/initdb" --pgdata="$data" --username=postgres --auth=trust \
    --encoding=UTF8 --no-locale >"$root/initdb.log" 2>&1 || {
    cat "$root/initdb.log" >&2
    exit 1
}

# Durability stays at its defaults: a test on a database that may forget proves nothing.
# Only the connection count is raised, since many services run against one cluster.
cat >>"$data/postgresql.conf" <<'SETTINGS'
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
SETTINGS

# No port can be reserved from a shell, so a port that is taken is answered by trying another.
port=''
for _ in 1 2 3 4 5 6 7 8 9 10; do
    candidate=$((20000 + RANDOM % 12000))
    if owned "$bin/pg_ctl" start --pgdata="$data" --log="$log" --wait --timeout=60 --silent \
        --options="-p $candidate" >/dev/null; then
        port=$candidate
        break
    fi
    if ! grep -q 'Address already in use\|could not bind' "$log"; then
        break
    fi
    : >"$log"
done
if [[ -z "$port" ]]; then
    echo "with-postgres.sh: PostgreSQL did not start:" >&2
    cat "$log" >&2
    exit 1
fi

export EDUPAY_TEST_POSTGRES_URL="postgres://postgres@127.0.0.1:$port/postgres"
# For tests that stop and start the server themselves.
export EDUPAY_TEST_POSTGRES_BIN="$bin"
export EDUPAY_TEST_POSTGRES_DATA="$data"

# For tests that put a pooler before it. Where there is none, the reason is printed and those
# tests say that they were skipped.
if [[ -z "${EDUPAY_TEST_PGBOUNCER:-}" ]] && pooler="$("$here/pgbouncer.sh")"; then
    export EDUPAY_TEST_PGBOUNCER="$pooler"
fi

status=0
"$@" || status=$?
exit "$status"
