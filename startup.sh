#!/bin/bash
# Builds the dbt virtualenv in every MWAA container, before Airflow starts.
#
# MWAA sources this file and then saves the environment. A shell that dies first (`set -e`, `set -u`,
# `exec`) fails the container, and a plain `exit` counts as success: so nothing here stops the shell,
# and MWAA_DBT_STATUS says how it went: `ready`, `kept: <reason>` (the new virtualenv failed, the one
# before stays in use), `failed: <reason>` or `skipped: webserver`.
#
# Your own lines go above this one (PIP_INDEX_URL, PIP_FIND_LINKS …) or below the last one. All of it
# together has 295 seconds; MWAA_DBT_TIME_LIMIT is the share of this part.

# `mwaa build` puts the lines of dbt/requirements.txt between the two PINS lines, because nothing
# promises that the DAG folder is there when this runs. In the source tree there are none.
mwaa_dbt_stamped_pins() {
  cat <<'PINS'
PINS
}

mwaa_dbt_pins() {
  local pins here
  pins=$(mwaa_dbt_stamped_pins)
  here=$(dirname -- "${BASH_SOURCE[0]}")
  [ -n "$pins" ] || pins=$(cat -- "$here/dbt/requirements.txt" 2>/dev/null)
  printf '%s\n' "$pins" | sed -E -e 's/(^|[[:space:]]+)#.*//' -e '/^[[:space:]]*$/d'
}

mwaa_dbt_say() { printf 'startup.sh: %s\n' "$*"; }

# Microseconds; bash before 5.0 knows only whole seconds.
mwaa_dbt_clock() {
  local now=${EPOCHREALTIME:-$(date +%s).000000}
  printf '%s\n' "${now/[.,]/}"
}

mwaa_dbt_seconds_left() { printf '%s\n' $(((deadline - $(mwaa_dbt_clock)) / 1000000)); }

# Runs a command for at most so many seconds, output to the log. --foreground keeps it in the process
# group that MWAA kills; without descriptors 3 and 4 no stray child can hold up the caller.
mwaa_dbt_limited() {
  local limit=$1 left what=("${@:2}") bound=()
  left=$(mwaa_dbt_seconds_left)
  [ "$left" -lt "$limit" ] && limit=$left
  [ "$limit" -gt 0 ] || { echo "no time left for: ${what[*]}" >>"$log"; return 1; }
  command -v timeout >/dev/null && bound=(timeout --foreground -k 5 "$limit")
  "${bound[@]}" "${what[@]}" >>"$log" 2>&1 </dev/null 3>&- 4>&- && return 0
  echo "status $? (124: time limit of $limit s): ${what[*]}" >>"$log"
  return 1
}

# The lock belongs to descriptor 9, so the kernel gives it back when this shell dies: it is never stale.
# Python takes it because flock(1) is not in every image.
mwaa_dbt_lock() {
  exec 9>>"$root/.lock" || return 1
  "$python" -I -c 'import fcntl, signal, sys
signal.alarm(max(1, int(sys.argv[1])))
fcntl.flock(9, fcntl.LOCK_EX)' "$(mwaa_dbt_seconds_left)" 2>/dev/null
}

# A changed Python, moved or new, needs a new virtualenv as much as changed pins do.
mwaa_dbt_identity() {
  python3 -I -c 'import hashlib, platform, sys, sysconfig
version = platform.python_version()
parts = (sys.stdin.read(), version, sys.base_prefix, sysconfig.get_platform())
print(hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12], version, sys.executable)' <<<"$pins"
}

mwaa_dbt_whole() { [ -f "$1/.verified" ] && [ -x "$1/bin/python" ] && [ -x "$1/bin/dbt" ]; }

# What would send an installer elsewhere, for this subshell only. Constraints go as well: those exported
# for Airflow contradict dbt (pathspec, protobuf, click …), which is why dbt has a virtualenv.
mwaa_dbt_tame_installers() {
  export PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
  unset PIP_CONSTRAINT PIP_BUILD_CONSTRAINT PIP_TARGET PIP_PREFIX PIP_ROOT PIP_REQUIREMENT
  unset UV_CONSTRAINT UV_BUILD_CONSTRAINT UV_OVERRIDE UV_PYTHON UV_SYSTEM_PYTHON
  unset PIP_REQUIRE_VIRTUALENV VIRTUAL_ENV PYTHONHOME
  # A closed network must say so long before the time limit.
  export PIP_RETRIES=${PIP_RETRIES:-2} UV_HTTP_RETRIES=${UV_HTTP_RETRIES:-2}
  # A Python fetched from elsewhere is neither the container's nor reachable from a closed network.
  export UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1
  mwaa_dbt_as_pip UV_DEFAULT_INDEX "${UV_INDEX_URL:-${PIP_INDEX_URL:-}}"
  mwaa_dbt_as_pip UV_INDEX "${UV_EXTRA_INDEX_URL:-${PIP_EXTRA_INDEX_URL:-}}"
  mwaa_dbt_as_pip UV_INDEX_STRATEGY "${PIP_EXTRA_INDEX_URL:+unsafe-best-match}"
  mwaa_dbt_as_pip UV_FIND_LINKS "$(tr -s ' \n' ',' <<<"${PIP_FIND_LINKS:-}" | sed 's/^,//; s/,$//')"
  mwaa_dbt_as_pip UV_NO_INDEX "${PIP_NO_INDEX:-}"
  mwaa_dbt_as_pip UV_INSECURE_HOST "${PIP_TRUSTED_HOST:-}"
  mwaa_dbt_as_pip SSL_CERT_FILE "${PIP_CERT:-}"
  mwaa_dbt_as_pip SSL_CLIENT_CERT "${PIP_CLIENT_CERT:-}"
}

mwaa_dbt_as_pip() { [ -n "${!1:-}" ] || [ -z "$2" ] || export "$1=$2"; }

mwaa_dbt_with_uv() {
  local uv_pin='uv==0.13.8' uv
  uv=$(command -v uv) || {
    mwaa_dbt_limited 45 "$python" -m pip install -q --only-binary=:all: --target "$tmp/uv" "$uv_pin" ||
      return 1
    uv=$tmp/uv/bin/uv
  }
  mwaa_dbt_limited 30 "$uv" venv --quiet --no-project --python "$python" "$venv" &&
    mwaa_dbt_limited 90 "$uv" pip install -q --python "$venv/bin/python" -r "$tmp/pins.txt"
}

mwaa_dbt_with_pip() {
  # Twenty seconds are for the import that follows.
  mwaa_dbt_limited 45 "$python" -m venv "$venv" &&
    mwaa_dbt_limited $(($(mwaa_dbt_seconds_left) - 20)) "$venv/bin/python" -m pip install -q -r "$tmp/pins.txt"
}

# The pins are a whole lock, yet dependencies are resolved: a lock that contradicts itself fails here,
# with a name, and not in the first task. -I: what PYTHONPATH or this folder holds must not help. The
# import also compiles what dbt loads: --compile-bytecode took 1.4 s more on one CPU and gained nothing.
mwaa_dbt_install() {
  for installer in uv pip; do
    rm -rf -- "$venv" "$tmp/uv"
    "mwaa_dbt_with_$installer" &&
      mwaa_dbt_limited 60 "$venv/bin/python" -I -c 'import dbt.cli.main, dbt.adapters.snowflake' &&
      : >"$venv/.verified" && return 0
    mwaa_dbt_say "$installer could not build the dbt virtualenv; the end of its output:"
    tail -n 15 "$log" | sed -E 's#//[^/[:space:]]*@#//***@#g; s/^/  | /'
    : >"$log"
  done
  rm -rf -- "$venv"
  return 1
}

# A rename is atomic: whoever starts dbt meanwhile gets the old one or the new one, whole. The one
# before stays, for tasks that still run from it.
mwaa_dbt_switch() {
  local previous old
  previous=$(readlink "$root/current")
  [ "$previous" = "$digest" ] && return 0
  "$python" -I -c 'import os, sys
os.symlink(sys.argv[1], sys.argv[2] + ".new")
os.replace(sys.argv[2] + ".new", sys.argv[2])' "$digest" "$root/current" || return 1
  for old in "$root"/*/; do
    old=$(basename -- "$old")
    [[ $old =~ ^[0-9a-f]{12}$ && $old != "$digest" && $old != "$previous" ]] && rm -rf -- "${root:?}/$old"
  done
  return 0
}

# Builds under the lock; what a killed run left behind is known by its missing .verified or its name.
mwaa_dbt_build() {
  local tmp log
  rm -rf -- "$root"/.tmp.* "$root/current.new"
  reason="cannot write to $root"
  tmp=$(mktemp -d "$root/.tmp.XXXXXX") && printf '%s\n' "$pins" >"$tmp/pins.txt" || return 1
  log=$tmp/log
  reason='neither uv nor pip could install the pins, see the lines above'
  mwaa_dbt_say "building the dbt virtualenv $venv"
  mwaa_dbt_tame_installers
  mwaa_dbt_install
  set -- $?
  rm -rf -- "$tmp"
  return "$1"
}

mwaa_dbt_provide() {
  reason='no pins: neither stamped into startup.sh nor in dbt/requirements.txt beside it'
  [ -n "$pins" ] || return 1
  reason='python3 does not run'
  [ -n "$digest" ] || return 1
  mwaa_dbt_whole "$venv" && [ "$(readlink "$root/current")" = "$digest" ] && return 0
  reason="cannot write to $root"
  mkdir -p -- "$root" 2>/dev/null && [ -w "$root" ] || return 1
  reason='another process held the lock too long'
  mwaa_dbt_lock || return 1
  mwaa_dbt_whole "$venv" || mwaa_dbt_build || return 1
  reason="cannot switch $root/current"
  mwaa_dbt_switch
}

# Runs in a subshell, so neither its variables nor its options reach the caller's shell. Its answer,
# the status and a second line with the facts, goes to descriptor 3.
mwaa_dbt_answer() {
  set +euCf +o pipefail
  local deadline pins dbt digest version python venv reason installer=unchanged status=ready
  deadline=$((start + ${MWAA_DBT_TIME_LIMIT:-270} * 1000000))
  pins=$(mwaa_dbt_pins)
  dbt=$(sed -n 's/^dbt-core==\([^ ;]*\).*/\1/p' <<<"$pins")
  read -r digest version python <<<"$(mwaa_dbt_identity)"
  venv=$root/$digest
  mwaa_dbt_provide || {
    status="failed: $reason"
    mwaa_dbt_whole "$root/current" && status="kept: $reason"
  }
  printf '%s\n' "$status" "$installer, dbt-core $dbt, digest $digest, python $version" >&3
}

mwaa_dbt_main() {
  local start root answer status facts='' seconds name IFS=$' \t\n'
  start=$(mwaa_dbt_clock)
  root=${MWAA_DBT_VENV_ROOT:-${AIRFLOW_HOME:-/usr/local/airflow}/dbt-venv}
  status='skipped: webserver'
  if [ "${MWAA_AIRFLOW_COMPONENT:-}" != webserver ]; then
    { answer=$(mwaa_dbt_answer 3>&1 >&4); } 4>&1
    status=${answer%%$'\n'*}
    facts="${answer#*$'\n'}, "
  fi
  seconds=$((($(mwaa_dbt_clock) - start) / 100000))
  export MWAA_DBT_STATUS=${status:-failed: the builder was killed}
  export MWAA_DBT_SECONDS=$((seconds / 10)).$((seconds % 10))
  # PATH stays as it is, so that nobody's `dbt` changes under them.
  export MWAA_DBT_EXECUTABLE=$root/current/bin/dbt
  export MWAA_DBT_HOME=${MWAA_DBT_HOME:-/tmp/mwaa_dbt}
  # What this container was started with, filled in by `mwaa build`: a release that wants other packages waits
  # for the containers that have them (dags/mwaa_dbt/reader.py).
  export MWAA_DBT_CONTAINER=''
  mkdir -p -- "$MWAA_DBT_HOME" || mwaa_dbt_say "cannot make $MWAA_DBT_HOME"
  # Relative: Cosmos runs dbt in a writable copy of the project and looks for target/ there. So each
  # task has its own, whatever dbt_project.yml says; an absolute one would be shared by all tasks and
  # hide the partial_parse.msgpack that is shipped.
  export DBT_TARGET_PATH=target DBT_LOG_PATH=logs
  # In a closed network each of these calls would wait for its time-out.
  export AIRFLOW__COSMOS__ENABLE_TELEMETRY=False DO_NOT_TRACK=1 SCARF_NO_ANALYTICS=true
  export DBT_SEND_ANONYMOUS_USAGE_STATS=False
  facts+="component ${MWAA_AIRFLOW_COMPONENT:-unknown}"
  mwaa_dbt_say "dbt virtualenv $MWAA_DBT_STATUS in $MWAA_DBT_SECONDS s ($facts)"
  for name in $(compgen -A function mwaa_dbt_); do unset -f "$name"; done
}

# `||` keeps a `set -e` of other lines from ending the shell here.
mwaa_dbt_main || true
