#!/bin/sh
# Makes .venv with a fitting Python and installs what the given list pins.
#   tools/setup.sh run    what the program needs
#   tools/setup.sh check  that, and the Python packages that the tests and checks need
#   tools/setup.sh test   that, and what the tests start: a browser, tesseract, gettext and Redis
set -eu
cd "$(dirname "$0")/.."
want=$1
say() { printf '%s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# 3.12 and 3.13; 3.14 when django-q2 passes its own tests on it. It has to run, not only to exist,
# and to bring what makes an environment.
fits() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 12) <= sys.version_info[:2] <= (3, 13))' \
        >/dev/null 2>&1
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        fits "$PYTHON" || die "PYTHON is '$PYTHON', which is not a Python 3.12 or 3.13 that runs. Unset it or name one."
        say "$PYTHON"
        return
    fi
    for each in python3.13 python3.12 \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13*/bin/python "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12*/bin/python python3; do
        if fits "$each"; then
            say "$each"
            return
        fi
    done
}

# No fitting Python on this machine: uv brings one of its own.
python_from_uv() {
    if command -v uv >/dev/null 2>&1; then
        uv=uv
    else
        say "No Python 3.12 or 3.13 found; installing uv, which brings one." >&2
        python3 -m pip install -q --target var/uv uv >&2 ||
            die "there is no Python 3.12 or 3.13, and uv cannot be installed to bring one. Install python3.13 or python3.12 with its venv module."
        uv=var/uv/bin/uv
    fi
    "$uv" python install -q 3.13 >&2 || die "uv could not install Python 3.13. Install python3.13 or python3.12 with its venv module."
    "$uv" python find 3.13
}

make_venv() {
    if [ -d .venv ] && ! fits .venv/bin/python; then
        rm -rf .venv
    fi
    if [ ! -d .venv ]; then
        (: >.setup-probe) 2>/dev/null || die "the folder $PWD cannot be written. Give this user the right to write there."
        rm -f .setup-probe
        python=$(find_python)
        [ -n "$python" ] || python=$(python_from_uv)
        say "Setting up .venv with $("$python" --version) …"
        "$python" -m venv .venv || die "'$python' could not make .venv. Remove .venv and try again."
    fi
}

install() {
    stamp=".venv/$(cat "$@" | cksum | tr ' ' -)"
    if [ ! -f "$stamp" ]; then
        say "Installing what $* pins …"
        args=
        for list in "$@"; do args="$args -r $list"; done
        # shellcheck disable=SC2086
        .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes $args ||
            die "the packages of $* could not be installed; the lines above say why."
        : >"$stamp"
    fi
}

# What the tests start beside Python, by the names of its commands and of Debian's packages.
find_tools() {
    missing=
    [ -n "${CHROMIUM:-}" ] || has chromium chromium-browser google-chrome || missing="chromium fonts-liberation"
    has tesseract || missing="$missing tesseract-ocr"
    has msgfmt || missing="$missing gettext"
    has redis-server || missing="$missing redis-server"
    [ -n "$missing" ] || return 0
    say "Installing for the tests: $missing …"
    sudo=
    [ "$(id -u)" = 0 ] || sudo="sudo -n"
    command -v apt-get >/dev/null 2>&1 || die "the tests need $missing. Install them; CHROMIUM may name a Chromium or Chrome."
    # A server that the package starts by itself is of no use: the tests start their own.
    # shellcheck disable=SC2086
    $sudo apt-get update -qq && $sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y -qq --no-install-recommends $missing >/dev/null ||
        die "$missing could not be installed. Install them; CHROMIUM may name a Chromium or Chrome."
}

has() {
    for each in "$@"; do
        ! command -v "$each" >/dev/null 2>&1 || return 0
    done
    return 1
}

make_venv
case $want in
    check) install requirements.txt requirements-test.txt ;;
    test)
        install requirements.txt requirements-test.txt
        find_tools
        ;;
    *) install requirements.txt ;;
esac
