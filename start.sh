#!/usr/bin/env bash
# Everything in one container: the tables, the web server and the workers (manage.py serve).
cd "$(dirname "$0")" || exit 1
export DEBUG="${DEBUG:-0}"
[ ! -x .venv/bin/python ] || PATH="$PWD/.venv/bin:$PATH"
exec python manage.py serve
