// SPDX-License-Identifier: GPL-2.0
/*
 * Regions: what mmap, munmap, mprotect, mlock, munlock and msync accept, what
 * they change, all of it or nothing, and how regions are cut and joined.
 */
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/magic.h>
#include <linux/swap.h>

#include "kunit_regions.h"
#include "kunit_users.h"

#define BASE		0x100000000ULL
#define UNMAPPED_BASE	PAGE_ALIGN(SHMSWAP_TASK_SIZE / 3)
#define PAGES(n)	((u64)(n) << PAGE_SHIFT)
#define RW		(PROT_READ | PROT_WRITE)
#define PRIVATE		(MAP_PRIVATE | MAP_ANONYMOUS)
#define SHARED		(MAP_SHARED | MAP_ANONYMOUS)

#define AREA_R		SHMSWAP_VM_READ
#define AREA_RW		(SHMSWAP_VM_READ | SHMSWAP_VM_WRITE)
#define AREA_X		SHMSWAP_VM_EXEC
#define AREA_MAYWRITE	SHMSWAP_VM_MAYWRITE
#define AREA_SHARED	SHMSWAP_VM_SHARED

/* ------------------------------------------------- what mmap accepts */

/* In place of a file's number. */
enum { READ_WRITE = 2000, READ_ONLY, WRITE_ONLY, APPEND_ONLY, SWAP_FILE, TABLE };

/* What mkswap(8) would have written. */
static void make_swap(struct kunit *test, struct sim_machine *m, struct sim_test_file *f, u32 max)
{
	union swap_header *h = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	struct shmswap_swapon arg = { .fd = f->fd };
	loff_t pos = 0;

	KUNIT_ASSERT_NOT_NULL(test, h);
	h->info.version = 1;
	h->info.last_page = max - 1;
	memcpy(h->magic.magic, "SWAPSPACE2", sizeof(h->magic.magic));
	KUNIT_ASSERT_EQ(test, (ssize_t)PAGE_SIZE, kernel_write(f->file, h, PAGE_SIZE, &pos));
	KUNIT_ASSERT_EQ(test, 0, sim_swapon(m, &arg));
}

static int open_kind(struct kunit *test, struct sim_mm *mm, int kind)
{
	struct sim_test_file *f;

	if (kind < READ_WRITE)
		return kind;
	if (kind == TABLE)
		return sim_test_fd(test, sim_table_file(mm->m, mm, SHMSWAP_TABLE_MAPS));
	f = sim_test_file(test, 4, 1);
	if (kind == APPEND_ONLY)
		file_inode(f->file)->i_flags |= S_APPEND;
	if (kind == SWAP_FILE)
		make_swap(test, mm->m, f, 4);
	if (kind == READ_ONLY || kind == WRITE_ONLY)
		return sim_test_file_open(test, f, kind == READ_ONLY ? O_RDONLY : O_WRONLY);
	return f->fd;
}

static const struct mmap_row {
	const char *name;
	u32 prot;
	u32 flags;
	int fd;
	u64 addr;
	u64 len;
	u64 offset;
	int err;
} mmap_rows[] = {
	{ "private", RW, PRIVATE, -1, 0, 1 },
	{ "shared", RW, SHARED, -1, 0, 1 },
	{ "no protection", PROT_NONE, PRIVATE, -1, 0, 1 },
	{ "all protections", RW | PROT_EXEC, PRIVATE | MAP_NORESERVE, -1, 0, 1 },
	{ "unknown protection", 8, PRIVATE, -1, 0, 1, 0, -EINVAL },
	{ "neither private nor shared", RW, MAP_ANONYMOUS, -1, 0, 1, 0, -EINVAL },
	{ "private and shared", RW, PRIVATE | MAP_SHARED, -1, 0, 1, 0, -EINVAL },
	{ "unknown flag", RW, PRIVATE | MAP_LOCKED, -1, 0, 1, 0, -EINVAL },
	{ "no length", RW, PRIVATE, -1, 0, 0, 0, -EINVAL },
	{ "all there is", RW, PRIVATE | MAP_FIXED, -1, 0, SHMSWAP_TASK_SIZE },
	{ "more than there is", RW, PRIVATE, -1, 0, SHMSWAP_TASK_SIZE + 1, 0, -EINVAL },
	{ "endless", RW, PRIVATE, -1, 0, U64_MAX, 0, -EINVAL },
	{ "more than is free", RW, PRIVATE, -1, 0, SHMSWAP_TASK_SIZE, 0, -ENOMEM },
	{ "hint not at a page", RW, PRIVATE, -1, BASE + 1, 1 },
	{ "fixed not at a page", RW, PRIVATE | MAP_FIXED, -1, BASE + 1, 1, 0, -EINVAL },
	{ "unmovable not at a page", RW, PRIVATE | MAP_FIXED_NOREPLACE, -1, BASE + 1, 1, 0,
	  -EINVAL },
	{ "fixed at the end", RW, PRIVATE | MAP_FIXED, -1, SHMSWAP_TASK_SIZE - PAGE_SIZE, 1 },
	{ "fixed beyond the end", RW, PRIVATE | MAP_FIXED, -1, SHMSWAP_TASK_SIZE - PAGE_SIZE,
	  PAGE_SIZE + 1, 0, -EINVAL },
	{ "fixed around the end", RW, PRIVATE | MAP_FIXED, -1, -PAGE_SIZE, PAGE_SIZE, 0, -EINVAL },
	{ "hint beyond the end", RW, PRIVATE, -1, -PAGE_SIZE, PAGE_SIZE },
	{ "anonymous file", RW, PRIVATE, READ_WRITE, 0, 1, 0, -EINVAL },
	{ "anonymous with offset", RW, PRIVATE, -1, 0, 1, PAGE_SIZE, -EINVAL },
	{ "reserved", RW, PRIVATE | SHMSWAP_MAP_RESERVED, -1, 0, 1 },
	{ "reserved shared", RW, SHARED | SHMSWAP_MAP_RESERVED, -1, 0, 1, 0, -EINVAL },
	{ "reserved file", RW, MAP_PRIVATE | SHMSWAP_MAP_RESERVED, READ_WRITE, 0, 1, 0, -EINVAL },
	{ "no file", RW, MAP_PRIVATE, -1, 0, 1, 0, -EBADF },
	{ "closed file", RW, MAP_PRIVATE, 1000, 0, 1, 0, -EBADF },
	{ "private file", RW, MAP_PRIVATE, READ_WRITE, 0, 1 },
	{ "shared file", RW, MAP_SHARED, READ_WRITE, 0, 1 },
	{ "behind the file's end", RW, MAP_PRIVATE, READ_WRITE, 0, 1, PAGES(100) },
	{ "offset not at a page", RW, MAP_PRIVATE, READ_WRITE, 0, 1, 1, -EINVAL },
	{ "last page", RW, MAP_PRIVATE, READ_WRITE, 0, PAGE_SIZE, PAGES(U32_MAX) },
	{ "behind the last page", RW, MAP_PRIVATE, READ_WRITE, 0, PAGE_SIZE + 1, PAGES(U32_MAX),
	  -EOVERFLOW },
	{ "offset that wraps", RW, MAP_PRIVATE, READ_WRITE, 0, PAGE_SIZE, -PAGE_SIZE, -EOVERFLOW },
	{ "private file not to be written", RW, MAP_PRIVATE, READ_ONLY, 0, 1 },
	{ "shared file not to be written", PROT_READ, MAP_SHARED, READ_ONLY, 0, 1 },
	{ "shared file that cannot be written", RW, MAP_SHARED, READ_ONLY, 0, 1, 0, -EACCES },
	{ "private file that cannot be read", PROT_READ, MAP_PRIVATE, WRITE_ONLY, 0, 1, 0,
	  -EACCES },
	{ "shared file that cannot be read", RW, MAP_SHARED, WRITE_ONLY, 0, 1, 0, -EACCES },
	{ "private append-only file", RW, MAP_PRIVATE, APPEND_ONLY, 0, 1 },
	{ "shared append-only file", PROT_READ, MAP_SHARED, APPEND_ONLY, 0, 1, 0, -EACCES },
	{ "swap file", PROT_READ, MAP_PRIVATE, SWAP_FILE, 0, 1, 0, -ETXTBSY },
	{ "no regular file", PROT_READ, MAP_PRIVATE, TABLE, 0, 1, 0, -ENODEV },
};

/* A call that fails leaves no region, no segment and no page cache. */
static void mmap_of(struct kunit *test)
{
	const struct mmap_row *row = test->param_value;
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	struct shmswap_mmap arg = {
		.prot = row->prot,
		.addr = row->addr,
		.len = row->len,
		.offset = row->offset,
		.flags = row->flags,
		.fd = open_kind(test, mm, row->fd),
		.out_addr = 7,
	};

	KUNIT_EXPECT_EQ(test, row->err, sim_mmap(mm, &arg));
	if (!row->err) {
		KUNIT_EXPECT_EQ(test, 1, mm->map_count);
		sim_test_expect_area(test, mm, arg.out_addr, PAGE_ALIGN(row->len) >> PAGE_SHIFT,
				     row->offset >> PAGE_SHIFT);
		return;
	}
	KUNIT_EXPECT_EQ(test, 7, arg.out_addr);
	KUNIT_EXPECT_EQ(test, 0, mm->map_count);
	KUNIT_EXPECT_EQ(test, 0, m->shm_used);
	KUNIT_EXPECT_TRUE(test, hash_empty(m->mappings));
}

KUNIT_ARRAY_PARAM_DESC(mmap, mmap_rows, name);

static int mmap_at(struct sim_mm *mm, u64 address, u64 npages, u32 flags)
{
	return sim_mmap(mm, &(struct shmswap_mmap) {
		.addr = address,
		.len = PAGES(npages),
		.prot = RW,
		.flags = flags,
		.fd = -1,
	});
}

static void reserved_is_for_who_controls_the_machine(struct kunit *test)
{
	struct cred *user = sim_test_user(test, 1000, 1000);
	struct sim_mm *mm = sim_test_process(test, sim_test_machine(test));

	KUNIT_EXPECT_EQ(test, -EPERM,
			SIM_TEST_AS(user, mmap_at(mm, 0, 1, PRIVATE | SHMSWAP_MAP_RESERVED)));
	KUNIT_EXPECT_EQ(test, 0, SIM_TEST_AS(user, mmap_at(mm, 0, 1, PRIVATE)));
}

/* Its server may let kswapd wait for ever. */
static void shared_file_of_fuse_is_for_administrators(struct kunit *test)
{
	struct cred *user = sim_test_user(test, 1000, 1000);
	struct sim_mm *mm = sim_test_process(test, sim_test_machine(test));
	struct sim_test_file *f = sim_test_file(test, 1, 1);
	unsigned long *magic = &file_inode(f->file)->i_sb->s_magic;
	struct shmswap_mmap arg = { .len = 1, .prot = PROT_READ, .flags = MAP_SHARED, .fd = f->fd };
	unsigned long before = *magic;
	int shared, private;

	*magic = FUSE_SUPER_MAGIC;
	shared = SIM_TEST_AS(user, sim_mmap(mm, &arg));
	arg.flags = MAP_PRIVATE;
	private = SIM_TEST_AS(user, sim_mmap(mm, &arg));
	arg.flags = MAP_SHARED;
	KUNIT_EXPECT_EQ(test, 0, sim_mmap(mm, &arg));
	*magic = before;
	KUNIT_EXPECT_EQ(test, -EPERM, shared);
	KUNIT_EXPECT_EQ(test, 0, private);
}

/* ---------------------------------------------------- where a region goes */

static const struct place_row {
	const char *name;
	u32 flags;
	u64 addr;
	u64 out;	/* 0: -EEXIST */
} place_rows[] = {
	{ "anywhere", 0, 0, UNMAPPED_BASE },
	{ "hint that is free", 0, BASE - PAGES(2), BASE - PAGES(2) },
	{ "hint within a page", 0, BASE - PAGES(2) + 5, BASE - PAGES(2) },
	{ "hint that is taken", 0, BASE + PAGES(3), UNMAPPED_BASE },
	{ "hint that is taken in part", 0, BASE - PAGES(1), UNMAPPED_BASE },
	{ "hint too near the end", 0, SHMSWAP_TASK_SIZE - PAGES(1), UNMAPPED_BASE },
	{ "fixed where something is", MAP_FIXED, BASE + PAGES(3), BASE + PAGES(3) },
	{ "unmovable where something is", MAP_FIXED_NOREPLACE, BASE + PAGES(3), 0 },
	{ "unmovable over its edge", MAP_FIXED_NOREPLACE, BASE - PAGES(1), 0 },
	{ "unmovable beside it", MAP_FIXED_NOREPLACE, BASE - PAGES(2), BASE - PAGES(2) },
};

/* Two pages, in a process that has eight pages at BASE. */
static void mmap_goes(struct kunit *test)
{
	const struct place_row *row = test->param_value;
	struct sim_mm *mm = sim_test_process(test, sim_test_machine(test));
	struct shmswap_mmap arg = {
		.prot = PROT_READ,
		.addr = row->addr,
		.len = PAGES(2),
		.flags = PRIVATE | row->flags,
		.fd = -1,
	};

	sim_test_map_at(test, mm, BASE, 8);
	KUNIT_EXPECT_EQ(test, row->out ? 0 : -EEXIST, sim_mmap(mm, &arg));
	KUNIT_EXPECT_EQ(test, row->out, arg.out_addr);
	if (row->out)
		sim_test_expect_area(test, mm, row->out, 2, 0);
	else
		sim_test_expect_area(test, mm, BASE, 8, 0);
}

KUNIT_ARRAY_PARAM_DESC(place, place_rows, name);

/* ------------------------------------------------------ what a region is */

static const struct flags_row {
	const char *name;
	u32 prot;
	u32 flags;
	int fd;
	u32 vm_flags;
} flags_rows[] = {
	{ "private", RW, PRIVATE, -1, AREA_RW | AREA_MAYWRITE },
	{ "private without protection", 0, PRIVATE, -1, AREA_MAYWRITE },
	{ "reserved", RW, PRIVATE | SHMSWAP_MAP_RESERVED, -1,
	  AREA_RW | AREA_MAYWRITE | SHMSWAP_VM_RESERVED },
	{ "shared", PROT_READ, SHARED, -1, AREA_R | AREA_MAYWRITE | AREA_SHARED },
	{ "text", PROT_READ | PROT_EXEC, MAP_PRIVATE, READ_ONLY, AREA_R | AREA_X | AREA_MAYWRITE },
	{ "shared file", RW, MAP_SHARED, READ_WRITE, AREA_RW | AREA_MAYWRITE | AREA_SHARED },
	{ "shared file, for reading", PROT_READ, MAP_SHARED, READ_WRITE,
	  AREA_R | AREA_MAYWRITE | AREA_SHARED },
	{ "shared file that cannot be written", PROT_READ, MAP_SHARED, READ_ONLY,
	  AREA_R | AREA_SHARED },
};

static void region_has_flags(struct kunit *test)
{
	const struct flags_row *row = test->param_value;
	struct sim_mm *mm = sim_test_process(test, sim_test_machine(test));
	u64 address = sim_test_mmap(test, mm, (struct shmswap_mmap) {
		.prot = row->prot,
		.len = 1,
		.flags = row->flags,
		.fd = open_kind(test, mm, row->fd),
	});

	KUNIT_EXPECT_EQ(test, row->vm_flags, sim_test_area(mm, address).vm_flags);
}

KUNIT_ARRAY_PARAM_DESC(flags, flags_rows, name);

static void shared_anonymous_region_is_a_hidden_segment(struct kunit *test)
{
	struct cred *user = sim_test_user(test, 1000, 1000);
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	struct shmswap_shmat arg = {};
	struct sim_shmid *seg;
	struct sim_mm *child;

	KUNIT_ASSERT_EQ(test, 0, mmap_at(mm, BASE, 4, SHARED | MAP_FIXED));
	seg = sim_test_area(mm, BASE).vm_seg;
	KUNIT_ASSERT_NOT_NULL(test, seg);
	KUNIT_EXPECT_EQ(test, SIM_SHM_DEST, seg->mode);
	KUNIT_EXPECT_EQ(test, 0, seg->key);
	KUNIT_EXPECT_EQ(test, 1, seg->nattch);
	arg.shmid = seg->id;
	KUNIT_EXPECT_EQ(test, -EACCES, SIM_TEST_AS(user, sim_shmat(mm, &arg)));
	SIM_EXPECT_SHM(test, m, 4, 0, 0);
	sim_test_fill(test, mm, BASE, 4, 1);
	child = sim_test_fork(test, mm);
	KUNIT_EXPECT_EQ(test, 2, seg->nattch);
	/* The clock takes its pages as any segment's. */
	sim_test_swap_out_all(test, m);
	sim_test_verify(test, child, BASE, 4, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(child, BASE, 5));
	KUNIT_EXPECT_EQ(test, 5, sim_test_word_at(mm, BASE));
	sim_test_process_exit(test, child);
	KUNIT_EXPECT_EQ(test, 0, sim_test_munmap(mm, BASE, 4));
	SIM_EXPECT_SHM(test, m, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, m->shm_used);
}

/* As for shmget(2), but mmap(2) has one errno for all of them. */
static void shared_anonymous_region_at_limits_of_segments(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = SIM_TEST_FRAMES,
		.shmmax = PAGES(8),
		.shmall = 10,
		.shmmni = 2,
	});
	struct sim_mm *mm = sim_test_process(test, m);

	KUNIT_EXPECT_EQ(test, -ENOMEM, mmap_at(mm, 0, 9, SHARED));
	KUNIT_EXPECT_EQ(test, 0, mmap_at(mm, BASE, 8, SHARED));
	KUNIT_EXPECT_EQ(test, -ENOMEM, mmap_at(mm, 0, 3, SHARED));
	KUNIT_EXPECT_EQ(test, 0, mmap_at(mm, 0, 1, SHARED));
	KUNIT_EXPECT_EQ(test, -ENOMEM, mmap_at(mm, 0, 1, SHARED));
	KUNIT_EXPECT_EQ(test, 0, sim_test_munmap(mm, BASE, 8));
	KUNIT_EXPECT_EQ(test, 0, mmap_at(mm, 0, 1, SHARED));
}

/* ------------------------------------------------------------- joining */

/**
 * struct join_row - two regions of two pages each, side by side
 * @name: what they are
 * @first: first
 * @second: second; files: 0 the same
 * @areas: how many they are then
 */
static const struct join_row {
	const char *name;
	struct shmswap_mmap first;
	struct shmswap_mmap second;
	u32 areas;
} join_rows[] = {
#define ANON(p, f)	{ .prot = p, .flags = f, .fd = -1 }
#define FILE_AT(f, o)	{ .prot = PROT_READ, .flags = f, .offset = PAGES(o) }
	{ "alike", ANON(RW, PRIVATE), ANON(RW, PRIVATE), 1 },
	{ "different protection", ANON(RW, PRIVATE), ANON(PROT_READ, PRIVATE), 2 },
	{ "reserved and not", ANON(RW, PRIVATE | SHMSWAP_MAP_RESERVED), ANON(RW, PRIVATE), 2 },
	{ "both reserved", ANON(RW, PRIVATE | SHMSWAP_MAP_RESERVED),
	  ANON(RW, PRIVATE | SHMSWAP_MAP_RESERVED), 1 },
	{ "two segments", ANON(RW, SHARED), ANON(RW, SHARED), 2 },
	{ "a file going on", FILE_AT(MAP_PRIVATE, 5), FILE_AT(MAP_PRIVATE, 7), 1 },
	{ "a shared file going on", FILE_AT(MAP_SHARED, 0), FILE_AT(MAP_SHARED, 2), 1 },
	{ "a file's pages twice", FILE_AT(MAP_PRIVATE, 5), FILE_AT(MAP_PRIVATE, 5), 2 },
	{ "a file with a gap", FILE_AT(MAP_PRIVATE, 5), FILE_AT(MAP_PRIVATE, 8), 2 },
	{ "a file, private and shared", FILE_AT(MAP_PRIVATE, 5), FILE_AT(MAP_SHARED, 7), 2 },
	{ "a file and memory", FILE_AT(MAP_PRIVATE, 0), ANON(PROT_READ, PRIVATE), 2 },
#undef ANON
#undef FILE_AT
};

static void neighbours_join(struct kunit *test)
{
	const struct join_row *row = test->param_value;
	struct sim_mm *mm = sim_test_process(test, sim_test_machine(test));
	struct shmswap_mmap arg[2] = { row->first, row->second };
	struct sim_test_file *f = sim_test_file(test, 1, 1);
	int i;

	for (i = 0; i < 2; i++) {
		arg[i].fd = arg[i].fd ?: f->fd;
		arg[i].len = PAGES(2);
		arg[i].addr = BASE + PAGES(2 * i);
		arg[i].flags |= MAP_FIXED;
		sim_test_mmap(test, mm, arg[i]);
	}
	KUNIT_EXPECT_EQ(test, row->areas, mm->map_count);
	sim_test_expect_area(test, mm, BASE, row->areas == 1 ? 4 : 2,
			     row->first.offset >> PAGE_SHIFT);
}

KUNIT_ARRAY_PARAM_DESC(join, join_rows, name);

static void files_side_by_side_stay_two(struct kunit *test)
{
	struct sim_mm *mm = sim_test_process(test, sim_test_machine(test));
	struct shmswap_mmap arg = { .prot = PROT_READ, .flags = MAP_PRIVATE, .len = PAGE_SIZE };

	arg.addr = BASE;
	arg.fd = sim_test_file(test, 1, 1)->fd;
	sim_test_mmap(test, mm, arg);
	arg.addr = BASE + PAGE_SIZE;
	arg.offset = PAGE_SIZE;
	arg.fd = sim_test_file(test, 1, 1)->fd;
	sim_test_mmap(test, mm, arg);
	KUNIT_EXPECT_EQ(test, 2, mm->map_count);
}

static void region_that_fills_a_gap_joins_three(struct kunit *test)
{
	struct sim_mm *mm = sim_test_process(test, sim_test_machine(test));

	sim_test_map_at(test, mm, BASE, 2);
	sim_test_map_at(test, mm, BASE + PAGES(3), 2);
	KUNIT_EXPECT_EQ(test, 2, mm->map_count);
	sim_test_fill(test, mm, BASE, 2, 1);
	sim_test_fill(test, mm, BASE + PAGES(3), 2, 2);
	sim_test_map_at(test, mm, BASE + PAGES(2), 1);
	KUNIT_EXPECT_EQ(test, 1, mm->map_count);
	sim_test_expect_area(test, mm, BASE, 5, 0);
	sim_test_verify(test, mm, BASE, 2, 1);
	sim_test_verify(test, mm, BASE + PAGES(3), 2, 2);
}

/* Each begins with page 0: they are two attaches, and shmdt() takes one. */
static void attaches_side_by_side_stay_two(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 2);

	sim_test_attach_at(test, mm, id, BASE, 0);
	sim_test_attach_at(test, mm, id, BASE + PAGES(2), 0);
	KUNIT_EXPECT_EQ(test, 0, sim_test_mprotect(mm, BASE, 4, PROT_READ));
	KUNIT_EXPECT_EQ(test, 2, mm->map_count);
}

/* ------------------------------------------------------------- munmap */

static const struct munmap_row {
	const char *name;
	struct shmswap_munmap arg;
	int err;
} munmap_rows[] = {
	{ "where nothing is", { .addr = BASE + PAGES(100), .len = 1 }, 0 },
	{ "everything", { .len = SHMSWAP_TASK_SIZE }, 0 },
	{ "flags", { .flags = 1, .addr = BASE, .len = 1 }, -EINVAL },
	{ "no length", { .addr = BASE }, -EINVAL },
	{ "not at a page", { .addr = BASE + 1, .len = 1 }, -EINVAL },
	{ "beyond the end", { .addr = BASE, .len = SHMSWAP_TASK_SIZE - BASE + 1 }, -EINVAL },
	{ "behind the end", { .addr = SHMSWAP_TASK_SIZE + PAGE_SIZE, .len = 1 }, -EINVAL },
	{ "around the end", { .addr = BASE, .len = U64_MAX }, -EINVAL },
};

static void munmap_of(struct kunit *test)
{
	const struct munmap_row *row = test->param_value;
	struct sim_mm *mm = sim_test_process(test, sim_test_machine(test));

	sim_test_map_at(test, mm, BASE, 4);
	KUNIT_EXPECT_EQ(test, row->err, sim_do_munmap(mm, &row->arg));
	KUNIT_EXPECT_EQ(test, !row->arg.addr ? 0 : 1, mm->map_count);
}

KUNIT_ARRAY_PARAM_DESC(munmap, munmap_rows, name);

/**
 * struct cut_row - a part of eight pages at BASE is unmapped
 * @name: which part
 * @page: its first page
 * @npages: its size
 * @head: pages that are left before it
 * @tail: pages that are left behind it
 */
static const struct cut_row {
	const char *name;
	int page;
	u32 npages;
	u32 head;
	u32 tail;
} cut_rows[] = {
	{ "a hole", 3, 2, 3, 3 },
	{ "the first pages", 0, 2, 0, 6 },
	{ "the last pages", 5, 3, 5, 0 },
	{ "all of it", 0, 8, 0, 0 },
	{ "all of it and more", -1, 10, 0, 0 },
	{ "the first page and one before", -1, 2, 0, 7 },
	{ "the last page and one behind", 7, 2, 7, 0 },
};

KUNIT_ARRAY_PARAM_DESC(cut, cut_rows, name);

/* What is left has its place in the file or segment, and its bytes. */
static void expect_cut(struct kunit *test, struct sim_mm *mm, const struct cut_row *row,
		       bool has_pgoff)
{
	u32 left = row->head + row->tail;
	u32 behind = 8 - row->tail;

	KUNIT_EXPECT_EQ(test, 0, sim_test_munmap(mm, BASE + row->page * (s64)PAGE_SIZE,
						 row->npages));
	KUNIT_EXPECT_EQ(test, !!row->head + !!row->tail, mm->map_count);
	KUNIT_EXPECT_EQ(test, left, atomic_long_read(&mm->rss));
	if (row->head)
		sim_test_expect_area(test, mm, BASE, row->head, 0);
	if (row->tail)
		sim_test_expect_area(test, mm, BASE + PAGES(behind), row->tail,
				     has_pgoff ? behind : 0);
	if (!left)
		KUNIT_EXPECT_NULL(test, mm->pgd);
	sim_test_check(test, mm->m);
	sim_test_verify(test, mm, BASE, row->head, 1);
	if (row->tail)
		KUNIT_EXPECT_EQ(test, sim_test_pattern_word(test, 1, 7),
				sim_test_word_at(mm, BASE + PAGES(7)));
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_touch(mm, BASE + (row->page + 1) * (s64)PAGE_SIZE,
						      false));
}

static void munmap_cuts_private_memory(struct kunit *test)
{
	const struct cut_row *row = test->param_value;
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);

	sim_test_map_at(test, mm, BASE, 8);
	sim_test_fill(test, mm, BASE, 8, 1);
	expect_cut(test, mm, row, false);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES - row->head - row->tail, m->nr_free_pages);
}

static void munmap_cuts_file(struct kunit *test)
{
	const struct cut_row *row = test->param_value;
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);

	sim_test_mmap(test, mm, (struct shmswap_mmap) {
		.prot = PROT_READ,
		.addr = BASE,
		.len = PAGES(8),
		.flags = MAP_PRIVATE,
		.fd = sim_test_file(test, 8, 1)->fd,
	});
	sim_test_verify(test, mm, BASE, 8, 1);
	expect_cut(test, mm, row, true);
	/* With its last region goes the page cache. */
	KUNIT_EXPECT_EQ(test, row->head + row->tail ? 8 : 0, atomic_read(&m->nr_file_pages));
}

/* Trimmed, it is a new attach and a closed one: both times, and nattch as before. */
static void munmap_cuts_attach(struct kunit *test)
{
	const struct cut_row *row = test->param_value;
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 8);
	struct sim_shmid *seg = sim_test_seg(test, m, id);

	sim_test_attach_at(test, mm, id, BASE, 0);
	sim_test_fill(test, mm, BASE, 8, 1);
	seg->atime = 0;
	seg->dtime = 0;
	expect_cut(test, mm, row, true);
	KUNIT_EXPECT_EQ(test, !!row->head + !!row->tail, seg->nattch);
	KUNIT_EXPECT_NE(test, 0, seg->dtime);
	KUNIT_EXPECT_EQ(test, row->head || row->tail, seg->atime != 0);
	SIM_EXPECT_SHM(test, m, 8, 8, 0);
}

static void munmap_gives_back_slots(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);

	sim_test_map_at(test, mm, BASE, 4);
	sim_test_fill(test, mm, BASE, 4, 1);
	sim_test_scan_out(test, mm, BASE, 2);
	sim_test_discard_all(m);
	/* One is only in swap, one in the swap cache too, one nowhere but there. */
	KUNIT_ASSERT_EQ(test, 0, sim_test_touch(mm, BASE, false));
	sim_test_scan_out(test, mm, BASE + PAGES(2), 1);
	KUNIT_EXPECT_EQ(test, 0, sim_test_munmap(mm, BASE, 4));
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS, m->nr_swap_pages);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, m->nr_free_pages);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&m->nr_swapcache));
}

static void munmap_over_regions_of_all_kinds(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 4);

	sim_test_map_at(test, mm, BASE, 4);
	sim_test_attach_at(test, mm, id, BASE + PAGES(4), 0);
	sim_test_mmap(test, mm, (struct shmswap_mmap) {
		.prot = RW,
		.addr = BASE + PAGES(9),
		.len = PAGES(4),
		.flags = MAP_PRIVATE,
		.fd = sim_test_file(test, 4, 1)->fd,
	});
	sim_test_touch_pages(test, mm, BASE, 8);
	sim_test_touch_pages(test, mm, BASE + PAGES(9), 4);
	KUNIT_EXPECT_EQ(test, 0, sim_test_munmap(mm, BASE + PAGES(1), 11));
	KUNIT_EXPECT_EQ(test, 2, mm->map_count);
	KUNIT_EXPECT_EQ(test, 2, atomic_long_read(&mm->rss));
	KUNIT_EXPECT_EQ(test, 0, sim_test_seg(test, m, id)->nattch);
	sim_test_expect_area(test, mm, BASE, 1, 0);
	sim_test_expect_area(test, mm, BASE + PAGES(12), 1, 3);
}

static void cuts_at_map_count_limit_change_nothing(struct kunit *test)
{
	struct sim_mm *mm = sim_test_process(test, sim_test_machine(test));

	sim_test_map_at(test, mm, BASE, 8);
	mm->map_count += SIM_MAX_MAP_COUNT - 1;
	KUNIT_EXPECT_EQ(test, -ENOMEM, sim_test_munmap(mm, BASE + PAGES(2), 1));
	KUNIT_EXPECT_EQ(test, -ENOMEM, sim_test_mprotect(mm, BASE + PAGES(2), 1, PROT_READ));
	KUNIT_EXPECT_EQ(test, -ENOMEM, sim_test_mlock(mm, BASE + PAGES(2), 1));
	KUNIT_EXPECT_EQ(test, -ENOMEM, mmap_at(mm, 0, 1, PRIVATE));
	/* Room for one more, where two are needed. */
	mm->map_count--;
	KUNIT_EXPECT_EQ(test, -ENOMEM, sim_test_mprotect(mm, BASE + PAGES(2), 1, PROT_READ));
	KUNIT_EXPECT_EQ(test, SIM_MAX_MAP_COUNT - 1, mm->map_count);
	sim_test_expect_area(test, mm, BASE, 8, 0);
	KUNIT_EXPECT_EQ(test, 0, mm->locked_vm);
	KUNIT_EXPECT_EQ(test, 0, sim_test_munmap(mm, BASE + PAGES(2), 1));
	mm->map_count -= SIM_MAX_MAP_COUNT - 2;
}

/* ------------------------------------------------------------ mprotect */

static const struct mprotect_row {
	const char *name;
	struct shmswap_mprotect arg;
	int err;
} mprotect_rows[] = {
	{ "unknown protection", { .prot = 8, .addr = BASE, .len = 1 }, -EINVAL },
	{ "not at a page", { .addr = BASE + 1, .len = 1 }, -EINVAL },
	{ "beyond the end", { .addr = BASE, .len = SHMSWAP_TASK_SIZE }, -EINVAL },
	{ "no length", { .addr = BASE + PAGES(100) }, 0 },
	{ "a hole", { .addr = BASE, .len = PAGES(4) }, -ENOMEM },
	{ "what begins in a hole", { .addr = BASE + PAGES(2), .len = PAGES(2) }, -ENOMEM },
	{ "a read-only attach", { .prot = RW, .addr = BASE, .len = PAGES(2) }, -EACCES },
	{ "a read-only file", { .prot = PROT_WRITE, .addr = BASE + PAGES(3), .len = PAGES(2) },
	  -EACCES },
};

/*
 * Page 0 is private memory, page 1 a read-only attach, page 2 a hole, page 3
 * private memory, and page 4 a shared file that is not to be written.
 */
static struct sim_mm *mixed_process(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);

	sim_test_map_at(test, mm, BASE, 1);
	sim_test_attach_at(test, mm, sim_test_segment(test, m, 1), BASE + PAGES(1), SHM_RDONLY);
	sim_test_map_at(test, mm, BASE + PAGES(3), 1);
	sim_test_mmap(test, mm, (struct shmswap_mmap) {
		.prot = PROT_READ,
		.addr = BASE + PAGES(4),
		.len = PAGE_SIZE,
		.flags = MAP_SHARED,
		.fd = open_kind(test, mm, READ_ONLY),
	});
	return mm;
}

/* None of the regions changes if one cannot. */
static void mprotect_fails(struct kunit *test)
{
	const struct mprotect_row *row = test->param_value;
	struct sim_mm *mm = mixed_process(test);

	KUNIT_EXPECT_EQ(test, row->err, sim_mprotect(mm, &row->arg));
	KUNIT_EXPECT_EQ(test, 4, mm->map_count);
	KUNIT_EXPECT_EQ(test, AREA_RW | AREA_MAYWRITE, sim_test_area(mm, BASE).vm_flags);
	KUNIT_EXPECT_EQ(test, AREA_R | AREA_SHARED, sim_test_area(mm, BASE + PAGES(1)).vm_flags);
	KUNIT_EXPECT_EQ(test, AREA_RW | AREA_MAYWRITE,
			sim_test_area(mm, BASE + PAGES(3)).vm_flags);
	KUNIT_EXPECT_EQ(test, AREA_R | AREA_SHARED, sim_test_area(mm, BASE + PAGES(4)).vm_flags);
}

KUNIT_ARRAY_PARAM_DESC(mprotect, mprotect_rows, name);

static void mprotect_decides_what_accesses_do(struct kunit *test)
{
	struct sim_mm *mm = sim_test_process(test, sim_test_machine(test));

	sim_test_map_at(test, mm, BASE, 2);
	sim_test_fill(test, mm, BASE, 1, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_test_mprotect(mm, BASE, 2, PROT_READ));
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_touch(mm, BASE, true));
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_touch(mm, BASE + PAGES(1), true));
	sim_test_verify(test, mm, BASE, 1, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_test_mprotect(mm, BASE, 2, PROT_NONE));
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_touch(mm, BASE, false));
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_touch(mm, BASE + PAGES(1), false));
	KUNIT_EXPECT_EQ(test, 0, sim_test_mprotect(mm, BASE, 2, RW));
	sim_test_verify(test, mm, BASE, 1, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(mm, BASE, true));
}

/* Its PTE gets the new protection, and keeps its dirtiness. */
static void mprotect_keeps_the_rest_of_a_pte(struct kunit *test)
{
	struct sim_mm *mm = sim_test_process(test, sim_test_machine(test));
	sim_pte_t before, after;

	sim_test_map_at(test, mm, BASE, 1);
	KUNIT_ASSERT_EQ(test, 0, sim_test_touch(mm, BASE, true));
	before = sim_test_pte(mm, BASE);
	KUNIT_EXPECT_EQ(test, 0, sim_test_mprotect(mm, BASE, 1, PROT_EXEC));
	after = sim_test_pte(mm, BASE);
	KUNIT_EXPECT_EQ(test, SHMSWAP_PTE_FOR | SHMSWAP_PTE_FOW | SHMSWAP_PTE_FOE,
			(before.pte ^ after.pte) | SHMSWAP_PTE_FOE);
	KUNIT_EXPECT_EQ(test, SHMSWAP_PTE_FOR | SHMSWAP_PTE_FOW,
			after.pte & (SHMSWAP_PTE_FOR | SHMSWAP_PTE_FOW | SHMSWAP_PTE_FOE));
}

/* What comes back from swap has the protection of now, not of then. */
static void mprotect_of_swapped_page(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);

	sim_test_map_at(test, mm, BASE, 1);
	sim_test_fill(test, mm, BASE, 1, 1);
	sim_test_scan_out(test, mm, BASE, 1);
	sim_test_discard_all(m);
	KUNIT_EXPECT_EQ(test, 0, sim_test_mprotect(mm, BASE, 1, PROT_READ));
	SIM_EXPECT_PTE(test, mm, BASE, "swap");
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_touch(mm, BASE, true));
	sim_test_verify(test, mm, BASE, 1, 1);
	SIM_EXPECT_BITS(test, mm, BASE, "young clean read-only");
}

static void mprotect_splits_and_joins(struct kunit *test)
{
	struct sim_mm *mm = sim_test_process(test, sim_test_machine(test));

	sim_test_map_at(test, mm, BASE, 8);
	sim_test_fill(test, mm, BASE, 8, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_test_mprotect(mm, BASE + PAGES(3), 2, PROT_READ));
	KUNIT_EXPECT_EQ(test, 3, mm->map_count);
	sim_test_expect_area(test, mm, BASE, 3, 0);
	sim_test_expect_area(test, mm, BASE + PAGES(3), 2, 0);
	sim_test_expect_area(test, mm, BASE + PAGES(5), 3, 0);
	/* Over both seams. */
	KUNIT_EXPECT_EQ(test, 0, sim_test_mprotect(mm, BASE + PAGES(2), 4, RW));
	KUNIT_EXPECT_EQ(test, 1, mm->map_count);
	sim_test_expect_area(test, mm, BASE, 8, 0);
	KUNIT_EXPECT_EQ(test, 8, atomic_long_read(&mm->rss));
	sim_test_verify(test, mm, BASE, 8, 1);
}

static void mprotect_splits_and_joins_a_file(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	u64 base = sim_test_map_file(test, mm, sim_test_file(test, 8, 1), 8, MAP_SHARED);

	KUNIT_EXPECT_EQ(test, 0, sim_test_mprotect(mm, base + PAGES(3), 2, PROT_READ));
	sim_test_expect_area(test, mm, base + PAGES(3), 2, 3);
	sim_test_expect_area(test, mm, base + PAGES(5), 3, 5);
	sim_test_verify(test, mm, base, 8, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_test_mprotect(mm, base + PAGES(3), 2, RW));
	sim_test_expect_area(test, mm, base, 8, 0);
	sim_test_verify(test, mm, base, 8, 1);
}

/* Splitting opens attaches, and closes none; joining closes them again. */
static void mprotect_splits_and_joins_an_attach(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 8);
	struct sim_shmid *seg = sim_test_seg(test, m, id);

	sim_test_attach_at(test, mm, id, BASE, 0);
	sim_test_fill(test, mm, BASE, 8, 1);
	seg->atime = 0;
	KUNIT_EXPECT_EQ(test, 0, sim_test_mprotect(mm, BASE + PAGES(3), 2, PROT_READ));
	KUNIT_EXPECT_EQ(test, 3, seg->nattch);
	KUNIT_EXPECT_NE(test, 0, seg->atime);
	KUNIT_EXPECT_EQ(test, 0, seg->dtime);
	sim_test_expect_area(test, mm, BASE + PAGES(5), 3, 5);
	sim_test_verify(test, mm, BASE, 8, 1);
	sim_test_check(test, m);
	seg->atime = 0;
	KUNIT_EXPECT_EQ(test, 0, sim_test_mprotect(mm, BASE + PAGES(3), 2, RW));
	KUNIT_EXPECT_EQ(test, 1, seg->nattch);
	KUNIT_EXPECT_EQ(test, 0, seg->atime);
	KUNIT_EXPECT_NE(test, 0, seg->dtime);
	sim_test_verify(test, mm, BASE, 8, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(mm, BASE));
	KUNIT_EXPECT_EQ(test, 0, mm->map_count);
}

/* ---------------------------------------------------------------- mlock */

static const struct mlock_row {
	const char *name;
	struct shmswap_mlock arg;
	int err;
	u64 locked;
} mlock_rows[] = {
	{ "flags", { .flags = 1, .addr = BASE, .len = 1 }, -EINVAL, 0 },
	{ "beyond the end", { .addr = BASE, .len = SHMSWAP_TASK_SIZE }, -EINVAL, 0 },
	{ "endless", { .addr = BASE + 1, .len = U64_MAX }, -EINVAL, 0 },
	{ "a hole", { .addr = BASE, .len = PAGES(3) }, -ENOMEM, 0 },
	{ "nothing", { .addr = BASE }, 0, 0 },
	{ "a byte", { .addr = BASE + 5, .len = 1 }, 0, 1 },
	{ "a page's last byte and the next's first", { .addr = BASE + PAGE_SIZE - 1, .len = 2 },
	  0, 2 },
	{ "over two regions", { .addr = BASE + PAGES(3), .len = PAGES(2) }, 0, 2 },
};

/* What a process has locked, and what its user is charged, who has no other. */
static void expect_locked(struct kunit *test, struct sim_mm *mm, unsigned long pages)
{
	void *charged = xa_load(&mm->m->shm_locked, __kuid_val(mm->uid));

	KUNIT_EXPECT_EQ(test, pages, mm->locked_vm);
	KUNIT_EXPECT_EQ(test, pages, charged ? xa_to_value(charged) : 0);
}

static void mlock_of(struct kunit *test)
{
	const struct mlock_row *row = test->param_value;
	struct sim_mm *mm = mixed_process(test);

	KUNIT_EXPECT_EQ(test, row->err, sim_mlock(mm, &row->arg));
	expect_locked(test, mm, row->locked);
	KUNIT_EXPECT_EQ(test, row->locked, atomic_long_read(&mm->rss));
	KUNIT_EXPECT_EQ(test, 4, mm->map_count);
}

KUNIT_ARRAY_PARAM_DESC(mlock, mlock_rows, name);

static const struct munlock_row {
	const char *name;
	struct shmswap_munlock arg;
	int err;
	u64 locked;
} munlock_rows[] = {
	{ "flags", { .flags = 1, .addr = BASE, .len = 1 }, -EINVAL, 4 },
	{ "beyond the end", { .addr = BASE, .len = SHMSWAP_TASK_SIZE }, -EINVAL, 4 },
	{ "a hole", { .addr = BASE, .len = PAGES(3) }, -ENOMEM, 4 },
	{ "a byte", { .addr = BASE + 5, .len = 1 }, 0, 3 },
	{ "over two regions", { .addr = BASE + PAGES(4) - 1, .len = 2 }, 0, 2 },
};

static void munlock_of(struct kunit *test)
{
	const struct munlock_row *row = test->param_value;
	struct sim_mm *mm = mixed_process(test);

	KUNIT_ASSERT_EQ(test, 0, sim_test_mlock(mm, BASE, 2));
	KUNIT_ASSERT_EQ(test, 0, sim_test_mlock(mm, BASE + PAGES(3), 2));
	KUNIT_EXPECT_EQ(test, row->err, sim_munlock(mm, &row->arg));
	expect_locked(test, mm, row->locked);
	KUNIT_EXPECT_EQ(test, 4, atomic_long_read(&mm->rss));
}

KUNIT_ARRAY_PARAM_DESC(munlock, munlock_rows, name);

/* So that no later store needs a frame; a shared page is nobody's to copy. */
static void mlock_stores_where_a_store_would_copy(struct kunit *test)
{
	struct sim_mm *mm = sim_test_process(test, sim_test_machine(test));
	struct sim_test_file *f = sim_test_file(test, 1, 1);
	u64 private = sim_test_map_file(test, mm, f, 1, MAP_PRIVATE);
	u64 shared = sim_test_map_file(test, mm, f, 1, MAP_SHARED);

	KUNIT_EXPECT_EQ(test, 0, sim_test_mlock(mm, private, 1));
	SIM_EXPECT_BITS(test, mm, private, "young dirty writable");
	SIM_EXPECT_EVENT(test, mm->m, PGCOW, 1);
	sim_test_verify(test, mm, private, 1, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_test_mlock(mm, shared, 1));
	SIM_EXPECT_BITS(test, mm, shared, "young clean writable");
	/* But where a load is not allowed a store it must be. */
	KUNIT_ASSERT_EQ(test, 0, sim_test_mprotect(mm, shared, 1, PROT_WRITE));
	KUNIT_EXPECT_EQ(test, 0, sim_test_mlock(mm, shared, 1));
	SIM_EXPECT_BITS(test, mm, shared, "young dirty writable");
}

/* Locked it is all the same: who unmaps it must find it counted. */
static void mlock_of_what_cannot_be_brought_in(struct kunit *test)
{
	struct sim_mm *mm = sim_test_process(test, sim_test_machine(test));
	struct sim_test_file *f = sim_test_file(test, 1, 1);
	u64 base = sim_test_map_file(test, mm, f, 2, MAP_SHARED);

	sim_test_map_at(test, mm, BASE, 1);
	KUNIT_ASSERT_EQ(test, 0, sim_test_mprotect(mm, BASE, 1, PROT_NONE));
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_mlock(mm, BASE, 1));
	expect_locked(test, mm, 1);
	KUNIT_EXPECT_EQ(test, -EIO, sim_test_mlock(mm, base, 2));
	expect_locked(test, mm, 3);
	KUNIT_EXPECT_EQ(test, 1, atomic_long_read(&mm->rss));
}

static void mlock_minds_the_limit(struct kunit *test)
{
	struct cred *user = sim_test_user(test, 1000, 1000);
	struct cred *admin = sim_test_user(test, 1000, 1000);
	struct sim_mm *mm = sim_test_process(test, sim_test_machine(test));

	sim_test_user_allow(admin, CAP_IPC_LOCK);
	sim_test_map_at(test, mm, BASE, 8);
	sim_test_set_memlock(0);
	KUNIT_EXPECT_EQ(test, -EPERM, SIM_TEST_AS(user, sim_test_mlock(mm, BASE, 1)));
	KUNIT_EXPECT_EQ(test, 0, SIM_TEST_AS(admin, sim_test_mlock(mm, BASE, 1)));
	sim_test_set_memlock(PAGES(4));
	KUNIT_EXPECT_EQ(test, -ENOMEM, SIM_TEST_AS(user, sim_test_mlock(mm, BASE + PAGES(4), 4)));
	expect_locked(test, mm, 1);
	/* What is locked already does not count again. */
	KUNIT_EXPECT_EQ(test, 0, SIM_TEST_AS(user, sim_test_mlock(mm, BASE, 4)));
	KUNIT_EXPECT_EQ(test, 0, SIM_TEST_AS(user, sim_test_mlock(mm, BASE + PAGES(1), 2)));
	expect_locked(test, mm, 4);
	KUNIT_EXPECT_EQ(test, -ENOMEM, SIM_TEST_AS(user, sim_test_mlock(mm, BASE + PAGES(3), 2)));
	KUNIT_EXPECT_EQ(test, 0, SIM_TEST_AS(admin, sim_test_mlock(mm, BASE, 8)));
	sim_test_set_memlock(RLIM_INFINITY);
	KUNIT_EXPECT_EQ(test, 0, SIM_TEST_AS(user, sim_test_mlock(mm, BASE, 8)));
	expect_locked(test, mm, 8);
}

/* All processes of a user count, on a machine, and so does SHM_LOCK. */
static void limit_is_for_all_that_a_user_locks(struct kunit *test)
{
	struct shmswap_shmget get = { .segsz = 2 * PAGE_SIZE, .shmflg = 0600 };
	struct cred *user = sim_test_user(test, 1000, 1000);
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	struct sim_mm *other = sim_test_process(test, m);

	mm->uid = KUIDT_INIT(1000);
	other->uid = mm->uid;
	sim_test_map_at(test, mm, BASE, 4);
	sim_test_map_at(test, other, BASE, 4);
	KUNIT_ASSERT_EQ(test, 0, SIM_TEST_AS(user, sim_shmget(m, &get)));
	sim_test_set_memlock(PAGES(4));
	KUNIT_EXPECT_EQ(test, 0, SIM_TEST_AS(user, sim_test_mlock(mm, BASE, 2)));
	KUNIT_EXPECT_EQ(test, 0,
			SIM_TEST_AS(user, sim_test_shmctl(m, get.out_shmid, SHM_LOCK)));
	KUNIT_EXPECT_EQ(test, -ENOMEM, SIM_TEST_AS(user, sim_test_mlock(other, BASE, 1)));
	KUNIT_EXPECT_EQ(test, 0, sim_test_shmctl(m, get.out_shmid, SHM_UNLOCK));
	KUNIT_EXPECT_EQ(test, 0, SIM_TEST_AS(user, sim_test_mlock(other, BASE, 2)));
	KUNIT_EXPECT_EQ(test, -ENOMEM, SIM_TEST_AS(user, sim_test_mlock(mm, BASE, 3)));
	sim_test_process_exit(test, other);
	KUNIT_EXPECT_EQ(test, 0, SIM_TEST_AS(user, sim_test_mlock(mm, BASE, 4)));
	expect_locked(test, mm, 4);
}

static void locked_vm_follows_splits_and_joins(struct kunit *test)
{
	struct sim_mm *mm = sim_test_process(test, sim_test_machine(test));

	sim_test_map_at(test, mm, BASE, 8);
	KUNIT_EXPECT_EQ(test, 0, sim_test_mlock(mm, BASE, 8));
	KUNIT_EXPECT_EQ(test, 1, mm->map_count);
	KUNIT_EXPECT_EQ(test, 0, sim_test_munlock(mm, BASE + PAGES(3), 2));
	KUNIT_EXPECT_EQ(test, 3, mm->map_count);
	expect_locked(test, mm, 6);
	/* What is not locked is unlocked for nothing. */
	KUNIT_EXPECT_EQ(test, 0, sim_test_munlock(mm, BASE + PAGES(2), 4));
	expect_locked(test, mm, 4);
	KUNIT_EXPECT_EQ(test, 0, sim_test_mprotect(mm, BASE, 8, PROT_READ));
	expect_locked(test, mm, 4);
	KUNIT_EXPECT_EQ(test, 0, sim_test_mlock(mm, BASE + PAGES(2), 4));
	expect_locked(test, mm, 8);
	KUNIT_EXPECT_EQ(test, 1, mm->map_count);
	KUNIT_EXPECT_EQ(test, 0, sim_test_munlock(mm, BASE, 8));
	expect_locked(test, mm, 0);
}

/* Whatever part of a locked region goes, and however. */
static void locked_vm_loses_what_is_unmapped(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);

	sim_test_map_at(test, mm, BASE, 16);
	KUNIT_EXPECT_EQ(test, 0, sim_test_mlock(mm, BASE, 16));
	KUNIT_EXPECT_EQ(test, 0, sim_test_munmap(mm, BASE + PAGES(4), 2));
	expect_locked(test, mm, 14);
	KUNIT_EXPECT_EQ(test, 0, sim_test_munmap(mm, BASE - PAGES(1), 2));
	expect_locked(test, mm, 13);
	KUNIT_EXPECT_EQ(test, 0, sim_test_munmap(mm, BASE + PAGES(15), 4));
	expect_locked(test, mm, 12);
	sim_test_map_at(test, mm, BASE + PAGES(2), 4);
	expect_locked(test, mm, 10);
	sim_test_attach_at(test, mm, sim_test_segment(test, m, 2), BASE + PAGES(8), SHM_REMAP);
	expect_locked(test, mm, 8);
	KUNIT_EXPECT_EQ(test, 0, sim_test_munmap(mm, BASE, 16));
	expect_locked(test, mm, 0);
}

/* ----------------------------------------------------------------- msync */

static const struct msync_row {
	const char *name;
	struct shmswap_msync arg;
	int err;
} msync_rows[] = {
	{ "flags", { .flags = 1, .addr = BASE, .len = 1 }, -EINVAL },
	{ "not at a page", { .addr = BASE + 1, .len = 1 }, -EINVAL },
	{ "beyond the end", { .addr = BASE, .len = SHMSWAP_TASK_SIZE }, -EINVAL },
	{ "a hole", { .addr = BASE, .len = PAGES(3) }, -ENOMEM },
	{ "nothing", { .addr = BASE + PAGES(100) }, 0 },
	{ "memory, an attach", { .addr = BASE, .len = PAGES(2) }, 0 },
	{ "a file that is not to be written", { .addr = BASE + PAGES(3), .len = PAGES(2) }, 0 },
};

static void msync_of(struct kunit *test)
{
	const struct msync_row *row = test->param_value;
	struct sim_mm *mm = mixed_process(test);

	KUNIT_EXPECT_EQ(test, row->err, sim_msync(mm, &row->arg));
	SIM_EXPECT_EVENT(test, mm->m, PGPGOUT, 0);
}

KUNIT_ARRAY_PARAM_DESC(msync, msync_rows, name);

/* ------------------------------------------------ allocations that fail */

/**
 * struct rig - a process for an operation to fail on
 * @m: machine
 * @mm: process: eight pages of memory at BASE, of which the first is locked, an
 *	attach of eight pages behind them, and a file of eight pages
 * @seg: segment
 * @fd: file
 */
struct rig {
	struct sim_machine *m;
	struct sim_mm *mm;
	struct sim_shmid *seg;
	int fd;
};

#define ATTACH		(BASE + PAGES(8))
#define FILE_BASE	(BASE + PAGES(16))

static int unmap_hole(struct rig *r)
{
	return sim_test_munmap(r->mm, BASE + PAGES(3), 1);
}

static int unmap_hole_in_attach(struct rig *r)
{
	return sim_test_munmap(r->mm, ATTACH + PAGES(3), 1);
}

static int protect_middle(struct rig *r)
{
	return sim_test_mprotect(r->mm, BASE + PAGES(3), 2, PROT_READ);
}

static int protect_middle_of_attach(struct rig *r)
{
	return sim_test_mprotect(r->mm, ATTACH + PAGES(3), 2, PROT_READ);
}

static int protect_all(struct rig *r)
{
	return sim_test_mprotect(r->mm, BASE + PAGES(1), 20, PROT_READ);
}

static int lock_middle(struct rig *r)
{
	return sim_test_mlock(r->mm, BASE + PAGES(3), 2);
}

static int unlock_first(struct rig *r)
{
	return sim_test_munlock(r->mm, BASE, 2);
}

static int map_more(struct rig *r)
{
	return mmap_at(r->mm, 0, 1, PRIVATE);
}

static int map_over_middle(struct rig *r)
{
	return mmap_at(r->mm, BASE + PAGES(3), 1, PRIVATE | MAP_FIXED | SHMSWAP_MAP_RESERVED);
}

static int map_shared(struct rig *r)
{
	return mmap_at(r->mm, BASE + PAGES(3), 1, SHARED | MAP_FIXED);
}

static int map_file(struct rig *r)
{
	return sim_mmap(r->mm, &(struct shmswap_mmap) {
		.prot = RW,
		.addr = ATTACH + PAGES(3),
		.len = PAGES(2),
		.flags = MAP_SHARED | MAP_FIXED,
		.fd = r->fd,
	});
}

static const struct op {
	int (*fn)(struct rig *r);
	const char *name;
} ops[] = {
#define ROW(fn)	{ fn, #fn }
	ROW(unmap_hole),
	ROW(unmap_hole_in_attach),
	ROW(protect_middle),
	ROW(protect_middle_of_attach),
	ROW(protect_all),
	ROW(lock_middle),
	ROW(unlock_first),
	ROW(map_more),
	ROW(map_over_middle),
	ROW(map_shared),
	ROW(map_file),
#undef ROW
};

KUNIT_ARRAY_PARAM_DESC(op, ops, name);

static void make_process(struct kunit *test, struct rig *r)
{
	r->mm = sim_test_process(test, r->m);
	sim_test_map_at(test, r->mm, BASE, 8);
	sim_test_fill(test, r->mm, BASE, 8, 1);
	sim_test_attach_at(test, r->mm, r->seg->id, ATTACH, 0);
	sim_test_fill(test, r->mm, ATTACH, 8, 2);
	sim_test_mmap(test, r->mm, (struct shmswap_mmap) {
		.prot = RW,
		.addr = FILE_BASE,
		.len = PAGES(8),
		.flags = MAP_PRIVATE | MAP_FIXED,
		.fd = r->fd,
	});
	KUNIT_ASSERT_EQ(test, 0, sim_test_mlock(r->mm, BASE, 1));
}

/* Every area has the ends and the flags that it had. */
static void expect_unchanged(struct kunit *test, struct rig *r)
{
	const u32 rw = AREA_RW | AREA_MAYWRITE;

	KUNIT_EXPECT_EQ(test, 4, r->mm->map_count);
	expect_locked(test, r->mm, 1);
	KUNIT_EXPECT_EQ(test, 16, atomic_long_read(&r->mm->rss));
	KUNIT_EXPECT_EQ(test, 1, r->m->shm_used);
	KUNIT_EXPECT_EQ(test, 1, r->seg->nattch);
	sim_test_expect_area(test, r->mm, BASE, 1, 0);
	sim_test_expect_area(test, r->mm, BASE + PAGES(1), 7, 0);
	sim_test_expect_area(test, r->mm, ATTACH, 8, 0);
	sim_test_expect_area(test, r->mm, FILE_BASE, 8, 0);
	KUNIT_EXPECT_EQ(test, rw | SHMSWAP_VM_LOCKED, sim_test_area(r->mm, BASE).vm_flags);
	KUNIT_EXPECT_EQ(test, rw, sim_test_area(r->mm, BASE + PAGES(1)).vm_flags);
	KUNIT_EXPECT_EQ(test, rw | AREA_SHARED, sim_test_area(r->mm, ATTACH).vm_flags);
	sim_test_verify(test, r->mm, BASE, 8, 1);
	sim_test_verify(test, r->mm, ATTACH, 8, 2);
}

static void allocation_fails_in(struct kunit *test)
{
	const struct op *op = test->param_value;
	unsigned int n, failures = 0;
	bool fired = true;
	struct rig r;
	int err;

	r.m = sim_test_machine(test);
	r.seg = sim_test_seg(test, r.m, sim_test_segment(test, r.m, 8));
	r.fd = sim_test_file(test, 8, 3)->fd;
	sim_test_fault_injection(test);
	for (n = 1; fired; n++) {
		make_process(test, &r);
		sim_test_fail_nth(n);
		err = op->fn(&r);
		fired = sim_test_fail_fired();
		sim_test_check(test, r.m);
		if (err) {
			failures++;
			KUNIT_EXPECT_EQ(test, -ENOMEM, err);
			expect_unchanged(test, &r);
		}
		sim_test_process_exit(test, r.mm);
	}
	KUNIT_EXPECT_GT(test, failures, 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(mmap_of, mmap_gen_params),
	KUNIT_CASE(reserved_is_for_who_controls_the_machine),
	KUNIT_CASE(shared_file_of_fuse_is_for_administrators),
	KUNIT_CASE_PARAM(mmap_goes, place_gen_params),
	KUNIT_CASE_PARAM(region_has_flags, flags_gen_params),
	KUNIT_CASE(shared_anonymous_region_is_a_hidden_segment),
	KUNIT_CASE(shared_anonymous_region_at_limits_of_segments),
	KUNIT_CASE_PARAM(neighbours_join, join_gen_params),
	KUNIT_CASE(files_side_by_side_stay_two),
	KUNIT_CASE(region_that_fills_a_gap_joins_three),
	KUNIT_CASE(attaches_side_by_side_stay_two),
	KUNIT_CASE_PARAM(munmap_of, munmap_gen_params),
	KUNIT_CASE_PARAM(munmap_cuts_private_memory, cut_gen_params),
	KUNIT_CASE_PARAM(munmap_cuts_file, cut_gen_params),
	KUNIT_CASE_PARAM(munmap_cuts_attach, cut_gen_params),
	KUNIT_CASE(munmap_gives_back_slots),
	KUNIT_CASE(munmap_over_regions_of_all_kinds),
	KUNIT_CASE(cuts_at_map_count_limit_change_nothing),
	KUNIT_CASE_PARAM(mprotect_fails, mprotect_gen_params),
	KUNIT_CASE(mprotect_decides_what_accesses_do),
	KUNIT_CASE(mprotect_keeps_the_rest_of_a_pte),
	KUNIT_CASE(mprotect_of_swapped_page),
	KUNIT_CASE(mprotect_splits_and_joins),
	KUNIT_CASE(mprotect_splits_and_joins_a_file),
	KUNIT_CASE(mprotect_splits_and_joins_an_attach),
	KUNIT_CASE_PARAM(mlock_of, mlock_gen_params),
	KUNIT_CASE_PARAM(munlock_of, munlock_gen_params),
	KUNIT_CASE(mlock_stores_where_a_store_would_copy),
	KUNIT_CASE(mlock_of_what_cannot_be_brought_in),
	KUNIT_CASE(mlock_minds_the_limit),
	KUNIT_CASE(limit_is_for_all_that_a_user_locks),
	KUNIT_CASE(locked_vm_follows_splits_and_joins),
	KUNIT_CASE(locked_vm_loses_what_is_unmapped),
	KUNIT_CASE_PARAM(msync_of, msync_gen_params),
	KUNIT_CASE_PARAM(allocation_fails_in, op_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_regions",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
