#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# e2e: timeout=60
#
# The programs of the documents print what stands there. The Makefile has built them from the C
# blocks. And the tour is one session of shmswapctl.

cd "$(dirname "$0")/../.." || exit 1
nr=0

# case_of DOCUMENT NAME: its program, called by that name, prints a part of it.
case_of()
{
	local document=$1 name=$2 printed status=0
	nr=$((nr + 1))
	printed=$(exec -a "$name" "build/doc/${document%.md}") || status=$?
	if [ "$status" = 0 ] && [ -n "$printed" ] &&
		[[ $(<"$document") == *$'\n'"$printed"$'\n'* ]]; then
		echo "ok $nr $document"
	else
		echo "# status $status; it printed, and the document has not:"
		grep -vxFf "$document" <<<"$printed" | sed 's/^/#   /'
		echo "not ok $nr $document"
	fi
}

# tour DOCUMENT: its console blocks are what their commands, the lines with "> ", print.
tour()
{
	local blocks
	nr=$((nr + 1))
	blocks=$(awk '/^```$/ { c = 0 } c; /^```console$/ { c = 1 }' "$1")
	if sed -n 's/^> \(.*\)/echo "> \1"\n\1/p' <<<"$blocks" |
		"$SHMSWAP_BIN/shmswapctl" -f - 2>&1 | diff - <(echo "$blocks") >"$differences"; then
		echo "ok $nr $1"
	else
		sed 's/^/#   /' "$differences"
		echo "not ok $nr $1"
	fi
}

differences=$(mktemp)
trap 'rm "$differences"' EXIT
echo "KTAP version 1"
echo "1..3"
case_of README.md build/demo/first
case_of Documentation/abi.md abi
tour Documentation/scenarios.md
