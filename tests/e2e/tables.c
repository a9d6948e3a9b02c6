// SPDX-License-Identifier: GPL-2.0
/* e2e: module-args="frames=256 ram_swap=256 kswapd=0" timeout=60 */
/*
 * The familiar tables: what reads the kernel's own must be able to read them,
 * and they must say what the ioctls say.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "ktap.h"
#include "libcase.h"
#include "libshm.h"

#define TEXT_SIZE	65536

/* A whole file, in pieces as small as a reader likes. */
static char *read_text(int fd, size_t piece)
{
	char *text = calloc(1, TEXT_SIZE);
	size_t len = 0;
	ssize_t got;

	ASSERT(text);
	while ((got = pread(fd, text + len, piece, len)) > 0)
		len += got;
	ASSERT_EQ(got, 0);
	return text;
}

static char *read_file(const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	char *text;

	if (fd < 0)
		return NULL;
	text = read_text(fd, 4096);
	close(fd);
	return text;
}

static char *read_table(int fd, uint32_t which)
{
	int table = sm_table(fd, which);
	char *text;

	ASSERT_GE(table, 0);
	text = read_text(table, 4096);
	close(table);
	return text;
}

/* The text behind the first line. */
static char *rows(char *text)
{
	char *end = strchr(text, '\n');

	ASSERT(end);
	return end + 1;
}

static char *next_row(char *row)
{
	return *row ? rows(row) : row;
}

static void expect_same_header(const char *text, const char *kernel)
{
	size_t len = strcspn(kernel, "\n");

	EXPECT_EQ(strcspn(text, "\n"), len);
	EXPECT(!strncmp(text, kernel, len));
}

/* A machine whose tables have rows. */
static int busy_process(int fd, int64_t *addr)
{
	int id = sm_shmget(fd, 0x1234, 12 * SM_PAGE - 5, IPC_CREAT | 0640);

	ASSERT_GE(id, 0);
	*addr = sm_shmat(fd, id, 0, 0);
	ASSERT_GT(*addr, 0);
	ASSERT_EQ(sm_touch(fd, *addr, 9, SHMSWAP_TOUCH_WRITE), 0);
	ASSERT_EQ(sm_reclaim_shm(fd, 4), 3);
	return id;
}

/* The kernel's own format, for parsing and for printing it again. */
#define SHM_ROW								\
	"%10d %10d  %4o %21lu %5u %5u  %5lu %5u %5u %5u %5u %10lu %10lu %10lu %21lu %21lu\n"

struct shm_row {
	int key, shmid;
	unsigned int mode, cpid, lpid, uid, gid, cuid, cgid;
	unsigned long size, nattch, atime, dtime, ctime, rss, swap;
};

static void parse_shm_row(const char *text, struct shm_row *r)
{
	char again[300];
	int nr = sscanf(text, SHM_ROW, &r->key, &r->shmid, &r->mode, &r->size,
			&r->cpid, &r->lpid, &r->nattch, &r->uid, &r->gid, &r->cuid,
			&r->cgid, &r->atime, &r->dtime, &r->ctime, &r->rss, &r->swap);

	ASSERT_EQ(nr, 16);
	snprintf(again, sizeof(again), SHM_ROW, r->key, r->shmid, r->mode,
		 r->size, r->cpid, r->lpid, r->nattch, r->uid, r->gid, r->cuid,
		 r->cgid, r->atime, r->dtime, r->ctime, r->rss, r->swap);
	EXPECT(!strncmp(text, again, strlen(again)));
}

static void shm_is_like_sysvipc(void)
{
	int fd = sm_machine(64, 64, 0);
	struct shmswap_shmid_ds ds;
	struct shm_row r;
	int64_t addr;
	int id = busy_process(fd, &addr);
	char *text = read_table(fd, SHMSWAP_TABLE_SHM);
	char *kernel = read_file("/proc/sysvipc/shm");

	if (kernel)
		expect_same_header(text, kernel);
	parse_shm_row(rows(text), &r);
	EXPECT_EQ(*next_row(rows(text)), 0);
	ASSERT_EQ(sm_shm_stat(fd, id, &ds), 0);
	EXPECT_EQ(r.key, 0x1234);
	EXPECT_EQ(r.shmid, id);
	EXPECT_EQ(r.mode, 0640);
	EXPECT_EQ(r.size, 12 * SM_PAGE - 5);
	EXPECT_EQ(r.cpid, ds.cpid);
	EXPECT_EQ(r.lpid, ds.lpid);
	EXPECT_EQ(r.nattch, 1);
	EXPECT_EQ(r.uid, ds.uid);
	EXPECT_EQ(r.gid, ds.gid);
	EXPECT_EQ(r.cuid, ds.cuid);
	EXPECT_EQ(r.cgid, ds.cgid);
	EXPECT_EQ(r.atime, ds.atime);
	EXPECT_EQ(r.dtime, ds.dtime);
	EXPECT_EQ(r.ctime, ds.ctime);
	EXPECT_EQ(r.rss, 6 * SM_PAGE);
	EXPECT_EQ(r.swap, 3 * SM_PAGE);
}

static void swaps_is_like_proc_swaps(void)
{
	int fd = sm_machine(64, 64, 0), file = sm_swapfile(40);
	char name[256], type[32], *text, *row;
	char *kernel = read_file("/proc/swaps");
	unsigned long size, used;
	int64_t addr;
	int prio;

	busy_process(fd, &addr);
	ASSERT_EQ(sm_swapon_prio(fd, file, 7), 1);
	text = read_table(fd, SHMSWAP_TABLE_SWAPS);
	if (kernel)
		expect_same_header(text, kernel);
	row = rows(text);
	ASSERT_EQ(sscanf(row, "%255s %31s %lu %lu %d", name, type, &size, &used, &prio), 5);
	EXPECT_EQ(size, 64 * SM_PAGE / 1024);
	EXPECT_EQ(used, 3 * SM_PAGE / 1024);
	row = next_row(row);
	ASSERT_EQ(sscanf(row, "%255s %31s %lu %lu %d", name, type, &size, &used, &prio), 5);
	EXPECT(!strcmp(type, "file"));
	EXPECT_EQ(size, 40 * SM_PAGE / 1024);
	EXPECT_EQ(used, 0);
	EXPECT_EQ(prio, 7);
	EXPECT_EQ(*next_row(row), 0);
}

static long long vmstat_value(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (; text && *text; text = strchr(text, '\n') + 1)
		if (!strncmp(text, name, len) && text[len] == ' ')
			return atoll(text + len);
	return -1;
}

#define EXPECT_VMSTAT(text, stat, field)				\
	EXPECT_EQ(vmstat_value(text, #field), (stat).field)

/* Private memory that is copied and swapped, and a file that is read and written. */
static void be_busy_otherwise(int fd)
{
	uint64_t anon = map_anon(fd, 4, PRIVATE_ANON);
	uint64_t file = map_file(fd, patterned_file(4, 1), 4, PROT_RW, MAP_SHARED);
	int child;

	ASSERT_EQ(sm_fill_pages(fd, anon, 4, 1), 0);
	ASSERT_EQ(sm_fill_pages(fd, file, 2, 50), 0);
	child = sm_fork(fd);
	ASSERT_EQ(sm_fill_pages(child, anon, 1, 9), 0);
	ASSERT_GT(sm_reclaim_everything(fd), 0);
	ASSERT_EQ(sm_verify_pages(fd, anon, 4, 1), 0);
	ASSERT_EQ(sm_verify_pages(child, anon + SM_PAGE, 3, 2), 0);
	ASSERT_EQ(sm_verify_pages(fd, file, 2, 50), 0);
}

static void vmstat_is_what_stat_says(void)
{
	int fd = sm_machine(64, 64, 0);
	struct shmswap_stat stat;
	int64_t addr;
	char *text;

	busy_process(fd, &addr);
	EXPECT_EQ(stat_of(fd).pswpout, 3);
	be_busy_otherwise(fd);
	ASSERT_EQ(sm_touch(fd, addr, 2, 0), 0);
	text = read_table(fd, SHMSWAP_TABLE_VMSTAT);
	ASSERT_EQ(sm_stat(fd, &stat), 0);
	EXPECT_VMSTAT(text, stat, nr_free_pages);
	EXPECT_VMSTAT(text, stat, nr_swap_pages);
	EXPECT_VMSTAT(text, stat, nr_swapcache);
	EXPECT_VMSTAT(text, stat, shm_tot);
	EXPECT_VMSTAT(text, stat, shm_rss);
	EXPECT_VMSTAT(text, stat, shm_swp);
	EXPECT_VMSTAT(text, stat, swap_attempts);
	EXPECT_VMSTAT(text, stat, swap_successes);
	EXPECT_VMSTAT(text, stat, pgalloc);
	EXPECT_VMSTAT(text, stat, pgfree);
	EXPECT_VMSTAT(text, stat, pgfault);
	EXPECT_VMSTAT(text, stat, pgmajfault);
	EXPECT_VMSTAT(text, stat, pswpin);
	EXPECT_VMSTAT(text, stat, pswpout);
	EXPECT_VMSTAT(text, stat, tlb_flush_mm);
	EXPECT_VMSTAT(text, stat, tlb_hit);
	EXPECT_VMSTAT(text, stat, tlb_miss);
	EXPECT_VMSTAT(text, stat, pgcow);
	EXPECT_VMSTAT(text, stat, pgscan);
	EXPECT_VMSTAT(text, stat, pgsteal);
	EXPECT_VMSTAT(text, stat, pgdiscard);
	EXPECT_VMSTAT(text, stat, pgpgin);
	EXPECT_VMSTAT(text, stat, pgpgout);
	EXPECT_VMSTAT(text, stat, swap_cache_add);
	EXPECT_VMSTAT(text, stat, swap_cache_del);
	EXPECT_VMSTAT(text, stat, swap_cache_find);
	EXPECT_VMSTAT(text, stat, swap_cache_hit);
	EXPECT_VMSTAT(text, stat, swap_ra);
	EXPECT_VMSTAT(text, stat, nr_file_pages);
	EXPECT_EQ(stat.pgcow, 1);
	EXPECT_EQ(stat.pgpgout, 2);
	EXPECT_GT(stat.pswpin, 0);
	EXPECT_GT(stat.pgdiscard, 0);
	EXPECT_GT(stat.swap_cache_hit, 0);
}

static void buddyinfo_counts_the_free_pages(void)
{
	int fd = sm_machine(64, 64, 0), order, used;
	struct shmswap_free free_area[16];
	char zone[32], *text;
	int64_t addr;
	int node, nr;

	busy_process(fd, &addr);
	text = read_table(fd, SHMSWAP_TABLE_BUDDYINFO);
	ASSERT_EQ(sscanf(text, "Node %d, zone %31s%n", &node, zone, &used), 2);
	nr = sm_query(fd, SHMSWAP_QUERY_FREE_AREA, 0, free_area, 16);
	ASSERT_GT(nr, 0);
	text += used;
	for (order = 0; order < nr; order++) {
		unsigned int blocks;

		ktap_context("order %d", order);
		ASSERT_EQ(sscanf(text, "%u%n", &blocks, &used), 1);
		EXPECT_EQ(blocks, free_area[order].nr_blocks);
		text += used;
	}
	EXPECT_EQ(strspn(text, "\n "), strlen(text));
}

static void maps_is_like_proc_pid_maps(void)
{
	int fd = sm_machine(64, 64, 0), id, used, i;
	struct shmswap_vma vmas[2];
	char perms[8], name[64], *row;
	unsigned long start, end, pgoff, ino;
	unsigned int major, minor;
	int64_t addr;

	id = busy_process(fd, &addr);
	ASSERT_GT(sm_shmat(fd, id, 0x10000000, SHM_RDONLY), 0);
	ASSERT_EQ(sm_query(fd, SHMSWAP_QUERY_VMAS, 0, vmas, 2), 2);
	row = read_table(fd, SHMSWAP_TABLE_MAPS);
	for (i = 0; i < 2; i++, row = next_row(row)) {
		bool write = vmas[i].flags & SHMSWAP_VM_WRITE;

		ktap_context("area %d", i);
		ASSERT_EQ(sscanf(row, "%lx-%lx %7s %lx %x:%x %lu%n", &start, &end,
				 perms, &pgoff, &major, &minor, &ino, &used), 7);
		EXPECT_EQ(start, vmas[i].start);
		EXPECT_EQ(end, vmas[i].end);
		EXPECT_EQ(pgoff, 0);
		EXPECT_EQ(ino, id);
		EXPECT(!strcmp(perms, write ? "rw-s" : "r--s"));
		ASSERT_EQ(sscanf(row + used, "%63[^\n]", name), 1);
		EXPECT(strstr(name, "/SYSV00001234"));
	}
	EXPECT_EQ(*row, 0);
}

/* The rest of the line behind the addresses. */
static const char *maps_row(const char *text, uint64_t addr)
{
	char start[20];
	const char *row;

	snprintf(start, sizeof(start), "%08lx-", (unsigned long)addr);
	row = strstr(text, start);
	ASSERT(row);
	return strchr(row, ' ') + 1;
}

static void maps_shows_all_kinds(void)
{
	int fd = sm_machine(64, 64, 0), file = sm_memfile(SM_PAGE);
	uint64_t private, shared, text;
	char want[100], *maps;
	const char *row;
	struct stat st;

	ASSERT_EQ(fstat(file, &st), 0);
	private = map_anon(fd, 1, PRIVATE_ANON);
	shared = map_anon(fd, 1, SHARED_ANON);
	text = map_file(fd, file, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE);
	maps = read_table(fd, SHMSWAP_TABLE_MAPS);

	row = maps_row(maps, private);
	EXPECT(!strncmp(row, "rw-p 00000000 00:00 0 ", 22));
	EXPECT_EQ(row[22], '\n');
	row = maps_row(maps, shared);
	EXPECT(!strncmp(row, "rw-s 00000000 00:01 ", 20));
	EXPECT(strstr(row, "/SYSV00000000"));
	row = maps_row(maps, text);
	snprintf(want, sizeof(want), "r-xp 00000000 %02x:%02x %lu ", major(st.st_dev),
		 minor(st.st_dev), st.st_ino);
	EXPECT(!strncmp(row, want, strlen(want)));
	EXPECT(strstr(row, "/memfd:swap (deleted)\n"));
}

/* Several numbers may follow a name. */
static void expect_setting(const char *text, const char *name, const char *values)
{
	char want[80];

	snprintf(want, sizeof(want), "%s %s\n", name, values);
	EXPECT(strstr(text, want));
}

static void swapctl_shows_the_settings(void)
{
	int fd = sm_machine(64, 64, SHMSWAP_MACHINE_SHM_PROCESS);
	struct shmswap_control control = SM_ARG(control);
	char *text;

	ASSERT_EQ(sm_control(fd, &control), 0);
	control.set = SHMSWAP_CONTROL_FREEPAGES | SHMSWAP_CONTROL_SWAPCTL | SHMSWAP_CONTROL_SCAN |
		      SHMSWAP_CONTROL_PAGE_CLUSTER;
	control.freepages_min = 3;
	control.freepages_low = 5;
	control.freepages_high = 7;
	control.page_advance = 11;
	control.age_cluster_fract = 13;
	control.pageout_weight = 17;
	control.page_cluster = 4;
	ASSERT_EQ(sm_control(fd, &control), 0);
	text = read_table(fd, SHMSWAP_TABLE_SWAPCTL);
	expect_setting(text, "freepages", "3 5 7");
	expect_setting(text, "max_page_age", "20");
	expect_setting(text, "page_advance", "11");
	expect_setting(text, "page_decline", "1");
	expect_setting(text, "page_initial_age", "3");
	expect_setting(text, "age_cluster_fract", "13");
	expect_setting(text, "pageout_weight", "17");
	expect_setting(text, "page_cluster", "4");
	expect_setting(text, "shm_reclaim", "process");
}

static void procs_has_a_row_for_each(void)
{
	int fd = sm_machine(64, 64, 0), child, nr, i;
	struct shmswap_proc procs[3], r = { 0 };
	char *row;

	be_busy_otherwise(fd);
	child = sm_spawn(fd);
	ASSERT_GE(child, 0);
	nr = sm_query(fd, SHMSWAP_QUERY_PROCS, 0, procs, 3);
	ASSERT_EQ(nr, 3);
	row = rows(read_table(fd, SHMSWAP_TABLE_PROCS));
	for (i = 0; i < nr; i++, row = next_row(row)) {
		ktap_context("row %d", i);
		ASSERT_EQ(sscanf(row, "%u %d %llu %llu %llu %llx %u", &r.pid, &r.creator, &r.rss,
				 &r.min_flt, &r.maj_flt, &r.swap_address, &r.swap_cnt), 7);
		r.nr_vmas = procs[i].nr_vmas;
		EXPECT(!memcmp(&r, &procs[i], sizeof(r)));
	}
	EXPECT_EQ(*row, 0);
	EXPECT_EQ(procs[0].creator, getpid());
	EXPECT_EQ(procs[0].nr_vmas, 2);
	EXPECT_EQ(procs[0].rss, info_of(fd).out_rss);
	EXPECT_EQ(procs[2].rss, 0);
}

static void default_machine_is_in_proc(void)
{
	static const struct {
		uint32_t which;
		const char *name;
	} tables[] = {
		{ SHMSWAP_TABLE_SHM, "/proc/shmswap/shm" },
		{ SHMSWAP_TABLE_SWAPS, "/proc/shmswap/swaps" },
		{ SHMSWAP_TABLE_VMSTAT, "/proc/shmswap/vmstat" },
		{ SHMSWAP_TABLE_BUDDYINFO, "/proc/shmswap/buddyinfo" },
		{ SHMSWAP_TABLE_SWAPCTL, "/proc/shmswap/swapctl" },
		{ SHMSWAP_TABLE_PROCS, "/proc/shmswap/procs" },
	};
	int fd = sm_open();
	int64_t addr;
	size_t i;
	int id = busy_process(fd, &addr);

	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		char *text = read_file(tables[i].name);

		ktap_context("%s", tables[i].name);
		ASSERT(text);
		EXPECT_GT(strlen(text), 0);
		EXPECT(!strcmp(text, read_table(fd, tables[i].which)));
	}
	EXPECT_EQ(sm_shm_remove(fd, id), 0);
}

/* Each line of /proc/shmswap/maps is a line of some process's maps. */
static void maps_of_all_are_in_proc(void)
{
	int fd = sm_open();
	int64_t addr;
	int id = busy_process(fd, &addr);
	char *all = read_file("/proc/shmswap/maps");
	char *own = read_table(fd, SHMSWAP_TABLE_MAPS);

	ASSERT(all);
	EXPECT_GT(strlen(own), 0);
	EXPECT(strstr(all, own));
	EXPECT_EQ(sm_shm_remove(fd, id), 0);
}

static void tables_are_made_anew(void)
{
	int fd = sm_machine(64, 64, 0);
	int table = sm_table(fd, SHMSWAP_TABLE_SHM);
	char *before = read_text(table, 4096);
	int64_t addr;

	EXPECT_EQ(*rows(before), 0);
	busy_process(fd, &addr);
	EXPECT(*rows(read_text(table, 4096)));
	EXPECT_EQ(lseek(table, 0, SEEK_SET), 0);
}

/* A reader that takes a few bytes at a time reads the same text. */
static void tables_can_be_read_in_pieces(void)
{
	int fd = sm_machine(64, 64, 0), i, which;
	char *text, *pieces;

	for (i = 0; i < 60; i++)
		ASSERT_GT(sm_shmat(fd, sm_shmget(fd, i + 1, SM_PAGE, IPC_CREAT | 0600),
				   0, 0), 0);
	for (which = SHMSWAP_TABLE_SHM; which <= SHMSWAP_TABLE_PROCS; which++) {
		ktap_context("table %d", which);
		text = read_table(fd, which);
		pieces = read_text(sm_table(fd, which), 13);
		EXPECT(!strcmp(text, pieces));
	}
	EXPECT_GT(strlen(read_table(fd, SHMSWAP_TABLE_MAPS)), 60 * 30);
}

/* A table outlives the process that asked for it, and shows its machine. */
static void tables_outlive_their_process(void)
{
	int fd = sm_machine(64, 64, 0), which, table[SHMSWAP_TABLE_PROCS + 1];
	int64_t addr;

	busy_process(fd, &addr);
	for (which = 0; which <= SHMSWAP_TABLE_PROCS; which++)
		table[which] = sm_table(fd, which);
	close(fd);
	for (which = 0; which <= SHMSWAP_TABLE_PROCS; which++) {
		ktap_context("table %d", which);
		ASSERT_GE(table[which], 0);
		if (which != SHMSWAP_TABLE_MAPS)
			EXPECT_GT(strlen(read_text(table[which], 4096)), 0);
		else
			read_text(table[which], 4096);
	}
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(shm_is_like_sysvipc),
		KTAP_CASE(swaps_is_like_proc_swaps),
		KTAP_CASE(vmstat_is_what_stat_says),
		KTAP_CASE(buddyinfo_counts_the_free_pages),
		KTAP_CASE(maps_is_like_proc_pid_maps),
		KTAP_CASE(maps_shows_all_kinds),
		KTAP_CASE(swapctl_shows_the_settings),
		KTAP_CASE(procs_has_a_row_for_each),
		KTAP_CASE(default_machine_is_in_proc),
		KTAP_CASE(maps_of_all_are_in_proc),
		KTAP_CASE(tables_are_made_anew),
		KTAP_CASE(tables_can_be_read_in_pieces),
		KTAP_CASE(tables_outlive_their_process),
	};

	return ktap_run(argc, argv, cases, ARRAY_SIZE(cases));
}
