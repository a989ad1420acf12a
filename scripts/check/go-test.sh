#!/usr/bin/env bash
# Runs go test, and a test that fails once more. Lines that begin with "retried:" list such tests.
#
#   go-test.sh GOTESTSUM "PACKAGES" [FLAGS OF GO TEST]...
#
# Nothing is retried if a package does not build, panics, times out or has a data race, or if more than ten tests fail.
set -uo pipefail
gotestsum=$1 packages=$2
shift 2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
touch "$scratch/report"

"$gotestsum" --format standard-quiet --hide-summary skipped --packages "$packages" --rerun-fails=1 \
    --rerun-fails-run-root-test --rerun-fails-abort-on-data-race --rerun-fails-report "$scratch/report" \
    -- "$@" 2>&1 | tee "$scratch/output"
status=$?
# Of subtests the root is listed.
sed -nE '/\.(Test|Fuzz)[[:alnum:]_]*\//d; s/^/retried: /p' "$scratch/report"
# A package can fail outside its tests; gotestsum then runs it again without any of them, which passes. And if a test
# ends the process, those that had to come after it are not run.
if grep -qE '\[no tests to run\]|^=== FAIL: .* \(unknown\)$' "$scratch/output"; then
    echo 'A package failed outside its tests or ended early. That is not retried.'
    status=1
fi
exit $status
