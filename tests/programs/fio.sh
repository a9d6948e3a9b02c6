#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# e2e: module-args="frames=1024 ram_swap=16384" timeout=180 kernels=6.1,6.12
#
# fio: its jobs are processes that share their state by a segment, and here their buffers too. It
# writes, reads back and verifies checksums, with I/O in flight from and to pages under pressure.

# Before the programs lie over the kernel's modules.
[ -e /dev/loop0 ] || modprobe loop

# shellcheck source=tests/programs/lib.sh
. "$(dirname "$0")/lib.sh"

truncate -s 64M "$work/disk"
disk=$(losetup --find --show "$work/disk")
trap 'losetup -d "$disk"' EXIT

# io OPTION...: four jobs, while another program uses more than the machine has.
io()
{
	local before said
	before=$(vmstat swap_successes)
	may_not_lock shmswap-run stress-ng --shm-sysv 1 --shm-sysv-segs 4 --shm-sysv-bytes 2M --verify \
		--quiet &
	said=$(shmswap-run fio --name=io --numjobs=4 --size=4M --offset_increment=8M --bs=64k \
		--iodepth=8 --iomem=shm --rw=randwrite --verify=crc32c --verify_fatal=1 --loops=2 \
		--group_reporting "$@" 2>&1) || die "$said"
	end_of_stress
	matches "$said" 'io: .* err= 0: .*'
	[ $(($(vmstat swap_successes) - before)) -gt 1024 ] || die "there was no pressure"
}

buffered()
{
	io --ioengine=psync --filename="$work/file"
}

direct_with_libaio()
{
	io --ioengine=libaio --direct=1 --filename="$disk"
}

direct_with_io_uring()
{
	io --ioengine=io_uring --direct=1 --filename="$disk"
}

# Pages that are pinned for as long as the job runs. The io_uring of 6.1 takes no file's pages,
# not even those of the kernel's own segments.
fixed_buffers_of_io_uring()
{
	io --ioengine=io_uring --fixedbufs --direct=1 --filename="$disk"
}

cases=(buffered direct_with_libaio direct_with_io_uring)
if [ "$(uname -r | cut -d. -f1,2)" != 6.1 ]; then
	cases+=(fixed_buffers_of_io_uring)
fi
run_cases "${cases[@]}"
