#!/usr/bin/env bash
# Prints the program pgbouncer, the pooler that some tests put in front of PostgreSQL.
# Where there is none, it installs Debian's package; nothing is started here.
set -euo pipefail

find_pooler() {
    local program
    for program in "$(command -v pgbouncer || true)" /usr/sbin/pgbouncer /usr/local/sbin/pgbouncer; do
        if [[ -n "$program" && -x "$program" ]]; then
            printf '%s\n' "$program"
            return 0
        fi
    done
    return 1
}

as_root=()
# What keeps the service from starting, if it is ours to take away again.
ours=''
undo() {
    [[ -z "$ours" ]] || "${as_root[@]}" rm --force -- "$ours"
}
trap undo EXIT

# The tests run without a pooler too, so nobody is asked for a password here.
install_pooler() {
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "pgbouncer.sh: no pgbouncer found, and no apt-get to install it with." >&2
        return 1
    fi
    if [[ "$(id -u)" -ne 0 ]]; then
        if ! command -v sudo >/dev/null 2>&1 || ! sudo --non-interactive true 2>/dev/null; then
            echo "pgbouncer.sh: no pgbouncer found. As root: apt-get install pgbouncer" >&2
            return 1
        fi
        as_root=(sudo --non-interactive)
    fi
    echo "pgbouncer.sh: installing pgbouncer with apt-get" >&2
    # Debian starts a service as it installs it, unless this file says that it must not.
    local policy=/usr/sbin/policy-rc.d
    if [[ ! -e "$policy" ]]; then
        ours=$policy
        printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
        "${as_root[@]}" chmod 755 "$policy"
    fi
    # Standard output belongs to the program's name alone.
    "${as_root[@]}" apt-get update >&2 || true
    if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --no-install-recommends pgbouncer >&2; then
        echo "pgbouncer.sh: apt-get could not install pgbouncer." >&2
        return 1
    fi
    # Nor at the next boot: the tests start their own.
    "${as_root[@]}" systemctl disable pgbouncer >/dev/null 2>&1 || true
}

if ! find_pooler; then
    install_pooler
    if ! find_pooler; then
        echo "pgbouncer.sh: pgbouncer was installed, but its program was not found." >&2
        exit 1
    fi
fi
