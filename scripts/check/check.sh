#!/usr/bin/env bash
# Checks what has changed since a commit: linters and quick tests of the packages that have changed, and whether all
# others still compile. Without changes, or with some that concern all packages, it checks all packages.
#
#   check.sh LINTER [COMMIT]    the default is where this branch left main
set -euo pipefail
linter=$1
base=${2:-$(git merge-base HEAD origin/main 2>/dev/null || git merge-base HEAD main 2>/dev/null || echo HEAD)}

files=$(git diff --name-only "$base" && git ls-files --others --exclude-standard)
packages=$(
    xargs -r -d '\n' dirname <<<"$files" | sort -u | while read -r dir; do
        # What Go embeds, or a test reads, belongs to the package above it; documents are read by scripts/readme.
        until compgen -G "$dir/*.go" >/dev/null || [[ $dir == . ]]; do dir=$(dirname "$dir"); done
        [[ $dir != . ]] || dir=scripts/readme
        echo "./$dir"
    done | sort -u
)
if [[ -z $files ]] || grep -qxE 'go\.(mod|sum)|\.golangci\.yml' <<<"$files"; then
    packages=./...
fi
mapfile -t packages <<<"$packages"

echo "Checking ${packages[*]}"
"$linter" run "${packages[@]}"
go vet ./...
go test -short -vet=off -parallel 6 "${packages[@]}" # tests mostly wait for a database, so run more at once
