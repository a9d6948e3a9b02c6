# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the tests of shmswapctl share: source it before anything else. A case is a function that ends
# at the first command that fails; run_cases runs them.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

cd "$top"
ctl=$SHMSWAP_BIN/shmswapctl
json=$SHMSWAP_BIN/json
work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
export LC_ALL=C

# same FOUND WANTED WHAT
same()
{
	[ "$1" = "$2" ] || die "$3: '$1', not '$2'"
}

# matches TEXT PATTERN: a line of TEXT matches all of the extended regular expression.
matches()
{
	grep -qxE -- "$2" <<<"$1" || die "no line is like '$2':"$'\n'"$1"
}

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

run_cases()		# CASE...
{
	local name nr=0 status
	echo "KTAP version 1"
	echo "1..$#"
	for name; do
		nr=$((nr + 1))
		# As the first part of `||` it would not end where a command fails.
		(trap - EXIT; "$name") >"$work/said" 2>&1 &
		status=0
		wait $! || status=$?
		[ $status = 0 ] || { head -c 3000 "$work/said" && echo; } | sed 's/^/# /'
		echo "$([ $status = 0 ] || echo "not ")ok $nr $name"
	done
}
