#!/usr/bin/env bash
# Prints the folder of PostgreSQL's server programs (initdb, pg_ctl, postgres).
# Where there are none, it installs Debian's package; nothing is started here.
set -euo pipefail

# pg_config alone proves nothing: the client library's package ships it without a server.
has_server() {
    [[ -x "$1/initdb" && -x "$1/pg_ctl" && -x "$1/postgres" ]]
}

find_server() {
    local dir candidates=()
    if command -v pg_config >/dev/null 2>&1; then
        candidates+=("$(pg_config --bindir)")
    fi
    # Debian keeps one folder a version; the newest comes first.
    while IFS= read -r dir; do
        candidates+=("$dir")
    done < <(printf '%s\n' /usr/lib/postgresql/*/bin | sort --version-sort --reverse)
    if command -v initdb >/dev/null 2>&1; then
        candidates+=("$(dirname "$(readlink -f "$(command -v initdb)")")")
    fi
    for dir in "${candidates[@]}"; do
        if has_server "$dir"; then
            printf '%s\n' "$dir"
            return 0
        fi
    done
    return 1
}

install_server() {
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "postgres.sh: no PostgreSQL server programs found, and no apt-get to install them with." >&2
        echo "Install PostgreSQL 13 or newer and put initdb, pg_ctl and postgres on the PATH." >&2
        return 1
    fi
    local as_root=()
    if [[ "$(id -u)" -ne 0 ]]; then
        if ! command -v sudo >/dev/null 2>&1; then
            echo "postgres.sh: no PostgreSQL server programs found, and no sudo to install them with." >&2
            echo "As root: apt-get install postgresql" >&2
            return 1
        fi
        as_root=(sudo)
    fi
    echo "postgres.sh: installing PostgreSQL's server programs with apt-get" >&2
    # Standard output belongs to the folder's name alone.
    "${as_root[@]}" apt-get update >&2
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --no-install-recommends postgresql >&2
}

if ! find_server; then
    install_server
    if ! find_server; then
        echo "postgres.sh: PostgreSQL was installed, but its server programs were not found." >&2
        exit 1
    fi
fi
