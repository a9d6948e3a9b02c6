// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>

#include "ctl.h"

int main(void)
{
	fputs("usage: shmswapctl COMMAND\n", stderr);
	return CTL_USAGE;
}
