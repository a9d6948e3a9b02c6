/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the cases of several programs say about a machine. What cannot be had
 * ends the case.
 */
#ifndef _LIBCASE_H
#define _LIBCASE_H

#include <sys/mman.h>

#include "libshm.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE	0x100000
#endif

#define PROT_RW		(PROT_READ | PROT_WRITE)
#define PRIVATE_ANON	(MAP_PRIVATE | MAP_ANONYMOUS)
#define SHARED_ANON	(MAP_SHARED | MAP_ANONYMOUS)

struct shmswap_stat stat_of(int fd);
struct shmswap_info info_of(int fd);
/* Of kind 0 if there is nothing. */
struct shmswap_pte pte_of(int fd, uint64_t addr);
/* The frame that is mapped there. */
struct shmswap_page frame_of(int fd, uint64_t addr);
/* Users of the slot that an entry there names. */
uint32_t slot_users(int fd, uint64_t addr);
int regions_of(int fd);

/* Where they are. The machine chooses the place. */
uint64_t map_anon(int fd, uint64_t pages, uint32_t flags);
uint64_t map_file(int fd, int file, uint64_t pages, uint32_t prot, uint32_t flags);

/* A file of so many pages, as sm_fill_pages() would fill them. */
int patterned_file(uint32_t pages, uint64_t seed);
bool file_has(int file, uint32_t page, uint64_t seed);

/* Meanwhile every count agrees, each time that one looks. */
void check_until_done(int fd, const pid_t *pids, int nr);

#endif /* _LIBCASE_H */
