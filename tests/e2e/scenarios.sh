#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# e2e: timeout=180
#
# Every scenario does what its log says, byte for byte, and does so again.

cd "$(dirname "$0")/../.." || exit 1
ctl=$SHMSWAP_BIN/shmswapctl
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
nr=0

# once SCENARIO: its expectations come true, and it prints its log.
once()
{
	local status=0
	"$ctl" -f "$1" >"$out/log" 2>"$out/errors" || status=$?
	if [ "$status" = 0 ] && [ ! -s "$out/errors" ] && cmp -s "$1.log" "$out/log"; then
		return 0
	fi
	echo "# status $status"
	sed 's/^/# /' "$out/errors"
	diff "$1.log" "$out/log" | head -20 | sed 's/^/#   /'
	return 1
}

mapfile -t scenarios < <(find scenarios -type f ! -name '*.*' | sort)
[ ${#scenarios[@]} -gt 0 ] || exit 1
echo "KTAP version 1"
echo "1..${#scenarios[@]}"
for scenario in "${scenarios[@]}"; do
	nr=$((nr + 1))
	if once "$scenario" && once "$scenario"; then
		echo "ok $nr ${scenario#*/}"
	else
		echo "not ok $nr ${scenario#*/}"
	fi
done
