// SPDX-License-Identifier: GPL-2.0
/*
 * The machine as a whole: its counters, its swap areas, its hands.
 */
#include <errno.h>
#include <sys/shm.h>
#include <time.h>

#include "ctl.h"
#include "watch.h"

double watch_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

long watch_query(int fd, __u32 what, __s32 id, __u64 start, void *records, __u32 count)
{
	struct shmswap_query query = {
		.size = sizeof(query),
		.what = what,
		.id = id,
		.count = count,
		.start = start,
		.buf = (__u64)(unsigned long)records,
	};
	int err = ctl_call(fd, SHMSWAP_IOC_QUERY, &query);

	return err ? err : (long)query.out_count;
}

static int read_settings(int fd, struct watch_machine *machine)
{
	struct shmswap_shmctl ctl = { .size = sizeof(ctl), .cmd = SHM_INFO };
	int err;

	machine->info = (struct shmswap_info){ .size = sizeof(machine->info) };
	err = ctl_call(fd, SHMSWAP_IOC_INFO, &machine->info);
	machine->control = (struct shmswap_control){ .size = sizeof(machine->control) };
	if (!err)
		err = ctl_call(fd, SHMSWAP_IOC_CONTROL, &machine->control);
	if (!err)
		err = ctl_call(fd, SHMSWAP_IOC_SHMCTL, &ctl);
	machine->nr_segments = ctl.shm_info.used_ids;
	return err;
}

static int read_hands(int fd, struct watch_machine *machine)
{
	long got = watch_query(fd, SHMSWAP_QUERY_CLOCK, 0, 0, &machine->clock, 1);

	machine->hands_hidden = got == -EPERM;
	return got < 0 && got != -EPERM ? got : 0;
}

/*
 * The counters come last: what the others cost the machine is not the load's.
 */
int watch_read_machine(int fd, struct watch_machine *machine)
{
	int err = read_settings(fd, machine);
	long got;

	if (!err)
		err = read_hands(fd, machine);
	if (err)
		return err;
	got = watch_query(fd, SHMSWAP_QUERY_SWAPS, 0, 0, machine->areas, SHMSWAP_MAX_SWAPFILES);
	if (got < 0)
		return got;
	machine->nr_areas = got;
	machine->stat = (struct shmswap_stat){ .size = sizeof(machine->stat) };
	err = ctl_call(fd, SHMSWAP_IOC_STAT, &machine->stat);
	machine->time = watch_time();
	return err;
}
