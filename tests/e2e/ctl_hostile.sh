#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# e2e: timeout=300 kernels=6.1,6.12
#
# What is thrown at shmswapctl: scripts that are none, output that goes nowhere. It never crashes, and
# it says what is wrong, where.

# shellcheck source=tests/e2e/ctl_lib.sh
. "$(dirname "$0")/ctl_lib.sh"

lines_that_are_wrong()
{
	says 2 "shmswapctl: @:3: column 6: the quotation mark is not closed" \
		<<<$'echo fine\n\necho "not closed'
	says 2 'shmswapctl: @:1: column 9: behind a backslash is none of ", \, n, t, xHH (not x00)' \
		<<<'echo "a\x00"'
	says 2 'shmswapctl: @:1: column 8: behind a backslash is none of ", \, n, t, xHH (not x00)' \
		<<<'echo "\q"'
	says 2 "shmswapctl: @:1: column 6: the quotation mark is not closed" <<<'echo "\"'
	says 2 "shmswapctl: @:1: : there is no such command" <<<'""'
	printf 'echo fine\necho \0\n' | says 2 "shmswapctl: @:2: there is a NUL byte in the line"
	says 2 'shmswapctl: @:1: \x1b[2J\x07: there is no such command' <<<$'\e[2J\a'
	says 2 "shmswapctl: @:1: machine: '../x' is not a name: letters, digits and _, no digit first" \
		<<<'machine ../x'
	says 2 "shmswapctl: @:1: SLOTS: '99999999999999999999' is not a number from 9 to 2147483647" \
		<<<'swapfile x 99999999999999999999'
	says 2 "shmswapctl: @:1: swapfile: 'prio' needs a value" <<<'swapfile x 20 prio'
	says 2 "shmswapctl: @:1: prio: '' is not a number from 0 to 32767" <<<'swapon x prio='
	says 2 "shmswapctl: @:1: prio: '-1' is not a number from 0 to 32767" <<<'swapon x prio=-1'
	[ ! -e x ] || die "a file was made"
}

# repeat TEXT TIMES
repeat()
{
	local line
	printf -v line "%*s" "$2" ""
	printf '%s' "${line// /$1}"
}

lines_that_are_long()
{
	local most=65535
	{ printf 'echo '; repeat x $((most - 5)); } >"$work/long"
	script 0 <"$work/long"
	same "${#out}" $((most - 5)) "the longest line"
	{ printf 'echo '; repeat x $((most - 4)); } |
		says 2 "shmswapctl: @:1: the line is longer than $most bytes"
	{ printf 'echo '; repeat 'a ' $((most / 2 - 3)); } | script 0
	{ printf 'stat '; repeat x 60000; } >"$work/long"
	script 2 <"$work/long"
	[ "${#err}" -lt 1000 ] || die "the message has ${#err} bytes"
	{ repeat 'fails EINVAL ' 5000; } | script 2
	# It does not wait for the end of what has none.
	ends 2 timeout 20 "$ctl" -f /dev/zero
	matches "$err" "shmswapctl: /dev/zero:1: there is a NUL byte in the line"
	ends 2 timeout 20 "$ctl" -f <(tr '\0' x </dev/zero)
	matches "$err" "shmswapctl: /dev/fd/[0-9]+:1: the line is longer than $most bytes"
}

# The line is counted from the beginning of what it is in, whatever came before.
places()
{
	echo $'echo fine\nx' >"$work/first"
	cp "$work/first" "$work/second"
	ends 2 "$ctl" -c 'echo 1' -c 'echo 2' -f "$work/first"
	same "$err" "shmswapctl: $work/first:2: x: there is no such command" "the line behind -c"
	echo 'echo fine' >"$work/first"
	ends 2 "$ctl" -f "$work/first" -c 'echo 1' -f "$work/second"
	same "$err" "shmswapctl: $work/second:2: x: there is no such command" "the line of the second"
	ends 2 "$ctl" -c 'echo 1' -f /dev/null -c x
	same "$err" "shmswapctl: -c:2: x: there is no such command" "the second -c"
	ends 2 "$ctl" -c $'# one\nx'
	same "$err" "shmswapctl: -c:1: this is more than one line" "two lines"
}

# What is asked for and is not there is not shown as nothing.
numbers_of_nothing()
{
	local word
	for word in "segs 77" "segs -p 77" "frames 4000000000"; do
		script 3 <<<$'machine m\n'"$word"
		same "$out${err//"$work/script"/@}" \
			"shmswapctl: @:2: ${word/-p /}: Invalid argument" "$word"
	done
	script 3 <<<$'machine m\nmaps 77'
	script 3 <<<$'machine m\nptes -s 77'
	script 0 <<<$'machine m\nsegs\nsegment s 1\nsegs s 0\nframes 1023 2'
}

files_that_are_no_scripts()
{
	ends 3 "$ctl" -f /nowhere
	same "$err" "shmswapctl: /nowhere: No such file or directory" "no file"
	ends 3 "$ctl" -f /etc
	matches "$err" 'shmswapctl: (/etc:1: )?/etc: Is a directory'
	ends 2 "$ctl" -f "$ctl"
	ends 2 "$ctl" -f scenarios/two-sharers.log
	ends 0 "$ctl" -f /dev/null
	ends 3 "$ctl" <&-
}

# A script that fails leaves nothing behind.
nothing_is_half_done()
{
	local before
	before=$("$ctl" stat nr_free_pages nr_swap_pages shm_tot)
	script 2 <<-'END'
		segment s 4 key=0x77
		attach init s
		touch init s 0 4 write
		remove s
		machine m
		segment t 9
		x
	END
	same "$("$ctl" stat nr_free_pages nr_swap_pages shm_tot)" "$before" "the default machine"
	# An old log is kept if there is not going to be a new one.
	(umask 0 && echo old >"$work/old.log")
	ends 3 as_nobody "$ctl" -c "log $work/old.log"
	same "$err" "shmswapctl: -c:1: cannot record events: Operation not permitted" "nobody's log"
	same "$(<"$work/old.log")" old "the old log"
	ends 0 as_nobody "$ctl" fails EPERM log "$work/old.log"
	ends 0 "$ctl" fails ENOENT replay /nowhere
}

output_that_goes_nowhere()
{
	local status=0
	ends 3 sh -c "'$ctl' frames -a >/dev/full"
	same "$err" "shmswapctl: standard output: No space left on device" "a full device"
	ends 3 sh -c "'$ctl' segs >&-"
	same "$err" "shmswapctl: standard output: Bad file descriptor" "no output"
	script 0 <<<'frames -a'
	"$ctl" -c 'machine m' -c 'frames -a' -c 'sleep 1' -c 'echo x' -c 'expect stat pgcow 1' \
		2>"$work/err" | : || status=${PIPESTATUS[0]}
	matches "$status $(<"$work/err")" "3 shmswapctl: -c:[24]: standard output: Broken pipe"
	ends 3 sh -c "'$ctl' --json -c help >/dev/full"
}

# What a process may have, it may not have without end.
limits()
{
	{ echo "machine m"; printf 'process p%d\n' {0..60}; } >"$work/script"
	ends 3 prlimit --nofile=36:36 "$ctl" -f "$work/script"
	matches "$err" 'shmswapctl: .*/script:[0-9]+: process: p[0-9]+: Too many open files'
	ends 0 "$ctl" -f "$work/script"
}

# What a step of the clock came to is told of that step, not of one that is still to come.
logs_without_a_step()
{
	local begin="clock_begin level=0 budget=1 hand=0:0 slot=0:1"
	local place="addr=0x100000000000 shmid=0 index=0"
	cat >"$work/a" <<-END
		pte pid=2 $place why=age pte=0x1f00063309->0x1f00023009
		scan why=young pid=2 $place pfn=31 count=3
		$begin
		clock_step hand=0:5->0:6 why=victim shmid=0 index=5 pfn=26 count=2 aged=0 unmapped=1
	END
	cat >"$work/b" <<-END
		fault pid=2 addr=0x100000000000 write=0 how=minor shmid=0 index=0 pfn=31 count=3
		$begin
		clock_step hand=0:2->0:3 why=young shmid=0 index=2 pfn=26 count=2 aged=1 unmapped=0
	END
	ends 1 "$ctl" diff "$work/a" "$work/b"
	matches "$out" "After 0 equal events A made page 0 of segment 0 old in process 2; B .*"
	[[ $out != *"So "* ]] || die "another step is told: $out"
	ends 2 "$ctl" diff - - <"$work/a"
	same "$err" "shmswapctl: diff: only one of the logs can be standard input" "one log"
	# A process that only one of them knows.
	echo "pte pid=2 $place why=age pte=0x1->0x2" >"$work/a"
	echo "pte pid=3 $place why=age pte=0x1->0x2" >"$work/b"
	echo "pte pid=2 $place why=unmap pte=0x2->0x3" >>"$work/a"
	echo "pte pid=2 $place why=zap pte=0x2->0x3" >>"$work/b"
	ends 1 "$ctl" diff -i pid "$work/a" "$work/b"
	matches "$out" "  in process 2: never touched; last made old at line 1 of A; never taken away\."
}

# Random words, lines and bytes: it ends with a status of its own, and with a message if that is not 0.
noise()
{
	local i status words
	words=(machine m use default process a b fork exit segment s attach detach unmap mmap heap munmap
		lock unlock remove read write touch swapfile swapon ram=9 swapoff log off /dev/null expect not
		page pte data state fails EINVAL echo help segs -p maps ptes -v frames swaps clock stat info
		reclaim control check 0 1 7 4096 -1 99999999999 ro at=0x1000 key=1 '=' '<' none '"x"' '"' $'\\' '#')
	RANDOM=1996
	for ((i = 0; i < 40; i++)); do
		{
			printf '%s\n' "machine m frames=16 swap=9" "segment s 9" "process a b" "attach a s"
			for _ in {1..12}; do
				echo "fails EINVAL ${words[RANDOM % ${#words[@]}]} ${words[RANDOM % ${#words[@]}]}" \
					"${words[RANDOM % ${#words[@]}]} ${words[RANDOM % ${#words[@]}]}"
			done
			[ $((i % 10)) != 0 ] || head -c 2000 /dev/urandom
		} >"$work/noise"
		status=0
		timeout 20 "$ctl" -f "$work/noise" >"$work/out" 2>"$work/err" || status=$?
		if [ "$status" -gt 3 ] || { [ "$status" != 0 ] && [ ! -s "$work/err" ]; }; then
			die "status $status after: $(head -c 2000 "$work/noise")"
		fi
	done
}

run_cases lines_that_are_wrong lines_that_are_long places numbers_of_nothing files_that_are_no_scripts nothing_is_half_done \
	output_that_goes_nowhere limits logs_without_a_step noise
