#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# e2e: timeout=60
#
# The module goes while somebody traces it, and right after somebody has listened.

cd "$(dirname "$0")/../.." || exit 1
ctl=$SHMSWAP_BIN/shmswapctl
events=/sys/kernel/tracing/events/shmswap
nr=0

result()	# STATUS NAME
{
	nr=$((nr + 1))
	[ "$1" = 0 ] || printf 'not '
	echo "ok $nr $2"
}

traced()
{
	for _ in 1 2; do
		echo 1 >"$events/enable"
		"$ctl" -f scenarios/wrap-rules >/dev/null && rmmod shmswap &&
			insmod "$SHMSWAP_MODULE" || return
	done
	"$ctl" -f scenarios/wrap-rules >/dev/null
}

# What the ring leaves to be done later is done before the module is gone.
listened()
{
	"$ctl" -f scenarios/two-sharers >/dev/null && rmmod shmswap && sleep 2 &&
		insmod "$SHMSWAP_MODULE"
}

echo "KTAP version 1"
echo "1..2"
[ -d /sys/kernel/tracing/events ] || mount -t tracefs nodev /sys/kernel/tracing
if [ -d "$events" ]; then
	traced
	result $? traced
else
	nr=1
	echo "ok 1 traced # SKIP this kernel has no tracepoints"
fi
listened
result $? listened
