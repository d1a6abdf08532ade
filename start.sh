#!/usr/bin/env bash
# Web server and supervised workers together, for one container. Either one's end ends the other,
# and the exit code is then not 0, so that the platform starts anew.
set -u
cd "$(dirname "$0")"
export DEBUG="${DEBUG:-0}" PORT="${PORT:-8000}"
[ ! -x .venv/bin/python ] || PATH="$PWD/.venv/bin:$PATH"

python manage.py migrate --no-input || exit 1
python manage.py collectstatic --no-input --verbosity 0 || exit 1

python manage.py worker & worker=$!
gunicorn evaluator.wsgi --bind "0.0.0.0:$PORT" --threads "${WEB_THREADS:-8}" --graceful-timeout 20 & web=$!

asked=
trap 'asked=1; kill -TERM "$worker" "$web" 2>/dev/null' TERM INT
wait -n "$worker" "$web"
code=$?
kill -TERM "$worker" "$web" 2>/dev/null
wait "$worker"
wait "$web"
[ -n "$asked" ] && exit 0
exit $((code ? code : 1))
