#!/bin/bash
# Behaves like the wrapper under which MWAA runs a startup script, as far as a script can tell: it sources
# the script, treats a textual `exit` as the end and a success, and saves the exported variables. The only
# sign of success is that saved environment; no exit status is looked at.
#
# usage: startup_wrapper.sh SCRIPT ENVIRONMENT

mwaa_wrapper_script=$1
mwaa_wrapper_saved=$2
shift 2

# Renamed at the end, so a file that is there is whole.
mwaa_wrapper_save() {
  env -0 >"$mwaa_wrapper_saved.part" && mv -f "$mwaa_wrapper_saved.part" "$mwaa_wrapper_saved"
}

mwaa_wrapper_exit() {
  echo 'startup script called exit: the environment is saved, the rest is skipped'
  mwaa_wrapper_save
  builtin exit 0
}

shopt -s expand_aliases
# An alias is seen only by what is read after it, hence the script and not these functions.
alias exit=mwaa_wrapper_exit

# shellcheck source=/dev/null
source "$mwaa_wrapper_script"
mwaa_wrapper_save
