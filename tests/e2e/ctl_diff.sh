#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# e2e: timeout=60
#
# shmswapctl diff: it finds the first divergence of two event logs, whatever it is, and says in
# words what each did, where the hand was, and who had touched the page.

# shellcheck source=tests/e2e/libctl.sh
. "$(dirname "$0")/libctl.sh"

faults="fault pid=1 addr=0x1000 write=1 how=zero shmid=0 index=3 pfn=5 count=2
fault pid=2 addr=0x1000 write=0 how=minor shmid=0 index=3 pfn=5 count=3"
begin="clock_begin level=2 budget=4 hand=0:3 slot=0:1"
step="clock_step hand=0:3->0:4"
page="shmid=0 index=3"

# logs A B: what is to be in the two.
logs()
{
	printf '%s\n' "$1" >a
	printf '%s\n' "$2" >b
}

# differ A B SENTENCE: the logs of these end with that sentence about the first divergence.
differ()
{
	logs "$1" "$2"
	ends_with 1 shmswapctl diff a b
	grep -qxF -- "$3" <<<"$said" || die "it did not say '$3', but:"$'\n'"$said"
}

equal_logs()
{
	logs "$faults"$'\n'"$begin" "$faults"$'\n'"$begin"
	ends_with 0 shmswapctl diff a b
	same "$said" "The logs are equal: 3 events." "said"
	ends_with 0 shmswapctl diff a a
	ends_with 0 shmswapctl diff a - <b
	ends_with 0 shmswapctl --json diff a b
	same "$said" '{ "equal": true, "events": 3 }' "said"
	: >a
	: >b
	ends_with 0 shmswapctl diff a b
	same "$said" "The logs are equal: 0 events." "said"
	logs "$begin" "$begin"
	ends_with 0 shmswapctl diff a b
	same "$said" "The logs are equal: 1 event." "said"
}

comments_numbers_and_times_do_not_count()
{
	logs "$faults" "# from a machine"$'\n\n'"  # of 16 frames"$'\n'"${faults/count=2/count=2 seq=7 time=3.000000001}"
	ends_with 0 shmswapctl diff a b
}

# The example of the manual: an entry is young in one of them, and it decides.
a_young_bit_that_decided()
{
	local old=0x500023309 young=0x500063309 entry="addr=0x1000 $page"
	logs "# A
$faults
pte pid=2 $entry why=age pte=$young->$old
$begin
pte pid=1 $entry why=unmap pte=$old->0x0
pte pid=2 $entry why=unmap pte=$old->0x0
tlb_flush what=page pid=2 start=0x1000 end=0x2000
$step why=victim $page pfn=5 count=1 aged=0 unmapped=2" "$faults
pte pid=2 $entry why=age pte=$young->$old
$begin
pte pid=1 $entry why=unmap pte=$old->0x0
pte pid=2 $entry why=age pte=$young->$old
$step why=young $page pfn=5 count=2 aged=1 unmapped=1"
	ends_with 1 shmswapctl diff -C 2 a b
	same "$said" "    5: $begin
    6: pte pid=1 $entry why=unmap pte=$old->0x0
A a:7: pte pid=2 $entry why=unmap pte=$old->0x0
B b:6: pte pid=2 $entry why=age pte=$young->$old
After 5 equal events A took page 3 of segment 0 away from process 2; B made it old in process 2.
What differs: why, pte.
The hand was at 0:3 in A, 0:3 in B.
The entry in process 2 was old and dirty in A, young and dirty in B.
Page 3 of segment 0
  in process 1: last touched at line 2 of A, 1 of B; never made old; last taken away at line 6 of A, 5 of B;
  in process 2: last touched at line 3 of A, 2 of B; last made old at line 4 of A, 3 of B; never taken away.
So A swapped out page 3 of segment 0; B passed over it because it was young in process 2." "said"
	# The other way round it is the same story.
	ends_with 1 shmswapctl diff b a
	matches "$said" "So A passed over page 3 of segment 0 because it was young in process 2; B swapped it out\."
}

# Without page table entries in the logs the steps say what there is to say.
steps_alone()
{
	differ "$faults
$begin
$step why=victim $page pfn=5 count=1 aged=0 unmapped=2" "$faults
$begin
$step why=young $page pfn=5 count=2 aged=2 unmapped=0" \
		"After 3 equal events A swapped out page 3 of segment 0; B passed over it because it was young in 2 processes."
	matches "$said" "What differs: why, count, aged, unmapped\."
	differ "$begin
$step why=young $page pfn=5 count=2 aged=1 unmapped=0
clock_end hand=0:3->0:4 why=wrapped attempts=1
$begin
$step why=young $page pfn=5 count=2 aged=1 unmapped=0" "$begin
$step why=young $page pfn=5 count=2 aged=1 unmapped=0
clock_end hand=0:3->0:4 why=wrapped attempts=1
$begin
$step why=victim $page pfn=5 count=1 aged=0 unmapped=1" \
		"After 4 equal events A passed over page 3 of segment 0 because it was young in 1 process; B swapped it out."
	matches "$said" "  in some process: never touched; last made old at line 2 of A, 2 of B; never taken away\."
}

several_young_sharers()
{
	local pid lines=
	for pid in 1 2 3; do
		lines+=$'\n'"pte pid=$pid addr=0x1000 $page why=age pte=0x500063309->0x500023309"
	done
	differ "$begin$lines
$step why=young $page pfn=5 count=4 aged=3 unmapped=0" "$begin
$step why=absent $page pfn=0 count=0 aged=0 unmapped=0" \
		"So A passed over page 3 of segment 0 because it was young in processes 1, 2 and 3; B passed over it because it was not present."
}

# A sentence for each type and each word, and for what differs without a word.
every_kind_of_event()
{
	local a b sentence
	local io="shmid=0 index=3 pfn=5 slot=0:1" fault="shmid=0 index=3 pfn=5 count=2"
	while IFS='|' read -r a b sentence; do
		differ "$a" "$b" "After 0 equal events $sentence"
	done <<-END
	lost events=2|lost events=3|A lost 2 events; B lost 3 events.
	fault pid=1 addr=0x1000 write=1 how=zero $fault|fault pid=1 addr=0x1000 write=1 how=swap $fault|A cleared a frame for page 3 of segment 0 for a store of process 1; B read it from swap for a store of process 1.
	fault pid=1 addr=0x1000 write=0 how=minor $fault|fault pid=1 addr=0x1000 write=0 how=cow $fault|A found page 3 of segment 0 in memory for a load of process 1; B copied it for a load of process 1.
	fault pid=1 addr=0x1000 write=0 how=file ${fault/shmid=0/shmid=-1}|fault pid=1 addr=0x1000 write=0 how=error ${fault/shmid=0/shmid=-1} error=ENOMEM|A read the page at 0x1000 from its file for a load of process 1; B could not get the page at 0x1000 for a load of process 1: Cannot allocate memory.
	swap_out $io|swap_out ${io/0:1/0:2}|A wrote page 3 of segment 0 to slot 0:1; B wrote it to slot 0:2.
	swap_in $io|swap_in $io error=EIO|A read page 3 of segment 0 from slot 0:1; B read it from slot 0:1, in vain: Input/output error.
	$begin|${begin/budget=4/budget=5}|A began a run of the clock at level 2 with a budget of 4 and slot 0:1; B began a run of the clock at level 2 with a budget of 5 and slot 0:1.
	$step why=end shmid=0 index=0 pfn=0 count=0 aged=0 unmapped=0|$step why=locked shmid=0 index=0 pfn=0 count=0 aged=0 unmapped=0|A came to the end of segment 0; B passed over segment 0 because it was locked.
	$step why=wrap shmid=0 index=0 pfn=0 count=0 aged=0 unmapped=0|$step why=unused shmid=0 index=0 pfn=0 count=0 aged=0 unmapped=0|A went on with the first segment after the last; B moved the hand to 0:4.
	$step why=busy $page pfn=5 count=2 aged=0 unmapped=0|$step why=pinned $page pfn=5 count=2 aged=0 unmapped=0|A passed over page 3 of segment 0 because it was busy; B passed over it because somebody else held it.
	$step why=budget $page pfn=5 count=2 aged=0 unmapped=0|$step why=budget ${page/3/4} pfn=5 count=2 aged=0 unmapped=0|A passed over page 3 of segment 0 because the budget was spent; B passed over page 4 of segment 0 because the budget was spent.
	clock_end hand=0:0->0:3 why=freed attempts=3|clock_end hand=0:0->0:3 why=failed attempts=3|A ended a run of the clock after 3 attempts at 0:3: a page was swapped out; B ended a run of the clock after 3 attempts at 0:3: the page could not be swapped out.
	clock_end hand=0:0->0:3 why=budget attempts=3|clock_end hand=0:0->0:3 why=wrapped attempts=3|A ended a run of the clock after 3 attempts at 0:3: the budget was spent; B ended a run of the clock after 3 attempts at 0:3: the hand had gone round.
	clock_end hand=0:0->0:0 why=idle attempts=0|clock_end hand=0:0->0:0 why=no_slot attempts=0|A ended a run of the clock after 0 attempts at 0:0: there was no budget; B ended a run of the clock after 0 attempts at 0:0: there was no slot.
	pte pid=1 addr=0x1000 $page why=map pte=0x0->0x1|pte pid=1 addr=0x1000 $page why=access pte=0x0->0x1|A mapped page 3 of segment 0 into process 1; B accessed it in process 1.
	pte pid=1 addr=0x1000 $page why=zap pte=0x1->0x0|pte pid=1 addr=0x1000 $page why=clean pte=0x1->0x0|A unmapped page 3 of segment 0 from process 1; B made it clean in process 1.
	pte pid=1 addr=0x1000 $page why=protect pte=0x1->0x0|pte pid=1 addr=0x1000 $page why=fork pte=0x1->0x0|A protected page 3 of segment 0 anew in process 1; B shared it by a fork with process 1.
	tlb_flush what=page pid=3 start=0x1000 end=0x2000|tlb_flush what=mm pid=3 start=0x0 end=0x0|A flushed a page of process 3 from its TLB, 0x1000 to 0x2000; B flushed all of process 3 from its TLB.
	tlb_flush what=range pid=3 start=0x1000 end=0x2000|tlb_flush what=range pid=3 start=0x1000 end=0x3000|A flushed a range of process 3 from its TLB, 0x1000 to 0x2000; B flushed a range of process 3 from its TLB, 0x1000 to 0x3000.
	slot why=get slot=0:1 count=1|slot why=duplicate slot=0:1 count=2|A took slot 0:1, which has 1 users then; B duplicated slot 0:1, which has 2 users then.
	slot why=free slot=0:1 count=0|slot why=reject slot=0:1 count=65535|A gave back slot 0:1, which has 0 users then; B rejected slot 0:1, which has 65535 users then.
	frame why=alloc pfn=5 order=0 free=9|frame why=free pfn=5 order=0 free=10|A took frame 5, with 9 free then; B gave back frame 5, with 10 free then.
	age why=touch pfn=5 age=3->6|age why=decline pfn=5 age=3->2|A changed the age of frame 5 from 3 to 6; B changed the age of frame 5 from 3 to 2.
	cache why=add pfn=5 count=2 slot=0:1|cache why=delete pfn=5 count=2 slot=0:1|A put frame 5 into the swap cache with slot 0:1; B took frame 5 from the swap cache with slot 0:1.
	scan why=young pid=1 addr=0x1000 $fault|scan why=take pid=1 addr=0x1000 $fault|A looked at page 3 of segment 0 in process 1 and left it because it was young; B looked at it in process 1 and took it away.
	scan why=age pid=1 addr=0x1000 $fault|scan why=busy pid=1 addr=0x1000 $fault|A looked at page 3 of segment 0 in process 1 and left it because of its age; B looked at it in process 1 and left it because it was held.
	mmap why=used pfn=5 count=2 frames=19|mmap why=reserved pfn=5 count=2 frames=1|A looked at frame 5, the last of 19 in a row, and left it because others had it; B looked at frame 5 and left it, reserved or locked.
	reclaim_begin method=fault level=0|reclaim_begin method=clock level=0|A began to reclaim at level 0 (fault); B began to reclaim at level 0 (clock).
	reclaim_end method=scan freed=1|reclaim_end method=fault freed=0|A ended to reclaim with 1 pages freed (scan); B ended to reclaim with 0 pages freed (fault).
	kswapd why=wake free=3 freed=0|kswapd why=sleep free=3 freed=0|A woke kswapd, with 3 frames free; B let kswapd sleep, with 3 frames free.
	kswapd why=balance free=3 freed=0|kswapd why=balance free=4 freed=0|A ended a run of kswapd, with 3 frames free; B ended a run of kswapd, with 4 frames free.
	segment why=create pid=0 addr=0x0 shmid=1 nattch=0 pages=9|segment why=attach pid=2 addr=0x1000 shmid=1 nattch=1 pages=9|A created segment 1 of 9 pages; B attached segment 1 of 9 pages in process 2 at 0x1000.
	segment why=detach pid=2 addr=0x1000 shmid=1 nattch=0 pages=9|segment why=lock pid=0 addr=0x0 shmid=1 nattch=0 pages=9|A detached segment 1 of 9 pages in process 2 at 0x1000; B locked segment 1 of 9 pages.
	segment why=unlock pid=0 addr=0x0 shmid=1 nattch=0 pages=9|segment why=remove pid=0 addr=0x0 shmid=1 nattch=0 pages=9|A unlocked segment 1 of 9 pages; B removed segment 1 of 9 pages.
	segment why=destroy pid=0 addr=0x0 shmid=1 nattch=0 pages=9|mmap why=used pfn=5 count=2 frames=1|A destroyed segment 1 of 9 pages; B looked at frame 5 and left it because others had it.
	END
}

the_hand_is_where_the_clock_was_last()
{
	differ "$begin"$'\n'"clock_end hand=0:3->2:7 why=wrapped attempts=9"$'\n'"lost events=1" \
		"$begin"$'\n'"clock_end hand=0:3->2:7 why=wrapped attempts=9" \
		"The hand was at 2:7 in A, 2:7 in B."
	differ "$begin"$'\n'"$step why=busy $page pfn=5 count=2 aged=0 unmapped=0"$'\n'"lost events=1" \
		"$begin"$'\n'"$step why=busy $page pfn=5 count=2 aged=0 unmapped=0" \
		"The hand was at 0:4 in A, 0:4 in B."
	differ "$begin"$'\n'"lost events=1" "$begin" "The hand was at 0:3 in A, 0:3 in B."
	logs "lost events=1" "lost events=2"
	ends_with 1 shmswapctl diff a b
	[[ $said != *hand* ]] || die "there is no hand in these: $said"
}

one_log_ends_before_the_other()
{
	logs "$faults"$'\n'"$begin" "$faults"
	ends_with 1 shmswapctl diff a b
	matches "$said" "A a:3: $begin"
	matches "$said" "B b ends after line 2"
	matches "$said" "After 2 equal events A began a run of the clock .*; B ended\."
	ends_with 1 shmswapctl diff b a
	matches "$said" "After 2 equal events A ended; B began a run of the clock .*\."
	: >b
	ends_with 1 shmswapctl diff a b
	matches "$said" "B b ends after line 0"
	# A last line without an end is a line.
	logs "$faults" "$faults"
	printf '%s' "$faults" >b
	ends_with 0 shmswapctl diff a b
}

only_what_is_asked_for_counts()
{
	logs "$faults"$'\n'"$begin" "${faults//pfn=5/pfn=6}"$'\n'"${begin/0:1/0:2}"
	ends_with 1 shmswapctl diff a b
	matches "$said" "What differs: pfn\."
	ends_with 1 shmswapctl diff -i pfn a b
	matches "$said" "What differs: slot\."
	ends_with 0 shmswapctl diff -i slot,pfn a b
	ends_with 1 shmswapctl diff --ignore=index,slot a b
	# One key is the beginning of the other.
	logs "kswapd why=balance free=3 freed=1" "kswapd why=balance free=4 freed=1"
	ends_with 1 shmswapctl diff -i freed a b
	ends_with 0 shmswapctl diff -i free a b
	ends_with 2 shmswapctl diff -i odd a b
	matches "$complaint" "shmswapctl: diff: 'odd' is not a list of fields"
	ends_with 2 shmswapctl diff -i pfn, a b
	ends_with 2 shmswapctl diff -i "" a b
}

lines_that_begin_as_events_and_are_none()
{
	local line
	for line in mmap $'lost\tevents=1' "fault of the page" "${begin% *}" "$begin "; do
		logs "$faults"$'\n'"$line" "$faults"$'\n'"$begin"
		ends_with 3 shmswapctl diff a b
		same "$complaint" "shmswapctl: a:3: this is not an event" "complaint"
		same "$said" "" "said"
		ends_with 3 shmswapctl diff b a
		same "$complaint" "shmswapctl: a:3: this is not an event" "complaint"
	done
	# What comes after the first divergence does not matter.
	logs "$begin"$'\n'"mmap" "$faults"
	ends_with 1 shmswapctl diff a b
	# A byte that text does not have.
	printf '%s\0\n' "$begin" >a
	ends_with 3 shmswapctl diff a a
	same "$complaint" "shmswapctl: a:1: this is not an event" "complaint"
}

# A script that logs to standard output prints other things as well.
the_log_of_a_script()
{
	local printed="# The clock comes by.
hello, bob
 slot  count
clock_steps, and lost: 1 calls freed 0 pages"
	logs "$printed"$'\n'"$faults"$'\n'"all counts agree" "$faults"
	ends_with 0 shmswapctl diff a b
	same "$said" "The logs are equal: 2 events.
Lines that are no events were passed over: 4 in A, 0 in B." "said"
	ends_with 0 shmswapctl --json diff b a
	same "$said" '{ "equal": true, "events": 2, "passed_over": { "a": 0, "b": 4 } }' "said"
	# Those count that come before the divergence.
	logs "$printed"$'\n'"$faults"$'\n'"lost events=1"$'\n'"$printed" \
		"$faults"$'\n'"$printed"$'\n'"lost events=2"
	ends_with 1 shmswapctl diff a b
	matches "$said" "A a:7: lost events=1"
	matches "$said" "B b:7: lost events=2"
	same "$(tail -n 1 <<<"$said")" \
		"Lines that are no events were passed over: 3 in A, 3 in B." "said"
	ends_with 1 shmswapctl --json diff a b
	[[ $said == *'"passed_over": { "a": 3, "b": 3 },'* ]] || die "$said"
}

the_scenarios()
{
	local log
	for log in "$top"/scenarios/*.log; do
		ends_with 0 shmswapctl diff "$log" "$log"
		matches "$said" "The logs are equal: [0-9]{2,} events\."
	done
	log=$top/scenarios/two-sharers.log
	sed 's/^\(swap_out .*slot=0\):1$/\1:2/' "$log" >b
	ends_with 1 shmswapctl diff "$log" b
	matches "$said" "After [0-9]* equal events A wrote page 1 of segment 0 to slot 0:1; B wrote it to slot 0:2\."
	matches "$said" "Lines that are no events were passed over: 2 in A, 2 in B\."
}

# One of the scenarios, and copies in which something else happened. What was printed in between does
# not hide the step of the clock that a divergence led to.
scripts_that_part()
{
	local log=$top/scenarios/partial-unmapping.log
	sed '/^clock_step.*unmapped=1$/,$d' "$log" >a
	sed 's/\(clock_step.*why\)=young\(.*unmapped\)=1$/\1=pinned\2=2/' "$log" >b
	ends_with 1 shmswapctl diff a b
	matches "$said" "A a ends after line $(wc -l <a)"
	ends_with 1 shmswapctl diff "$log" b
	matches "$said" "After [0-9]* equal events A passed over page 0 of segment 0 because it was young in process 3; B passed over it because somebody else held it\."
	same "$(tail -n 1 <<<"$said")" \
		"Lines that are no events were passed over: 3 in A, 3 in B." "said"
	sed '/why=age/{s//why=unmap/
		i hello, bob
		}' "$log" >b
	ends_with 1 shmswapctl diff "$log" b
	matches "$said" "So A passed over .*"
}

files_without_an_event()
{
	local text
	for text in "all counts agree" "# a comment" "" '{"type":"lost","events":1}'; do
		logs "$text" "$faults"
		ends_with 3 shmswapctl diff a b
		same "$complaint" "shmswapctl: a: there is no event in it" "complaint"
		same "$said" "" "said"
		ends_with 3 shmswapctl diff b a
		same "$complaint" "shmswapctl: a: there is no event in it" "complaint"
	done
	printf '\0' >a
	ends_with 3 shmswapctl diff a b
	same "$complaint" "shmswapctl: a: there is no event in it" "complaint"
}

lines_before_the_divergence()
{
	logs "$faults"$'\n'"$begin"$'\n'"lost events=1" "$faults"$'\n'"$begin"$'\n'"lost events=2"
	ends_with 1 shmswapctl diff a b
	same "$(grep -c '^    ' <<<"$said")" 0 "lines before"
	ends_with 1 shmswapctl diff -C 1 a b
	same "$(grep '^    ' <<<"$said")" "    3: $begin" "lines before"
	ends_with 1 shmswapctl diff -C 2 a b
	same "$(grep '^    ' <<<"$said")" "    2: ${faults#*$'\n'}"$'\n'"    3: $begin" "lines before"
	ends_with 1 shmswapctl diff -C 100 a b
	same "$(grep -c '^    ' <<<"$said")" 3 "lines before"
	ends_with 2 shmswapctl diff -C x a b
}

as_json()
{
	logs "$begin
pte pid=2 addr=0x1000 $page why=age pte=0x500063309->0x500023309
$step why=young $page pfn=5 count=2 aged=1 unmapped=0" "# B
$begin
$step why=victim $page pfn=5 count=1 aged=0 unmapped=0"
	ends_with 1 shmswapctl --json diff -C 1 a b
	same "$said" "$(tr -d '\n\t' <<-'END'
	{ "equal": false, "events": 1, "fields": [ ], "context": [ "1: clock_begin level=2 budget=4
	 hand=0:3 slot=0:1" ], "a": { "file": "a", "line": 2, "event": { "type": "pte", "pid": 2,
	 "addr": "0x1000", "shmid": 0, "index": 3, "why": "age", "pte": { "from": "0x500063309",
	 "to": "0x500023309" } }, "did": "made page 3 of segment 0 old in process 2", "hand": [ 0,
	 3 ], "outcome": "passed over page 3 of segment 0 because it was young in process 2" },
	 "b": { "file": "b", "line": 3, "event": { "type": "clock_step", "hand": { "from": [ 0, 3
	 ], "to": [ 0, 4 ] }, "why": "victim", "shmid": 0, "index": 3, "pfn": 5, "count": 1,
	 "aged": 0, "unmapped": 0 }, "did": "swapped out page 3 of segment 0", "hand": [ 0, 3 ],
	 "outcome": "swapped out page 3 of segment 0" }, "pages": [ { "shmid": 0, "index": 3,
	 "processes": [ ] } ] }
	END
	)" "said"
}

what_cannot_be_read()
{
	logs "$begin" "$begin"
	ends_with 3 shmswapctl diff a none
	same "$complaint" "shmswapctl: none: No such file or directory" "complaint"
	ends_with 3 shmswapctl diff . a
	same "$complaint" "shmswapctl: .: Is a directory" "complaint"
	ends_with 2 shmswapctl diff
	ends_with 2 shmswapctl diff a
	ends_with 2 shmswapctl diff a b a
	ends_with 2 shmswapctl diff - - <a
	same "$complaint" "shmswapctl: diff: only one of the logs can be standard input" "complaint"
	ends_with 2 shmswapctl diff --odd a b
	matches "$complaint" "shmswapctl: diff: wrong arguments, usage: diff .*"
}

run_cases equal_logs comments_numbers_and_times_do_not_count a_young_bit_that_decided steps_alone \
	several_young_sharers every_kind_of_event the_hand_is_where_the_clock_was_last \
	one_log_ends_before_the_other only_what_is_asked_for_counts \
	lines_that_begin_as_events_and_are_none the_log_of_a_script the_scenarios scripts_that_part \
	files_without_an_event lines_before_the_divergence as_json what_cannot_be_read
