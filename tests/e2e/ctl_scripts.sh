#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# e2e: timeout=300 kernels=6.1,6.12
#
# The script language of shmswapctl: machines, processes, memory, accesses, and logs of events. And
# its shell on a terminal.

# shellcheck source=tests/e2e/ctl_lib.sh
. "$(dirname "$0")/ctl_lib.sh"

words_and_texts()
{
	script 0 <<-'END'
		# a comment
		   	echo  two   words # and one more
		echo "a  # b" c"d e"f "" end
		echo "\" \\ \t|\x41\x7e" \x41
		echo a#b
		echo
	END
	same "$out" $'two words\na  # b cd ef  end\n" \\ \t|A~ \\x41\na#b' "what it echoes"
	printf 'echo one\r\n\necho two' >"$work/script"
	ends 0 "$ctl" -f "$work/script"
	same "$out" $'one\ntwo' "lines with CR, and none at the end"
	script 0 --json <<<$'echo "ä"\necho "ä \\xff"'
	same "$out" $'"ä"\n"\\\\xc3\\\\xa4 \\\\xff"' "what is UTF-8, and what is not"
}

machines()
{
	script 0 <<-'END'
		machine one frames=16 swap=5 shmmax=8192 shmall=3 shmmni=1
		process p
		segment a 2
		fails ENOSPC segment b 1
		expect machine nr_frames 16
		expect machine out_nr_processes 2
		expect machine flags privileged
		expect area 0 pages 5
		expect control shmmax 8192
		expect control shmall 3
		machine two kswapd process_scan rmid_forced
		expect machine flags privileged,kswapd,process_scan,rmid_forced
		expect machine nr_frames 1024
		segment a 9
		use one
		expect segment a pages 2
		attach p a
		use two
		expect segment a nattch 0
		use default
		expect machine flags default,privileged,kswapd
	END
	says 2 "shmswapctl: @:2: machine: there is a machine m already" <<<$'machine m\nmachine m'
	says 2 "shmswapctl: @:1: machine: there is a machine default already" <<<'machine default'
	says 2 "shmswapctl: @:1: frames: '15' is not a number from 16 to 1048576" <<<'machine m frames=15'
	says 2 "shmswapctl: @:1: machine: 'x=1' is not known here" <<<'machine m x=1'
	says 2 "shmswapctl: @:1: machine: 'kswapd' does not take a value" <<<'machine m kswapd=1'
	says 2 "shmswapctl: @:1: machine: 'swap' needs a value" <<<'machine m swap'
	says 2 "shmswapctl: @:1: machine: 'swap' is given twice" <<<'machine m swap=1 swap=1'
	says 2 "shmswapctl: @:1: use: there is no machine m" <<<'use m'
}

processes()
{
	script 0 <<-'END'
		machine m frames=16
		process p q
		expect process p pid 2
		expect process q pid 3
		segment s 2
		mmap p heap 3
		attach p s
		write p s 0 "both"
		write p heap 0 "copied"
		fork p child
		expect process child nr_vmas 2
		read child s 0
		write child heap 0 "CO"
		read child heap 0
		read p heap 0
		exit p q
		expect machine nr_processes 2
		expect segment s nattch 1
		process p
		expect process p nr_vmas 0
	END
	same "$out" $'both\nCOpied\ncopied' "what they read"
	says 2 "shmswapctl: @:2: process: there is a process init already" <<<$'machine m\nprocess init'
	says 2 "shmswapctl: @:1: process: there is a process init already" <<<'process init'
	says 2 "shmswapctl: @:2: process: '1a' is not a name: letters, digits and _, no digit first" \
		<<<$'machine m\nprocess 1a'
	says 2 "shmswapctl: @:3: read: process p has exited" <<<$'process p\nexit p\nread p s 0'
	says 2 "shmswapctl: @:1: fork: there is no process p" <<<'fork p q'
	says 2 "shmswapctl: @:1: exit: process 9 is not of this script" <<<'exit 9'
	says 2 "shmswapctl: @:3: process: there is a segment or region s already" \
		<<<$'machine m\nsegment s 1\nprocess s'
	says 3 "shmswapctl: @:3: machine m is gone: all its processes have exited" \
		<<<$'machine m\nexit init\nstat'
}

attaches()
{
	script 0 <<-'END'
		machine m frames=32 swap=32
		process p q
		segment s 4 key=0x55 mode=0640
		expect segment s mode 0640
		expect segment s key 0x55
		attach p s at=0x10000000
		attach q s at=0x20000fff rnd ro
		write p s 1 "text"
		read q s 1
		fails EFAULT write q s 1 "x"
		fails EINVAL attach q s at=0x20000000
		attach q s at=0x20000000 remap
		expect segment s nattch 2
		write q s 1 "T"
		expect data p s 1 "Text"
		unmap p s 1 2
		expect segment s nattch 3
		fails EFAULT read p s 2
		touch p s 3
		attach p s at=0x40000000
		write p s 2 "second"
		detach p s
		fails EFAULT read p s 2
		detach p s
		expect segment s nattch 1
		remove s
		expect segment s dest yes
		expect segment s nattch 1
		detach q s
		expect segment s nattch none
		fails EINVAL attach q s
		segment s 2
		expect segment s pages 2
	END
	same "$out" text "what they read"
	says 2 "shmswapctl: @:3: detach: process init has not mapped s" \
		<<<$'machine m\nsegment s 1\ndetach init s'
	says 2 "shmswapctl: @:3: segment: there is a segment or region s already" \
		<<<$'machine m\nsegment s 1\nsegment s 1'
	says 2 "shmswapctl: @:1: attach: there is no segment or region s" <<<'attach init s'
	says 3 "shmswapctl: @:2: segment s: Invalid argument" <<<$'machine m\nsegment s 0'
	says 2 "shmswapctl: @:1: mode: '01000' is not a number from 0 to 511" <<<'segment s 1 mode=01000'
}

locked_segments()
{
	script 0 <<-'END'
		machine m frames=32 swap=32
		process p
		segment s 4
		attach p s
		touch p s 0 4 write
		expect segment s locked no
		lock s
		expect segment s locked yes
		reclaim 9 method=clock
		expect segment s rss 4
		unlock s
		expect segment s locked 0
		reclaim 3 method=clock
		expect segment s swp > 0
	END
	says 2 "shmswapctl: @:2: lock: heap is not a segment" <<<$'mmap init heap 1\nlock heap'
}

other_memory()
{
	printf '%-4096s' "in a file" >"$work/file"
	script 0 <<-END
		machine m frames=32 swap=32
		process p q
		mmap p heap 2 at=0x50000000
		expect pte p heap 0 state none
		touch p heap 0 write
		expect pte p heap 0 dirty yes
		expect pte p heap 1 state none
		mmap p ro 1 ro
		fails EFAULT write p ro 0 "x"
		mmap p shared 3 shared
		expect segment shared pages 3
		expect segment shared dest yes
		mmap p file 1 file=$work/file
		read p file 0 0 9
		write p file 0 "IN"
		mmap q same 1 shared file=$work/file
		write q same 0 "_" 2
		munmap q same
		expect data p file 0 "IN a file"
		munmap p heap
		expect process p nr_vmas 3
	END
	same "$out" "in a file" "what the file has"
	same "$(head -c 9 "$work/file")" "in_a file" "what it has then"
	says 3 "shmswapctl: @:1: mmap: /nowhere: No such file or directory" <<<'mmap init x 1 file=/nowhere'
	says 2 "shmswapctl: @:2: expect: heap is not a segment" \
		<<<$'mmap init heap 1\nexpect page heap 0 state resident'
}

accesses()
{
	script 0 <<-'END'
		machine m frames=32 swap=32
		segment s 40
		attach init s
		write init s 0 "a\"b\\c\n\x01\xff" 4090
		read init s 0 4090
		read init s 0 4090 9
		read init s 1
		read init s 1 5
		touch init s 0 40
		expect stat pgmajfault >= 40
		expect process init maj_flt >= 40
		touch init s 39 write
		expect pte init s 39 dirty yes
	END
	same "$out" 'a\"b\\c\n'$'\n''a\"b\\c\n\x01\xff\x00'$'\n''\x01\xff' "what was read"
	says 3 "shmswapctl: @:4: touch init at 0x2aaaaaaad000: Bad address" \
		<<<$'machine m\nsegment s 2\nattach init s\ntouch init s 1 3'
	says 3 "shmswapctl: @:4: write init: only 6 bytes of 9 could be stored" \
		<<<$'machine m\nsegment s 1\nattach init s\nwrite init s 0 "123456789" 4090'
	says 2 "shmswapctl: @:2: OFFSET: '4096' is not a number from 0 to 4095" \
		<<<$'mmap init m 1\nread init m 0 4096'
}

logged='
machine m frames=32 swap=8
process p
segment s 4
attach p s at=0x100000000000'

logs()
{
	script 0 <<-END
		$logged
		log $work/log fault clock_end
		touch p s 0 2 write
		reclaim 2 method=clock
		log off
		touch p s 3
	END
	same "$(<"$work/log")" "$(cat <<-'END'
		fault pid=2 addr=0x100000000000 write=1 how=zero shmid=0 index=0 pfn=31 count=2
		fault pid=2 addr=0x100000001000 write=1 how=zero shmid=0 index=1 pfn=30 count=2
		clock_end hand=0:0->0:1 why=budget attempts=3
		clock_end hand=0:1->0:2 why=freed attempts=1
	END
	)" "the log"
	script 0 <<-END
		$logged
		log $work/all
		touch p s 0
		log $work/log fault
		touch p s 1
		machine other frames=16
		mmap init heap 1
		log $work/other fault
		touch init heap 0
		use m
		touch p s 2
		log -
		touch p s 3
		exit p init
		echo end
	END
	same "$(grep -c ^fault "$work/all")" 1 "faults in the first log"
	grep -q '^frame why=alloc' "$work/all" || die "not all events are in the log"
	same "$(wc -l <"$work/log")" 2 "lines of the second"
	same "$(wc -l <"$work/other")" 1 "lines of the other machine's"
	matches "$out" 'fault .* index=3 .*'
	matches "$out" 'segment why=detach .*'
	same "$(tail -n 1 <<<"$out")" end "the end"
}

# More events than a ring has room for.
no_event_is_lost()
{
	script 0 <<-END
		machine m frames=256 swap=6000
		segment s 6000
		attach init s
		log $work/log
		touch init s 0 6000 write
		reclaim 2000 method=clock
	END
	[ "$(wc -l <"$work/log")" -gt 70000 ] || die "too few events: $(wc -l <"$work/log")"
	! grep -q '^lost' "$work/log" || die "events were lost"
}

logs_that_cannot_be()
{
	says 3 "shmswapctl: @:8: log /dev/full: No space left on device" <<-END
		$logged

		log /dev/full
		touch p s 0
		echo unreached
	END
	same "$out" "" "what came after it"
	says 3 "shmswapctl: @:1: log /nowhere/log: No such file or directory" <<<'log /nowhere/log'
	says 2 "shmswapctl: @:1: log: there is no event 'weather'" <<<"log $work/no fault weather"
	[ ! -e "$work/no" ] || die "a file was made"
	script 2 --json <<<'log -'
	says 2 "shmswapctl: @:1: log: wrong arguments, usage: log FILE|- [TYPE...] | off" <<<'log off off'
	script 0 <<<'log off'
}

sleeping()
{
	local begin=$EPOCHREALTIME
	script 0 <<<$'sleep 0.5\nsleep 0'
	[ "$(((${EPOCHREALTIME/./} - ${begin/./}) / 1000))" -ge 500 ] || die "that was too short"
	says 2 "shmswapctl: @:1: sleep: 'nan' is not a number of seconds from 0 to 86400" <<<'sleep nan'
	says 2 "shmswapctl: @:1: sleep: '1x' is not a number of seconds from 0 to 86400" <<<'sleep 1x'
}

# Lines are edited, names are completed, and what fails does not end it.
on_a_terminal()
{
	local status=0
	(
		for line in $'mach\tm frames=32\n' $'process first\n' $'exi\tfi\t\n' $'nonsense\n' \
			$'expect machine nr_processes 1\n' $'\e[A\n' $'expect stat pgcow 1\n' \
			$'help qui\t\n' $'quit\n'; do
			sleep 0.5
			printf '%s' "$line"
		done
		sleep 1
	) | TERM=vt100 command script -qec "$ctl" "$work/typescript" >"$work/shown" || status=$?
	same "$status" 1 "its status"
	tr -d '\r' <"$work/shown" >"$work/lines"
	grep -q 'default> ' "$work/lines" || die "there is no prompt: $(<"$work/lines")"
	grep -q 'm> ' "$work/lines" || die "the prompt is not the machine: $(<"$work/lines")"
	grep -qx 'shmswapctl: nonsense: there is no such command' "$work/lines" || die "$(<"$work/lines")"
	grep -qx 'shmswapctl: expect stat pgcow: it is 0, not 1' "$work/lines" || die "$(<"$work/lines")"
	same "$(grep -c '^shmswapctl:' "$work/lines")" 2 "complaints"
	grep -q 'leave the shell' "$work/lines" || die "help was not completed: $(<"$work/lines")"
}

run_cases words_and_texts machines processes attaches locked_segments other_memory accesses logs \
	no_event_is_lost logs_that_cannot_be sleeping on_a_terminal
