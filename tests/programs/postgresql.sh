#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# e2e: module-args="frames=2048 ram_swap=65536" timeout=360 kernels=6.1,6.12
#
# PostgreSQL with main and dynamic shared memory of type sysv, larger than the machine: work,
# parallel queries, kill -9 of a backend and of the postmaster, recovery and a clean shutdown. The
# cases follow each other on one cluster.

# shellcheck source=tests/programs/lib.sh
. "$(dirname "$0")/lib.sh"

data=$work/data
log=$work/log
export PGHOST=$work PGUSER=nobody PGDATABASE=postgres
# It does not run as root.
run=(as_nobody shmswap-run)

write_config()
{
	cat >>"$data/postgresql.conf" <<-END
	shared_memory_type = sysv
	dynamic_shared_memory_type = sysv
	shared_buffers = 32MB
	max_connections = 20
	work_mem = 16MB
	listen_addresses = ''
	unix_socket_directories = '$work'
	fsync = off
	jit = off
	max_parallel_workers_per_gather = 2
	parallel_setup_cost = 0
	parallel_tuple_cost = 0
	min_parallel_table_scan_size = 0
	END
}

start()
{
	"${run[@]}" pg_ctl -D "$data" -l "$log" -w -s start || die "$(tail -n 20 "$log")"
}

postmaster()
{
	head -n 1 "$data/postmaster.pid"
}

# query SQL: what it returns, without padding.
query()
{
	psql -XAtq -v ON_ERROR_STOP=1 -c "$1"
}

# What pgbench keeps in four ways is one sum.
balanced()
{
	local sums
	sums=$(query "SELECT (SELECT sum(abalance) FROM pgbench_accounts),
			     (SELECT sum(tbalance) FROM pgbench_tellers),
			     (SELECT sum(bbalance) FROM pgbench_branches),
			     (SELECT coalesce(sum(delta), 0) FROM pgbench_history)")
	[[ $sums =~ ^(-?[0-9]+)\|(-?[0-9]+)\|(-?[0-9]+)\|(-?[0-9]+)$ ]] || die "sums: $sums"
	same "${BASH_REMATCH[*]:2}" "${BASH_REMATCH[1]} ${BASH_REMATCH[1]} ${BASH_REMATCH[1]}" "sums"
}

segments()
{
	tail -n +2 /proc/shmswap/shm
}

initdb_makes_a_cluster()
{
	local said
	said=$("${run[@]}" initdb -D "$data" -A trust -E SQL_ASCII --locale=C --data-checksums \
		--no-sync --no-instructions 2>&1) || die "$said"
	write_config
	same "$(segments)" "" "segments of servers that have ended"
}

start_takes_more_than_the_machine_has()
{
	start
	same "$(query "SHOW shared_memory_type; SHOW dynamic_shared_memory_type" | paste -s -d ' ')" \
		"sysv sysv" "types"
	segments | awk '$4 > 2048 * 4096 && $7 > 1 { found = 1 } END { exit !found }' ||
		die "none is larger than the machine and shared: $(segments)"
}

pgbench_fills_and_works()
{
	local said before
	before=$(vmstat swap_successes)
	said=$(pgbench -i -s 2 -q 2>&1) || die "$said"
	same "$(query "SELECT count(*), sum(aid::bigint) FROM pgbench_accounts")" \
		"200000|20000100000" "accounts"
	said=$(pgbench -n -c 8 -j 2 -T 15 2>&1) || die "$said"
	matches "$said" 'number of transactions actually processed: [1-9][0-9]*'
	matches "$said" 'number of failed transactions: 0 .*'
	balanced
	[ $(($(vmstat swap_successes) - before)) -gt 2048 ] || die "too little was swapped out"
}

parallel_queries_use_dynamic_memory()
{
	local before join settings plan
	before=$(vmstat swap_successes)
	settings="SET enable_mergejoin = off; SET enable_nestloop = off"
	join="SELECT count(*), sum(a.aid + b.bid) FROM pgbench_accounts a
	      JOIN pgbench_accounts b USING (aid) WHERE aid <= 100000"
	plan=$(query "$settings; EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) $join")
	matches "$plan" ' *Workers Launched: [12]'
	matches "$plan" '.*Parallel Hash Join.*'
	same "$(query "$settings; $join")" "100000|5000150000" "join"
	[ $(($(vmstat swap_successes) - before)) -gt 2048 ] || die "too little was swapped out"
}

# The others cannot trust the memory that it shared, so the postmaster starts all over.
a_killed_backend_restarts_the_others()
{
	local bench victim
	pgbench -n -c 4 -T 60 >"$work/bench" 2>&1 &
	bench=$!
	soon working
	victim=$(query "SELECT pid FROM pg_stat_activity WHERE state <> 'idle' AND
			application_name = 'pgbench' LIMIT 1")
	kill -KILL "$victim"
	! wait $bench || die "pgbench did not notice"
	soon pg_isready -q
	grep -q "server process (PID $victim) was terminated by signal 9" "$log" ||
		die "$(tail -n 20 "$log")"
	grep -q 'all server processes terminated; reinitializing' "$log" ||
		die "$(tail -n 20 "$log")"
	balanced
}

working()
{
	[ "$(query "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgbench'")" = 4 ]
}

# A postmaster that was killed leaves its segment. As long as a backend is attached there, a new
# one has to keep off.
a_killed_postmaster_leaves_its_segment()
{
	local backend bench
	pgbench -n -c 4 -T 60 >"$work/bench" 2>&1 &
	bench=$!
	soon working
	backend=$(query "SELECT pid FROM pg_stat_activity WHERE application_name = 'pgbench' LIMIT 1")
	kill -STOP "$backend"
	kill -KILL "$(postmaster)"
	pkill -P "$bench" || true
	kill "$bench"
	wait $bench || true
	soon only_one_is_left "$backend"
	! "${run[@]}" pg_ctl -D "$data" -l "$log" -w -s start || die "it started beside a backend"
	grep -q 'FATAL:  pre-existing shared memory block (key [0-9]*, ID [0-9]*) is still in use' \
		"$log" || die "$(tail -n 20 "$log")"
	kill -KILL "$backend"
}

only_one_is_left()
{
	[ "$(pgrep -x postgres)" = "$1" ]
}

recovery_loses_nothing()
{
	start
	grep -q 'database system was not properly shut down; automatic recovery' "$log" ||
		die "$(tail -n 20 "$log")"
	balanced
	pgbench -n -c 4 -T 5 >/dev/null
	balanced
}

a_clean_shutdown_leaves_nothing()
{
	local said
	"${run[@]}" pg_ctl -D "$data" -w -s stop
	same "$(segments)" "" "segments"
	said=$(as_nobody pg_checksums --check -D "$data" 2>&1) || die "$said"
	! grep -E 'PANIC|invalid page|could not (read|attach|map)' "$log" || die "see above"
}

run_cases initdb_makes_a_cluster start_takes_more_than_the_machine_has pgbench_fills_and_works \
	parallel_queries_use_dynamic_memory a_killed_backend_restarts_the_others \
	a_killed_postmaster_leaves_its_segment recovery_loses_nothing \
	a_clean_shutdown_leaves_nothing
