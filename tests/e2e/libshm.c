// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libshm.h"

int sm_call(int fd, unsigned int cmd, void *arg)
{
	return ioctl(fd, cmd, arg) < 0 ? -errno : 0;
}

static int64_t result(ssize_t ret)
{
	return ret < 0 ? -errno : ret;
}

/*
 * Machines and processes
 */

int sm_open(void)
{
	return result(open("/dev/shmswap", O_RDWR | O_CLOEXEC));
}

int sm_create(struct shmswap_create *create)
{
	int fd = sm_open();
	int err;

	if (fd < 0)
		return fd;
	create->size = sizeof(*create);
	err = sm_call(fd, SHMSWAP_IOC_CREATE, create);
	if (!err)
		return fd;
	close(fd);
	return err;
}

int sm_machine(uint32_t frames, uint32_t ram_swap, uint32_t flags)
{
	return sm_create(&SM_ARG(create, .flags = flags, .nr_frames = frames,
				 .ram_swap = ram_swap));
}

static int fork_process(int fd, uint32_t flags)
{
	struct shmswap_fork arg = SM_ARG(fork, .flags = flags);
	int err = sm_call(fd, SHMSWAP_IOC_FORK, &arg);

	return err ? err : arg.out_fd;
}

int sm_fork(int fd)
{
	return fork_process(fd, SHMSWAP_FORK_CLOEXEC);
}

int sm_spawn(int fd)
{
	return fork_process(fd, SHMSWAP_FORK_CLOEXEC | SHMSWAP_FORK_EXEC);
}

int sm_info(int fd, struct shmswap_info *info)
{
	*info = SM_ARG(info);
	return sm_call(fd, SHMSWAP_IOC_INFO, info);
}

/*
 * Segments
 */

int sm_shmget(int fd, int key, uint64_t segsz, int shmflg)
{
	struct shmswap_shmget arg = SM_ARG(shmget, .key = key, .segsz = segsz,
					   .shmflg = shmflg);
	int err = sm_call(fd, SHMSWAP_IOC_SHMGET, &arg);

	return err ? err : arg.out_shmid;
}

int64_t sm_shmat(int fd, int shmid, uint64_t addr, int shmflg)
{
	struct shmswap_shmat arg = SM_ARG(shmat, .shmid = shmid, .addr = addr,
					  .shmflg = shmflg);
	int err = sm_call(fd, SHMSWAP_IOC_SHMAT, &arg);

	return err ? err : (int64_t)arg.out_addr;
}

int sm_shmdt(int fd, uint64_t addr)
{
	return sm_call(fd, SHMSWAP_IOC_SHMDT, &SM_ARG(shmdt, .addr = addr));
}

int sm_shmctl(int fd, int shmid, int cmd, struct shmswap_shmctl *arg)
{
	int err;

	arg->size = sizeof(*arg);
	arg->shmid = shmid;
	arg->cmd = cmd;
	err = sm_call(fd, SHMSWAP_IOC_SHMCTL, arg);
	return err ? err : arg->out_ret;
}

int sm_shm_lock(int fd, int shmid)
{
	return sm_shmctl(fd, shmid, SHM_LOCK, &SM_ARG(shmctl));
}

int sm_shm_unlock(int fd, int shmid)
{
	return sm_shmctl(fd, shmid, SHM_UNLOCK, &SM_ARG(shmctl));
}

int sm_shm_remove(int fd, int shmid)
{
	return sm_shmctl(fd, shmid, IPC_RMID, &SM_ARG(shmctl));
}

int sm_shm_stat(int fd, int shmid, struct shmswap_shmid_ds *ds)
{
	struct shmswap_shmctl arg = SM_ARG(shmctl);
	int ret = sm_shmctl(fd, shmid, IPC_STAT, &arg);

	if (!ret)
		*ds = arg.ds;
	return ret;
}

/*
 * Regions
 */

int64_t sm_mmap(int fd, uint64_t addr, uint64_t len, uint32_t prot, uint32_t flags,
		int file, uint64_t offset)
{
	struct shmswap_mmap arg = SM_ARG(mmap, .prot = prot, .addr = addr, .len = len,
					 .offset = offset, .flags = flags, .fd = file);
	int err = sm_call(fd, SHMSWAP_IOC_MMAP, &arg);

	return err ? err : (int64_t)arg.out_addr;
}

int sm_munmap(int fd, uint64_t addr, uint64_t len)
{
	return sm_call(fd, SHMSWAP_IOC_MUNMAP, &SM_ARG(munmap, .addr = addr, .len = len));
}

int sm_mprotect(int fd, uint64_t addr, uint64_t len, uint32_t prot)
{
	return sm_call(fd, SHMSWAP_IOC_MPROTECT,
		       &SM_ARG(mprotect, .prot = prot, .addr = addr, .len = len));
}

int sm_msync(int fd, uint64_t addr, uint64_t len)
{
	return sm_call(fd, SHMSWAP_IOC_MSYNC, &SM_ARG(msync, .addr = addr, .len = len));
}

int sm_mlock(int fd, uint64_t addr, uint64_t len)
{
	return sm_call(fd, SHMSWAP_IOC_MLOCK, &SM_ARG(mlock, .addr = addr, .len = len));
}

int sm_munlock(int fd, uint64_t addr, uint64_t len)
{
	return sm_call(fd, SHMSWAP_IOC_MUNLOCK, &SM_ARG(munlock, .addr = addr, .len = len));
}

/*
 * Accesses
 */

int64_t sm_load(int fd, uint64_t addr, void *buf, size_t len)
{
	return result(pread(fd, buf, len, addr));
}

int64_t sm_store(int fd, uint64_t addr, const void *buf, size_t len)
{
	return result(pwrite(fd, buf, len, addr));
}

int sm_touch_list(int fd, const uint64_t *accesses, uint32_t count,
		  struct shmswap_touch *done)
{
	*done = SM_ARG(touch, .accesses = (uintptr_t)accesses, .count = count);
	return sm_call(fd, SHMSWAP_IOC_TOUCH, done);
}

int sm_touch(int fd, uint64_t addr, uint32_t pages, uint64_t write)
{
	uint64_t *accesses = calloc(pages, sizeof(*accesses));
	struct shmswap_touch done;
	uint32_t i;
	int err;

	if (!accesses)
		return -ENOMEM;
	for (i = 0; i < pages; i++)
		accesses[i] = (addr + i * SM_PAGE) | write;
	err = sm_touch_list(fd, accesses, pages, &done);
	free(accesses);
	return err;
}

/*
 * Swap areas and reclaim
 */

int sm_swapon_ram(int fd, uint32_t slots, int prio)
{
	struct shmswap_swapon arg = SM_ARG(swapon, .fd = -1, .slots = slots,
		.flags = SHMSWAP_SWAPON_RAM | SHMSWAP_SWAPON_PREFER,
		.prio = prio);
	int err = sm_call(fd, SHMSWAP_IOC_SWAPON, &arg);

	return err ? err : (int)arg.out_type;
}

static int swapon_file(int fd, int swap_fd, uint32_t flags, int prio)
{
	struct shmswap_swapon arg = SM_ARG(swapon, .fd = swap_fd,
					   .flags = flags, .prio = prio);
	int err = sm_call(fd, SHMSWAP_IOC_SWAPON, &arg);

	return err ? err : (int)arg.out_type;
}

int sm_swapon(int fd, int swap_fd)
{
	return swapon_file(fd, swap_fd, 0, 0);
}

int sm_swapon_prio(int fd, int swap_fd, int prio)
{
	return swapon_file(fd, swap_fd, SHMSWAP_SWAPON_PREFER, prio);
}

int sm_swapoff(int fd, uint32_t type)
{
	return sm_call(fd, SHMSWAP_IOC_SWAPOFF, &SM_ARG(swapoff, .type = type));
}

int sm_reclaim(int fd, uint32_t method, uint32_t level, uint32_t count)
{
	struct shmswap_reclaim arg = SM_ARG(reclaim, .method = method,
					    .level = level, .count = count);
	int err = sm_call(fd, SHMSWAP_IOC_RECLAIM, &arg);

	return err ? err : (int)arg.out_freed;
}

int sm_reclaim_shm(int fd, uint32_t count)
{
	return sm_reclaim(fd, SHMSWAP_RECLAIM_SHM, 0, count);
}

/* A page that is young for each of its sharers goes out third. */
static int reclaim_until_idle(int fd, uint32_t method)
{
	int idle = 0, freed = 0;

	while (idle < 3) {
		int now = sm_reclaim(fd, method, 0, 64);

		if (now < 0)
			return now;
		idle = now ? 0 : idle + 1;
		freed += now;
	}
	return freed;
}

int sm_reclaim_all(int fd)
{
	return reclaim_until_idle(fd, SHMSWAP_RECLAIM_SHM);
}

int sm_reclaim_everything(int fd)
{
	return reclaim_until_idle(fd, SHMSWAP_RECLAIM_TRY);
}

/*
 * What a machine says about itself
 */

int sm_stat(int fd, struct shmswap_stat *stat)
{
	*stat = SM_ARG(stat);
	return sm_call(fd, SHMSWAP_IOC_STAT, stat);
}

int sm_control(int fd, struct shmswap_control *control)
{
	control->size = sizeof(*control);
	return sm_call(fd, SHMSWAP_IOC_CONTROL, control);
}

int sm_table(int fd, uint32_t which)
{
	struct shmswap_table arg = SM_ARG(table, .which = which,
					  .flags = SHMSWAP_TABLE_CLOEXEC);
	int err = sm_call(fd, SHMSWAP_IOC_TABLE, &arg);

	return err ? err : arg.out_fd;
}

int sm_check(int fd)
{
	struct shmswap_check arg = SM_ARG(check);
	int err = sm_call(fd, SHMSWAP_IOC_CHECK, &arg);

	if (err == -EUCLEAN)
		printf("# check: %u at %#llx: expected %llu, found %llu\n",
		       arg.out_what, arg.out_where, arg.out_expected,
		       arg.out_found);
	fflush(stdout);
	return err;
}

size_t sm_record_size(uint32_t what)
{
	static const size_t sizes[] = {
		[SHMSWAP_QUERY_SEGS]		= sizeof(struct shmswap_seg),
		[SHMSWAP_QUERY_PAGES]		= sizeof(struct shmswap_pte),
		[SHMSWAP_QUERY_SHARERS]		= sizeof(struct shmswap_vma),
		[SHMSWAP_QUERY_VMAS]		= sizeof(struct shmswap_vma),
		[SHMSWAP_QUERY_PTES]		= sizeof(struct shmswap_pte),
		[SHMSWAP_QUERY_MEM_MAP]		= sizeof(struct shmswap_page),
		[SHMSWAP_QUERY_FREE_AREA]	= sizeof(struct shmswap_free),
		[SHMSWAP_QUERY_SWAPS]		= sizeof(struct shmswap_area),
		[SHMSWAP_QUERY_SWAP_MAP]	= sizeof(struct shmswap_slot),
		[SHMSWAP_QUERY_CLOCK]		= sizeof(struct shmswap_clock),
		[SHMSWAP_QUERY_PROCS]		= sizeof(struct shmswap_proc),
	};

	return sizes[what];
}

static int query_from(int fd, uint32_t what, int id, uint64_t start,
		      void *records, uint32_t count)
{
	struct shmswap_query arg = SM_ARG(query, .what = what, .id = id,
					  .start = start, .count = count,
					  .buf = (uintptr_t)records);
	int err = sm_call(fd, SHMSWAP_IOC_QUERY, &arg);

	return err ? err : (int)arg.out_count;
}

int sm_query(int fd, uint32_t what, int id, void *records, uint32_t count)
{
	return query_from(fd, what, id, 0, records, count);
}

/* The first record from @where on; -ENOENT if there is none. */
static int query_one(int fd, uint32_t what, int id, uint64_t where, void *record)
{
	int ret = query_from(fd, what, id, where, record, 1);

	return ret == 1 ? 0 : ret < 0 ? ret : -ENOENT;
}

int sm_events(int fd, uint64_t mask, uint32_t count)
{
	struct shmswap_events arg = SM_ARG(events, .flags = SHMSWAP_EVENTS_NONBLOCK,
					   .mask = mask, .count = count);
	int err = sm_call(fd, SHMSWAP_IOC_EVENTS, &arg);

	return err ? err : arg.out_fd;
}

int sm_ring(int events, struct shmswap_ring *ring)
{
	*ring = SM_ARG(ring);
	return sm_call(events, SHMSWAP_IOC_RING, ring);
}

int sm_clock(int fd, struct shmswap_clock *clock)
{
	return query_one(fd, SHMSWAP_QUERY_CLOCK, 0, 0, clock);
}

static int query_one_pte(int fd, uint32_t what, int id, uint64_t where,
			 struct shmswap_pte *pte)
{
	int err = query_one(fd, what, id, where, pte);

	return err ? err : pte->where == where ? 0 : -ENOENT;
}

int sm_query_pte(int fd, uint64_t addr, struct shmswap_pte *pte)
{
	return query_one_pte(fd, SHMSWAP_QUERY_PTES, 0, addr, pte);
}

int sm_query_page(int fd, int shmid, uint64_t index, struct shmswap_pte *pte)
{
	return query_one_pte(fd, SHMSWAP_QUERY_PAGES, shmid, index, pte);
}

int sm_query_slot(int fd, int type, uint32_t slot, struct shmswap_slot *record)
{
	int err = query_one(fd, SHMSWAP_QUERY_SWAP_MAP, type, slot, record);

	return err ? err : record->slot == slot ? 0 : -ENOENT;
}

int sm_query_frame(int fd, uint32_t pfn, struct shmswap_page *page)
{
	int err = query_one(fd, SHMSWAP_QUERY_MEM_MAP, 0, pfn, page);

	return err ? err : page->pfn == pfn ? 0 : -ENOENT;
}

int sm_query_vma(int fd, uint64_t addr, struct shmswap_vma *vma)
{
	int err = query_one(fd, SHMSWAP_QUERY_VMAS, 0, addr, vma);

	return err ? err : vma->start <= addr && addr < vma->end ? 0 : -ENOENT;
}

int sm_query_proc(int fd, uint32_t pid, struct shmswap_proc *proc)
{
	int err = query_one(fd, SHMSWAP_QUERY_PROCS, 0, pid, proc);

	return err ? err : proc->pid == pid ? 0 : -ENOENT;
}

int sm_resources(int fd, struct sm_resources *now)
{
	struct shmswap_shmctl ctl = SM_ARG(shmctl);
	struct shmswap_info info;
	struct shmswap_stat stat;
	int err;

	err = sm_info(fd, &info);
	if (!err)
		err = sm_stat(fd, &stat);
	if (!err)
		err = sm_shmctl(fd, 0, SHM_INFO, &ctl);
	if (err < 0)
		return err;
	*now = (struct sm_resources){
		.processes = info.out_nr_processes,
		.segments = ctl.shm_info.used_ids,
		.free_pages = stat.nr_free_pages,
		.free_slots = stat.nr_swap_pages,
		.swapcache = stat.nr_swapcache,
		.file_pages = stat.nr_file_pages,
		.table_bytes = stat.nr_table_bytes,
		.shm_tot = stat.shm_tot,
		.shm_rss = stat.shm_rss,
		.shm_swp = stat.shm_swp,
	};
	return 0;
}

bool sm_same_resources(int fd, const struct sm_resources *then)
{
	struct sm_resources now;

	return !sm_resources(fd, &now) && !memcmp(&now, then, sizeof(now));
}

/*
 * Files to swap to
 */

/* Written, not truncated to its size: a swap file must not have holes. */
static int write_zeros(int fd, uint64_t bytes)
{
	static const char zeros[SM_PAGE];
	uint64_t done;

	for (done = 0; done < bytes; done += SM_PAGE) {
		size_t len = bytes - done < SM_PAGE ? bytes - done : SM_PAGE;

		if (pwrite(fd, zeros, len, done) < 0)
			return -errno;
	}
	return 0;
}

int sm_file(uint64_t bytes)
{
	char name[] = "/tmp/shmswap.XXXXXX";
	int fd = mkostemp(name, O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	unlink(name);
	err = write_zeros(fd, bytes);
	if (!err)
		return fd;
	close(fd);
	return err;
}

int sm_memfile(uint64_t bytes)
{
	int fd = memfd_create("swap", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = write_zeros(fd, bytes);
	if (!err)
		return fd;
	close(fd);
	return err;
}

int sm_mkswap(int file)
{
	char command[100];
	int status;

	snprintf(command, sizeof(command),
		 "PATH=$PATH:/sbin:/usr/sbin mkswap -U clear /proc/%d/fd/%d >/dev/null 2>&1",
		 getpid(), file);
	status = system(command);
	return status < 0 ? -errno : status ? -EINVAL : 0;
}

int sm_swapfile(uint32_t pages)
{
	int file = sm_file((pages + 1) * SM_PAGE);
	int err;

	if (file < 0)
		return file;
	err = sm_mkswap(file);
	if (!err)
		return file;
	close(file);
	return err;
}

struct sm_swap_header sm_swap_header(uint32_t pages)
{
	struct sm_swap_header header = { .version = 1, .last_page = pages };

	memcpy(header.magic, "SWAPSPACE2", sizeof(header.magic));
	return header;
}

int sm_file_with_header(const struct sm_swap_header *header, uint64_t bytes)
{
	int file = sm_file(bytes);

	if (file < 0)
		return file;
	if (pwrite(file, header, sizeof(*header), 0) == sizeof(*header) &&
	    !ftruncate(file, bytes))
		return file;
	close(file);
	return -errno;
}

/*
 * Bytes to write and to verify
 */

static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

void sm_fill(void *buf, size_t len, uint64_t seed)
{
	uint64_t word = mix(seed);
	size_t i;

	for (i = 0; i < len; i += sizeof(word), word = word * 5 + seed)
		memcpy((char *)buf + i, &word,
		       len - i < sizeof(word) ? len - i : sizeof(word));
}

bool sm_filled(const void *buf, size_t len, uint64_t seed)
{
	char want[SM_PAGE];

	sm_fill(want, len, seed);
	return !memcmp(buf, want, len);
}

int sm_fill_pages(int fd, uint64_t addr, uint32_t pages, uint64_t seed)
{
	char page[SM_PAGE];
	uint32_t i;

	for (i = 0; i < pages; i++) {
		int64_t ret;

		sm_fill(page, SM_PAGE, seed + i);
		ret = sm_store(fd, addr + i * SM_PAGE, page, SM_PAGE);
		if (ret != SM_PAGE)
			return ret < 0 ? ret : -EIO;
	}
	return 0;
}

int sm_verify_pages(int fd, uint64_t addr, uint32_t pages, uint64_t seed)
{
	char page[SM_PAGE];
	uint32_t i;

	for (i = 0; i < pages; i++) {
		int64_t ret = sm_load(fd, addr + i * SM_PAGE, page, SM_PAGE);

		if (ret != SM_PAGE)
			return ret < 0 ? ret : -EIO;
		if (!sm_filled(page, SM_PAGE, seed + i))
			return -EILSEQ;
	}
	return 0;
}

uint32_t sm_random(uint64_t *state, uint32_t limit)
{
	*state += 0x9e3779b97f4a7c15;
	return (mix(*state) >> 32) % limit;
}

/*
 * Users
 */

static int set_ids(int uid, int gid, int saved_uid, int saved_gid)
{
	gid_t group = gid;

	if (setgroups(1, &group) < 0 || setresgid(gid, gid, saved_gid) < 0 ||
	    setresuid(uid, uid, saved_uid) < 0)
		return -errno;
	return 0;
}

int sm_become(int uid, int gid)
{
	return set_ids(uid, gid, uid, gid);
}

int sm_act_as(int uid, int gid)
{
	if (seteuid(0) < 0 || setegid(0) < 0)
		return -errno;
	return set_ids(uid, gid, 0, 0);
}
