#!/bin/sh
# Makes .venv with all that `make` needs. Asks for nothing but a Python 3 with venv.
cd "$(dirname "$0")/.." || exit 1

fail() { # what, where, fix
  printf 'error: %s\n  where: %s\n  fix:   %s\n' "$1" "$2" "$3" >&2
  exit 1
}

is_312() { "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 12))' 2>/dev/null; }

uv_pin=$(sed -n 's/^ *"\(uv==[0-9.]*\)".*/\1/p' pyproject.toml)

# Into a folder of its own first: a .venv that was cut off half way would look finished.
get_uv() { # python
  rm -rf .mwaa/uv && mkdir -p .mwaa &&
    "$1" -m venv .mwaa/uv >&2 && .mwaa/uv/bin/pip install --quiet --disable-pip-version-check "$uv_pin" >&2
}

find_312() {
  for candidate in python3.12 python3 python; do
    is_312 "$candidate" && { "$candidate" -c 'import sys; print(sys.executable)'; return; }
  done
  # uv can fetch a Python of its own where the network lets it.
  .mwaa/uv/bin/uv python install --no-progress 3.12 >&2 && .mwaa/uv/bin/uv python find 3.12
}

any_python() {
  for candidate in python3.12 python3 python; do
    "$candidate" -c 'import venv' 2>/dev/null && { echo "$candidate"; return; }
  done
}

if [ "$(.venv/bin/uv --version 2>/dev/null | cut -d' ' -f2)" != "${uv_pin#uv==}" ]; then
  echo "First time here: installing the tools into .venv …" >&2
  python=$(any_python)
  [ -n "$python" ] || fail "There is no Python 3 with venv." "PATH" "install Python 3.12 (with venv), then run make again"
  get_uv "$python" || fail "uv could not be installed." "pip, see above" "mend the network or package index that pip names, then run make again"
  python=$(find_312)
  [ -n "$python" ] || fail "There is no Python 3.12 here, and none could be fetched." "PATH" "install Python 3.12 (MWAA runs it), then run make again"
  rm -rf .venv
  .mwaa/uv/bin/uv venv --quiet --python "$python" .venv || fail "The virtualenv could not be made." ".venv, see above" "mend what is named above, then run make again"
  .mwaa/uv/bin/uv sync --quiet --locked --python "$python" || fail "The tools could not be installed." "uv.lock, see above" "mend what uv names above, then run make again"
  rm -rf .mwaa/uv
fi
.venv/bin/uv sync --quiet --locked || fail "The tools do not fit uv.lock." "pyproject.toml, uv.lock" "run \`.venv/bin/uv lock\` if you changed pyproject.toml, else see above"
