/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attaches that are really mapped, into the calling process. What returns an
 * int or an int64_t returns -errno if it failed.
 */
#ifndef _LIBLIVE_H
#define _LIBLIVE_H

#include "libshm.h"

/* shmat(2), the address, and shmdt(2). */
int64_t live_shmat(int fd, int shmid, uint64_t addr, int shmflg);
int live_shmdt(int fd, uint64_t addr);

/* A new segment; an attach where there is room. Or the case ends. */
int live_segment(int fd, uint64_t pages);
char *live_attach(int fd, int shmid, int shmflg);

/* One load and one store, just there: the pages are what matters, not the value. */
#define LIVE_READ(word)		__atomic_load_n(word, __ATOMIC_RELAXED)
#define LIVE_WRITE(word, value)	__atomic_store_n(word, value, __ATOMIC_RELAXED)

/* The signal that an access to this byte gives; 0: none. Not for two threads at a time. */
int live_load(const char *addr, char *byte);
int live_store(char *addr, char byte);

/* Real stores and loads of what sm_fill_pages() and sm_verify_pages() use. */
void live_fill(char *addr, uint32_t pages, uint64_t seed);
bool live_filled(const char *addr, uint32_t pages, uint64_t seed);

/* How many of these pages the processor could use right now without a fault. */
int live_present(const char *addr, uint32_t pages);

/* Swaps out what can be, by whatever means; how many pages. */
int live_swap_out(int fd);

/* The number of the calling process in the machine; 0: it has no attaches there. */
uint32_t live_pid(int fd);
/* The machine's entry for an address of the calling process, of kind 0 if there is none. */
struct shmswap_pte live_pte(int fd, const char *addr);

struct shmswap_shmid_ds live_stat(int fd, int shmid);

/*
 * What holds at any time: every count of the machine agrees (unless @fd may not
 * ask); its areas are those that /proc/self/maps shows; and a page is real only
 * while the machine has it present and young.
 */
#define live_check(fd)	live_check_at(__FILE__, __LINE__, fd)
void live_check_at(const char *file, int line, int fd);

/* A line of /proc/self/maps that is an attach. */
struct live_area {
	uint64_t start, end;
	uint64_t pgoff;
	char perms[5];
	bool of_kernel;		/* the kernel's own shared memory */
	unsigned long ino;	/* the segment's identifier */
	char name[40];
};

#define LIVE_MAX_AREAS	512

int live_areas(struct live_area *areas);

/*
 * A segment of the machine, or the kernel's own one that it is compared with;
 * and what stat says about either.
 */
struct side {
	int fd;			/* -1: the kernel's */
	int id;
};

struct side_stat {
	long nattch;
	int cpid, lpid;
	long atime, dtime;
};

struct side side_new(int fd, uint64_t pages);
int64_t side_shmat(const struct side *s, uint64_t addr, int shmflg);
int side_shmdt(const struct side *s, uint64_t addr);
int side_remove(const struct side *s);
int side_stat(const struct side *s, struct side_stat *st);

/* The machine's must be as the kernel's. */
#define side_compare(kernel, machine) side_compare_at(__FILE__, __LINE__, kernel, machine)
void side_compare_at(const char *file, int line, const struct side *kernel,
		     const struct side *machine);

/* Times are in seconds: what happens after this is seen to have happened later. */
void live_let_time_pass(void);

/* A machine with one segment, attached, and a word to keep in step with. */
struct live_shared {
	int fd;
	int id;
	char *at;
	unsigned int *stage;
};

#define LIVE_FRAMES	64
#define LIVE_SLOTS	256

struct live_shared live_share(uint32_t flags, int pages);
/* The first word of a page of it. */
uint64_t *live_word(const struct live_shared *s, int page);
/* Swaps out whatever can be until these processes are done. */
void live_swap_until_done(int fd, const pid_t *pids, int nr);

/* Two processes in step: one says how far it is, the other waits for it. */
void live_reach(unsigned int *stage, unsigned int value);
void live_await(const unsigned int *stage, unsigned int value);

#endif /* _LIBLIVE_H */
