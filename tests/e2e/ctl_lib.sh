# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the tests of shmswapctl's commands and scripts share beside libctl.sh: source it before
# anything else. Their cases run in the project's directory.

# shellcheck source=tests/e2e/libctl.sh
. "$(dirname "${BASH_SOURCE[0]}")/libctl.sh"

ctl=$SHMSWAP_BIN/shmswapctl
json=$SHMSWAP_BIN/json
cases_in=$top

# ends STATUS COMMAND...: COMMAND ends so. What it printed is in $out and $err.
ends()
{
	local status=0
	"${@:2}" >"$work/out" 2>"$work/err" || status=$?
	out=$(tr -d '\0' <"$work/out")
	err=$(<"$work/err")
	[ "$status" = "$1" ] || die "'${*:2}' ended with $status, not $1: ${out:0:300} ${err:0:500}"
}

# script STATUS [OPTION...]: the script on standard input ends so.
script()
{
	cat >"$work/script"
	ends "$1" "$ctl" "${@:2}" -f "$work/script"
}

# says STATUS TEXT < SCRIPT: it ends so, and all it says on standard error is TEXT, but for
# @, which stands for the script's name.
says()
{
	script "$1"
	same "${err//"$work/script"/@}" "$2" "what it says"
}

# of_json POINTER...: what these name in the JSON text that is $out.
of_json()
{
	"$json" "$@" <<<"$out" || die "${out:0:500}"
}

as_nobody()
{
	setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"
}
