#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# e2e: module-args="frames=64 ram_swap=4096" timeout=150 kernels=6.1,6.12
#
# util-linux: ipcmk, ipcs, ipcrm and lsipc, as far as they concern shared memory.

# shellcheck source=tests/programs/lib.sh
. "$(dirname "$0")/lib.sh"

size=$((300 * 4096 - 1000))

# make SIZE [MODE]: prints the identifier of a new segment.
make()
{
	shmswap-run ipcmk -M "$1" -p "${2:-644}" | sed -n 's/^Shared memory id: //p'
}

# ipcs_row ID OPTION...: what ipcs has to say of a segment, with single spaces and without the key.
ipcs_row()
{
	local id=$1
	shift
	shmswap-run ipcs -m "$@" | awk -v id="$id" '
		$1 ~ /^0x/ { $1 = "" }
		{ $0 = $0; $1 = $1 }
		$1 == id'
}

# fill ID PAGES: writes a byte to each of them, by an attach.
fill()
{
	# shellcheck disable=SC2016	# Perl's variables
	shmswap-run perl -MIPC::SysV=shmat,memwrite,shmdt -e '
		my ($id, $pages) = @ARGV;
		my $at = shmat($id, undef, 0) or die "shmat: $!";
		memwrite($at, "x", $_ * 4096, 1) or die for 0 .. $pages - 1;
		defined shmdt($at) or die' "$@"
}

# Attaches and stays so until it is killed.
holder()
{
	# shellcheck disable=SC2016	# Perl's variables
	exec shmswap-run perl -MIPC::SysV=shmat -e 'defined shmat($ARGV[0], undef, 0) or die; sleep' "$1"
}

attached()		# ID TIMES
{
	[[ "$(ipcs_row "$1")" =~ ^"$1 root 644 $size $2"( dest)?$ ]]
}

# summary PATTERN: the number in the line of `ipcs -mu` that the pattern describes.
summary()
{
	shmswap-run ipcs -mu | sed -nE "s/^$1\$/\\1/p"
}

ipcmk_makes_segments()
{
	local id key
	id=$(make "$size" 640)
	same "$(ipcs_row "$id")" "$id root 640 $size 0" "the row of ipcs"
	key=$(shmswap-run ipcs -m | awk -v id="$id" '$2 == id { print $1 }')
	[ "$key" != 0x00000000 ] || die "ipcmk chose a key, and it is not there"
	same "$(ipcs_row "$(make 1MiB 600)")" "$((id + 1)) root 600 1048576 0" "one with a suffix"
}

ipcs_says_who_and_when()
{
	local id maker said
	shmswap-run ipcmk -M $size >"$work/made" &
	maker=$!
	wait $maker
	id=$(sed -n 's/^Shared memory id: //p' "$work/made")
	same "$(ipcs_row "$id" -p)" "$id root $maker 0" "creator and last user"
	same "$(ipcs_row "$id" -c)" "$id 644 root root root root" "owner and creator"
	matches "$(ipcs_row "$id" -t)" "$id root Not set Not set $(date +'%b %e' | tr -s ' ') [0-9:]*"
	fill "$id" 1
	matches "$(ipcs_row "$id" -p)" "$id root $maker [1-9][0-9]*"
	matches "$(ipcs_row "$id" -t)" "$id root ($(date +'%b %e' | tr -s ' ') [0-9:]* ?){3}"
	said=$(shmswap-run ipcs -m -i "$id")
	matches "$said" "Shared memory Segment shmid=$id"
	matches "$said" $'uid=0\tgid=0\tcuid=0\tcgid=0'
	matches "$said" $'mode=0644\taccess_perms=0644'
	matches "$said" "bytes=$size"$'\t'"lpid=[1-9][0-9]*"$'\t'"cpid=$maker"$'\t'"nattch=0"
	matches "$said" 'change_time=.* 20[0-9][0-9] *'
	same "$(shmswap-run ipcs -m -i 4194304 2>&1)" "ipcs: id 4194304 not found" "what is not there"
}

ipcs_shows_attaches()
{
	local id pid
	id=$(make $size)
	holder "$id" &
	pid=$!
	soon attached "$id" 1
	shmswap-run ipcrm -m "$id"
	same "$(ipcs_row "$id")" "$id root 644 $size 1 dest" "an attached one that was removed"
	kill -KILL $pid
	wait $pid || true
	same "$(ipcs_row "$id")" "" "the same after the last attach"
}

ipcs_counts_pages()
{
	local id
	shmswap-run ipcrm --all=shm
	id=$(make $size)
	same "$(summary 'pages allocated ([0-9]*)')" 300 "pages allocated"
	fill "$id" 300
	same $(($(summary 'pages resident +([0-9]*)') + $(summary 'pages swapped +([0-9]*)'))) 300 \
		"pages resident and swapped"
	[ "$(summary 'pages swapped +([0-9]*)')" -ge $((300 - 64)) ] || die "too few are swapped"
	matches "$(shmswap-run lsipc -m -b -i "$id")" "Segment size: +$size *"
}

# For the first time since Linux 2.2.
swap_performance_moves()
{
	local attempts id successes
	local line='Swap performance: ([0-9]*) attempts.*'
	id=$(make $size)
	attempts=$(summary "$line")
	successes=$(summary 'Swap performance.*\t *([0-9]*) successes')
	fill "$id" 300
	[ "$(summary "$line")" -ge $((attempts + 300 - 64)) ] || die "the attempts do not move"
	same "$(summary 'Swap performance.*\t *([0-9]*) successes')" "$(vmstat swap_successes)" \
		"successes"
	[ "$(vmstat swap_successes)" -ge $((successes + 300 - 64)) ] || die "nor the successes"
	fill "$id" 300
	[ "$(vmstat pswpin)" -ge $((300 - 64)) ] || die "too little came back"
}

limits_are_those_of_the_namespace()
{
	local said
	said=$(shmswap-run ipcs -ml)
	matches "$said" 'max number of segments = 4096'
	matches "$said" 'min seg size \(bytes\) = 1'
	echo 1048576 >/proc/sys/kernel/shmmax
	echo 600 >/proc/sys/kernel/shmall
	echo 7 >/proc/sys/kernel/shmmni
	said=$(shmswap-run ipcs -ml)
	matches "$said" 'max number of segments = 7'
	matches "$said" 'max seg size \(kbytes\) = 1024'
	matches "$said" 'max total shared memory \(kbytes\) = 2400'
}

limits_are_kept()
{
	local i
	shmswap-run ipcrm --all=shm
	echo 8192 >/proc/sys/kernel/shmmax
	echo 10 >/proc/sys/kernel/shmall
	fails_with 'ipcmk: create share memory failed: Invalid argument' shmswap-run ipcmk -M 8193
	for ((i = 0; i < 5; i++)); do
		make 8192
	done
	fails_with 'ipcmk: create share memory failed: No space left on device' \
		shmswap-run ipcmk -M 1
	echo 100 >/proc/sys/kernel/shmall
	echo 6 >/proc/sys/kernel/shmmni
	make 8192
	fails_with 'ipcmk: create share memory failed: No space left on device' \
		shmswap-run ipcmk -M 1
}

ipcrm_removes_by_identifier_and_key()
{
	local first key second third
	first=$(make $size)
	second=$(make $size)
	third=$(make $size)
	key=$(shmswap-run ipcs -m | awk -v id="$second" '$2 == id { print $1 }')
	shmswap-run ipcrm -m "$first"
	shmswap-run ipcrm -M "$key"
	same "$(ipcs_row "$first")$(ipcs_row "$second")" "" "two that were removed"
	same "$(ipcs_row "$third")" "$third root 644 $size 0" "one that was not"
	same "$(shmswap-run ipcrm shm "$third")" "resource(s) deleted" "the old way"
	same "$(ipcs_row "$third")" "" "one that was removed in the old way"
	fails_with "ipcrm: invalid id \($first\)" shmswap-run ipcrm -m "$first"
	fails_with "ipcrm: invalid key \($key\)" shmswap-run ipcrm -M "$key"
}

others_are_refused()
{
	local id own
	id=$(make $size 600)
	fails_with "ipcrm: permission denied for id \($id\)" as_nobody shmswap-run ipcrm -m "$id"
	own=$(as_nobody shmswap-run ipcmk -M 4096 -p 600 | sed -n 's/^Shared memory id: //p')
	same "$(ipcs_row "$own" -c)" "$own 600 nobody nogroup nobody nogroup" "nobody's own"
	as_nobody shmswap-run ipcrm -m "$own"
	same "$(ipcs_row "$own")" "" "the same, removed"
}

ipcrm_all_leaves_nothing()
{
	make $size
	make $size
	shmswap-run ipcrm --all=shm
	same "$(summary 'segments allocated ([0-9]*)')" 0 "segments"
	same "$(summary 'pages resident +([0-9]*)')" 0 "pages resident"
	same "$(vmstat shm_swp)" 0 "pages swapped"
}

run_cases ipcmk_makes_segments ipcs_says_who_and_when ipcs_shows_attaches ipcs_counts_pages \
	swap_performance_moves ipcrm_removes_by_identifier_and_key others_are_refused \
	ipcrm_all_leaves_nothing limits_are_those_of_the_namespace limits_are_kept
