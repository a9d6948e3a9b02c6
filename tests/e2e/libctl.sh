# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the tests of shmswapctl share: source it before anything else. A case is a function that
# ends at the first command that fails; run_cases runs them, each in a directory of its own, or
# all in $cases_in. With an argument a test runs only those whose names contain it.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

slow=${SHMSWAP_SLOW:-1}
chosen=${1-}
cases_in=
export PATH=$SHMSWAP_BIN:$PATH LC_ALL=C
work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT

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

# ends_with STATUS COMMAND...: leaves in $said what it printed, in $complaint what on standard
# error.
ends_with()
{
	local wanted=$1 status=0
	shift
	said=$("$@" 2>"$work/complaint") || status=$?
	complaint=$(<"$work/complaint")
	[ "$status" = "$wanted" ] ||
		die "'$*' ended with $status, not $wanted:"$'\n'"$said"$'\n'"$complaint"
}

# soon COMMAND...: COMMAND succeeds within half a minute.
soon()
{
	local deadline=$((SECONDS + 30 * slow))
	until "$@"; do
		[ "$SECONDS" -lt "$deadline" ] || die "not within half a minute: $*"
		sleep 0.1
	done
}

run_cases()		# CASE...
{
	local name nr=0 status
	for name; do
		shift
		[[ $name != *"$chosen"* ]] || set -- "$@" "$name"
	done
	echo "KTAP version 1"
	echo "1..$#"
	for name; do
		nr=$((nr + 1))
		[ -n "$cases_in" ] || mkdir "$work/$name"
		# As the first part of `||` it would not end where a command fails.
		(cd "${cases_in:-$work/$name}" && trap - EXIT && "$name") >"$work/said" 2>&1 &
		status=0
		wait $! || status=$?
		[ $status = 0 ] || { head -c 3000 "$work/said" && echo; } | sed 's/^/# /'
		echo "$([ $status = 0 ] || echo "not ")ok $nr $name"
	done
}
