// SPDX-License-Identifier: GPL-2.0
/*
 * The first example of README.md.
 *
 * usage: first [default]	(default: on the default machine, not on one of its own)
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/shm.h>
#include <unistd.h>

#include "shmswap.h"

#define PAGES	256

int main(int argc, char **argv)
{
	struct shmswap_create create = { .size = sizeof(create), .nr_frames = 64,
					 .ram_swap = 1024 };
	struct shmswap_shmget get = { .size = sizeof(get), .key = 0x1996, .segsz = PAGES * 4096,
				      .shmflg = IPC_CREAT | 0600 };
	struct shmswap_shmat at = { .size = sizeof(at) };
	struct shmswap_fork child = { .size = sizeof(child) };
	struct shmswap_stat stat = { .size = sizeof(stat) };
	char wrote[16], found[16];
	int fd = open("/dev/shmswap", O_RDWR);	/* a process of the default machine ... */
	int i, good = 0;

	if (fd < 0)
		err(1, "/dev/shmswap");
	/* ... or the first one of a new machine */
	if (argc == 1 && ioctl(fd, SHMSWAP_IOC_CREATE, &create))
		err(1, "SHMSWAP_IOC_CREATE");
	if (ioctl(fd, SHMSWAP_IOC_SHMGET, &get))
		err(1, "SHMSWAP_IOC_SHMGET");
	at.shmid = get.out_shmid;
	if (ioctl(fd, SHMSWAP_IOC_SHMAT, &at))
		err(1, "SHMSWAP_IOC_SHMAT");
	for (i = 0; i < PAGES; i++) {		/* stores: a few bytes to each page */
		snprintf(wrote, sizeof(wrote), "page %d", i);
		if (pwrite(fd, wrote, sizeof(wrote), at.out_addr + i * 4096) < 0)
			err(1, "store");
	}
	if (ioctl(fd, SHMSWAP_IOC_FORK, &child))	/* a child, with the same attach */
		err(1, "SHMSWAP_IOC_FORK");
	for (i = 0; i < PAGES; i++) {		/* loads: swapped pages come back */
		snprintf(wrote, sizeof(wrote), "page %d", i);
		if (pread(child.out_fd, found, sizeof(found), at.out_addr + i * 4096) < 0)
			err(1, "load");
		good += !strcmp(wrote, found);
	}
	if (ioctl(fd, SHMSWAP_IOC_STAT, &stat))
		err(1, "SHMSWAP_IOC_STAT");
	printf("%s: %d of %d pages hold what was written\n", argv[0], good, PAGES);
	printf("%llu resident, %llu swapped; %llu went out to swap, %llu came back\n",
	       stat.shm_rss, stat.shm_swp, stat.pswpout, stat.pswpin);
	return good != PAGES;
}
