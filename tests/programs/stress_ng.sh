#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# e2e: module-args="frames=512 ram_swap=16384" timeout=180 kernels=6.1,6.12
#
# stress-ng: its stressor of the four calls, which checks what it reads.

# shellcheck source=tests/programs/lib.sh
. "$(dirname "$0")/lib.sh"

# stress COMMAND OPTION...: nothing failed, nothing was killed, and something was done.
stress()
{
	local said
	said=$($1 shmswap-run stress-ng --verbose --metrics-brief --verify "${@:2}" 2>&1) ||
		die "$said"
	! grep -E 'fail:|killed|restart|OOM' <<<"$said" || die "$said"
	matches "$said" 'stress-ng: metrc: .* shm-sysv +[1-9][0-9]* .*'
	matches "$said" 'stress-ng: info: .* successful run completed .*'
}

segments_larger_than_the_machine()
{
	local before
	before=$(vmstat swap_successes)
	stress may_not_lock --shm-sysv 2 --shm-sysv-segs 4 --shm-sysv-bytes 4M --timeout 12
	[ $(($(vmstat swap_successes) - before)) -gt 2048 ] || die "too little was swapped out"
}

many_segments()
{
	stress may_not_lock --shm-sysv 2 --shm-sysv-segs 16 --shm-sysv-bytes 1M --timeout 8
}

one_that_is_locked()
{
	stress env --shm-sysv 1 --shm-sysv-segs 1 --shm-sysv-bytes 8M --shm-sysv-ops 4
}

# What it had made stays, belongs to nobody and can be removed.
a_kill_in_the_middle()
{
	may_not_lock shmswap-run stress-ng --shm-sysv 2 --shm-sysv-segs 4 --shm-sysv-bytes 2M &
	sleep $((3 * slow))
	end_of_stress
	same "$(vmstat shm_tot)" 0 "pages of segments"
	same "$(vmstat shm_swp)" 0 "swapped pages"
}

run_cases segments_larger_than_the_machine many_segments one_that_is_locked a_kill_in_the_middle
