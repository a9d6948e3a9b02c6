# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the tests of other people's programs share: source it before anything else. A case is a
# function that ends at the first command that fails; run_cases runs them.
#
# The whole test has namespaces of its own: over its /usr lie the programs, what it leaves running
# ends with it, and its kernel gives identifier 0 to the first segment that anybody makes, which
# tells afterwards whether somebody did.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

if [ -z "${SHMSWAP_INSIDE-}" ]; then
	export SHMSWAP_INSIDE=yes
	exec unshare --mount --ipc --pid --kill-child --mount-proc "$(realpath "$0")"
fi

slow=${SHMSWAP_SLOW:-1}
work=/run/work
# Where others than root may go, wherever the project lies.
own=/run/own
mkdir -p "$work" "$own"
mount -t tmpfs -o mode=1777 tmpfs "$work"
mount --bind "$SHMSWAP_BIN" "$own"
mount -t overlay -o "ro,lowerdir=$SHMSWAP_PROGRAMS/usr:/usr" overlay /usr
export PATH=/usr/lib/postgresql/15/bin:$PATH:$own LC_ALL=C
cd "$work"

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

# fails_with PATTERN COMMAND...: COMMAND fails and says why.
fails_with()
{
	local pattern=$1 said
	shift
	! said=$("$@" 2>&1) || die "'$*' did not fail, and said: $said"
	matches "$said" "$pattern"
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

as_nobody()
{
	setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"
}

# stress-ng locks each segment that it has filled. Too many of them are more than the machine has,
# and then there is no memory for anybody.
may_not_lock()
{
	prlimit --memlock=0 setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"
}

# Kills it, with the children that would outlive it, and removes the segments that are left.
end_of_stress()
{
	pkill -KILL stress-ng
	wait
	soon all_are_detached
	shmswap-run ipcrm --all=shm
}

all_are_detached()
{
	! awk 'NR > 1 && $7 != 0' /proc/shmswap/shm | grep -q .
}

# vmstat NAME: a figure of the machine.
vmstat()
{
	sed -n "s/^$1 //p" /proc/shmswap/vmstat
}

# Without these three all the others prove nothing: a program that is not served by the machine
# works as well.
pages_went_out_and_came_back()
{
	[ "$(vmstat swap_successes)" -gt 0 ] || die "nothing was swapped out"
	[ "$(vmstat pswpin)" -gt 0 ] || die "nothing was swapped in"
}

the_kernel_made_no_segment()
{
	same "$(tail -n +2 /proc/sysvipc/shm)" "" "the kernel's own segments"
	same "$(ipcmk -M 1)" "Shared memory id: 0" "the first segment of the kernel's"
}

every_count_agrees()
{
	selfcheck
}

run_cases()		# CASE...
{
	local name nr=0 status
	set -- "$@" pages_went_out_and_came_back the_kernel_made_no_segment every_count_agrees
	echo "KTAP version 1"
	echo "1..$#"
	for name; do
		nr=$((nr + 1))
		# As the first part of `||` it would not end where a command fails.
		"$name" >"$work/said" 2>&1 &
		status=0
		wait $! || status=$?
		[ $status = 0 ] || sed 's/^/# /' "$work/said"
		echo "$([ $status = 0 ] || echo "not ")ok $nr $name"
	done
}
