// SPDX-License-Identifier: GPL-2.0
/*
 * Ends with 0 if every count of the default machine agrees, and says which does
 * not.
 */
#include <err.h>

#include "libshm.h"

int main(void)
{
	int fd = sm_open();

	if (fd < 0)
		errx(1, "/dev/shmswap: error %d", -fd);
	return sm_check(fd) ? 1 : 0;
}
