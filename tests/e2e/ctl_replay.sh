#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# e2e: timeout=300 kernels=6.1,6.12
#
# shmswapctl replay: reference strings on a machine and on the independent model, which have to
# agree in every number, and what the logs of them say.

# shellcheck source=tests/e2e/libctl.sh
. "$(dirname "$0")/libctl.sh"

# trace KIND REFERENCES PAGES PROCESSES: prints a trace, always the same.
trace()
{
	awk -v kind="$1" -v nr="$2" -v pages="$3" -v processes="$4" '
		# A number below @limit, by the generator of Park and Miller.
		function below(limit) {
			state = state * 16807 % 2147483647
			return int(state / 2147483647 * limit)
		}
		# Page n is as often as 1 / (n + 1).
		function zipf(    u, n) {
			u = below(1000000) / 1000000 * sum
			for (n = 0; n < pages - 1 && u > weight[n]; n++)
				u -= weight[n]
			return n
		}
		BEGIN {
			state = 20220919
			for (i = 0; i < pages; i++)
				sum += weight[i] = 1 / (i + 1)
			for (i = 0; i < nr; i++) {
				if (processes > 1)
					printf("%d ", 1 + below(processes))
				if (kind == "loop")
					print "r", i % pages
				else if (kind == "zipf")
					print below(4) ? "r" : "w", zipf()
				else
					print below(2) ? "r" : "w", below(pages)
			}
		}'
}

# value NAME: of the result in $said.
value()
{
	awk -v name="$1" '$1 == name { print $2 }' <<<"$said"
}

# agree TRACE OPTION...: machine and model print the same; leaves it in $said.
agree()
{
	local machine
	ends_with 0 shmswapctl replay "${@:2}" "$1"
	machine=$said
	ends_with 0 shmswapctl replay --model "${@:2}" "$1"
	same "$said" "$machine" "the model on $*"
}

a_loop_larger_than_memory()
{
	trace loop 1500 100 1 >t
	agree t
	[ "$(value swap_reads)" -gt 500 ] || die "there was no pressure: $said"
	agree t -n 32
	agree t -n 99
	[ "$(value swap_writes)" -gt 0 ] || die "there was no pressure: $said"
	# All of it fits.
	agree t -n 100
	same "$(value swap_writes)" 0 "pages written"
	same "$(value faults)" 100 "faults"
	trace loop 1500 100 4 >t
	agree t
	agree t -n 16
}

zipf()
{
	trace zipf 1500 300 1 >t
	agree t
	agree t -n 128 -s 280
	trace zipf 1500 300 4 >t
	agree t
	agree t -n 200 -p 7
}

random_with_stores()
{
	trace random 1500 150 1 >t
	agree t
	same "$(value references)" 1500 "references"
	same "$(value stores)" "$(grep -c w t)" "stores"
	agree t --free=4
	agree t -n 16 --free=13
	same "$(value resident)" 3 "resident pages, of 3 frames that may be used"
	trace random 1500 150 4 >t
	agree t
	same "$(value processes)" 4 "processes"
	agree t -n 100
}

# What does not say who makes a reference is made by all in turn.
processes_take_turns()
{
	local by_hand
	trace random 800 150 1 >t
	agree t -p 4
	agree t -p 4 --quantum=7
	by_hand=$said
	awk '{ print 1 + int((NR - 1) / 7) % 4, $0 }' t >u
	agree u
	same "$said" "$by_hand" "the result with processes by hand"
	agree t -p 64 --quantum=1
}

# By pencil: 3 frames, one process, all levels above 1 have no budget. The fourth page finds
# three young ones.
worked_example()
{
	printf 'r %d\n' 0 1 2 3 0 >t
	agree t -n 16 --free=13
	same "$(value faults)" 5 "faults"
	same "$(value zero_filled)" 4 "zero-filled"
	same "$(value swap_reads)" 1 "pages read"
	same "$(value swap_writes)" 2 "pages written"
	same "$(value hit_ratio)" 0.000000 "hit ratio"
	# Level 1: budget 1, page 0 becomes old, page 1 is passed over. Level 0: page 2 becomes
	# old, page 0 goes. Then at level 1 page 1 becomes old, and page 2 is passed over; at level
	# 0 page 3 becomes old, and page 1 goes.
	same "$(value clock_attempts)" 8 "attempts"
	same "$(value ptes_aged)" 4 "entries that became old"
	same "$(value scanned_per_freed)" 4.000 "pages scanned per page freed"
}

as_json()
{
	local machine
	printf 'r %d\n' 0 1 2 3 0 >t
	ends_with 0 shmswapctl --json replay -n 16 --free=13 t
	machine=$said
	same "$said" "$(tr -d '\n\t' <<-'END'
	{ "references": 5, "stores": 0, "processes": 1, "pages": 4, "frames": 16, "slots": 4, "faults": 5,
	 "minor_faults": 0, "major_faults": 5, "zero_filled": 4, "swap_reads": 1, "swap_writes": 2,
	 "stalls": 2, "clock_attempts": 8, "clock_successes": 2, "ptes_aged": 4, "ptes_unmapped": 2,
	 "resident": 3, "swapped": 1, "scanned_per_freed": 4.000, "hit_ratio": 0.000000 }
	END
	)" "said"
	ends_with 0 shmswapctl --json replay --model -n 16 --free=13 t
	same "$said" "$machine" "what the model said"
	ends_with 0 shmswapctl --json replay -n 16 - <<<"r 1"
	[[ $said == *'"scanned_per_freed": null,'* ]] || die "nothing was freed: $said"
	ends_with 0 shmswapctl replay -n 16 - <<<"r 1"
	same "$(value scanned_per_freed)" - "pages scanned per page freed"
}

formats_say_the_same()
{
	local text
	printf '%s\n' "# a comment" "" "1 r 0x10" "2 W 17" "  1	w	16 " "2 R 1000000" >text
	printf '%s\n' "time, Op ,PROCESS,page" "0,r,1,16" "# no" "" "1,w,2,17" "2,W,1,0x10" \
		"3,R, 2 ,1000000" >pages
	printf '%s\r\n' "address,process,op" "65536,1,r" "0x11fff,2,w" "0x10008,1,w" \
		"4091500000,2,r" >addresses
	agree text
	text=$said
	agree pages --format=csv
	same "$said" "$text" "the result of pages"
	agree addresses --format=csv
	same "$said" "$text" "the result of addresses"
	same "$(value pages)" 3 "pages"
	same "$(value stores)" 2 "stores"
	same "$(value processes)" 2 "processes"
	ends_with 0 shmswapctl replay - <text
	same "$said" "$text" "the result of standard input"
	# Without the columns op and process: loads, and one process.
	printf '%s\n' page 1 2 3 >t
	agree t --format=csv
	same "$(value stores),$(value processes)" 0,1 "stores, processes"
}

lackey()
{
	cat >t <<-'END'
	==7== Lackey, an example Valgrind tool
	==7==
	--7-- warning

	I  04023790,3
	 S 1ffeff7e0,8
	 L 1ffeffffc,8
	 M 0421dac0,4
	I  04023793,5
	==7== END
	END
	agree t --format=lackey
	# An access that touches two pages is two references.
	same "$(value references)" 6 "references"
	same "$(value stores)" 2 "stores"
	same "$(value pages)" 4 "pages"
}

# refused FORMAT LINE WHY [TEXT]: with LINE after TEXT the trace is refused.
refused()
{
	local text=${4-} lines
	printf '%s' "$text" >t
	printf '%s\n' "$2" >>t
	lines=$(wc -l <t)
	ends_with 3 shmswapctl replay --model --format="$1" t
	same "$said" "" "what was printed"
	same "$complaint" "shmswapctl: t:$lines: $3" "complaint"
}

malformed_traces()
{
	local line op="an access is r or w" page="a page is a number"
	local process="a process is a number from 1 to 64" lackey=$'I  04023790,3\n'
	local reference="a reference is [PROCESS] r|w PAGE"
	for line in r w 7 "r 1 2 3" "1 r 2 3"; do
		refused text "$line" "$reference" $'r 1\n# two\n'
	done
	for line in "x 1" "1 x 1" "rw 1" "1 1 r"; do
		refused text "$line" "$op"
	done
	for line in "r x" "r 1x" "r -1" "r +1" "r 0x" "r 0x0x1" "r 0x-1" "r 99999999999999999999" "r 1.5"; do
		refused text "$line" "$page"
	done
	for line in "0 r 1" "65 r 1" "-1 r 1" "x r 1"; do
		refused text "$line" "$process"
	done
	refused text "r 140737488355328" "a page's number is too large"
	refused csv "r,1,2" "there are more fields than in the header" $'op,page\nr,1\n'
	refused csv "x" "$op" $'op,page\n'
	refused csv "r" "there are fewer fields than in the header" $'op,page\n'
	refused csv "r,x" "$page" $'op,page\n'
	refused csv "r," "$page" $'op,page\n'
	refused csv "r,0x1g" "an address is a number" $'op,address\n'
	refused csv "0,1" "$process" $'process,address\n'
	refused csv "op" "the header needs one of the columns page and address"
	refused csv "page,address" "the header needs one of the columns page and address"
	refused csv "page,op,page" "a column occurs twice"
	refused csv "page$(printf ',x%.0s' {1..64})" "there are more than 64 columns"
	for line in "X 1,2" "I" "I 1" "I 1,2 3" "II 1,2" "L1,2"; do
		refused lackey "$line" "an access is I, L, S or M, and ADDRESS,SIZE" "$lackey"
	done
	for line in "I x,1" "I ,1" "I 1," "I 1,x" "I 0x1,2"; do
		refused lackey "$line" "an access has a hexadecimal address and a size" "$lackey"
	done
	for line in "I 1,0" "I 1,4097" "I ffffffffffffffff,2"; do
		refused lackey "$line" "an access is 1 to 4096 bytes long" "$lackey"
	done
	printf 'r 1\nr \0001\n' >t
	ends_with 3 shmswapctl replay --model t
	same "$complaint" "shmswapctl: t:2: the line has a zero byte" "complaint"
	printf '# nothing\n' >t
	ends_with 3 shmswapctl replay --model t
	same "$complaint" "shmswapctl: t: there is no reference in it" "complaint"
	ends_with 3 shmswapctl replay --model none
	same "$complaint" "shmswapctl: none: No such file or directory" "complaint"
	ends_with 3 shmswapctl replay --model .
	same "$complaint" "shmswapctl: .: Is a directory" "complaint"
}

# misused PATTERN ARGUMENT...: it is a mistake of the command line.
misused()
{
	ends_with 2 shmswapctl replay "${@:2}"
	matches "$complaint" "shmswapctl: $1"
	same "$said" "" "what was printed"
}

mistakes_of_the_command_line()
{
	local usage="replay: wrong arguments, usage: replay .*"
	printf '3 r 1\n' >t
	misused "$usage"
	misused "$usage" t t
	misused "$usage" --odd t
	misused "$usage" -n
	misused "frames: '15' is not a number from 16 to 1048576" -n 15 t
	misused "frames: '1048577' is not .*" -n 1048577 t
	misused "processes: '0' is not a number from 1 to 64" -p 0 t
	misused "processes: '65' is not .*" -p 65 t
	misused "swap: 'x' is not .*" -s x t
	misused "quantum: '0' is not .*" --quantum=0 t
	misused "replay: 'x' is not a format: text, csv or lackey" --format=x t
	misused "replay: 'odd' is not a list of types of events" -t odd --log=l t
	misused "replay: some frames must not be kept free" -n 16 --free=16 t
	misused "replay: --free is for machines without kswapd" --kswapd --free=1 t
	misused "replay: the model has no kswapd" --kswapd --model t
	misused "replay: the model records no events" --log=l --model t
	misused "replay: events are text, and standard output is JSON" --log=- --json t
	misused "replay: -t and --ring are for --log" -t fault t
	misused "replay: -t and --ring are for --log" --ring=16 t
	misused "ring: '0' is not a number from 1 to 1048576" --ring=0 --log=l t
	[ ! -e l ] || die "a log was begun"
	ends_with 3 shmswapctl replay -p 2 t
	same "$complaint" "shmswapctl: t: process 3 has references, but there are to be 2" complaint
	# All that the model has room for, and one more.
	awk 'BEGIN { for (i = 0; i < 65536; i++) print "r", i }' >t
	ends_with 0 shmswapctl replay --model -n 1048576 t
	echo "r 65536" >>t
	ends_with 3 shmswapctl replay --model t
	same "$complaint" "shmswapctl: t: it has 65537 pages, but the model at most 65536" complaint
	ends_with 3 shmswapctl replay --model -s 65537 - <<<"r 1"
	same "$complaint" "shmswapctl: -: the model's swap area has at most 65536 slots" complaint
}

# Both fail at the same reference, and print no half result.
memory_and_swap_are_full()
{
	local why
	trace loop 300 100 1 >t
	ends_with 3 shmswapctl replay -s 20 t
	why=$complaint
	same "$said" "" "what was printed"
	matches "$why" "shmswapctl: t: reference 8[0-9], process 1 loads from page 8[0-9]: Cannot allocate memory"
	ends_with 3 shmswapctl replay --model -s 20 t
	same "$complaint" "$why" "the model's complaint"
	ends_with 3 shmswapctl replay -s 0 t
	same "$complaint" "shmswapctl: t: reference 65, process 1 loads from page 64: Cannot allocate memory" "complaint"
	ends_with 3 shmswapctl replay --model -s 0 t
	matches "$complaint" "shmswapctl: t: reference 65, .*"
	agree t -n 100 -s 0
}

# count PATTERN: lines of the log.
count()
{
	grep -cE "$1" log || true
}

a_log_has_all_that_was_counted()
{
	local said_without
	trace random 800 150 3 >t
	ends_with 0 shmswapctl replay -n 64 t
	said_without=$said
	ends_with 0 shmswapctl replay -n 64 --log=log t
	same "$said" "$said_without" "the result with a log"
	same "$(count '^fault ')" "$(value faults)" "faults"
	same "$(count '^fault .* how=minor ')" "$(value minor_faults)" "minor faults"
	same "$(count '^fault .* how=zero ')" "$(value zero_filled)" "zero-filled"
	same "$(count '^fault .* how=swap ')" "$(value swap_reads)" "major faults"
	same "$(count '^swap_in ')" "$(value swap_reads)" "pages read"
	same "$(count '^swap_out ')" "$(value swap_writes)" "pages written"
	same "$(count '^clock_step .* why=victim ')" "$(value clock_successes)" "victims"
	same "$(count '^clock_step .* why=(victim|young|pinned|budget) ')" \
		"$(value clock_attempts)" "attempts"
	same "$(count '^pte .* why=age ')" "$(value ptes_aged)" "entries that became old"
	same "$(count '^pte .* why=unmap ')" "$(value ptes_unmapped)" "entries taken away"
	same "$(count '^reclaim_begin method=fault ')" "$(value stalls)" "faults that waited"
	same "$(count '^lost')" 0 "events lost"
	same "$(count '(seq|time)=')" 0 "numbers and times"
	# A log of some types has just these.
	mv log all
	ends_with 0 shmswapctl replay -n 64 -t clock,slot --log=log t
	grep -E '^(clock|slot)' all | cmp - log || die "the log of some types is another one"
}

two_runs_have_the_same_log()
{
	trace random 800 150 3 >t
	ends_with 0 shmswapctl replay --log=a t
	ends_with 0 shmswapctl replay --log=b t
	cmp a b
	ends_with 0 shmswapctl diff a b
	same "$said" "The logs are equal: $(wc -l <a) events." "said"
}

# The first page that another process touches is young there, and stays for a turn longer.
diff_finds_what_was_changed()
{
	{ printf '1 r %d\n' {0..15}; printf '1 r 16\n1 r 17\n'; } >t
	{ printf '1 r %d\n' {0..15}; printf '2 r 1\n1 r 16\n1 r 17\n'; } >u
	ends_with 0 shmswapctl replay -p 2 -n 16 -t clock,swap,pte --log=a t
	ends_with 0 shmswapctl replay -p 2 -n 16 -t clock,swap,pte --log=b u
	ends_with 1 shmswapctl diff a b
	matches "$said" "After 16 equal events A began a run of the clock .*; B mapped page 1 of segment 0 into process 2\."
	grep -v 'pid=2.* why=\(map\|access\)' b >c
	ends_with 1 shmswapctl diff a c
	matches "$said" "  in process 1: last touched at line 2 of A, 2 of B; .*"
}

# A log is only good if it is whole.
a_log_that_cannot_be_written()
{
	trace random 800 150 3 >t
	ends_with 3 shmswapctl replay --log=/dev/full t
	matches "$complaint" "shmswapctl: .*: No space left on device"
	same "$said" "" "what was printed"
	ends_with 3 shmswapctl replay --log=none/log t
	same "$complaint" "shmswapctl: none/log: No such file or directory" "complaint"
	ends_with 0 shmswapctl replay --log=/dev/null t
	ends_with 3 shmswapctl replay --log=log --ring=16 t
	matches "$complaint" "shmswapctl: the event log has lost [1-9][0-9]* events"
	same "$said" "" "what was printed"
	# Where events are kept meanwhile there is no room, not even for a few. (The program itself
	# may be below that.)
	printf 'r 1\n' >t
	exec 9<"$(command -v shmswapctl)"
	ends_with 3 unshare --mount sh -c 'mount -t tmpfs -o size=16k nodev /tmp &&
		! head -c 32k /dev/zero >/tmp/full 2>/dev/null && exec /proc/self/fd/9 replay --log=log t'
	exec 9<&-
	matches "$complaint" "shmswapctl: .*: No space left on device"
}

with_kswapd()
{
	trace random 1500 150 3 >t
	ends_with 0 shmswapctl replay --kswapd --log=log t
	same "$(value references)" 1500 "references"
	same "$(value zero_filled)" 150 "zero-filled"
	same "$(($(value resident) + $(value swapped)))" 150 "pages"
	[ "$(count '^kswapd why=wake')" -gt 0 ] || die "kswapd did not wake up"
}

how_long_it_took()
{
	printf 'r 1\n' >t
	ends_with 0 shmswapctl replay --times t
	[ "$(value references_per_second)" -gt 0 ]
	matches "$said" "seconds_reading +[0-9]+\.[0-9]{6}"
	matches "$said" "seconds_running +[0-9]+\.[0-9]{6}"
	ends_with 0 shmswapctl replay t
	[ -z "$(value seconds_running)" ]
}

run_cases a_loop_larger_than_memory zipf random_with_stores processes_take_turns worked_example as_json \
	formats_say_the_same lackey malformed_traces mistakes_of_the_command_line \
	memory_and_swap_are_full a_log_has_all_that_was_counted two_runs_have_the_same_log \
	diff_finds_what_was_changed a_log_that_cannot_be_written with_kswapd how_long_it_took
