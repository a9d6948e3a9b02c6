// SPDX-License-Identifier: GPL-2.0
/*
 * The module: parameters, the default machine, and what is registered.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>

#include "sim.h"

static unsigned int frames = 4096;
module_param(frames, uint, 0444);
MODULE_PARM_DESC(frames, "frames of the default machine (def=4096)");

static unsigned int ram_swap = 16384;
module_param(ram_swap, uint, 0444);
MODULE_PARM_DESC(ram_swap, "slots of the default machine's RAM swap area, 0: none (def=16384)");

static bool kswapd = true;
module_param(kswapd, bool, 0444);
MODULE_PARM_DESC(kswapd, "kswapd wakes up by itself on the default machine (def=Y)");

static bool shm_rmid_forced;
module_param(shm_rmid_forced, bool, 0444);
MODULE_PARM_DESC(shm_rmid_forced, "the last detach destroys a segment (def=N)");

static char *shm_reclaim = "clock";
module_param(shm_reclaim, charp, 0444);
MODULE_PARM_DESC(shm_reclaim, "who swaps segments' pages, clock or process (def=clock)");

static unsigned long long shmmax;
module_param(shmmax, ullong, 0444);
MODULE_PARM_DESC(shmmax, "largest segment in bytes, if less than kernel.shmmax, 0: 256 GiB (def=0)");

static unsigned long long shmall;
module_param(shmall, ullong, 0444);
MODULE_PARM_DESC(shmall, "pages of all segments, if less than kernel.shmall, 0: no limit (def=0)");

static unsigned int shmmni;
module_param(shmmni, uint, 0444);
MODULE_PARM_DESC(shmmni, "number of segments, if less than kernel.shmmni, 0: 32768 (def=0)");

static unsigned int max_tables;
module_param(max_tables, uint, 0444);
MODULE_PARM_DESC(max_tables,
		 "pages for page tables, 0: 1024 + (frames + ram_swap) / 4 (def=0)");

static unsigned long user_pages;
module_param(user_pages, ulong, 0444);
MODULE_PARM_DESC(user_pages,
		 "pages for all private machines of ordinary users, 0: 1/8 of the memory (def=0)");

static struct sim_machine *default_machine;

/**
 * shmswap_default_machine() - the machine that an open file is a process of
 *
 * Context: any.
 * Return: the machine; it exists as long as the module.
 */
struct sim_machine *shmswap_default_machine(void)
{
	return default_machine;
}

static struct sim_machine *create_default(void)
{
	struct sim_config config = {
		.flags = (kswapd ? SHMSWAP_MACHINE_KSWAPD : 0) |
			 (shm_rmid_forced ? SHMSWAP_MACHINE_RMID_FORCED : 0),
		.nr_frames = frames,
		.ram_swap = ram_swap,
		.shmmax = shmmax ?: U64_MAX,
		.shmall = shmall,
		.shmmni = shmmni ?: SHMSWAP_MAX_SEGMENTS,
		.max_tables = max_tables,
	};
	struct sim_machine *m;

	if (!strcmp(shm_reclaim, "process"))
		config.flags |= SHMSWAP_MACHINE_SHM_PROCESS;
	else if (strcmp(shm_reclaim, "clock"))
		return ERR_PTR(-EINVAL);
	m = sim_machine_create(&config);
	if (!IS_ERR(m))
		m->is_default = true;
	return m;
}

static int __init shmswap_init(void)
{
	int err;

	err = sim_machine_init(user_pages ?: totalram_pages() / 8);
	if (err)
		return err;
	default_machine = create_default();
	if (IS_ERR(default_machine)) {
		err = PTR_ERR(default_machine);
		goto exit_machines;
	}
	err = shmswap_procfs_init();
	if (err)
		goto put_machine;
	err = shmswap_chardev_init();
	if (err)
		goto exit_procfs;
	return 0;

exit_procfs:
	shmswap_procfs_exit();
put_machine:
	sim_machine_put(default_machine);
exit_machines:
	sim_machine_exit();
	return err;
}

static void __exit shmswap_exit(void)
{
	shmswap_chardev_exit();
	shmswap_procfs_exit();
	sim_machine_put(default_machine);
	sim_machine_exit();
	sim_events_flush();
}

module_init(shmswap_init);
module_exit(shmswap_exit);

MODULE_DESCRIPTION("The swapping of System V shared memory, simulated");
MODULE_LICENSE("GPL");
