#!/usr/bin/env bash
# Installs what the tests need beside Go and Node.js, where it is missing, by the package manager of
# the system.
#
#   setup.sh              all of it; says in a sentence what can't be had, which is no error
#   setup.sh PROGRAM...   these; an error when one of them can't be had
set -uo pipefail

# program, its package for apt-get, dnf and brew (- where there is none), and what is not tested without it
programs='
initdb      postgresql        postgresql-server  postgresql  a PostgreSQL of the system, with its replicas; one from npm is used
pg_dump     postgresql-client postgresql         postgresql  saving and restoring a database
curl        curl              curl               curl        the examples of the README
shellcheck  shellcheck        ShellCheck         shellcheck  the style of scripts
node        npm               npm                node        the web UI, which needs Node.js 20 with npm
pgbouncer   pgbouncer         pgbouncer          pgbouncer   a pooler in front of PostgreSQL
nginx       nginx             nginx              nginx       a proxy in front
patroni     patroni           -                  -           a failover
etcd        etcd-server       etcd               -           a failover
'

as_root() {
    if [[ $(id -u) == 0 ]]; then "$@"; else sudo -n "$@"; fi
}

has() {
    if [[ $1 == node ]]; then
        node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && command -v npm >/dev/null
        return
    fi
    command -v "$1" >/dev/null && return
    case $1 in # Debian keeps them out of the PATH
        initdb | pg_dump) ls /usr/lib/postgresql/*/bin/"$1" >/dev/null 2>&1 ;;
        *) [[ -x /usr/sbin/$1 ]] ;;
    esac
}

install() {
    case $manager in
        apt-get)
            as_root apt-get update -qq &&
                as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
            ;;
        dnf) as_root dnf install -y -q "$@" ;;
        brew) brew install --quiet "$@" ;;
    esac
}

manager=none
for candidate in apt-get dnf brew; do
    command -v "$candidate" >/dev/null && manager=$candidate && break
done

package_of() { # its packages in the order of the table
    case $manager in
        apt-get) echo "$2" ;;
        dnf) echo "$3" ;;
        brew) echo "$4" ;;
        *) echo - ;;
    esac
}

# The lines of the table that are asked for and not there.
missing() {
    local program rest
    while read -r program rest; do
        if [[ -n $program && ($asked == all || " $asked " == *" $program "*) ]] && ! has "$program"; then
            echo "$program $rest"
        fi
    done <<<"$programs"
}

asked=${*:-all}
packages=()
while read -r program apt dnf brew _; do
    package=$(package_of "$program" "$apt" "$dnf" "$brew")
    [[ -z $program || $package == - ]] || packages+=("$package")
done < <(missing)
if ((${#packages[@]} > 0)); then
    echo "Installing ${packages[*]} for the tests" >&2
    # One that the system does not know keeps a package manager from installing the others with it.
    install "${packages[@]}" >&2 || for package in "${packages[@]}"; do install "$package" >&2; done
fi

left=$(missing)
while read -r program _ _ _ purpose; do
    [[ -z $program ]] || echo "There is no $program, and it can't be installed here. Not tested: $purpose." >&2
done <<<"$left"
[[ $asked == all || -z $left ]]
