#!/usr/bin/env bash
# Installs what `make failover`, its test and the tests of poolers need, where it is missing: Patroni,
# etcd, PostgreSQL and PgBouncer from the packages of Debian or Ubuntu.
set -euo pipefail

packages=()
command -v patroni >/dev/null || packages+=(patroni)
command -v etcd >/dev/null || packages+=(etcd-server)
[[ -x /usr/sbin/pgbouncer ]] || command -v pgbouncer >/dev/null || packages+=(pgbouncer)
command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || packages+=(postgresql)
[[ ${#packages[@]} == 0 ]] && exit

as_root() {
    if [[ $(id -u) == 0 ]]; then "$@"; else sudo -n "$@"; fi
}

if ! command -v apt-get >/dev/null ||
    ! { as_root apt-get update -qq &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${packages[@]}"; } >&2; then
    echo "A failover needs ${packages[*]}, which can be installed here by apt-get as root or with sudo only." >&2
    exit 1
fi
