#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# e2e: module-args="frames=64 ram_swap=4096" timeout=150 kernels=6.1,6.12
#
# Perl: shmget, shmread, shmwrite and shmctl, which are built in, and the modules IPC::SysV and
# IPC::SharedMem. The subtests of perl.pl are the cases.

# shellcheck source=tests/programs/lib.sh
. "$(dirname "$0")/lib.sh"

script=${0%.sh}.pl
mapfile -t cases < <(sed -n 's/^sub case_\([a-z_]*\)$/\1/p' "$script")

# Perl takes longer to start than for a case, so it runs them all at once.
shmswap-run perl "$script" "${cases[@]}" >"$work/tap" 2>&1 || true

subtest()		# NAME
{
	sed -n "/^# Subtest: $1\$/,/^[a-z]/p" "$work/tap"
	grep -qxE "ok [0-9]+ - $1" "$work/tap" || die "$(tail -n 5 "$work/tap")"
}

for name in "${cases[@]}"; do
	eval "$name() { subtest $name; }"
done
run_cases "${cases[@]}"
