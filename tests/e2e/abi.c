// SPDX-License-Identifier: GPL-2.0
/* e2e: module-args="frames=256 ram_swap=256 kswapd=0" timeout=120 */
/*
 * The ABI, field by field: sizes, flags, reserved fields, ranges, pointers.
 * In each call one thing is wrong and all else would work, and a call that
 * failed must have changed nothing.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ktap.h"
#include "libcase.h"
#include "libshm.h"

#define FRAMES		64
#define SLOTS		64
#define SEG_PAGES	8
#define ANON_PAGES	4
#define ANON_BASE	0x100000000000ULL

/* An argument with room behind it for a struct of a later version. */
union arg {
	__u32 size;
	struct shmswap_create create;
	struct shmswap_info info;
	struct shmswap_fork fork;
	struct shmswap_shmget shmget;
	struct shmswap_shmat shmat;
	struct shmswap_shmdt shmdt;
	struct shmswap_shmctl shmctl;
	struct shmswap_touch touch;
	struct shmswap_swapon swapon;
	struct shmswap_swapoff swapoff;
	struct shmswap_reclaim reclaim;
	struct shmswap_control control;
	struct shmswap_stat stat;
	struct shmswap_query query;
	struct shmswap_table table;
	struct shmswap_check check;
	struct shmswap_mmap mmap;
	struct shmswap_munmap munmap;
	struct shmswap_mprotect mprotect;
	struct shmswap_msync msync;
	struct shmswap_mlock mlock;
	struct shmswap_munlock munlock;
	struct shmswap_events events;
	unsigned char bytes[2 * SM_PAGE];
};

/* What the calls work on. */
struct fixture {
	int fd;			/* the process that calls */
	int observer;		/* a process of the machine that must not change */
	int shmid;
	uint64_t addr;
	uint64_t anon;		/* private memory */
	uint64_t access;
	struct shmswap_seg seg;
};

/*
 * A call of each kind that works
 */

static void valid_create(struct fixture *f, union arg *arg)
{
	(void)f;
	arg->create.nr_frames = FRAMES;
	arg->create.ram_swap = SLOTS;
}

static void valid_info(struct fixture *f, union arg *arg)
{
	(void)f;
	(void)arg;
}

static void valid_fork(struct fixture *f, union arg *arg)
{
	(void)f;
	arg->fork.flags = SHMSWAP_FORK_CLOEXEC;
}

static void valid_shmget(struct fixture *f, union arg *arg)
{
	(void)f;
	arg->shmget.key = 99;
	arg->shmget.segsz = SM_PAGE;
	arg->shmget.shmflg = IPC_CREAT | 0600;
}

static void valid_shmat(struct fixture *f, union arg *arg)
{
	arg->shmat.shmid = f->shmid;
}

static void valid_shmdt(struct fixture *f, union arg *arg)
{
	arg->shmdt.addr = f->addr;
}

static void valid_shmctl(struct fixture *f, union arg *arg)
{
	arg->shmctl.shmid = f->shmid;
	arg->shmctl.cmd = IPC_STAT;
}

static void valid_touch(struct fixture *f, union arg *arg)
{
	f->access = f->addr | SHMSWAP_TOUCH_WRITE;
	arg->touch.accesses = (uintptr_t)&f->access;
	arg->touch.count = 1;
}

static void valid_swapon(struct fixture *f, union arg *arg)
{
	(void)f;
	arg->swapon.flags = SHMSWAP_SWAPON_RAM;
	arg->swapon.fd = -1;
	arg->swapon.slots = SLOTS;
}

static void valid_swapoff(struct fixture *f, union arg *arg)
{
	(void)f;
	arg->swapoff.type = 0;
}

static void valid_reclaim(struct fixture *f, union arg *arg)
{
	(void)f;
	arg->reclaim.method = SHMSWAP_RECLAIM_SHM;
	arg->reclaim.count = 1;
}

/* All settings as they are. */
static void valid_control(struct fixture *f, union arg *arg)
{
	ASSERT_EQ(sm_control(f->fd, &arg->control), 0);
	arg->control.set = SHMSWAP_CONTROL_FLAGS | SHMSWAP_CONTROL_FREEPAGES |
			   SHMSWAP_CONTROL_KSWAPD | SHMSWAP_CONTROL_SWAPCTL |
			   SHMSWAP_CONTROL_LIMITS | SHMSWAP_CONTROL_SCAN |
			   SHMSWAP_CONTROL_PAGE_CLUSTER;
}

static void valid_stat(struct fixture *f, union arg *arg)
{
	(void)f;
	(void)arg;
}

static void valid_query(struct fixture *f, union arg *arg)
{
	arg->query.what = SHMSWAP_QUERY_SEGS;
	arg->query.count = 1;
	arg->query.buf = (uintptr_t)&f->seg;
}

static void valid_table(struct fixture *f, union arg *arg)
{
	(void)f;
	arg->table.which = SHMSWAP_TABLE_MAPS;
	arg->table.flags = SHMSWAP_TABLE_CLOEXEC;
}

static void valid_check(struct fixture *f, union arg *arg)
{
	(void)f;
	(void)arg;
}

static void valid_mmap(struct fixture *f, union arg *arg)
{
	(void)f;
	arg->mmap.prot = PROT_RW;
	arg->mmap.len = SM_PAGE;
	arg->mmap.flags = PRIVATE_ANON;
	arg->mmap.fd = -1;
}

static void valid_munmap(struct fixture *f, union arg *arg)
{
	arg->munmap.addr = f->anon;
	arg->munmap.len = SM_PAGE;
}

static void valid_mprotect(struct fixture *f, union arg *arg)
{
	arg->mprotect.addr = f->anon;
	arg->mprotect.len = SM_PAGE;
	arg->mprotect.prot = PROT_READ;
}

static void valid_msync(struct fixture *f, union arg *arg)
{
	arg->msync.addr = f->anon;
	arg->msync.len = SM_PAGE;
}

static void valid_mlock(struct fixture *f, union arg *arg)
{
	arg->mlock.addr = f->anon;
	arg->mlock.len = SM_PAGE;
}

static void valid_munlock(struct fixture *f, union arg *arg)
{
	arg->munlock.addr = f->anon;
	arg->munlock.len = SM_PAGE;
}

static void valid_events(struct fixture *f, union arg *arg)
{
	(void)f;
	arg->events.count = 16;
}

/*
 * The table of all ioctls
 */

struct op {
	const char *name;
	unsigned int cmd;
	size_t size;
	size_t least;			/* size when it was new, if it has grown since; or 0 */
	void (*valid)(struct fixture *f, union arg *arg);
	bool has_out;			/* writes to its struct */
	size_t flags;			/* offset of its flags; 0: none */
	uint32_t known;			/* flags that exist */
	size_t reserved;		/* offset of a reserved field; 0: none */
};

#define OP(NAME, type, ...) {						\
	.name = #NAME,							\
	.cmd = SHMSWAP_IOC_##NAME,					\
	.size = sizeof(struct shmswap_##type),				\
	.valid = valid_##type,						\
	__VA_ARGS__							\
}

#define FLAGS(type, field, mask)					\
	.flags = offsetof(struct shmswap_##type, field), .known = (mask)
#define NO_FLAGS(type, field)	FLAGS(type, field, 0)
#define RESERVED(type)							\
	.reserved = offsetof(struct shmswap_##type, reserved)
#define OUT	.has_out = true
#define GREW(type, next)						\
	.least = offsetof(struct shmswap_##type, next)

static const struct op ops[] = {
	OP(CREATE, create,
	   FLAGS(create, flags,
		 SHMSWAP_MACHINE_KSWAPD | SHMSWAP_MACHINE_RMID_FORCED |
		 SHMSWAP_MACHINE_SHM_PROCESS)),
	OP(INFO, info, OUT, GREW(info, out_live_pid)),
	OP(FORK, fork, OUT,
	   FLAGS(fork, flags, SHMSWAP_FORK_EXEC | SHMSWAP_FORK_CLOEXEC)),
	OP(SHMGET, shmget, OUT,
	   FLAGS(shmget, shmflg,
		 IPC_CREAT | IPC_EXCL | SHM_NORESERVE | SHM_HUGETLB | 0777)),
	OP(SHMAT, shmat, OUT,
	   FLAGS(shmat, shmflg, SHM_RDONLY | SHM_RND | SHM_REMAP | SHM_EXEC)),
	OP(SHMAT, shmat, OUT, FLAGS(shmat, flags, SHMSWAP_SHMAT_MAP)),
	OP(SHMDT, shmdt, FLAGS(shmdt, flags, SHMSWAP_SHMDT_MAP)),
	OP(SHMCTL, shmctl, OUT),
	OP(TOUCH, touch, OUT, NO_FLAGS(touch, flags)),
	OP(SWAPON, swapon, OUT,
	   FLAGS(swapon, flags, SHMSWAP_SWAPON_PREFER | SHMSWAP_SWAPON_RAM)),
	OP(SWAPOFF, swapoff),
	OP(RECLAIM, reclaim, OUT),
	OP(CONTROL, control, OUT, RESERVED(control), GREW(control, age_cluster_fract),
	   FLAGS(control, set,
		 SHMSWAP_CONTROL_FLAGS | SHMSWAP_CONTROL_FREEPAGES |
		 SHMSWAP_CONTROL_KSWAPD | SHMSWAP_CONTROL_SWAPCTL |
		 SHMSWAP_CONTROL_LIMITS | SHMSWAP_CONTROL_SCAN |
		 SHMSWAP_CONTROL_PAGE_CLUSTER)),
	OP(STAT, stat, OUT, RESERVED(stat), GREW(stat, tlb_flush_mm)),
	OP(QUERY, query, OUT, RESERVED(query)),
	OP(TABLE, table, OUT, FLAGS(table, flags, SHMSWAP_TABLE_CLOEXEC)),
	OP(CHECK, check, OUT),
	OP(MMAP, mmap, OUT,
	   FLAGS(mmap, flags,
		 MAP_SHARED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_FIXED_NOREPLACE |
		 MAP_NORESERVE | SHMSWAP_MAP_RESERVED)),
	OP(MUNMAP, munmap, NO_FLAGS(munmap, flags)),
	OP(MPROTECT, mprotect,
	   FLAGS(mprotect, prot, PROT_READ | PROT_WRITE | PROT_EXEC)),
	OP(MSYNC, msync, NO_FLAGS(msync, flags)),
	OP(MLOCK, mlock, NO_FLAGS(mlock, flags)),
	OP(MUNLOCK, munlock, NO_FLAGS(munlock, flags)),
	OP(EVENTS, events, OUT,
	   FLAGS(events, flags, SHMSWAP_EVENTS_CLOEXEC | SHMSWAP_EVENTS_NONBLOCK)),
};

static const struct op *find_op(unsigned int cmd)
{
	size_t i;

	for (i = 0; ops[i].cmd != cmd; i++)
		;
	return &ops[i];
}

/*
 * A machine to call on, and whether a call changed it
 */

static void setup(struct fixture *f, const struct op *op)
{
	int64_t addr;

	memset(f, 0, sizeof(*f));
	if (op->cmd == SHMSWAP_IOC_CREATE) {
		f->fd = sm_open();
		f->observer = sm_open();
		ASSERT_GE(f->fd, 0);
		ASSERT_GE(f->observer, 0);
		return;
	}
	f->fd = sm_machine(FRAMES, SLOTS, 0);
	ASSERT_GE(f->fd, 0);
	f->observer = f->fd;
	f->shmid = sm_shmget(f->fd, 1, SEG_PAGES * SM_PAGE, IPC_CREAT | 0600);
	addr = sm_shmat(f->fd, f->shmid, 0, 0);
	ASSERT_GT(addr, 0);
	f->addr = addr;
	ASSERT_EQ(sm_touch(f->fd, addr, SEG_PAGES / 2, 0), 0);
	/* Far from the attach, which must have nothing behind it. */
	f->anon = ANON_BASE;
	ASSERT_EQ(sm_mmap(f->fd, ANON_BASE, ANON_PAGES * SM_PAGE, PROT_RW,
			  PRIVATE_ANON | MAP_FIXED, -1, 0), ANON_BASE);
}

static void teardown(struct fixture *f)
{
	if (f->observer != f->fd)
		close(f->observer);
	close(f->fd);
}

struct state {
	struct shmswap_info info;
	struct shmswap_stat stat;
	struct shmswap_control control;
	struct shmswap_shmctl shm_info;
	struct shmswap_clock clock;
	struct shmswap_vma vmas[8];
	struct shmswap_area areas[8];
	int nr_files;
};

static int count_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int nr = 0;

	ASSERT(dir);
	while (readdir(dir))
		nr++;
	closedir(dir);
	return nr;
}

static void observe(const struct fixture *f, struct state *s)
{
	memset(s, 0, sizeof(*s));
	ASSERT_EQ(sm_info(f->observer, &s->info), 0);
	ASSERT_EQ(sm_stat(f->observer, &s->stat), 0);
	ASSERT_EQ(sm_control(f->observer, &s->control), 0);
	ASSERT_GE(sm_shmctl(f->observer, 0, SHM_INFO, &s->shm_info), 0);
	ASSERT_EQ(sm_clock(f->observer, &s->clock), 0);
	ASSERT_GE(sm_query(f->observer, SHMSWAP_QUERY_VMAS, 0, s->vmas, 8), 0);
	ASSERT_GE(sm_query(f->observer, SHMSWAP_QUERY_SWAPS, 0, s->areas, 8), 0);
	s->nr_files = count_files();
}

/* The call must fail with one of two errors and change nothing. */
static void expect_failure(const struct fixture *f, const struct op *op,
			   void *arg, int error, int other)
{
	struct state before, after;
	int ret;

	observe(f, &before);
	ret = sm_call(f->fd, op->cmd, arg);
	observe(f, &after);
	if (ret != -other)
		EXPECT_EQ(ret, -error);
	EXPECT(!memcmp(&before, &after, sizeof(before)));
}

static void prepare(struct fixture *f, const struct op *op, union arg *arg)
{
	memset(arg, 0, sizeof(*arg));
	op->valid(f, arg);
	arg->size = op->size;
}

static uint64_t get_field(const union arg *arg, size_t offset, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, arg->bytes + offset, size);
	return value;
}

static void set_field(union arg *arg, size_t offset, size_t size, uint64_t value)
{
	memcpy(arg->bytes + offset, &value, size);
}

/*
 * Sizes
 */

static void sizes_that_fail(struct fixture *f, const struct op *op)
{
	size_t least = op->least ?: op->size;
	const uint32_t small[] = { 0, 1, 3, 4, least - 4, least - 1 };
	const uint32_t tails[] = { 1, 4, 8, SM_PAGE, sizeof(union arg) - op->size };
	const uint32_t large[] = { SM_PAGE + 1, sizeof(union arg), UINT_MAX };
	union arg arg;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(small); i++) {
		if (small[i] == least)
			continue;
		ktap_context("%s, size %u", op->name, small[i]);
		prepare(f, op, &arg);
		arg.size = small[i];
		expect_failure(f, op, &arg, EINVAL, EINVAL);
	}
	for (i = 0; i < ARRAY_SIZE(tails); i++) {
		ktap_context("%s, size + %u, not zero", op->name, tails[i]);
		prepare(f, op, &arg);
		arg.size += tails[i];
		arg.bytes[arg.size - 1] = 1;
		expect_failure(f, op, &arg, E2BIG, E2BIG);
	}
	for (i = 0; i < ARRAY_SIZE(large); i++) {
		ktap_context("%s, size %u", op->name, large[i]);
		prepare(f, op, &arg);
		arg.size = large[i];
		expect_failure(f, op, &arg, E2BIG, E2BIG);
	}
}

static void sizes_that_work(const struct op *op)
{
	const uint32_t tails[] = { 0, 1, 4, 8, 100, SM_PAGE - op->size };
	struct fixture f;
	union arg arg;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tails); i++) {
		ktap_context("%s, size + %u", op->name, tails[i]);
		setup(&f, op);
		prepare(&f, op, &arg);
		arg.size += tails[i];
		EXPECT_EQ(sm_call(f.fd, op->cmd, &arg), 0);
		EXPECT_EQ(arg.size, op->size + tails[i]);
		teardown(&f);
	}
}

static void sizes(void)
{
	struct fixture f;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		setup(&f, &ops[i]);
		sizes_that_fail(&f, &ops[i]);
		teardown(&f);
		sizes_that_work(&ops[i]);
	}
}

/* Programs that know less than the module: what they do not know stays as it is. */
static void structs_that_have_grown(void)
{
	unsigned char behind[sizeof(union arg)];
	struct shmswap_control control = SM_ARG(control), now = SM_ARG(control);
	struct fixture f;
	union arg arg;
	size_t i;

	memset(behind, 0xaa, sizeof(behind));
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		const struct op *op = &ops[i];

		if (!op->least)
			continue;
		ktap_context("%s, size %zu", op->name, op->least);
		setup(&f, op);
		ASSERT_EQ(sm_control(f.fd, &control), 0);
		prepare(&f, op, &arg);
		if (op->cmd == SHMSWAP_IOC_CONTROL)
			arg.control.set &= SHMSWAP_CONTROL_SCAN - 1;
		arg.size = op->least;
		memset(arg.bytes + op->least, 0xaa, sizeof(arg) - op->least);
		EXPECT_EQ(sm_call(f.fd, op->cmd, &arg), 0);
		EXPECT_EQ(arg.size, op->least);
		EXPECT(!memcmp(arg.bytes + op->least, behind, sizeof(arg) - op->least));
		ASSERT_EQ(sm_control(f.fd, &now), 0);
		EXPECT(!memcmp(&now, &control, sizeof(now)));
		teardown(&f);
	}
}

/* A failed CREATE leaves the file free to become a process of any machine. */
static void failed_create_does_nothing(void)
{
	const struct op *op = find_op(SHMSWAP_IOC_CREATE);
	struct fixture f;
	union arg arg;

	setup(&f, op);
	sizes_that_fail(&f, op);
	ktap_context("CREATE after that");
	prepare(&f, op, &arg);
	EXPECT_EQ(sm_call(f.fd, op->cmd, &arg), 0);
	ktap_context("CREATE twice");
	prepare(&f, op, &arg);
	EXPECT_EQ(sm_call(f.fd, op->cmd, &arg), -EBUSY);
	ktap_context("CREATE late");
	EXPECT_EQ(sm_call(f.observer, op->cmd, &arg), -EBUSY);
}

/*
 * Pointers
 */

/* Two pages, the second of which cannot be accessed. */
static char *page_at_an_edge(void)
{
	char *mem = mmap(NULL, 2 * SM_PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT(mem != MAP_FAILED);
	ASSERT_EQ(mprotect(mem + SM_PAGE, SM_PAGE, PROT_NONE), 0);
	return mem;
}

static void struct_pointers(void)
{
	char *edge = page_at_an_edge();
	struct fixture f;
	union arg arg;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		const struct op *op = &ops[i];

		setup(&f, op);
		prepare(&f, op, &arg);
		ktap_context("%s, NULL", op->name);
		expect_failure(&f, op, NULL, EFAULT, EFAULT);
		ktap_context("%s, a kernel address", op->name);
		expect_failure(&f, op, (void *)-4096L, EFAULT, EFAULT);
		ktap_context("%s, cut short", op->name);
		memcpy(edge + SM_PAGE - op->size + 4, &arg, op->size - 4);
		expect_failure(&f, op, edge + SM_PAGE - op->size + 4, EFAULT, EFAULT);
		ktap_context("%s, tail cut off", op->name);
		arg.size += 8;
		memcpy(edge + SM_PAGE - op->size, &arg, op->size);
		expect_failure(&f, op, edge + SM_PAGE - op->size, EFAULT, EFAULT);
		teardown(&f);
	}
}

/* What cannot be told must not have happened. */
static void struct_is_read_only(void)
{
	union arg *arg = mmap(NULL, sizeof(*arg), PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct fixture f;
	size_t i;

	ASSERT(arg != MAP_FAILED);
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		if (!ops[i].has_out)
			continue;
		ktap_context("%s, read-only struct", ops[i].name);
		setup(&f, &ops[i]);
		mprotect(arg, sizeof(*arg), PROT_READ | PROT_WRITE);
		prepare(&f, &ops[i], arg);
		mprotect(arg, sizeof(*arg), PROT_READ);
		expect_failure(&f, &ops[i], arg, EFAULT, EFAULT);
		teardown(&f);
	}
}

/*
 * Flags, reserved fields, ranges
 */

static void unknown_flags(void)
{
	struct fixture f;
	union arg arg;
	size_t i;
	int bit;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		const struct op *op = &ops[i];

		if (!op->flags)
			continue;
		setup(&f, op);
		for (bit = 0; bit < 32; bit++) {
			uint32_t flag = 1U << bit;

			if (op->known & flag)
				continue;
			ktap_context("%s, flag %#x", op->name, flag);
			prepare(&f, op, &arg);
			set_field(&arg, op->flags, 4,
				  get_field(&arg, op->flags, 4) | flag);
			expect_failure(&f, op, &arg, EINVAL, EINVAL);
		}
		teardown(&f);
	}
}

static void reserved_fields(void)
{
	struct fixture f;
	union arg arg;
	size_t i;
	int bit;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		const struct op *op = &ops[i];

		if (!op->reserved)
			continue;
		setup(&f, op);
		for (bit = 0; bit < 32; bit++) {
			ktap_context("%s, reserved bit %d", op->name, bit);
			prepare(&f, op, &arg);
			set_field(&arg, op->reserved, 4, 1U << bit);
			expect_failure(&f, op, &arg, EINVAL, EINVAL);
		}
		teardown(&f);
	}
}

struct bad_value {
	unsigned int cmd;
	const char *field;
	size_t offset;
	size_t size;
	uint64_t value;
	int error;
};

#define BAD_BYTES(NAME, type, field_, size_, value_, error_) {		\
	.cmd = SHMSWAP_IOC_##NAME,					\
	.field = #NAME "." #field_,					\
	.offset = offsetof(struct shmswap_##type, field_),		\
	.size = size_,							\
	.value = (uint64_t)(value_),					\
	.error = error_,						\
}

#define BAD(NAME, type, field, value, error)				\
	BAD_BYTES(NAME, type, field, 4, value, error)
#define BAD_U64(NAME, type, field, value, error)			\
	BAD_BYTES(NAME, type, field, 8, value, error)

static const struct bad_value bad_values[] = {
	BAD(CREATE, create, nr_frames, 1, EINVAL),
	BAD(CREATE, create, nr_frames, SHMSWAP_MIN_FRAMES - 1, EINVAL),
	BAD(CREATE, create, nr_frames, SHMSWAP_MAX_FRAMES + 1, EINVAL),
	BAD(CREATE, create, nr_frames, UINT_MAX, EINVAL),
	BAD(CREATE, create, ram_swap, SHMSWAP_MAX_SLOTS, EINVAL),
	BAD(CREATE, create, ram_swap, UINT_MAX, EINVAL),
	BAD(CREATE, create, shmmni, SHMSWAP_MAX_SEGMENTS + 1, EINVAL),
	BAD(CREATE, create, shmmni, UINT_MAX, EINVAL),
	BAD_U64(SHMGET, shmget, segsz, 0, EINVAL),
	BAD_U64(SHMGET, shmget, segsz, SHMSWAP_MAX_SEGSZ + 1, EINVAL),
	BAD_U64(SHMGET, shmget, segsz, ~0ULL, EINVAL),
	BAD(SHMGET, shmget, shmflg, 0600, ENOENT),
	BAD(SHMAT, shmat, shmid, -1, EINVAL),
	BAD(SHMAT, shmat, shmid, INT_MIN, EINVAL),
	BAD(SHMAT, shmat, shmid, INT_MAX, EINVAL),
	BAD_U64(SHMAT, shmat, addr, 1, EINVAL),
	BAD_U64(SHMAT, shmat, addr, SM_PAGE / 2, EINVAL),
	BAD_U64(SHMAT, shmat, addr, SHMSWAP_TASK_SIZE, EINVAL),
	BAD_U64(SHMAT, shmat, addr, SHMSWAP_TASK_SIZE - SM_PAGE, EINVAL),
	BAD_U64(SHMAT, shmat, addr, -SM_PAGE, EINVAL),
	BAD(SHMAT, shmat, shmflg, SHM_REMAP, EINVAL),
	BAD_U64(SHMDT, shmdt, addr, 0, EINVAL),
	BAD_U64(SHMDT, shmdt, addr, ~0ULL, EINVAL),
	BAD_U64(SHMDT, shmdt, addr, SHMSWAP_TASK_SIZE, EINVAL),
	BAD(SHMCTL, shmctl, shmid, -1, EINVAL),
	BAD(SHMCTL, shmctl, shmid, INT_MIN, EINVAL),
	BAD(SHMCTL, shmctl, shmid, INT_MAX, EINVAL),
	BAD(SHMCTL, shmctl, cmd, 4, EINVAL),
	BAD(SHMCTL, shmctl, cmd, 10, EINVAL),
	BAD(SHMCTL, shmctl, cmd, 16, EINVAL),
	BAD(SHMCTL, shmctl, cmd, 0x100 | IPC_STAT, EINVAL),
	BAD(SHMCTL, shmctl, cmd, UINT_MAX, EINVAL),
	BAD_U64(TOUCH, touch, accesses, 0, EFAULT),
	BAD_U64(TOUCH, touch, accesses, -4096L, EFAULT),
	BAD(TOUCH, touch, count, UINT_MAX, EFAULT),
	BAD(SWAPON, swapon, fd, 0, EINVAL),
	BAD(SWAPON, swapon, fd, -2, EINVAL),
	BAD(SWAPON, swapon, prio, 1, EINVAL),
	BAD(SWAPON, swapon, prio, -1, EINVAL),
	BAD(SWAPON, swapon, slots, 0, EINVAL),
	BAD(SWAPON, swapon, slots, SHMSWAP_MAX_SLOTS, EINVAL),
	BAD(SWAPON, swapon, slots, UINT_MAX, EINVAL),
	BAD(SWAPOFF, swapoff, type, 1, EINVAL),
	BAD(SWAPOFF, swapoff, type, SHMSWAP_MAX_SWAPFILES, EINVAL),
	BAD(SWAPOFF, swapoff, type, UINT_MAX, EINVAL),
	BAD(RECLAIM, reclaim, method, SHMSWAP_RECLAIM_SWAP_OUT + 1, EINVAL),
	BAD(RECLAIM, reclaim, method, UINT_MAX, EINVAL),
	BAD(RECLAIM, reclaim, level, SHMSWAP_MAX_LEVEL + 1, EINVAL),
	BAD(RECLAIM, reclaim, level, UINT_MAX, EINVAL),
	BAD(CONTROL, control, flags, SHMSWAP_MACHINE_SHM_PROCESS, EINVAL),
	BAD(CONTROL, control, flags, SHMSWAP_MACHINE_SHM_PROCESS << 1, EINVAL),
	BAD(CONTROL, control, flags, SHMSWAP_INFO_PRIVILEGED, EINVAL),
	BAD(CONTROL, control, freepages_min, UINT_MAX, EINVAL),
	BAD(CONTROL, control, freepages_low, UINT_MAX, EINVAL),
	BAD(CONTROL, control, freepages_low, 0, EINVAL),
	BAD(CONTROL, control, freepages_high, FRAMES, EINVAL),
	BAD(CONTROL, control, freepages_high, 0, EINVAL),
	BAD(CONTROL, control, kswapd_interval, 0, EINVAL),
	BAD(CONTROL, control, kswapd_interval, 60001, EINVAL),
	BAD(CONTROL, control, kswapd_maxpages, 0, EINVAL),
	BAD(CONTROL, control, kswapd_maxpages, 65537, EINVAL),
	BAD(CONTROL, control, max_page_age, 0, EINVAL),
	BAD(CONTROL, control, max_page_age, 256, EINVAL),
	BAD(CONTROL, control, page_advance, 0, EINVAL),
	BAD(CONTROL, control, page_advance, 256, EINVAL),
	BAD(CONTROL, control, page_decline, 0, EINVAL),
	BAD(CONTROL, control, page_decline, 256, EINVAL),
	BAD(CONTROL, control, page_initial_age, 256, EINVAL),
	BAD(CONTROL, control, shmmni, 0, EINVAL),
	BAD(CONTROL, control, shmmni, SHMSWAP_MAX_SEGMENTS + 1, EINVAL),
	BAD(CONTROL, control, age_cluster_fract, 0, EINVAL),
	BAD(CONTROL, control, age_cluster_fract, 1025, EINVAL),
	BAD(CONTROL, control, age_cluster_fract, UINT_MAX, EINVAL),
	BAD(CONTROL, control, age_cluster_min, 0, EINVAL),
	BAD(CONTROL, control, age_cluster_min, 65537, EINVAL),
	BAD(CONTROL, control, pageout_weight, 0, EINVAL),
	BAD(CONTROL, control, pageout_weight, 65537, EINVAL),
	BAD(CONTROL, control, page_cluster, 6, EINVAL),
	BAD(CONTROL, control, page_cluster, UINT_MAX, EINVAL),
	BAD(QUERY, query, what, SHMSWAP_QUERY_PROCS + 1, EINVAL),
	BAD(QUERY, query, what, UINT_MAX, EINVAL),
	BAD(QUERY, query, id, 1, EINVAL),
	BAD(QUERY, query, id, -1, EINVAL),
	BAD_U64(QUERY, query, buf, 0, EFAULT),
	BAD_U64(QUERY, query, buf, -4096L, EFAULT),
	BAD(TABLE, table, which, SHMSWAP_TABLE_PROCS + 1, EINVAL),
	BAD(TABLE, table, which, UINT_MAX, EINVAL),
	BAD(MMAP, mmap, prot, 8, EINVAL),
	BAD(MMAP, mmap, prot, UINT_MAX, EINVAL),
	BAD_U64(MMAP, mmap, len, 0, EINVAL),
	BAD_U64(MMAP, mmap, len, ~0ULL, EINVAL),
	BAD_U64(MMAP, mmap, offset, 1, EINVAL),
	BAD_U64(MMAP, mmap, offset, SM_PAGE, EINVAL),
	BAD(MMAP, mmap, flags, 0, EINVAL),
	BAD(MMAP, mmap, flags, MAP_ANONYMOUS, EINVAL),
	BAD(MMAP, mmap, flags, PRIVATE_ANON | MAP_SHARED, EINVAL),
	BAD(MMAP, mmap, flags, MAP_PRIVATE, EBADF),
	BAD(MMAP, mmap, fd, 0, EINVAL),
	BAD(MMAP, mmap, fd, -2, EINVAL),
	BAD_U64(MUNMAP, munmap, addr, 1, EINVAL),
	BAD_U64(MUNMAP, munmap, addr, -SM_PAGE, EINVAL),
	BAD_U64(MUNMAP, munmap, len, 0, EINVAL),
	BAD_U64(MUNMAP, munmap, len, ~0ULL, EINVAL),
	BAD_U64(MPROTECT, mprotect, addr, 1, EINVAL),
	BAD_U64(MPROTECT, mprotect, addr, -SM_PAGE, EINVAL),
	BAD_U64(MPROTECT, mprotect, len, ~0ULL, EINVAL),
	BAD_U64(MPROTECT, mprotect, len, (ANON_PAGES + 1) * SM_PAGE, ENOMEM),
	BAD_U64(MSYNC, msync, addr, 1, EINVAL),
	BAD_U64(MSYNC, msync, addr, -SM_PAGE, EINVAL),
	BAD_U64(MSYNC, msync, len, ~0ULL, EINVAL),
	BAD_U64(MSYNC, msync, len, (ANON_PAGES + 1) * SM_PAGE, ENOMEM),
	BAD_U64(MLOCK, mlock, addr, -SM_PAGE, EINVAL),
	BAD_U64(MLOCK, mlock, addr, -1, EINVAL),
	BAD_U64(MLOCK, mlock, len, ~0ULL, EINVAL),
	BAD_U64(MLOCK, mlock, len, (ANON_PAGES + 1) * SM_PAGE, ENOMEM),
	BAD_U64(MUNLOCK, munlock, addr, -SM_PAGE, EINVAL),
	BAD_U64(MUNLOCK, munlock, addr, -1, EINVAL),
	BAD_U64(MUNLOCK, munlock, len, ~0ULL, EINVAL),
	BAD_U64(MUNLOCK, munlock, len, (ANON_PAGES + 1) * SM_PAGE, ENOMEM),
	BAD_U64(EVENTS, events, mask, 1ULL << SHMSWAP_NR_EVENT_TYPES, EINVAL),
	BAD_U64(EVENTS, events, mask, 1ULL << SHMSWAP_EVENT_LOST, EINVAL),
	BAD_U64(EVENTS, events, mask, ~0ULL, EINVAL),
	BAD(EVENTS, events, count, SHMSWAP_MAX_EVENTS + 1, EINVAL),
	BAD(EVENTS, events, count, UINT_MAX, EINVAL),
};

static void values_out_of_range(void)
{
	struct fixture f;
	union arg arg;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad_values); i++) {
		const struct bad_value *bad = &bad_values[i];
		const struct op *op = find_op(bad->cmd);

		ktap_context("%s = %#llx", bad->field, (long long)bad->value);
		setup(&f, op);
		prepare(&f, op, &arg);
		set_field(&arg, bad->offset, bad->size, bad->value);
		expect_failure(&f, op, &arg, bad->error, bad->error);
		teardown(&f);
	}
}

/* SHMSWAP_CONTROL_* choose what is looked at: the rest may hold anything. */
static void control_ignores_other_groups(void)
{
	struct shmswap_control arg, before;
	struct fixture f;

	setup(&f, find_op(SHMSWAP_IOC_CONTROL));
	before = SM_ARG(control);
	ASSERT_EQ(sm_control(f.fd, &before), 0);
	memset(&arg, 0xff, sizeof(arg));
	arg.reserved = 0;
	arg.set = 0;
	EXPECT_EQ(sm_control(f.fd, &arg), 0);
	EXPECT(!memcmp(&arg, &before, sizeof(arg)));

	memset(&arg, 0xff, sizeof(arg));
	arg.reserved = 0;
	arg.set = SHMSWAP_CONTROL_KSWAPD;
	arg.kswapd_interval = before.kswapd_interval + 1;
	arg.kswapd_maxpages = before.kswapd_maxpages + 1;
	EXPECT_EQ(sm_control(f.fd, &arg), 0);
	before.set = arg.set;
	before.kswapd_interval++;
	before.kswapd_maxpages++;
	EXPECT(!memcmp(&arg, &before, sizeof(arg)));
}

static void control_sets_what_it_says(void)
{
	struct shmswap_control arg = SM_ARG(control,
		.set = SHMSWAP_CONTROL_FLAGS | SHMSWAP_CONTROL_FREEPAGES |
		       SHMSWAP_CONTROL_KSWAPD | SHMSWAP_CONTROL_SWAPCTL |
		       SHMSWAP_CONTROL_LIMITS | SHMSWAP_CONTROL_SCAN |
		       SHMSWAP_CONTROL_PAGE_CLUSTER,
		.flags = SHMSWAP_MACHINE_RMID_FORCED,
		.freepages_min = 3, .freepages_low = 5, .freepages_high = FRAMES - 1,
		.kswapd_interval = 60000, .kswapd_maxpages = 65536,
		.max_page_age = 255, .page_advance = 255, .page_decline = 2,
		.page_initial_age = 0, .shmmni = 1,
		.shmmax = 12345, .shmall = 77, .age_cluster_fract = 1024,
		.age_cluster_min = 65536, .pageout_weight = 1, .page_cluster = 5);
	struct shmswap_control now = SM_ARG(control), want = arg;
	struct shmswap_info info;
	struct fixture f;

	setup(&f, find_op(SHMSWAP_IOC_CONTROL));
	EXPECT_EQ(sm_control(f.fd, &arg), 0);
	EXPECT(!memcmp(&arg, &want, sizeof(arg)));
	EXPECT_EQ(sm_control(f.fd, &now), 0);
	want.set = 0;
	EXPECT(!memcmp(&now, &want, sizeof(now)));
	EXPECT_EQ(sm_info(f.fd, &info), 0);
	EXPECT_EQ(info.out_flags & 7, SHMSWAP_MACHINE_RMID_FORCED);
}

/* It is there from the beginning or never; to say so again does no harm. */
static void the_process_scan_has_segments_for_good(void)
{
	int fd = sm_machine(FRAMES, SLOTS, SHMSWAP_MACHINE_SHM_PROCESS);
	struct shmswap_control arg = SM_ARG(control);

	ASSERT_EQ(sm_control(fd, &arg), 0);
	EXPECT_EQ(arg.flags, SHMSWAP_MACHINE_SHM_PROCESS);
	arg.set = SHMSWAP_CONTROL_FLAGS;
	EXPECT_EQ(sm_control(fd, &arg), 0);
	arg.flags = 0;
	EXPECT_EQ(sm_control(fd, &arg), -EINVAL);
	EXPECT_EQ(info_of(fd).out_flags & 7, SHMSWAP_MACHINE_SHM_PROCESS);
}

/*
 * Commands
 */

static void unknown_commands(void)
{
	static const unsigned char other[] = { 0xC6, 0xC8, 'q', 0x7f };
	union arg arg = { .size = sizeof(arg.stat) };
	int fd = sm_machine(FRAMES, 0, 0);
	unsigned int nr;
	size_t i;

	ASSERT_GE(fd, 0);
	for (nr = 0x17; nr < 0x100; nr++) {
		ktap_context("number %#x", nr);
		EXPECT_EQ(sm_call(fd, _IO(SHMSWAP_IOC_MAGIC, nr), &arg), -ENOTTY);
	}
	for (nr = 0; nr < 0x17; nr++) {
		ktap_context("number %#x with a direction", nr);
		EXPECT_EQ(sm_call(fd, _IOWR(SHMSWAP_IOC_MAGIC, nr, int), &arg), -ENOTTY);
		EXPECT_EQ(sm_call(fd, _IOR(SHMSWAP_IOC_MAGIC, nr, int), &arg), -ENOTTY);
		for (i = 0; i < ARRAY_SIZE(other); i++)
			EXPECT_EQ(sm_call(fd, _IO(other[i], nr), &arg), -ENOTTY);
	}
}

/* The mode of opening counts for read(2) and write(2), as everywhere. */
static void open_modes(void)
{
	int ro = open("/dev/shmswap", O_RDONLY | O_CLOEXEC);
	int wo = open("/dev/shmswap", O_WRONLY | O_CLOEXEC);
	struct shmswap_info info;
	char byte = 0;
	int64_t addr;
	int id;

	ASSERT_GE(ro, 0);
	ASSERT_GE(wo, 0);
	EXPECT_EQ(sm_info(ro, &info), 0);
	EXPECT_EQ(sm_info(wo, &info), 0);
	id = sm_shmget(ro, IPC_PRIVATE, SM_PAGE, 0600);
	addr = sm_shmat(ro, id, 0, 0);
	ASSERT_GT(addr, 0);
	EXPECT_EQ(sm_load(ro, addr, &byte, 1), 1);
	EXPECT_EQ(sm_store(ro, addr, &byte, 1), -EBADF);
	addr = sm_shmat(wo, id, 0, 0);
	ASSERT_GT(addr, 0);
	EXPECT_EQ(sm_store(wo, addr, &byte, 1), 1);
	EXPECT_EQ(sm_load(wo, addr, &byte, 1), -EBADF);
	EXPECT_EQ(sm_shm_remove(ro, id), 0);
}

static void info_describes_the_machine(void)
{
	int fd = sm_machine(FRAMES, SLOTS, SHMSWAP_MACHINE_KSWAPD);
	int standard = sm_open();
	struct shmswap_info info;

	ASSERT_EQ(sm_info(fd, &info), 0);
	EXPECT_EQ(info.size, sizeof(info));
	EXPECT_EQ(info.out_flags, SHMSWAP_MACHINE_KSWAPD | SHMSWAP_INFO_PRIVILEGED);
	EXPECT_EQ(info.out_abi_version, SHMSWAP_ABI_VERSION);
	EXPECT_EQ(info.out_page_size, sysconf(_SC_PAGESIZE));
	EXPECT_EQ(info.out_page_size, SM_PAGE);
	EXPECT_EQ(info.out_nr_frames, FRAMES);
	EXPECT_EQ(info.out_nr_processes, 1);
	EXPECT_EQ(info.out_owner, geteuid());
	EXPECT_EQ(info.out_rss + info.out_min_flt + info.out_maj_flt, 0);

	ASSERT_EQ(sm_info(standard, &info), 0);
	EXPECT_EQ(info.out_flags, SHMSWAP_INFO_DEFAULT | SHMSWAP_INFO_PRIVILEGED);
	EXPECT_EQ(info.out_nr_frames, 256);
}

static void create_defaults(void)
{
	int fd = sm_machine(0, 0, 0);
	struct shmswap_shmctl ctl = SM_ARG(shmctl);
	struct shmswap_area area;
	struct shmswap_info info;

	ASSERT_GE(fd, 0);
	ASSERT_EQ(sm_info(fd, &info), 0);
	EXPECT_EQ(info.out_nr_frames, 1024);
	EXPECT_EQ(sm_query(fd, SHMSWAP_QUERY_SWAPS, 0, &area, 1), 0);
	ASSERT_EQ(sm_shmctl(fd, 0, IPC_INFO, &ctl), 0);
	EXPECT_EQ(ctl.info.shmmni, 4096);
	EXPECT_GE(ctl.info.shmmax, SHMSWAP_MAX_SEGSZ);
	EXPECT_GE(sm_shmget(fd, IPC_PRIVATE, SHMSWAP_MAX_SEGSZ, 0600), 0);
	EXPECT_EQ(sm_shmget(fd, IPC_PRIVATE, SHMSWAP_MAX_SEGSZ + 1, 0600), -EINVAL);
}

/*
 * TOUCH says how far it came, even when it fails
 */

struct far {
	const char *name;
	uint64_t third;
	int error;
};

static void touch_says_how_far(void)
{
	struct fixture f;
	size_t i;

	setup(&f, find_op(SHMSWAP_IOC_TOUCH));
	{
		const struct far table[] = {
			{ "unaligned", f.addr + 8, -EINVAL },
			{ "in no area", f.addr + SEG_PAGES * SM_PAGE, -EFAULT },
			{ "beyond the task", SHMSWAP_TASK_SIZE, -EFAULT },
			{ "far beyond", -SM_PAGE, -EFAULT },
		};

		for (i = 0; i < ARRAY_SIZE(table); i++) {
			/* Pages 0 to 3 are mapped, 4 to 7 are not. */
			const uint64_t list[] = {
				f.addr,
				(f.addr + (4 + i) * SM_PAGE) | SHMSWAP_TOUCH_WRITE,
				table[i].third,
				f.addr,
			};
			struct shmswap_touch done;

			ktap_context("%s", table[i].name);
			EXPECT_EQ(sm_touch_list(f.fd, list, 4, &done), table[i].error);
			EXPECT_EQ(done.out_done, 2);
			EXPECT_EQ(done.out_min_flt, 0);
			EXPECT_EQ(done.out_maj_flt, 1);
		}
	}
}

static void touch_list_is_cut_off(void)
{
	char *edge = page_at_an_edge();
	uint64_t *list = (uint64_t *)(edge + SM_PAGE) - 2;
	struct shmswap_touch done;
	struct shmswap_info info;
	struct fixture f;

	setup(&f, find_op(SHMSWAP_IOC_TOUCH));
	list[0] = f.addr + 4 * SM_PAGE;
	list[1] = f.addr + 5 * SM_PAGE;
	EXPECT_EQ(sm_touch_list(f.fd, list, 3, &done), -EFAULT);
	EXPECT_EQ(sm_info(f.fd, &info), 0);
	EXPECT_EQ(info.out_rss, 4 + done.out_done);
	EXPECT_EQ(done.out_maj_flt, done.out_done);
	EXPECT_EQ(sm_touch_list(f.fd, list, 0, &done), 0);
	EXPECT_EQ(done.out_done, 0);
}

/*
 * Queries
 */

#define MAX_RECORDS	256
#define MAX_RECORD	sizeof(struct shmswap_seg)

/* A machine in which every kind of query has something to say. */
static int busy_machine(int *shmid)
{
	int fd = sm_machine(FRAMES, SLOTS, 0);
	int child, id, i;
	int64_t addr;

	ASSERT_GE(fd, 0);
	ASSERT_EQ(sm_swapon_ram(fd, 16, 5), 1);
	child = sm_fork(fd);
	for (i = 0; i < 4; i++) {
		id = sm_shmget(fd, i + 1, (i + 1) * 8 * SM_PAGE, IPC_CREAT | 0600);
		ASSERT_GE(id, 0);
		addr = sm_shmat(fd, id, 0, 0);
		ASSERT_GT(addr, 0);
		ASSERT_GT(sm_shmat(child, id, 0, i % 2 ? SHM_RDONLY : 0), 0);
		ASSERT_GT(sm_shmat(fd, id, 0, SHM_RDONLY), 0);
		ASSERT_EQ(sm_touch(fd, addr, 4 + i, SHMSWAP_TOUCH_WRITE), 0);
		ASSERT_EQ(sm_touch(fd, addr + 7 * SM_PAGE, 1, 0), 0);
	}
	ASSERT_GT(sm_reclaim_all(fd), 8);
	ASSERT_EQ(sm_touch(fd, addr, 3, 0), 0);
	*shmid = id;
	return fd;
}

struct kind {
	const char *name;
	uint32_t what;
	bool of_seg;
	bool of_area;
	int at_least;
};

static const struct kind kinds[] = {
	{ "SEGS", SHMSWAP_QUERY_SEGS, false, false, 4 },
	{ "PAGES", SHMSWAP_QUERY_PAGES, true, false, 8 },
	{ "SHARERS", SHMSWAP_QUERY_SHARERS, true, false, 3 },
	{ "VMAS", SHMSWAP_QUERY_VMAS, false, false, 8 },
	{ "PTES", SHMSWAP_QUERY_PTES, false, false, 26 },
	{ "MEM_MAP", SHMSWAP_QUERY_MEM_MAP, false, false, FRAMES },
	{ "FREE_AREA", SHMSWAP_QUERY_FREE_AREA, false, false, 6 },
	{ "SWAPS", SHMSWAP_QUERY_SWAPS, false, false, 2 },
	{ "SWAP_MAP", SHMSWAP_QUERY_SWAP_MAP, false, true, 16 },
	{ "CLOCK", SHMSWAP_QUERY_CLOCK, false, false, 1 },
	{ "PROCS", SHMSWAP_QUERY_PROCS, false, false, 2 },
};

/* All records, fetched @step at a time. */
static int page_through(int fd, const struct kind *kind, int id, uint32_t step,
			char *records)
{
	size_t size = sm_record_size(kind->what);
	struct shmswap_query q = SM_ARG(query, .what = kind->what, .id = id,
					.count = step);
	int nr = 0;

	do {
		uint64_t start = q.start;

		ASSERT_GE(MAX_RECORDS, nr + step);
		q.buf = (uintptr_t)(records + nr * size);
		ASSERT_EQ(sm_call(fd, SHMSWAP_IOC_QUERY, &q), 0);
		ASSERT_GE(step, q.out_count);
		nr += q.out_count;
		q.start = q.out_next;
		if (q.out_next != SHMSWAP_QUERY_END) {
			EXPECT_EQ(q.out_count, step);
			ASSERT_GT(q.out_next, start);
		}
	} while (q.out_next != SHMSWAP_QUERY_END);
	return nr;
}

static void query_pages_through(void)
{
	static const uint32_t steps[] = { 1, 2, 3, 7 };
	char *whole = calloc(MAX_RECORDS, MAX_RECORD);
	char *parts = calloc(MAX_RECORDS, MAX_RECORD);
	int shmid, fd = busy_machine(&shmid);
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct kind *kind = &kinds[i];
		int id = kind->of_seg ? shmid : kind->of_area ? 1 : 0;
		int nr = page_through(fd, kind, id, MAX_RECORDS, whole);

		ktap_context("%s", kind->name);
		EXPECT_GE(nr, kind->at_least);
		for (j = 0; j < ARRAY_SIZE(steps); j++) {
			ktap_context("%s by %u", kind->name, steps[j]);
			memset(parts, 0, MAX_RECORDS * MAX_RECORD);
			EXPECT_EQ(page_through(fd, kind, id, steps[j], parts), nr);
			EXPECT(!memcmp(whole, parts, nr * sm_record_size(kind->what)));
		}
	}
}

static void query_edges(void)
{
	char *edge = page_at_an_edge(), *records = calloc(MAX_RECORDS, MAX_RECORD);
	int shmid, fd = busy_machine(&shmid);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct kind *kind = &kinds[i];
		int id = kind->of_seg ? shmid : kind->of_area ? 1 : 0;
		struct shmswap_query q = SM_ARG(query, .what = kind->what, .id = id);

		ktap_context("%s, count 0", kind->name);
		EXPECT_EQ(sm_call(fd, SHMSWAP_IOC_QUERY, &q), 0);
		EXPECT_EQ(q.out_count, 0);
		q.start = q.out_next;
		q.count = MAX_RECORDS;
		q.buf = (uintptr_t)records;
		EXPECT_EQ(sm_call(fd, SHMSWAP_IOC_QUERY, &q), 0);
		EXPECT_GE(q.out_count, kind->at_least);

		ktap_context("%s, start at the end", kind->name);
		q.start = SHMSWAP_QUERY_END;
		EXPECT_EQ(sm_call(fd, SHMSWAP_IOC_QUERY, &q), 0);
		EXPECT_EQ(q.out_count, 0);
		EXPECT_EQ(q.out_next, SHMSWAP_QUERY_END);

		ktap_context("%s, half a buffer", kind->name);
		q.start = 0;
		q.buf = (uintptr_t)(edge + SM_PAGE - sm_record_size(kind->what) + 4);
		EXPECT_EQ(sm_call(fd, SHMSWAP_IOC_QUERY, &q), -EFAULT);
	}
}

static void query_ids(void)
{
	int shmid, fd = busy_machine(&shmid);
	char record[MAX_RECORD];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct kind *kind = &kinds[i];
		bool of_mm = kind->what == SHMSWAP_QUERY_VMAS || kind->what == SHMSWAP_QUERY_PTES;
		int missing = of_mm ? -ESRCH : -EINVAL;

		ktap_context("%s", kind->name);
		EXPECT_EQ(sm_query(fd, kind->what, -1, record, 1), -EINVAL);
		EXPECT_EQ(sm_query(fd, kind->what, INT_MAX, record, 1), missing);
		if (kind->of_area) {
			EXPECT_EQ(sm_query(fd, kind->what, 2, record, 1), -EINVAL);
			EXPECT_EQ(sm_query(fd, kind->what, 32, record, 1), -EINVAL);
		} else if (!kind->of_seg) {
			EXPECT_EQ(sm_query(fd, kind->what, 1000, record, 1), missing);
		}
	}
}

/* What the records say adds up to what STAT says. */
static void query_agrees_with_stat(void)
{
	static struct shmswap_page frames[MAX_RECORDS];
	static struct shmswap_pte words[MAX_RECORDS];
	struct shmswap_free free_area[16];
	struct shmswap_area areas[4];
	struct shmswap_seg segs[8];
	struct shmswap_stat stat;
	uint64_t rss = 0, swp = 0, free_pages = 0, inuse = 0, i;
	int shmid, fd = busy_machine(&shmid), nr, resident = 0;

	ASSERT_EQ(sm_stat(fd, &stat), 0);
	ASSERT_EQ(sm_query(fd, SHMSWAP_QUERY_SEGS, 0, segs, 8), 4);
	for (i = 0; i < 4; i++) {
		rss += segs[i].ds.rss;
		swp += segs[i].ds.swp;
	}
	EXPECT_EQ(rss, stat.shm_rss);
	EXPECT_EQ(swp, stat.shm_swp);

	nr = sm_query(fd, SHMSWAP_QUERY_FREE_AREA, 0, free_area, 16);
	while (--nr >= 0)
		free_pages += (uint64_t)free_area[nr].nr_blocks << free_area[nr].order;
	EXPECT_EQ(free_pages, stat.nr_free_pages);

	ASSERT_EQ(sm_query(fd, SHMSWAP_QUERY_SWAPS, 0, areas, 4), 2);
	inuse = areas[0].inuse + areas[1].inuse;
	EXPECT_EQ(areas[0].pages + areas[1].pages - inuse, stat.nr_swap_pages);
	EXPECT_EQ(inuse, swp);

	nr = sm_query(fd, SHMSWAP_QUERY_MEM_MAP, 0, frames, MAX_RECORDS);
	EXPECT_EQ(nr, FRAMES);
	while (--nr >= 0)
		resident += frames[nr].count > 0;
	EXPECT_EQ(resident, FRAMES - stat.nr_free_pages);

	nr = sm_query(fd, SHMSWAP_QUERY_PAGES, shmid, words, MAX_RECORDS);
	for (resident = 0; --nr >= 0;)
		resident += words[nr].kind == SHMSWAP_PTE_PRESENT;
	EXPECT_EQ(resident, segs[3].ds.rss);
	EXPECT_EQ(sm_check(fd), 0);
}

/*
 * New files
 */

static void new_files_close_on_exec(void)
{
	struct shmswap_fork child = SM_ARG(fork);
	struct shmswap_table table = SM_ARG(table);
	struct shmswap_events events = SM_ARG(events);
	int fd = sm_machine(FRAMES, 0, 0);

	ASSERT_EQ(sm_call(fd, SHMSWAP_IOC_FORK, &child), 0);
	EXPECT_EQ(fcntl(child.out_fd, F_GETFD), 0);
	EXPECT_EQ(fcntl(child.out_fd, F_GETFL) & O_ACCMODE, O_RDWR);
	child.flags = SHMSWAP_FORK_CLOEXEC;
	ASSERT_EQ(sm_call(fd, SHMSWAP_IOC_FORK, &child), 0);
	EXPECT_EQ(fcntl(child.out_fd, F_GETFD), FD_CLOEXEC);

	ASSERT_EQ(sm_call(fd, SHMSWAP_IOC_TABLE, &table), 0);
	EXPECT_EQ(fcntl(table.out_fd, F_GETFD), 0);
	EXPECT_EQ(write(table.out_fd, "", 1), -1);
	table.flags = SHMSWAP_TABLE_CLOEXEC;
	ASSERT_EQ(sm_call(fd, SHMSWAP_IOC_TABLE, &table), 0);
	EXPECT_EQ(fcntl(table.out_fd, F_GETFD), FD_CLOEXEC);

	ASSERT_EQ(sm_call(fd, SHMSWAP_IOC_EVENTS, &events), 0);
	EXPECT_EQ(fcntl(events.out_fd, F_GETFD), 0);
	EXPECT_EQ(fcntl(events.out_fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDONLY);
	events.flags = SHMSWAP_EVENTS_CLOEXEC | SHMSWAP_EVENTS_NONBLOCK;
	ASSERT_EQ(sm_call(fd, SHMSWAP_IOC_EVENTS, &events), 0);
	EXPECT_EQ(fcntl(events.out_fd, F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(fcntl(events.out_fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(sizes),
		KTAP_CASE(structs_that_have_grown),
		KTAP_CASE(failed_create_does_nothing),
		KTAP_CASE(struct_pointers),
		KTAP_CASE(struct_is_read_only),
		KTAP_CASE(unknown_flags),
		KTAP_CASE(reserved_fields),
		KTAP_CASE(values_out_of_range),
		KTAP_CASE(control_ignores_other_groups),
		KTAP_CASE(control_sets_what_it_says),
		KTAP_CASE(the_process_scan_has_segments_for_good),
		KTAP_CASE(unknown_commands),
		KTAP_CASE(open_modes),
		KTAP_CASE(info_describes_the_machine),
		KTAP_CASE(create_defaults),
		KTAP_CASE(touch_says_how_far),
		KTAP_CASE(touch_list_is_cut_off),
		KTAP_CASE(query_pages_through),
		KTAP_CASE(query_edges),
		KTAP_CASE(query_ids),
		KTAP_CASE(query_agrees_with_stat),
		KTAP_CASE(new_files_close_on_exec),
	};

	return ktap_run(argc, argv, cases, ARRAY_SIZE(cases));
}
