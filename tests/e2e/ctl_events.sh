#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# e2e: module-args="frames=64 ram_swap=128 kswapd=0" timeout=120
#
# shmswapctl events: a machine's events as they happen, whole or with the exact number of those
# that were lost.

# shellcheck source=tests/e2e/libctl.sh
. "$(dirname "$0")/libctl.sh"

# listen ARGUMENT...: starts the command in the background and waits until it records; $listener
# is its process, log what it prints, why what it says on standard error.
listen()
{
	shmswapctl events "$@" >log 2>why &
	listener=$!
	trap 'kill -KILL $(jobs -p) 2>/dev/null || :' EXIT
	soon has_ring "$listener"
}

has_ring()
{
	[ -d "/proc/$1" ] || die "it ended: $(<why)"
	find "/proc/$1/fd" -lname '*shmswap-events*' | grep -q .
}

# heard STATUS: the listener ends with that status.
heard()
{
	local status=0
	wait "$listener" || status=$?
	same "$status" "$1" "the listener's status ($(<why))"
}

# Four events of a segment, always.
a_segment_comes_and_goes()
{
	shmswapctl -c "segment a 8" -c "attach init a" -c "detach init a" -c "remove a"
}

pages_go_out()
{
	shmswapctl -c "segment a 60" -c "attach init a" -c "touch init a 0 60 write" \
		-c "reclaim 60 level=0 method=clock" -c "remove a"
}

has_lines()
{
	[ "$(wc -l <log)" -ge "$1" ]
}

# A machine that does more than can be written, since who reads it is slow.
more_than_can_be_written()
{
	local generator
	mkfifo pipe lines
	yes "touch init a 0 120 write" >lines &
	shmswapctl -c "segment a 120 key=7" -c "attach init a" -f - <lines >/dev/null 2>&1 &
	generator=$!
	while read -r -N 4096; do
		sleep 0.02
	done <pipe &
	shmswapctl events -r 2048 >pipe 2>why &
	listener=$!
	trap 'kill -KILL $(jobs -p) 2>/dev/null || :' EXIT
	soon has_ring "$listener"
	sleep 2
	kill -INT "$listener"
	soon has_ended "$listener"
	heard 1
	matches "$(<why)" "[0-9]+ events, [0-9]+ lost"
	kill "$generator"
	shmswapctl -c "segment a 120 key=7" -c "remove a"
}

has_ended()
{
	[ ! -L "/proc/$1/fd/0" ]
}

until_it_is_interrupted()
{
	local signal
	for signal in INT TERM; do
		listen -t segment
		a_segment_comes_and_goes
		# They are there before it ends.
		soon has_lines 5
		kill "-$signal" "$listener"
		heard 0
		same "$(cut -d' ' -f1-2 log)" "segment why=create
segment why=attach
segment why=detach
segment why=remove
segment why=destroy" "the events"
		same "$(<why)" "5 events, 0 lost" "the end"
	done
}

until_there_are_enough()
{
	listen -t segment -n 3
	a_segment_comes_and_goes
	heard 0
	same "$(cut -d' ' -f1-2 log)" "segment why=create
segment why=attach
segment why=detach" "the events"
	same "$(<why)" "3 events, 0 lost" "the end"
	listen -t segment -n 1 -o file
	a_segment_comes_and_goes
	heard 0
	same "$(<log)" "" "standard output"
	same "$(cut -d' ' -f1-2 file)" "segment why=create" "the file"
}

numbers_times_and_json()
{
	local now seconds
	listen -t segment --seq --time -n 5
	a_segment_comes_and_goes
	heard 0
	same "$(sed 's/.* seq=\([0-9]*\) .*/\1/' log | xargs)" "0 1 2 3 4" "the numbers"
	seconds=$(sed -n '1s/.* time=\([0-9]*\)\..*/\1/p' log)
	read -r now _ </proc/uptime
	now=${now%.*}
	[[ $seconds -le $now && $seconds -ge $((now - 60)) ]] ||
		die "it is $now, but the events were at $seconds"
	sort -s -c -t= -k 9 log
	listen -t segment --json -n 1
	a_segment_comes_and_goes
	heard 0
	matches "$(<log)" '\{"type":"segment","why":"create",.*"nattch":0,"pages":8\}'
}

# What was recorded and what was lost are together what happened.
a_ring_that_overflows()
{
	local last lost lines told
	listen -r 16 --seq
	kill -STOP "$listener"
	pages_go_out
	kill -CONT "$listener"
	soon has_lines 17
	kill -INT "$listener"
	heard 1
	told=$(sed -n 's/^\([0-9]* events\), \([0-9]*\) lost$/\2/p' why)
	lost=$(awk -F '[= ]' '$1 == "lost" { sum += $3 } END { print sum + 0 }' log)
	[ "$lost" -gt 100 ] || die "too few were lost: $lost"
	same "$told" "$lost" "the number of lost events at the end"
	# The numbers have no gap but those that are told.
	awk -F '[= ]' '{ seq = $NF; if (seq != next_seq) exit 1
			 next_seq = seq + ($1 == "lost" ? $3 : 1) }' log || die "$(<log)"
	# And nothing is missing at the end: another ring of the same had them all.
	lines=$(grep -vc '^lost' log)
	last=$(awk -F '[= ]' '{ print $NF + ($1 == "lost" ? $3 : 1) }' log | tail -n 1)
	same "$((lines + lost))" "$last" "events, lost or not"
	matches "$(<why)" "$(wc -l <log) events, $lost lost"
}

# Two listen to the same, and only one has room for it.
the_count_of_the_lost_is_exact()
{
	local large lost
	listen -o all
	large=$listener
	listen -r 32
	kill -STOP "$listener"
	pages_go_out
	kill -CONT "$listener"
	soon grep -q '^lost' log
	kill -INT "$large"
	wait "$large"
	kill -INT "$listener"
	heard 1
	lost=$(sed -n 's/^lost events=//p' log)
	same "$(($(grep -vc '^lost' log) + lost))" "$(wc -l <all)" "all events"
	grep -v '^lost' log | cmp - <(head -n 32 all)
}

a_reader_that_dies()
{
	local turn
	for turn in {1..12}; do
		echo "turn $turn"
		listen -r 16
		kill -STOP "$listener"
		pages_go_out
		kill -KILL "$listener"
		heard 137
	done
	# Its ring went with it each time, or there would be too many by now.
	listen -n 1 -t segment
	a_segment_comes_and_goes
	heard 0
	shmswapctl check
}

too_many_readers()
{
	local readers=()
	while [ ${#readers[@]} -lt 8 ]; do
		listen
		readers+=("$listener")
	done
	ends_with 3 shmswapctl events
	same "$complaint" "shmswapctl: cannot record events: Device or resource busy" "complaint"
	kill -INT "${readers[@]}"
	wait "${readers[@]}"
}

what_cannot_be_done()
{
	ends_with 2 shmswapctl events odd
	matches "$complaint" "shmswapctl: events: wrong arguments, usage: events .*"
	ends_with 2 shmswapctl events -t fault,odd
	same "$complaint" "shmswapctl: events: 'fault,odd' is not a list of types of events" "complaint"
	ends_with 2 shmswapctl events -n 0
	ends_with 2 shmswapctl events -r 1048577
	ends_with 3 shmswapctl events -o none/file
	same "$complaint" "shmswapctl: none/file: No such file or directory" "complaint"
	ends_with 3 setpriv --reuid=65534 --regid=65534 --clear-groups "$SHMSWAP_BIN/shmswapctl" events
	same "$complaint" "shmswapctl: cannot record events: Operation not permitted" "complaint"
	listen -t segment -o /dev/full
	a_segment_comes_and_goes
	heard 3
	matches "$(<why)" "shmswapctl: .*: No space left on device"
}

# In a script the machine is the script's, and what it did before does not count.
in_a_script()
{
	ends_with 0 timeout --preserve-status -s INT 2 shmswapctl -c "machine m frames=32" -c "segment a 4" -c events \
		-c "echo after"
	same "$said" "after" "what the script printed"
	same "$complaint" "0 events, 0 lost" "complaint"
}

run_cases more_than_can_be_written until_it_is_interrupted until_there_are_enough numbers_times_and_json \
	a_ring_that_overflows the_count_of_the_lost_is_exact a_reader_that_dies too_many_readers \
	what_cannot_be_done in_a_script
