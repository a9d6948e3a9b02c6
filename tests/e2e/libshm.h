/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The calls of /dev/shmswap as functions. What returns an int or an int64_t
 * returns -errno if the call failed.
 */
#ifndef _LIBSHM_H
#define _LIBSHM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/types.h>

#include "shmswap.h"

#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY	15
#endif

#define SM_PAGE		4096UL

/* An argument of an ioctl: its size, and the fields that are not 0. */
#define SM_ARG(type, ...) \
	((struct shmswap_##type){ .size = sizeof(struct shmswap_##type), ##__VA_ARGS__ })

/* An ioctl as it is; the others are built on it. */
int sm_call(int fd, unsigned int cmd, void *arg);

/* A process of the default machine, and the first one of a private machine. */
int sm_open(void);
int sm_create(struct shmswap_create *create);
int sm_machine(uint32_t frames, uint32_t ram_swap, uint32_t flags);
/* A child; the other one starts with an empty address space. */
int sm_fork(int fd);
int sm_spawn(int fd);

int sm_shmget(int fd, int key, uint64_t segsz, int shmflg);
int64_t sm_shmat(int fd, int shmid, uint64_t addr, int shmflg);
int sm_shmdt(int fd, uint64_t addr);
int sm_shmctl(int fd, int shmid, int cmd, struct shmswap_shmctl *arg);
int sm_shm_lock(int fd, int shmid);
int sm_shm_unlock(int fd, int shmid);
int sm_shm_remove(int fd, int shmid);
int sm_shm_stat(int fd, int shmid, struct shmswap_shmid_ds *ds);

/* The address, as mmap(2); @file is -1 and @offset 0 for anonymous memory. */
int64_t sm_mmap(int fd, uint64_t addr, uint64_t len, uint32_t prot, uint32_t flags,
		int file, uint64_t offset);
int sm_munmap(int fd, uint64_t addr, uint64_t len);
int sm_mprotect(int fd, uint64_t addr, uint64_t len, uint32_t prot);
int sm_msync(int fd, uint64_t addr, uint64_t len);
int sm_mlock(int fd, uint64_t addr, uint64_t len);
int sm_munlock(int fd, uint64_t addr, uint64_t len);

/* What pread(2) and pwrite(2) return. */
int64_t sm_load(int fd, uint64_t addr, void *buf, size_t len);
int64_t sm_store(int fd, uint64_t addr, const void *buf, size_t len);
/* Accesses @pages pages from @addr on; @write is 0 or SHMSWAP_TOUCH_WRITE. */
int sm_touch(int fd, uint64_t addr, uint32_t pages, uint64_t write);
int sm_touch_list(int fd, const uint64_t *accesses, uint32_t count,
		  struct shmswap_touch *done);

int sm_swapon_ram(int fd, uint32_t slots, int prio);
int sm_swapon(int fd, int swap_fd);
int sm_swapon_prio(int fd, int swap_fd, int prio);
int sm_swapoff(int fd, uint32_t type);
/* Calls that freed a page. */
int sm_reclaim(int fd, uint32_t method, uint32_t level, uint32_t count);
int sm_reclaim_shm(int fd, uint32_t count);
/* Until the clock takes nothing more; until no method frees anything more. */
int sm_reclaim_all(int fd);
int sm_reclaim_everything(int fd);

int sm_info(int fd, struct shmswap_info *info);
int sm_stat(int fd, struct shmswap_stat *stat);
int sm_control(int fd, struct shmswap_control *control);
int sm_table(int fd, uint32_t which);
/* A file of a machine's events, which does not block; its state. */
int sm_events(int fd, uint64_t mask, uint32_t count);
int sm_ring(int events, struct shmswap_ring *ring);
int sm_clock(int fd, struct shmswap_clock *clock);
/* Prints what disagrees. */
int sm_check(int fd);

/* Up to @count records from the beginning on; their number. */
int sm_query(int fd, uint32_t what, int id, void *records, uint32_t count);
/* Bytes of a record of @what. */
size_t sm_record_size(uint32_t what);
/* The record of one page, slot, frame, region or process; -ENOENT if it has none. */
int sm_query_pte(int fd, uint64_t addr, struct shmswap_pte *pte);
int sm_query_page(int fd, int shmid, uint64_t index, struct shmswap_pte *pte);
int sm_query_slot(int fd, int type, uint32_t slot, struct shmswap_slot *record);
int sm_query_frame(int fd, uint32_t pfn, struct shmswap_page *page);
int sm_query_vma(int fd, uint64_t addr, struct shmswap_vma *vma);
int sm_query_proc(int fd, uint32_t pid, struct shmswap_proc *proc);

/* All that a machine's users can hold. */
struct sm_resources {
	uint64_t processes;
	uint64_t segments;
	uint64_t free_pages;
	uint64_t free_slots;
	uint64_t swapcache;
	uint64_t file_pages;
	uint64_t table_bytes;
	uint64_t shm_tot;
	uint64_t shm_rss;
	uint64_t shm_swp;
};

int sm_resources(int fd, struct sm_resources *now);
bool sm_same_resources(int fd, const struct sm_resources *then);

/* Files without a name, which vanish with their last user: on a disk, in memory. */
int sm_file(uint64_t bytes);
int sm_memfile(uint64_t bytes);
/* Makes a swap area of a file with mkswap(8). */
int sm_mkswap(int file);
/* A new file of @pages usable slots. */
int sm_swapfile(uint32_t pages);

/* The first page of a swap area. */
#define SM_MAX_BADPAGES	637

struct sm_swap_header {
	char bootbits[1024];
	uint32_t version;
	uint32_t last_page;
	uint32_t nr_badpages;
	unsigned char uuid[16];
	unsigned char label[16];
	uint32_t padding[117];
	uint32_t badpages[SM_MAX_BADPAGES];
	char unused[2];
	char magic[10];
};

/* A valid one, and a new file with it. */
struct sm_swap_header sm_swap_header(uint32_t pages);
int sm_file_with_header(const struct sm_swap_header *header, uint64_t bytes);

/* Up to a page of bytes that no other seed gives. */
void sm_fill(void *buf, size_t len, uint64_t seed);
bool sm_filled(const void *buf, size_t len, uint64_t seed);
/* The same for pages of a machine, with the seeds @seed, @seed + 1, ... */
int sm_fill_pages(int fd, uint64_t addr, uint32_t pages, uint64_t seed);
int sm_verify_pages(int fd, uint64_t addr, uint32_t pages, uint64_t seed);

/* Below @limit; the same @state gives the same sequence. */
uint32_t sm_random(uint64_t *state, uint32_t limit);

/* Becomes this user for good, or with the way back to root left open. */
int sm_become(int uid, int gid);
int sm_act_as(int uid, int gid);

#endif /* _LIBSHM_H */
