# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034	# what is set here is used by those who source it
# What the scripts share. Source it: `. "$(dirname "$0")/lib.sh"`.

set -Eeuo pipefail
# A command that fails unexpectedly is named; die() has said why, and ends with this status.
explained=3
trap 'status=$?; [ $status = $explained ] ||
	say "line $LINENO of ${BASH_SOURCE[0]##*/}: $BASH_COMMAND: failed with status $status"' ERR

me=${0##*/}
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cache=${SHMSWAP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/shmswap}
stock_kernels=(6.1 6.12)	# Debian's, by series
source_series=6.12		# the source that the UML and the debug kernel are built from
splat='(BUG|WARNING|KASAN|UBSAN|Oops|INFO): |Kernel panic|general protection fault|kernel BUG at'
splat+='|(possible|inconsistent) .*lock|suspicious RCU|blocked for more than|unreferenced object'

say()
{
	echo "$me: $*" >&2
}

die()
{
	say "$*"
	exit $explained
}

# A script's usage is a paragraph of the comment at its head.
usage()
{
	sed -n '/^# usage:/,/^$/s/^# \{0,1\}//p' "$0" >&2
	exit $explained
}

# Prints a short digest of its standard input.
digest()
{
	sha256sum | cut -c1-12
}

# locked FILE COMMAND...: runs COMMAND when no other script holds the lock, and keeps it from then
# until this script ends.
locked()
{
	local fd file=$1
	shift
	mkdir -p "$(dirname "$file")"
	exec {fd}>"$file"
	if ! flock -w 2 "$fd"; then
		say "waiting for the run that holds $file"
		flock "$fd"
	fi
	"$@" {fd}>&-
}

# quietly LOG COMMAND...: shows what COMMAND printed only if it fails.
quietly()
{
	local log=$1 status=0
	shift
	"$@" >"$log" 2>&1 </dev/null || status=$?
	if [ "$status" != 0 ]; then
		tail -n 40 "$log" >&2
		say "'$*' failed with status $status, all it printed is in $log"
	fi
	return "$status"
}

# Links to a directory of one package version, or list of packages, so that what was made for one is
# never taken for another's. scripts/setup makes them.
kernel_dir()		# SERIES: holds headers/, image/ and the file release
{
	readlink -m "$cache/linux-$1"
}

source_dir()		# the unpacked linux-source package
{
	readlink -m "$cache/source"
}

programs_dir()		# the unpacked packages of scripts/setup programs
{
	readlink -m "$cache/programs"
}

is_stock()		# SERIES
{
	local series
	for series in "${stock_kernels[@]}"; do
		[ "$series" != "$1" ] || return 0
	done
	return 1
}

# Prints the lines of a kernel's log that say something went wrong.
splats_in()
{
	grep -sE "$splat" "$1" | head -n 20 || true
}

# pack DIRECTORY NAME...: prints an initramfs. The same files make the same bytes.
pack()
{
	(cd "$1" && shift && find "$@" -exec touch -h -d @0 {} + && find "$@" -print0 | LC_ALL=C sort -z |
	 cpio -0 --quiet -o -H newc --reproducible --owner 0:0)
}

# print_totals PASSED FAILED SKIPPED: the last line of everything that runs tests, and its status.
print_totals()
{
	[ $(($1 + $2)) -gt 0 ] || set -- 0 1 "$3"	# to have run nothing is no success
	echo "$1 passed, $2 failed$([ "$3" = 0 ] || echo ", $3 skipped")"
	[ "$2" = 0 ] || exit 1
}

# wish FILE KEY: prints what the test or benchmark in FILE asks for in one of its first lines
# (tests/e2e/run, scripts/bench).
wish()
{
	head -n 5 "$1" | sed -nE "s/.*\b(e2e|bench):.*\b$2=(\"([^\"]*)\"|([^ ]*)).*/\3\4/p" | head -n 1
}
