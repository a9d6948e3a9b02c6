// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktap.h"
#include "libcase.h"

struct shmswap_stat stat_of(int fd)
{
	struct shmswap_stat stat;

	ASSERT_EQ(sm_stat(fd, &stat), 0);
	return stat;
}

struct shmswap_info info_of(int fd)
{
	struct shmswap_info info;

	ASSERT_EQ(sm_info(fd, &info), 0);
	return info;
}

struct shmswap_pte pte_of(int fd, uint64_t addr)
{
	struct shmswap_pte pte;
	int err = sm_query_pte(fd, addr, &pte);

	if (err == -ENOENT)
		return (struct shmswap_pte){ .where = addr };
	ASSERT_EQ(err, 0);
	return pte;
}

struct shmswap_page frame_of(int fd, uint64_t addr)
{
	struct shmswap_pte pte = pte_of(fd, addr);
	struct shmswap_page page;

	ASSERT_EQ(pte.kind, SHMSWAP_PTE_PRESENT);
	ASSERT_EQ(sm_query_frame(fd, pte.a, &page), 0);
	return page;
}

uint32_t slot_users(int fd, uint64_t addr)
{
	struct shmswap_pte pte = pte_of(fd, addr);
	struct shmswap_slot slot;

	ASSERT_EQ(pte.kind, SHMSWAP_PTE_SWAP);
	ASSERT_EQ(sm_query_slot(fd, pte.a, pte.b, &slot), 0);
	return slot.count;
}

int regions_of(int fd)
{
	struct shmswap_vma vmas[64];
	int nr = sm_query(fd, SHMSWAP_QUERY_VMAS, 0, vmas, ARRAY_SIZE(vmas));

	ASSERT_GE(nr, 0);
	return nr;
}

uint64_t map_anon(int fd, uint64_t pages, uint32_t flags)
{
	int64_t addr = sm_mmap(fd, 0, pages * SM_PAGE, PROT_RW, flags, -1, 0);

	ASSERT_GT(addr, 0);
	return addr;
}

uint64_t map_file(int fd, int file, uint64_t pages, uint32_t prot, uint32_t flags)
{
	int64_t addr = sm_mmap(fd, 0, pages * SM_PAGE, prot, flags, file, 0);

	ASSERT_GT(addr, 0);
	return addr;
}

int patterned_file(uint32_t pages, uint64_t seed)
{
	int file = sm_file(0);
	char page[SM_PAGE];
	uint32_t i;

	ASSERT_GE(file, 0);
	for (i = 0; i < pages; i++) {
		sm_fill(page, SM_PAGE, seed + i);
		ASSERT_EQ(pwrite(file, page, SM_PAGE, i * SM_PAGE), SM_PAGE);
	}
	return file;
}

bool file_has(int file, uint32_t page, uint64_t seed)
{
	char bytes[SM_PAGE];

	ASSERT_EQ(pread(file, bytes, SM_PAGE, page * SM_PAGE), SM_PAGE);
	return sm_filled(bytes, SM_PAGE, seed);
}

void check_until_done(int fd, const pid_t *pids, int nr)
{
	int done = 0, checks = 0;

	while (done < nr) {
		int status;
		pid_t pid = waitpid(pids[done], &status, WNOHANG);

		if (pid) {
			ASSERT_EQ(pid, pids[done]);
			ASSERT_EQ(status, 0);
			done++;
			continue;
		}
		ASSERT_EQ(sm_check(fd), 0);
		checks++;
		usleep(10000);
	}
	EXPECT_GT(checks, 0);
}
