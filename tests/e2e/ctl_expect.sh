#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# e2e: timeout=120 kernels=6.1,6.12
#
# What a script of shmswapctl expects: what holds, what does not, and what cannot be asked.

# shellcheck source=tests/e2e/ctl_lib.sh
. "$(dirname "$0")/ctl_lib.sh"

# Each of these is wrong, and says both values.
expectations_that_fail()
{
	cat >"$work/wrong" <<-'END'
		machine m frames=32 swap=8
		process p
		segment s 4
		attach p s
		touch p s 0 2
		write p s 0 "is"
		reclaim 3 method=clock
		touch p s 1
		expect stat shm_rss 2
		expect stat shm_rss != 1
		expect stat shm_rss > 1
		expect stat shm_rss < 1
		expect stat shm_rss >= 2
		expect stat shm_rss <= 0
		expect not stat shm_rss 1
		expect not stat shm_rss <= 1
		expect clock method clock
		expect machine nr_frames none
		expect machine flags kswapd
		expect segment s nattch 0
		expect segment s locked yes
		expect process p rss 7
		expect page s 0 state resident
		expect page s 0 pfn 3
		expect page s 1 state untouched
		expect page s 1 slot 1
		expect page s 2 state swapped
		expect page s 2 age > 0
		expect pte p s 0 state present
		expect pte p s 0 young yes
		expect pte p s 1 write no
		expect pte p s 3 state shm
		expect frame 0 flags swapcache,dirty
		expect frame 99 count 0
		expect slot 0 2 count 2
		expect slot 0 0 count 1
		expect area 0 prio 5
		expect area 0 prio < -1
		expect area 7 inuse 0
		expect data p s 0 "was"
		expect data p s 0 != "is"
		fails EINVAL stat pgcow
		fails EINVAL read p s 9
	END
	ends 1 "$ctl" -f "$work/wrong"
	same "${err//"$work/wrong:"/}" "$(cat <<-'END'
		9: expect stat shm_rss: it is 1, not 2
		10: expect stat shm_rss: it is 1, not != 1
		11: expect stat shm_rss: it is 1, not > 1
		12: expect stat shm_rss: it is 1, not < 1
		13: expect stat shm_rss: it is 1, not >= 2
		14: expect stat shm_rss: it is 1, not <= 0
		15: expect not stat shm_rss: it is 1, and must not be 1
		16: expect not stat shm_rss: it is 1, and must not be <= 1
		17: expect clock method: it is mmap, not clock
		18: expect machine nr_frames: it is 32, not none
		19: expect machine flags: it is privileged, not kswapd
		20: expect segment s nattch: it is 1, not 0
		21: expect segment s locked: it is no, not yes
		22: expect process p rss: it is 1, not 7
		23: expect page s 0 state: it is swapped, not resident
		24: expect page s 0 pfn: it is none, not 3
		25: expect page s 1 state: it is resident, not untouched
		26: expect page s 1 slot: it is none, not 1
		27: expect page s 2 state: it is untouched, not swapped
		28: expect page s 2 age: it is none, not > 0
		29: expect pte p s 0 state: it is shm, not present
		30: expect pte p s 0 young: it is none, not yes
		31: expect pte p s 1 write: it is yes, not no
		32: expect pte p s 3 state: it is none, not shm
		33: expect frame 0 flags: it is buddy, not swapcache,dirty
		34: expect frame 99 count: it is none, not 0
		35: expect slot 0 2 count: it is 1, not 2
		36: expect slot 0 0 count: it is bad, not 1
		37: expect area 0 prio: it is -1, not 5
		38: expect area 0 prio: it is -1, not < -1
		39: expect area 7 inuse: it is none, not 0
		40: expect data p s 0: it is "is\x00", not "was"
		41: expect data p s 0: it is "is", not != "is"
		42: fails EINVAL stat: it succeeded
		43: fails EINVAL read: it failed with EFAULT (Bad address), not EINVAL
	END
	)" "what it says"
	ends 1 "$ctl" -e -f "$work/wrong"
	same "$(wc -l <<<"$err")" 1 "failures with -e"
	# What is wrong counts also if something worse follows, and then that decides.
	says 2 $'@:1: expect stat pgcow: it is 0, not 5\nshmswapctl: @:2: x: there is no such command' \
		<<<$'expect stat pgcow 5\nx'
	script 1 --stop <<<$'expect stat pgcow 5\nx'
}

expectations_that_hold()
{
	script 0 -e <<-'END'
		machine m frames=32 swap=8
		process p
		segment s 4
		attach p s
		write p s 0 "is"
		touch p s 1
		reclaim 3 method=clock
		touch p s 1
		expect stat shm_rss = 1
		expect stat shm_rss < 0x2
		expect stat shm_rss <= 1
		expect stat shm_rss >= 01
		expect stat shm_rss != 2
		expect not stat shm_rss != 1
		expect clock swap_idx 1
		expect clock swap_attempts > 1
		expect page s 0 pfn none
		expect page s 0 slot 2
		expect page s 0 area 0
		expect page s 1 pfn 31
		expect page s 1 count 2
		expect not page s 0 age 0
		expect page s 3 state untouched
		expect pte p s 0 state shm
		expect pte p s 1 young 1
		expect pte p s 1 pfn 31
		expect pte p s 1 pte 0x1f00063309
		expect frame 31 count 2
		expect frame 31 shmid 0
		expect frame 31 flags -
		expect frame 99 count none
		expect slot 0 2 count 1
		expect slot 0 0 count bad
		expect slot 0 5 count 0
		expect area 0 prio -1
		expect area 0 prio < 0
		expect area 0 kind ram
		expect data p s 0 "is"
		fails EFAULT read p s 9
		fails EINVAL expect page 7 0 state resident
		fails EINVAL expect page 7 0 age 3
		fails ENODEV mmap p x 1 shared file=/proc/self/mem
	END
}

expectations_that_make_no_sense()
{
	while IFS='|' read -r line text; do
		says 2 "shmswapctl: @:2: $text" <<<$'segment s 1\n'"expect $line"
	done <<-'END'
		|expect: wrong arguments, usage: expect [not] QUERY [=|!=|<|<=|>|>=] VALUE
		not|expect: wrong arguments, usage: expect [not] QUERY [=|!=|<|<=|>|>=] VALUE
		weather fine|expect: 'weather' cannot be asked
		stat|expect stat: there must be 1 words, perhaps an operator, and a value
		stat pgcow|expect stat: there must be 1 words, perhaps an operator, and a value
		stat pgcow = 1 2|expect stat: there must be 1 words, perhaps an operator, and a value
		stat pgcow == 1|expect: '==' is not =, !=, <, <=, > or >=
		stat cows 1|expect: there is no field 'cows'
		stat pgcow many|VALUE: 'many' is not a number from 0 to 18446744073709551615
		page s 0 state gone|VALUE: 'gone' is not untouched, resident or swapped
		page s 0 colour 1|expect: there is no field 'colour'
		page s -1 state gone|INDEX: '-1' is not a number from 0 to 34359738368
		pte p s 0 state shm|expect: there is no process p
		pte init s 0 state shm|expect: process init has not mapped s
		area 0 prio -|VALUE: '-' is not a number from -2147483647 to 2147483647
		area x prio 1|AREA: 'x' is not a number from 0 to 4294967295
		data init s 0 < x|expect: process init has not mapped s
	END
	says 2 "shmswapctl: @:4: expect data: '<' is not = or !=" \
		<<<$'machine m\nsegment s 1\nattach init s\nexpect data init s 0 < x'
	says 2 "shmswapctl: @:1: fails: 'EMANY' is not the name of an error, like EINVAL" \
		<<<'fails EMANY stat'
	says 2 "shmswapctl: @:1: fails: it cannot be about itself" <<<'fails EINVAL fails EINVAL stat'
	says 2 "shmswapctl: @:1: x: there is no such command" <<<'fails EINVAL x'
}

run_cases expectations_that_fail expectations_that_hold expectations_that_make_no_sense
