// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "ctl.h"
#include "device.h"

const char *device_path = "/dev/shmswap";

int device_open(void)
{
	int fd = open(device_path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		ctl_failed(errno, "%s", device_path);
	return fd;
}

int ctl_call(int fd, unsigned int cmd, void *arg)
{
	return ioctl(fd, cmd, arg) < 0 ? -errno : 0;
}

/* Reads on from where @query stopped until its buffer is full. */
static int fill(int fd, struct shmswap_query *query, char *buf, long nr, long room, size_t size)
{
	query->start = query->out_next;
	query->buf = (uintptr_t)(buf + nr * size);
	query->count = room - nr;
	return ctl_call(fd, SHMSWAP_IOC_QUERY, query);
}

long ctl_query(int fd, __u32 what, __s32 id, __u64 start, void **records, size_t size)
{
	struct shmswap_query query = {
		.size = sizeof(query), .what = what, .id = id, .out_next = start,
	};
	long nr = 0, room = 256;
	char *buf = NULL;
	int err;

	for (;;) {
		char *larger = realloc(buf, room * size);

		err = larger ? 0 : -ENOMEM;
		if (!err) {
			buf = larger;
			err = fill(fd, &query, buf, nr, room, size);
		}
		if (err)
			break;
		nr += query.out_count;
		if (query.out_next == SHMSWAP_QUERY_END) {
			*records = buf;
			return nr;
		}
		room *= 2;
	}
	free(buf);
	return err;
}

/* A record begins with a number of 4 or 8 bytes. */
static __u64 record_key(__u32 what, const void *record)
{
	__u64 address;
	__u32 number;

	if (what == SHMSWAP_QUERY_PAGES || what == SHMSWAP_QUERY_PTES) {
		memcpy(&address, record, sizeof(address));
		return address;
	}
	memcpy(&number, record, sizeof(number));
	return number;
}

int device_query_one(int fd, __u32 what, __s32 id, __u64 start, void *record, size_t size)
{
	struct shmswap_query query = {
		.size = sizeof(query), .what = what, .id = id, .start = start, .count = 1,
		.buf = (uintptr_t)record,
	};
	int err;

	memset(record, 0, size);
	err = ctl_call(fd, SHMSWAP_IOC_QUERY, &query);
	if (err)
		return err;
	return query.out_count == 1 && record_key(what, record) == start;
}
