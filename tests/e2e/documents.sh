#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# e2e: timeout=60
#
# The programs of the documents print what stands there. The Makefile has built them from the C
# blocks.

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

echo "KTAP version 1"
echo "1..2"
case_of README.md build/demo/first
case_of Documentation/abi.md abi
