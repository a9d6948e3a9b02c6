#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# e2e: module-args="frames=64 ram_swap=1024 kswapd=0" timeout=480 kernels=6.1,6.12
#
# shmswapctl watch: on terminals of several kinds, all of them tmux's, and as text. What is watched
# is made by tests/programs/watched.c.
#
# usage: tests/e2e/ctl_watch.sh [CASE...]	(default: all)

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"

slow=${SHMSWAP_SLOW:-1}
work=$(mktemp -d)
terminals=0
export LC_ALL=C.UTF-8 PATH=$SHMSWAP_BIN:$PATH
unset TMUX

tmux_do()		# COMMAND...
{
	tmux -S "$socket" "$@"
}

# A server that is about to end still answers, so each terminal has one of its own.
end_terminals()
{
	local old
	for old in "$work"/socket.*; do
		tmux -S "$old" kill-server || true
		rm -f "$old"
	done
} 2>/dev/null

cleanup()
{
	end_terminals
	rm -rf "$work"
}
trap cleanup EXIT

# made WHAT...: what `watched` makes is there until this case ends.
made()
{
	local said
	rm -f "$work/ready"
	# shellcheck disable=SC2034	# nothing is ever written there
	exec {hold}> >(exec watched "$@" 4>&- >"$work/ready" 2>&1)
	soon_in "$work/ready"
	said=$(<"$work/ready")
	[ "$said" = ready ] || die "watched $*: $said"
}

within_half_a_minute()	# COMMAND...
{
	local deadline=$((SECONDS + 30 * slow))
	until "$@"; do
		[ "$SECONDS" -lt "$deadline" ] || die "not within half a minute: $*"
		sleep 0.1
	done
}

soon_in()		# FILE: it is not empty within half a minute
{
	within_half_a_minute test -s "$1"
}

# on TERMINAL SIZE COMMAND...: in a terminal of that kind and of that size, COLUMNSxLINES. Then
# `status N` stands there, and in $work/{before,after} how the terminal was set.
on()
{
	local term=$1 size=$2
	shift 2
	end_terminals
	terminals=$((terminals + 1))
	socket=$work/socket.$BASHPID.$terminals
	rm -f "$work/status"
	echo "set -g status off" >"$work/tmux.conf"
	# The shell goes on after a ^C.
	cat >"$work/inside" <<-END
	trap : INT
	stty -a >"$work/before"
	echo "it was here before"
	TERM=$term $*
	status=\$?
	stty -a >"$work/after"
	echo "status \$status" | tee "$work/status"
	exec sleep 1000
	END
	tmux_do -f "$work/tmux.conf" new-session -d -x "${size%x*}" -y "${size#*x}" \
		"exec sh $work/inside 2>&1"
}

screen()
{
	tmux_do capture-pane -p
}

keys()			# KEY...
{
	tmux_do send-keys -- "$@"
}

# shown PATTERN...: within half a minute each is, as an extended regular expression, all of a line.
shown()
{
	local deadline=$((SECONDS + 30 * slow)) pattern
	for pattern; do
		until screen | grep -qxE -- "$pattern"; do
			[ "$SECONDS" -lt "$deadline" ] || die "no line is like '$pattern':"$'\n'"$(screen)"
			sleep 0.05
		done
	done
}

# now_shown PATTERN...: the same, without waiting.
now_shown()
{
	local pattern what
	what=$(screen)
	for pattern; do
		grep -qxE -- "$pattern" <<<"$what" || die "no line is like '$pattern':"$'\n'"$what"
	done
}

not_shown()		# PATTERN
{
	! screen | grep -E -- "$1" || die "that should not be there"
}

# It has ended, with that status, and the terminal is set as before.
ended_with()		# STATUS
{
	soon_in "$work/status"
	[ "$(<"$work/status")" = "status $1" ] || die "$(<"$work/status"), not $1"
	shown "status $1"
	cmp "$work/before" "$work/after" || die "the terminal is set differently"
}

quit()
{
	keys q
	ended_with 0
}

# has TEXT PATTERN...: each is all of a line of TEXT.
has()
{
	local text=$1 pattern
	shift
	for pattern; do
		grep -qxE -- "$pattern" <<<"$text" || die "no line is like '$pattern':"$'\n'"$text"
	done
}

# refused STATUS PATTERN COMMAND...: it ends with that status, and says so on standard error.
refused()
{
	local status=0 wanted=$1 pattern=$2 said
	shift 2
	said=$("$@" 2>&1 >/dev/null </dev/null) || status=$?
	[ "$status" = "$wanted" ] || die "$*: status $status, not $wanted; it said: $said"
	has "$said" "shmswapctl: $pattern"
}

as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)

# The rows of the state that `watched state` makes, with 64 cells.
ages=3333333333333333333333333333bbbbbkkkkk
untouched=$(printf '%064d' 0 | tr 0 .)
row0=$(printf -- '--%s%.24s' "$ages" "$untouched")
frames_line='frames  \[#{13}\.{7}\] 22/64 free  min 4 low 6 high 8  cache 0  file 0'
swap_line='swap 0  \[#\.{19}\] 2/1024 used  ram  prio -1'
shared='shmid 0 key 0x1996 200 pages 38 res 2 swp 2 att +\[###-\.{12}\]'
locked='shmid 1 key 0x1997 locked 100 pages 4 res 0 swp 1 att +\[#\.{15}\]'

once_prints_text()
{
	local text
	made state
	text=$(shmswapctl watch --once)
	has "$text" "shmswap machine 0 \(default\), [34] processes, no kswapd" \
		"$frames_line" "$swap_line" \
		" +minor flt major flt +swap in +swap out +attempts +successes +kswapd" \
		"per s( +-){7}" \
		"in all +4 +44 +0 +2 +42 +2 +0" \
		"hands   clock 0:2  shrink_mmap frame [0-9]+  scan process [0-9]+  next [a-z_]+" \
		"H>0: $shared" " +0 $row0" " {11}\^ H" " +64 \.{64}" "  1: $locked" " +0 3333\.{60}" \
		"page 0:0  swapped  slot 0:1 users 1" "2 sharers" \
		" +1 [0-9a-f]{12} signature +2 [0-9a-f]{12} signature"
	# Rows that nobody has touched are left out behind one such.
	! grep -E "^ +(128|192) " <<<"$text" || die "that should not be there"
	! LC_ALL=C grep -P '[^ -~]' <<<"$text" || die "that is not ASCII"
	text=$(shmswapctl watch -s 0:2 --once)
	has "$text" " {13}\*" "page 0:2  resident  frame [0-9]+ count 3 age 3" \
		" +1 [0-9a-f]{12} present old dirty +2 [0-9a-f]{12} present young dirty"
	text=$(shmswapctl watch -s 1:99 --once)
	has "$text" "H 0: $shared" " >1: $locked" "page 1:99  untouched" "1 sharer" \
		" +1 [0-9a-f]{12} none"
}

once_prints_json()
{
	local text
	made state
	text=$(shmswapctl --json watch --once -s 0:2 | tr -d ' \n')
	for part in '"info":{"out_flags":3221225472,"out_flags_names":["default","privileged"],' \
		'"out_nr_frames":64,' '"control":{"flags":0,' \
		'"nr_free_pages":22,"nr_swap_pages":1022' '"pgfault":48,"pgmajfault":44' \
		'"areas":[{"type":0,"kind":0,"kind_name":"ram","prio":-1,"max":1025,"pages":1024,"inuse":2,' \
		'"clock":{"swap_id":0,"swap_idx":2,"swap_attempts":42,' '"nr_segments":2' \
		'"segments":[{"shmid":0,"index":0,"key":6550,' '"pages":200,"looked_at":200,' \
		'"page_list":[{"index":0,"state":"swapped","area":0,"slot":1},' \
		'{"index":39,"state":"resident","pfn":56,"age":20}]}' \
		'"page":{"index":2,"state":"resident","pfn":29,"age":3,"segment":0,' \
		'"frame":{"pfn":29,"count":3,' \
		'"present":true,"young":true,"dirty":true}]}}' '"nr_sharers":2'; do
		[[ $text == *"$part"* ]] || die "there is no $part in $text"
	done
}

a_serial_terminal_shows_the_state()
{
	made state
	on vt100 80x24 LC_ALL=C.UTF-8 shmswapctl watch -d 60
	shown "shmswap machine 0 \(default\), [34] processes, no kswapd +every 60 s" \
		"$frames_line" "$swap_line" "hands   clock 0:2  .*" \
		"H>0: $shared" " +0 $row0" " {11}\^ H" "  1: $locked" " +0 3333\.{60}" \
		"page 0:0  swapped  slot 0:1 users 1" "2 sharers" \
		" +1 [0-9a-f]{12} signature +2 [0-9a-f]{12} signature" \
		"\. untouched  - swapped  0-z resident, by age  A-Z in swap cache  H hand  \^ you" \
		"q quit .*"
	not_shown "it was here"
	quit
}

# select PATTERN KEY...: after these keys, PATTERN is the line about the selected page.
select_with()
{
	local pattern=$1
	shift
	keys "$@"
	shown "$pattern"
}

keys_select_segments_and_pages()
{
	made state
	on vt220 80x24 shmswapctl watch -d 60
	shown "page 0:0  swapped .*"
	select_with "page 0:1  swapped  slot 0:2 users 1" Right
	select_with "page 0:2  resident  frame [0-9]+ count 3 age 3" l
	now_shown " {13}\*" " +1 [0-9a-f]{12} present old dirty +2 [0-9a-f]{12} present young dirty"
	select_with "page 0:1 .*" h
	select_with "page 0:0 .*" Left Left
	select_with "page 0:64  untouched" Down
	now_shown " +1 [0-9a-f]{12} none +2 [0-9a-f]{12} none"
	select_with "page 0:192  untouched" j j
	select_with "page 1:0  resident .*" j
	now_shown "H 0: $shared" " >1: $locked" "1 sharer" " +1 [0-9a-f]{12} present young dirty"
	select_with "page 0:192 .*" k
	select_with "page 0:128 .*" Up
	select_with "page 0:199 .*" End
	select_with "page 0:0 .*" Home
	select_with "page 0:13 .*" NPage
	select_with "page 0:30  resident .* age 11" Right Right Right Right Right Right Right Right \
		Right Right Right Right Right Right Right Right Right
	select_with "page 1:0 .*" Tab
	select_with "page 0:0 .*" Tab
	select_with "page 1:0 .*" BTab
	select_with "page 1:99 .*" End Right
	select_with "no such key: .*" x
	select_with "left right h l .*" '?'
	not_shown "^page"
	select_with "page 1:99 .*" q
	quit
}

a_step_moves_the_hand()
{
	made state
	on vt100 80x24 shmswapctl watch -d 60 -s 0:2
	shown " {13}\*" "hands   clock 0:2 .*"
	keys s
	# Page 2 is young in one of two processes, page 3 in none.
	shown "step: a page was swapped out, 2 attempts" "hands   clock 0:4 .*" " {13}\^ H" \
		" +0 --3-${ages:2}\.{24}" "page 0:2  resident  frame [0-9]+ count 2 age 3" \
		" +1 [0-9a-f]{12} signature +2 [0-9a-f]{12} present old dirty" \
		"swap 0  \[#\.{19}\] 3/1024 used  ram  prio -1" \
		"frames  .* 23/64 free .*" "[0-9]+ s +0 +0 +0 +1 +2 +1 +0"
	keys s
	shown "step: a page was swapped out, 1 attempt" "hands   clock 0:5 .*"
	keys r
	shown "counting from here on" "[0-9]+ s( +0){7}"
	keys s
	shown "[0-9]+ s +0 +0 +0 +1 +1 +1 +0"
	quit
}

it_pauses_and_goes_on()
{
	made state
	on vt100 80x24 shmswapctl watch -d 0.1
	shown ".* every 0.1 s" "H>0: $shared"
	watched touch 150
	shown "H>0: .* 39 res 2 swp 2 att .*" " +128 \.{22}3\.{41}"
	keys Space
	shown ".* PAUSED"
	watched touch 151
	sleep 1
	now_shown "H>0: .* 39 res 2 swp 2 att .*" " +128 \.{22}3\.{41}"
	keys n
	shown "H>0: .* 40 res 2 swp 2 att .*" " +128 \.{22}33\.{40}"
	now_shown ".* PAUSED"
	watched touch 152
	keys Space
	shown "H>0: .* 41 res 2 swp 2 att .*" " +128 \.{22}333\.{39}"
	keys +
	shown ".* every 0.2 s"
	keys - - -
	shown ".* every 0.1 s"
	quit
}

it_follows_the_size()
{
	made state
	on screen 80x24 LC_ALL=C shmswapctl watch -d 60
	shown "H>0: $shared" " +0 $row0"
	tmux_do resize-window -x 132 -y 50
	shown "H>0: .* 200 pages 38 res 2 swp 2 att +\[###-\.{12}\]" " +0 $row0\.{48}" \
		" +112 \.{88}" "page 0:0  swapped .*"
	tmux_do resize-window -x 60 -y 18
	shown " +0 --3333333333333333333333333333bbbbbkkkkk\.{8}" "page 0:0  swapped .*" "2 sharers"
	tmux_do resize-window -x 59 -y 24
	shown "too small: 59x24, not 60x18"
	tmux_do resize-window -x 20 -y 3
	shown "too small: 20x3, not"
	keys Right s n
	tmux_do resize-window -x 80 -y 24
	shown "page 0:1  swapped .*" "hands   clock 0:4 .*"
	quit
	# Keys, before there ever was room for anything.
	on screen 40x10 LC_ALL=C shmswapctl watch -d 60
	shown "too small: 40x10, not 60x18"
	keys Down Up PgDn End Tab s n Down
	tmux_do resize-window -x 80 -y 24
	shown "hands   clock .*"
	tmux_do resize-window -x 40 -y 10
	shown "too small: 40x10, not 60x18"
	quit
	# With an alternate screen, what was there before is there again.
	now_shown "it was here before"
}

it_ends_cleanly()
{
	made state
	on screen 80x24 LC_ALL=C shmswapctl watch
	shown "H>0: $shared"
	keys C-c
	ended_with 0
	now_shown "it was here before"
	on vt100 80x24 shmswapctl watch -d 60
	shown "H>0: $shared"
	pkill -TERM -x shmswapctl
	ended_with 143
	on vt100 80x24 shmswapctl watch -d 60
	shown "H>0: $shared"
	tmux_do kill-server
	within_half_a_minute nobody_watches
}

nobody_watches()
{
	! pgrep -x shmswapctl
}

glyphs_and_colours_are_the_terminals()
{
	made state
	on screen 80x24 shmswapctl watch
	shown " +0 ○○$ages·{24}" "frames  \[█{13}░{7}\] .*"
	tmux_do capture-pane -p -e | grep -q $'\e\[3[0-7]m' || die "there are no colours"
	quit
	on screen 80x24 shmswapctl watch --mono
	shown " +0 ○○$ages·{24}"
	! tmux_do capture-pane -p -e | grep $'\e\[[34][0-7]m' || die "there are colours"
	quit
	on screen 80x24 shmswapctl watch --ascii
	shown " +0 $row0" "$frames_line"
	quit
	on linux 80x24 LC_ALL=C shmswapctl watch
	shown " +0 $row0" "$frames_line"
	quit
}

others_see_what_they_may()
{
	made state
	on vt100 80x24 "${as_nobody[@]}" shmswapctl watch -d 60
	shown "hands   hidden, as are ages, frames, slots' users: you do not control it" \
		" >0: $shared" " {11}hidden: you may not read this segment" "page 0:0  hidden" \
		"  1: $locked" " +0 ####\.{60}" ". untouched  - swapped  #   resident .*"
	keys Tab
	shown "page 1:0  resident  frame [0-9]+" "1 sharer" " +1 [0-9a-f]{12} hidden"
	keys s
	shown "step: you do not control this machine"
	not_shown "[H*] *$"
	quit
	has "$("${as_nobody[@]}" shmswapctl watch --once)" "hands   hidden, .*"
	[[ $("${as_nobody[@]}" shmswapctl --json watch --once) != *clock* ]] || die "it shows the hands"
}

# Thousands of segments, the last of which has 2^26 pages.
it_finds_its_way_through_much()
{
	local last=3000
	made many "$last"
	on vt100 80x24 shmswapctl watch -d 1
	shown "[H ]>0: .* 1 pages 0 res 0 swp 0 att .*"
	keys BTab
	shown ".>$last: .* 67108864 pages 2 res 0 swp 1 att.*" " +0 3\.{63}" "page $last:0  resident .*"
	keys End
	shown " +67108800 \.{63}3" "page $last:67108863  resident .*"
	keys k
	shown "page $last:67108799  untouched"
	keys PPage
	shown "page $last:62914494  untouched"
	keys Home k
	shown "page $((last - 1)):0  untouched"
	keys Tab Tab
	shown "page 0:0  untouched"
	quit
}

# Segments that vanish, processes that end, kswapd, for some seconds.
it_watches_a_busy_machine()
{
	local i
	on screen 100x40 shmswapctl watch -d 0.1
	shown "  no segments"
	keys Tab Right Down s End
	made live $((15 * slow))
	shown "shmswap machine 0 .* processes, kswapd .*" "per s +[0-9]+k? +[1-9][0-9]*k? .*" \
		"[0-9]+ s +[0-9]+k? +[1-9][0-9]*k? +[1-9][0-9]*k? +[1-9].*"
	for ((i = 0; i < 10; i++)); do
		keys Tab Right Down s End NPage k BTab Up
	done
	keys Space n n Space
	quit
}

# In a machine whose segments the process scan takes, a page that one of two processes lost.
the_swap_cache_is_seen()
{
	local text
	rmmod shmswap
	insmod "$SHMSWAP_MODULE" frames=64 ram_swap=64 kswapd=0 shm_reclaim=process
	made cache
	text=$(shmswapctl watch --once)
	has "$text" "shmswap machine 0 .*, no kswapd, shm_reclaim=process" \
		" +0 .*[A-Z].*" "frames  .*  cache 1  file 0"
	text=$(tr -d ' \n' < <(shmswapctl --json watch --once))
	[[ $text == *'"state":"intheswapcache","pfn":'*'"age":'*'"slot":1'* ]] || die "$text"
}

bad_usage_is_refused()
{
	local misused="watch: wrong arguments, usage: watch .*"
	refused 2 "watch: '0' is not a number of seconds from 0.1 to 3600" shmswapctl watch -d 0
	refused 2 "watch: '1x' is not a number of .*" shmswapctl watch -d 1x
	refused 2 "watch: 'nan' is not a number of .*" shmswapctl watch -d nan
	refused 2 "watch: there is no segment or region x" shmswapctl watch -s x --once
	refused 2 "watch: page: '' is not a number .*" shmswapctl watch -s 1: --once
	refused 2 "$misused" shmswapctl watch -s
	refused 2 "$misused" shmswapctl watch --nothing
	refused 2 "$misused" shmswapctl watch more
	refused 2 "watch: --json needs --once" shmswapctl watch --json
	refused 3 "watch: there is no segment 7" shmswapctl watch --once -s 7
	refused 3 "watch: standard input and output are no terminal .*" shmswapctl watch
	made state
	refused 3 "watch: page 200: the segment has 200" shmswapctl watch --once -s 0:200
	on dumb 80x24 shmswapctl watch
	ended_with 3
	now_shown "shmswapctl: watch: the terminal 'dumb' cannot move its cursor .*"
	on none-such 80x24 shmswapctl watch
	ended_with 3
	now_shown "shmswapctl: watch: the terminal 'none-such' is unknown or too simple .*"
}

# In the shell it shows the current machine, and segments have names.
a_machine_of_a_script_is_watched()
{
	has "$(shmswapctl -c 'machine small frames=32 swap=32' -c 'segment a 40' \
		-c 'segment b 8' -c 'attach init b' -c 'touch init b 2 3 write' \
		-c 'watch -s b:2 --once')" \
		"shmswap machine [1-9][0-9]*, 1 process, no kswapd" "frames  .* 29/32 free .*" \
		"H 0: shmid 0 key 0 40 pages .*" " >1: shmid 1 key 0 8 pages 3 res 0 swp 1 att .*" \
		" +0 \.\.333\.{3}" "page 1:2  resident  frame [0-9]+ count 2 age 3"
	on vt100 80x24 shmswapctl -c "'machine small frames=32 swap=32'" -c "'segment b 8'" \
		-c "'attach init b'" -c "'touch init b 0 3 write'" -c "'watch -d 60'" -c "'echo after'" \
		-c watch
	shown " +0 333\.{5}" ".* every 60 s"
	keys s
	shown "step: nothing was swapped out, 4 attempts" " +0 333\.{5}"
	keys s
	shown "step: a page was swapped out, 1 attempt" " +0 3-3\.{5}"
	keys q
	shown ".* every 1 s" " +0 3-3\.{5}"
	quit
	# The shell edits its lines as before.
	on screen 80x24 LC_ALL=C shmswapctl
	keys "machine m frames=32" Enter "segment s 5" Enter "watch" Enter
	shown " +0 \.{5}"
	keys q "echo x" BSpace "after" Enter
	shown "after"
	keys quit Enter
	ended_with 0
}

every_count_agrees()
{
	selfcheck
}

# Each begins with a machine without segments.
run_cases()		# CASE...
{
	local name nr=0 status
	echo "KTAP version 1"
	echo "1..$#"
	for name; do
		nr=$((nr + 1))
		# As the first part of `||` it would not end where a command fails.
		"$name" >"$work/said" 2>&1 &
		status=0
		wait $! || status=$?
		end_terminals
		within_half_a_minute rmmod shmswap 2>/dev/null
		insmod "$SHMSWAP_MODULE" frames=64 ram_swap=1024 kswapd=0
		[ $status = 0 ] || sed 's/^/# /' "$work/said"
		echo "$([ $status = 0 ] || echo "not ")ok $nr $name"
	done
}

[ $# -gt 0 ] || set -- once_prints_text once_prints_json a_serial_terminal_shows_the_state \
	keys_select_segments_and_pages a_step_moves_the_hand it_pauses_and_goes_on \
	it_follows_the_size it_ends_cleanly glyphs_and_colours_are_the_terminals \
	others_see_what_they_may it_finds_its_way_through_much it_watches_a_busy_machine \
	the_swap_cache_is_seen bad_usage_is_refused a_machine_of_a_script_is_watched every_count_agrees
run_cases "$@"
