#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# e2e: module-args="frames=64 ram_swap=128 kswapd=0" timeout=300 kernels=6.1,6.12
#
# shmswapctl: its options, the commands that show the machine or change it, what they print as text
# and as JSON, and what its man page and its completion say of it.

# shellcheck source=tests/e2e/ctl_lib.sh
. "$(dirname "$0")/ctl_lib.sh"

# A machine whose state is known to the bit: page 0 is old and dirty in a, untouched in b; pages 1 to
# 3 are in swap; c has a page of private memory in swap, too.
known='
machine m frames=32 swap=64
process a b c
segment s 8 key=0x1996 mode=0640
attach a s at=0x100000000000
attach b s at=0x200000000000 ro
write a s 0 "hello"
touch a s 1 4 write
touch b s 1
mmap c heap 2 at=0x300000000000
touch c heap 0 1 write
control page_initial_age=0 page_decline=20
reclaim 1 method=clock
reclaim 3 method=clock
reclaim 8 method=scan
reclaim 4 method=mmap'

known()			# COMMAND...: runs them on it; what that printed is in $out
{
	printf '%s\n' "$known" "echo ----" "$@" >"$work/known"
	ends 0 "$ctl" -f "$work/known"
	out=${out#*----$'\n'}
}

known_json()		# COMMAND: the same, as JSON
{
	printf '%s\n' "$known" >"$work/known"
	ends 0 "$ctl" --json -f "$work/known" -c "$1"
	out=$(tail -n 1 <<<"$out")
}

options()
{
	ends 0 "$ctl" --version
	matches "$out" 'shmswapctl [0-9.]+'
	same "$out" "$("$ctl" -V)" "-V"
	ends 0 "$ctl" --help
	matches "$out" 'usage: shmswapctl .*'
	same "$out" "$("$ctl" -h)" "-h"
	ends 2 "$ctl" --nonsense
	matches "$err" ".*unrecognized option '--nonsense'"
	ends 2 "$ctl" -f
	ends 2 "$ctl" nonsense
	same "$err" "shmswapctl: nonsense: there is no such command" "an unknown command"
	ends 2 "$ctl" -c clock stat
	same "$err" "shmswapctl: stat: there are -c or -f already" "both"
	ends 0 "$ctl" -j -d /dev/shmswap stat pgcow
	same "$out" '{ "pgcow": 0 }' "-j"
	ends 0 "$ctl" --command 'echo one' -c 'echo two' --file - -c 'echo four' <<<'echo three'
	same "$out" $'one\ntwo\nthree\nfour' "their order"
	ends 0 "$ctl" -c 'echo one' -c quit -c 'echo two'
	same "$out" one "quit"
	ends 0 "$ctl" <<<'echo piped'
	same "$out" piped "standard input"
}

a_device_that_is_none()
{
	ends 3 "$ctl" --device /nowhere segs
	same "$err" "shmswapctl: /nowhere: No such file or directory" "no device"
	ends 3 "$ctl" -d /dev/null segs
	same "$err" "shmswapctl: segs: Inappropriate ioctl for device" "another device"
}

# Every command by itself, with arguments that are too many, and as JSON if it prints something.
every_command_alone()
{
	local name
	ends 0 "$ctl" help --json
	for name in $("$ctl" help | sed -n 's/^\([a-z]*\).*/\1/p'); do
		case $name in
		segs | maps | ptes | frames | swaps | clock | stat | procs | info | control | check | \
			reclaim | help)
			ends 0 "$ctl" "$name"
			[ -n "$out" ] || die "$name printed nothing"
			ends 0 "$ctl" "$name" --json
			of_json >/dev/null ;;
		echo | quit)	continue ;;
		watch)
			ends 0 "$ctl" watch --once
			[ -n "$out" ] || die "$name printed nothing"
			ends 0 "$ctl" watch --once --json
			of_json >/dev/null ;;
		events)
			ends 0 timeout --preserve-status -s INT 2 "$ctl" events
			same "$out" "" "events of an idle machine"
			same "$err" "0 events, 0 lost" "their number" ;;
		*)
			ends 2 "$ctl" "$name"
			matches "$err" "(shmswapctl: $name: wrong arguments, )?usage: .*" ;;
		esac
		# These take any number.
		case $name in
		echo | stat | control | segs | maps | ptes | swapoff | process | exit | fails) ;;
		*)	ends 2 "$ctl" "$name" 1 2 3 4 5 6 7 8 9 ;;
		esac
	done
}

# The members of JSON objects are the fields of the ABI's structs.
fields_of()		# STRUCT: of shmswap.h, without what every struct has
{
	sed -n "/^struct shmswap_$1 {\$/,/^}/s/^\t__[a-z0-9_]* \([a-z_]*\);.*/\1/p" shmswap.h |
		grep -vxE 'size|set|reserved'
}

members()		# [POINTER]: those of $out, without the words for numbers
{
	of_json "${1-}" | grep -vE '_names?$'
}

json_has_the_fields_of_the_abi()
{
	known_json segs
	same "$(members /0)" "shmid"$'\n'"index"$'\n'"$(fields_of shmid_ds)" segs
	known_json "segs -p -a"
	same "$(members /0/pages/0)" "$(fields_of pte)" "segs -p"
	same "$(members /0/attaches/0)" "$(fields_of vma)" "segs -a"
	known_json maps
	same "$(members /0)" "$(fields_of vma)" maps
	known_json ptes
	same "$(members /0)" "pid"$'\n'"$(fields_of pte)" ptes
	known_json frames
	same "$(members /0)" "$(fields_of page)" frames
	known_json "frames -f"
	same "$(members /0)" "$(fields_of free)" "frames -f"
	known_json "swaps -m"
	same "$(members /0)" "$(fields_of area)"$'\n'"slots" "swaps -m"
	same "$(members /0/slots/0)" "$(fields_of slot)" "slots"
	known_json clock
	same "$(members)" "$(fields_of clock)" clock
	known_json stat
	same "$(members)" "$(fields_of stat)" stat
	known_json procs
	same "$(members /0)" "$(fields_of proc)" procs
	known_json info
	same "$(members)" "$(fields_of info)" info
	known_json control
	same "$(members)" "$(fields_of control)" control
	known_json check
	same "$(members)" "$(fields_of check)" check
	known_json reclaim
	same "$(members)" "$(fields_of reclaim)" reclaim
}

segments()
{
	known segs
	same "$out" "$(cat <<-'END'
		shmid  index     key  mode  uid  segsz  nattch  rss  swp
		    0      0  0x1996  0640    0  32768       2    2    3
	END
	)" segs
	known "segs -a -p s"
	same "$(tail -n +3 <<<"$out")" "$(cat <<-'END'
	  attach: process 2, 0x100000000000-0x100000008000, from page 0
	  attach: process 3, 0x200000000000-0x200000008000, from page 0
	  page 0: frame 31
	  page 1: swap area 0, slot 1
	  page 2: swap area 0, slot 2
	  page 3: swap area 0, slot 3
	  page 4: frame 27
	END
	)" "segs -a -p"
	known "segs 0"
	matches "$out" ' +0 +0 +0x1996 .*'
	known "fails EINVAL segs 1"
	known_json "segs -p"
	same "$(of_json /0/key /0/rss /0/pages /0/pages/2/kind_name /0/pages/2/b)" \
		$'6550\n2\n5\nswap\n2' "segs -p"
}

regions()
{
	known "maps c b"
	same "$out" "$(cat <<-'END'
	         start             end  pgoff  flags                shmid  pid  kind
	0x300000000000  0x300000002000      0  read,write,maywrite     -1    4  anon
	0x200000000000  0x200000008000      0  read,shared              0    3  shm
	END
	)" maps
	known maps "maps 4"
	same "$(grep -c 0x <<<"$out")" 4 "regions of all, and of one"
	known_json maps
	same "$(of_json "" /0/flags_names /2/kind_name)" $'3\n4\nanon' maps
}

entries_bit_by_bit()
{
	known "ptes -v a"
	same "$out" "$(cat <<-'END'
	  pid  address         entry             what
	    2  0x100000000000  0000001f00023009  frame 31, old, dirty
	       V=1 FOR=0 FOW=0 FOE=1 ASM=0 GH=0 KRE=0 URE=0 KWE=1 UWE=1 DIRTY=1 ACCESSED=0 PFN=31
	    2  0x100000001000  0000804000000000  segment at index 0, page 1
	       V=0 TYPE=64 ID=0 INDEX=1
	    2  0x100000002000  0001004000000000  segment at index 0, page 2
	       V=0 TYPE=64 ID=0 INDEX=2
	    2  0x100000003000  0001804000000000  segment at index 0, page 3
	       V=0 TYPE=64 ID=0 INDEX=3
	    2  0x100000004000  0000001b00023009  frame 27, old, dirty
	       V=1 FOR=0 FOW=0 FOE=1 ASM=0 GH=0 KRE=0 URE=0 KWE=1 UWE=1 DIRTY=1 ACCESSED=0 PFN=27
	END
	)" "ptes -v"
	known "ptes -v c"
	matches "$out" ' +4  0x300000000000  0000040000000000  swap area 0, slot 4'
	matches "$out" ' +V=0 TYPE=0 OFFSET=4'
	known "ptes b" "touch b s 1" "ptes b"
	matches "$out" ' +3  0x200000001000  0000001a0006330d  frame 26, young, dirty, read-only'
}

entries_of_the_sharers()
{
	known "mmap a other 1 at=0x400000000000" "touch a other 0" "ptes s" "ptes -s 0"
	same "$(grep -c '^ *2 ' <<<"$out")" 10 "entries of a"
	same "$(grep -c '^ *2 .*0x1000000' <<<"$out")" 10 "entries of its attach"
	same "$(grep -c '^ *3 .*0x2000000' <<<"$out")" 2 "entries of b"
	! grep -q 0x300000 <<<"$out" || die "what c has is not the segment's"
	known_json "ptes -v"
	same "$(of_json "" /0/pid /0/fields/PFN /0/fields/DIRTY /2/kind_name /2/fields/INDEX)" \
		$'7\n2\n31\n1\nshm\n2' "ptes -v"
}

frames()
{
	known frames
	same "$(wc -l <<<"$out")" 3 "frames that are in use"
	matches "$out" ' +31 +2 +referenced +0 +3 +0 +0 +0 +0 +0 +0'
	known "frames -a"
	same "$(wc -l <<<"$out")" 33 "all frames"
	known "frames 30"
	matches "$out" ' 30 .*'
	same "$(wc -l <<<"$out")" 2 "one frame"
	known "frames 3 7"
	same "$(wc -l <<<"$out")" 8 "seven frames"
	known "fails EINVAL frames 32"
	known "frames -f"
	same "$(awk 'NR > 1 { sum += $2 * 2 ^ $1 } END { print sum }' <<<"$out")" 30 "free frames"
	script 0 <<<$'machine m frames=3000\nframes -a'
	same "$(wc -l <<<"$out")" 3001 "lines about many frames"
	script 2 <<<"frames -x"
	script 2 <<<"frames -f 1"
}

the_rest_that_is_shown()
{
	known "stat shm_swp shm_rss"
	same "$out" $'shm_rss 2\nshm_swp 3' "some counters"
	known clock
	same "$(head -n 4 <<<"$out")" $'swap_id 0\nswap_idx 4\nswap_attempts 9\nswap_successes 3' clock
	known info
	matches "$out" 'out_nr_frames 32'
	matches "$out" 'out_flags privileged'
	known procs
	matches "$out" ' +2 +[0-9]+ +2 +0 +5 .* -'
	known swaps
	same "$(tail -n 1 <<<"$out" | tr -s ' ')" ' 0 ram -1 65 64 4 0 0' swaps
	known "swaps -m"
	matches "$out" ' +0 +bad'
	matches "$out" ' +4 +1'
	says 2 "shmswapctl: @:1: stat: 'x' is not one of its counters" <<<"stat pgcow x"
}

swap_areas()
{
	local disk=$work/disk
	dd if=/dev/zero of="$disk" bs=4096 count=30 status=none
	PATH=$PATH:/sbin mkswap "$disk" >/dev/null 2>&1
	known "swapon ram=20 prio=7" "swapon $disk" "swaps" "swapoff 0" "expect area 0 type none" \
		"swapoff $disk" "expect area 1 prio 7" "swaps" "swapfile $work/new 12 prio=9" \
		"expect area 0 pages 12" "swapoff $work/new 1"
	same "$(head -n 2 <<<"$out")" $'area 1\narea 2' "their numbers"
	matches "$out" ' +1 +ram +7 +21 +20 .*'
	matches "$out" ' +2 +file +-2 +30 +29 .*'
	same "$(grep -c file <<<"$out")" 1 "areas that are files, in the two tables"
	known "swapfile \"$work/a b\\\\c\" 9" "expect area 1 pages 9" \
		"swapoff \"$work/a b\\\\c\"" "expect area 1 pages none"
	PATH=$PATH:/sbin swaplabel "$work/new" >/dev/null || die "it was not made by mkswap"
	script 0 --json <<<$'machine m\nswapon ram=9'
	same "$out" '{ "out_type": 0 }' "swapon as JSON"
	says 3 "shmswapctl: @:1: swapon: /nowhere: No such file or directory" <<<"swapon /nowhere"
	says 3 "shmswapctl: @:1: swapoff: /etc/passwd: Invalid argument" <<<"swapoff /etc/passwd"
	says 3 "shmswapctl: @:2: swapoff: 3: Invalid argument" <<<$'machine m\nswapoff 3'
	printf '%9000s' precious >"$work/precious"
	says 3 "shmswapctl: @:1: swapfile $work/precious: File exists" \
		<<<"swapfile $work/precious 10"
	same "$(wc -c <"$work/precious")" 9000 "a file that is in the way"
	script 0 <<<$'machine m\nswapfile '"$work/new 10"$'\nexpect area 0 pages 10'
	says 2 "shmswapctl: @:1: SLOTS: '8' is not a number from 9 to 2147483647" <<<"swapfile x 8"
	[ ! -e x ] || die "a file was made"
}

reclaiming()
{
	known "reclaim 2 method=clock level=0" "reclaim method=mmap" "reclaim 3 level=6"
	same "$(head -n 1 <<<"$out")" "2 calls freed 2 pages, the clock looked at 2" "the clock"
	script 0 --json <<<$'machine m\nreclaim 5 level=2 method=scan'
	same "$out" '{ "method": 3, "method_name": "scan", "level": 2, "count": 5, "out_calls": 5, "out_freed": 0, "out_attempts": 0 }' "as JSON"
	says 2 "shmswapctl: @:1: method: 'x' is not try, clock, mmap or scan" <<<"reclaim method=x"
	says 2 "shmswapctl: @:1: level: '7' is not a number from 0 to 6" <<<"reclaim level=7"
	says 2 "shmswapctl: @:1: reclaim: '0' is not a number from 1 to 4294967295" <<<"reclaim 0"
}

settings()
{
	known "control freepages_min=3 freepages_low=4 freepages_high=9 flags=rmid_forced page_cluster=0" \
		"control shmmax=8192 kswapd_interval=77 age_cluster_min=5" control
	for line in "freepages_low 4" "freepages_high 9" "flags rmid_forced" "page_cluster 0" \
		"shmmax 8192" "kswapd_interval 77" "age_cluster_min 5" "page_decline 20"; do
		matches "$out" "$line"
	done
	says 3 "shmswapctl: @:2: control: Invalid argument" \
		<<<$'machine m\ncontrol page_cluster=9 shmmax=1'
	says 2 "shmswapctl: @:2: control: there is no setting 'x'" <<<$'machine m\ncontrol x=1'
	says 2 "shmswapctl: @:2: control: 'shmmax' is not KEY=VALUE" <<<$'machine m\ncontrol shmmax'
	says 2 "shmswapctl: @:2: shmmni: '4294967296' is not a number from 0 to 4294967295" \
		<<<$'machine m\ncontrol shmmni=4294967296'
	# Nothing of what is wrong in a part is done.
	script 1 <<<$'machine m\nfails EINVAL control page_cluster=9 shmmax=1\nexpect control shmmax 1'
}

the_default_machine()
{
	local shmid
	ends 0 "$ctl" -c 'segment s 3 key=7' -c 'attach init s' -c 'write init s 1 "kept"' \
		-c 'expect machine flags default,privileged'
	ends 0 "$ctl" --json segs
	same "$(of_json "" /0/key /0/rss /0/nattch)" $'1\n7\n1\n0' "what it left"
	shmid=$(of_json /0/shmid)
	ends 0 "$ctl" expect page "$shmid" 1 state resident
	ends 1 "$ctl" expect segment "$shmid" rss 0
	same "$err" "shmswapctl: expect segment $shmid rss: it is 1, not 0" "outside of a script"
	ends 0 "$ctl" -c 'segment again 0 key=7' -c 'attach init again' -c 'read init again 1' \
		-c "expect process 1 rss 1" -c 'machine m' -c 'fails EINVAL attach init 0' \
		-c 'use default' -c "remove $shmid"
	same "$out" kept "the other process's text"
	ends 0 "$ctl" expect stat shm_tot 0
}

other_peoples_machines()
{
	ends 3 as_nobody "$ctl" procs
	same "$err" "shmswapctl: procs: Operation not permitted" procs
	ends 3 as_nobody "$ctl" reclaim
	same "$err" "shmswapctl: reclaim: Operation not permitted" reclaim
	ends 0 as_nobody "$ctl" segs
	ends 0 as_nobody "$ctl" -c 'machine own frames=16' -c 'process p' -c 'maps p' -c check
}

options_of()		# COMMAND...: their long options
{
	local name
	for name; do
		grep -oE '"[a-z]+", (no|required)_argument' "tools/shmswapctl/$name.c"
	done | sed 's/^"\(.*\)".*/--\1/'
}

# Everything that there is, is in the man page, and its example does what it says.
the_man_page()
{
	local name page=tools/shmswapctl.1 said
	said=$(tr -d '\134' <"$page")
	for name in $("$ctl" help | sed -n 's/^\([a-z]*\).*/\1/p'); do
		grep -qE "^\.B[RI]? .*$name( |\$)" <<<"$said" || die "$page lacks $name"
	done
	for name in $("$ctl" --help | grep -oE -- '--[a-z]+'; options_of events diff replay watch); do
		grep -qE -- "$name\b" <<<"$said" || die "$page lacks $name"
	done
	while read -r name; do
		grep -qE "(^\\.BI|fR, \") $name \"" "$page" || die "$page lacks the query $name"
	done < <(sed -n '/^const struct query queries/,/^}/s/^\t{ "\([a-z]*\)".*/\1/p' \
		tools/shmswapctl/queries.c)
	# What the machine tells has the fields that it says, in their order.
	script 0 <<<"${known/$'\n'process/$'\n'log -$'\n'process}"
	while read -r name; do
		matches "$said" "\.B $name( fR.*)?"
	done < <(sed -n 's/=[^ ]*//gp' <<<"$out" | sort -u)
	while read -r name; do
		sed '1,/^.SH EVENT LOG/d; /^.SH/,$d' <<<"$said" | grep -qw "$name" ||
			die "$page lacks the word $name"
	done < <(sed -n 's/^\t\[SHMSWAP_.*] = EVENT_WORD("\(.*\)"),/\1/p' \
		tools/shmswapctl/event_types.c)
	sed -n '/^machine m frames=32/,/^\.EE/p' "$page" | sed '$d' | tr -d '\134' >"$work/example"
	script 0 <"$work/example"
	same "$out" "$(printf '%s\n' "1 calls freed 0 pages, the clock looked at 2" \
		"1 calls freed 1 pages, the clock looked at 1" "all counts agree")" "its example"
}

the_completion()
{
	local name option
	# shellcheck source=tools/shmswapctl.bash
	. tools/shmswapctl.bash
	compopt() { :; }
	completes()		# WANTED WORD...
	{
		COMP_WORDS=("${@:2}")
		COMP_CWORD=$(($# - 2))
		_shmswapctl "$ctl" "${*: -1}" "${*: -2:1}"
		same "${COMPREPLY[*]}" "$1" "what follows '${*:2}'"
	}
	completes "segs segment" shmswapctl seg
	completes "maps machine" shmswapctl help ma
	completes "--json" shmswapctl --j
	completes "swapfile" shmswapctl -f x -c swapf
	completes "kswapd_wake kswapd_freed" shmswapctl -d /dev/shmswap stat kswapd
	completes "kswapd_interval= kswapd_maxpages=" shmswapctl control k
	completes "method=mmap" shmswapctl reclaim method=m
	completes "--time" shmswapctl events --tim
	completes "--context=" shmswapctl diff --c
	completes "--format=csv" shmswapctl replay --model --format=c
	completes "--ascii" shmswapctl watch --a
	completes "" shmswapctl diff a
	for name in events diff replay watch; do
		for option in $(options_of $name); do
			COMP_WORDS=(shmswapctl "$name" "$option")
			COMP_CWORD=2
			_shmswapctl "$ctl" "$option" "$name"
			[[ ${COMPREPLY[*]} == "$option"* ]] || die "$name's $option is unknown"
		done
	done
}

run_cases options a_device_that_is_none every_command_alone json_has_the_fields_of_the_abi segments \
	regions entries_bit_by_bit entries_of_the_sharers frames the_rest_that_is_shown swap_areas \
	reclaiming settings the_default_machine other_peoples_machines the_man_page the_completion
