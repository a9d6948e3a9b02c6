// SPDX-License-Identifier: GPL-2.0
/* e2e: module-args="frames=256 ram_swap=256 user_pages=8192" timeout=60 */
/*
 * Who may do what: owners, groups, others, capabilities and user namespaces.
 * sysv.c compares the modes of segments with the kernel's own; here is what
 * only this device has, and what must hold whatever the kernel does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ktap.h"
#include "libshm.h"

#define ALICE		1000
#define BOB		1001
#define CAROL		1002	/* of Alice's group */
#define ALICES		100
#define BOBS		101

#define FRAMES		64
#define SLOTS		64
#define KEY		77

static int machine(void)
{
	int fd = sm_machine(FRAMES, SLOTS, 0);

	ASSERT_GE(fd, 0);
	return fd;
}

static void act_as(int uid, int gid)
{
	ASSERT_EQ(sm_act_as(uid, gid), 0);
}

static int segment(int fd, int key, int mode)
{
	int id = sm_shmget(fd, key, 4 * SM_PAGE, IPC_CREAT | mode);

	ASSERT_GE(id, 0);
	return id;
}

/*
 * Control of a machine
 */

static int try_swapon(int fd)
{
	return sm_swapon_ram(fd, 8, 0);
}

static int try_swapoff(int fd)
{
	return sm_swapoff(fd, 0);
}

static int try_reclaim(int fd)
{
	return sm_reclaim_shm(fd, 1);
}

static int try_reclaim_all(int fd)
{
	return sm_reclaim(fd, SHMSWAP_RECLAIM_TRY, 0, 1);
}

static int try_control(int fd)
{
	struct shmswap_control control = SM_ARG(control);
	int err = sm_control(fd, &control);

	control.set = SHMSWAP_CONTROL_KSWAPD;
	return err ? err : sm_control(fd, &control);
}

static int try_read_control(int fd)
{
	return sm_control(fd, &SM_ARG(control));
}

static int try_stat(int fd)
{
	struct shmswap_stat stat;

	return sm_stat(fd, &stat);
}

static int try_query(int fd, uint32_t what)
{
	struct shmswap_seg largest;

	return sm_query(fd, what, 0, &largest, 1);
}

static int try_mem_map(int fd)
{
	return try_query(fd, SHMSWAP_QUERY_MEM_MAP);
}

static int try_swap_map(int fd)
{
	return try_query(fd, SHMSWAP_QUERY_SWAP_MAP);
}

static int try_clock(int fd)
{
	return try_query(fd, SHMSWAP_QUERY_CLOCK);
}

static int try_procs(int fd)
{
	return try_query(fd, SHMSWAP_QUERY_PROCS);
}

static int try_reserved(int fd)
{
	int64_t addr = sm_mmap(fd, 0, SM_PAGE, PROT_READ,
			       MAP_PRIVATE | MAP_ANONYMOUS | SHMSWAP_MAP_RESERVED, -1, 0);

	return addr < 0 ? addr : 0;
}

static int try_mmap(int fd)
{
	int64_t addr = sm_mmap(fd, 0, SM_PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return addr < 0 ? addr : sm_munmap(fd, addr, SM_PAGE);
}

static int try_segs(int fd)
{
	return try_query(fd, SHMSWAP_QUERY_SEGS);
}

static int try_swaps(int fd)
{
	return try_query(fd, SHMSWAP_QUERY_SWAPS);
}

static int try_free_area(int fd)
{
	return try_query(fd, SHMSWAP_QUERY_FREE_AREA);
}

static int try_ptes(int fd)
{
	return try_query(fd, SHMSWAP_QUERY_PTES);
}

static int try_table_of_processes(int fd)
{
	int table = sm_table(fd, SHMSWAP_TABLE_PROCS);

	return table < 0 ? table : close(table);
}

static int try_tables(int fd)
{
	uint32_t which;

	for (which = SHMSWAP_TABLE_SHM; which <= SHMSWAP_TABLE_SWAPCTL; which++) {
		int table = sm_table(fd, which);

		if (table < 0)
			return table;
		close(table);
	}
	return 0;
}

static const struct {
	const char *name;
	int (*try)(int fd);
	bool privileged;
} operations[] = {
	{ "SWAPON", try_swapon, true },
	{ "RECLAIM", try_reclaim, true },
	{ "RECLAIM, all methods", try_reclaim_all, true },
	{ "CONTROL", try_control, true },
	{ "CHECK", sm_check, true },
	{ "QUERY of the mem_map", try_mem_map, true },
	{ "QUERY of a swap map", try_swap_map, true },
	{ "QUERY of the clock", try_clock, true },
	{ "QUERY of processes", try_procs, true },
	{ "TABLE of processes", try_table_of_processes, true },
	{ "MMAP of reserved memory", try_reserved, true },
	{ "SWAPOFF", try_swapoff, true },
	{ "CONTROL to read", try_read_control, false },
	{ "MMAP and MUNMAP", try_mmap, false },
	{ "STAT", try_stat, false },
	{ "QUERY of segments", try_segs, false },
	{ "QUERY of swap areas", try_swaps, false },
	{ "QUERY of free_area", try_free_area, false },
	{ "QUERY of PTEs", try_ptes, false },
	{ "TABLE", try_tables, false },
};

static void expect_control(int fd, bool allowed, const char *who)
{
	struct shmswap_info info;
	size_t i;

	ktap_context("%s", who);
	EXPECT_EQ(sm_info(fd, &info), 0);
	EXPECT_EQ(!!(info.out_flags & SHMSWAP_INFO_PRIVILEGED), allowed);
	for (i = 0; i < ARRAY_SIZE(operations); i++) {
		int ret = operations[i].try(fd);

		ktap_context("%s, %s", who, operations[i].name);
		if (operations[i].privileged && !allowed)
			EXPECT_EQ(ret, -EPERM);
		else
			EXPECT_GE(ret, 0);
	}
	ktap_context("%s", "");
}

static void anyone_may_use_the_device(void)
{
	struct stat st;

	ASSERT_EQ(stat("/dev/shmswap", &st), 0);
	EXPECT_EQ(st.st_mode & 0777, 0666);
}

static void only_root_controls_the_default_machine(void)
{
	int fd = sm_open(), id;
	int64_t addr;

	expect_control(fd, true, "root");
	act_as(ALICE, ALICES);
	fd = sm_open();
	ASSERT_GE(fd, 0);
	expect_control(fd, false, "Alice");
	id = sm_shmget(fd, IPC_PRIVATE, SM_PAGE, 0600);
	addr = sm_shmat(fd, id, 0, 0);
	EXPECT_GT(addr, 0);
	EXPECT_EQ(sm_touch(fd, addr, 1, SHMSWAP_TOUCH_WRITE), 0);
	EXPECT_EQ(sm_shm_remove(fd, id), 0);
}

static void users_control_their_own_machines(void)
{
	struct shmswap_info info;
	int fd;

	act_as(ALICE, ALICES);
	fd = machine();
	ASSERT_EQ(sm_info(fd, &info), 0);
	EXPECT_EQ(info.out_owner, ALICE);
	expect_control(fd, true, "Alice, the owner");
	act_as(BOB, BOBS);
	expect_control(fd, false, "Bob, with Alice's file");
	act_as(CAROL, ALICES);
	expect_control(fd, false, "Carol, with Alice's file");
	act_as(0, 0);
	EXPECT_GE(sm_swapon_ram(fd, SLOTS, 0), 0);
	expect_control(fd, true, "root, with Alice's file");
}

/* The machine does not change hands with what runs on it. */
static void a_child_has_the_same_owner(void)
{
	int fd, child;

	act_as(ALICE, ALICES);
	fd = machine();
	act_as(BOB, BOBS);
	child = sm_fork(fd);
	ASSERT_GE(child, 0);
	expect_control(child, false, "Bob, with a child that he made");
	act_as(ALICE, ALICES);
	expect_control(child, true, "Alice, with that child");
}

/* It is the credentials at the call that count, not those at open(2). */
static void credentials_are_those_of_the_call(void)
{
	int fd = sm_open(), private = machine(), id = segment(private, KEY, 0600);

	ASSERT_EQ(try_stat(fd), 0);
	act_as(ALICE, ALICES);
	expect_control(fd, false, "opened by root, used by Alice");
	expect_control(private, false, "created by root, used by Alice");
	EXPECT_EQ(sm_shmat(private, id, 0, 0), -EACCES);
	EXPECT_EQ(sm_shm_remove(private, id), -EPERM);

	fd = sm_open();
	ASSERT_EQ(try_stat(fd), 0);
	act_as(0, 0);
	expect_control(fd, true, "opened by Alice, used by root");
	EXPECT_GT(sm_shmat(private, id, 0, 0), 0);
}

/*
 * Segments
 */

struct right {
	const char *name;
	int uid, gid;
	int mode;
	int read, write;	/* the errors to expect */
};

/* Alice's segment; the class of the caller decides, not the sum of classes. */
static const struct right rights[] = {
	{ "owner", ALICE, ALICES, 0600, 0, 0 },
	{ "owner, read-only", ALICE, ALICES, 0400, 0, -EACCES },
	{ "owner, group's rights do not help", ALICE, ALICES, 0066, -EACCES, -EACCES },
	{ "group", CAROL, ALICES, 0060, 0, 0 },
	{ "group, read-only", CAROL, ALICES, 0040, 0, -EACCES },
	{ "group, others' rights do not help", CAROL, ALICES, 0606, -EACCES, -EACCES },
	{ "other", BOB, BOBS, 0006, 0, 0 },
	{ "other, read-only", BOB, BOBS, 0004, 0, -EACCES },
	{ "other, owner's rights do not help", BOB, BOBS, 0660, -EACCES, -EACCES },
	{ "write-only is no attach", BOB, BOBS, 0002, -EACCES, -EACCES },
	{ "root needs none", 0, 0, 0000, 0, 0 },
};

static int error_of(int64_t ret)
{
	return ret < 0 ? ret : 0;
}

static void modes_of_segments(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rights); i++) {
		const struct right *r = &rights[i];
		struct shmswap_shmctl arg = SM_ARG(shmctl);
		struct shmswap_shmid_ds ds;
		struct shmswap_pte pte;
		int fd = machine(), id, index;

		ktap_context("%s", r->name);
		act_as(ALICE, ALICES);
		id = segment(fd, KEY, r->mode);
		index = id % SHMSWAP_MAX_SEGMENTS;
		act_as(r->uid, r->gid);
		EXPECT_EQ(error_of(sm_shmat(fd, id, 0, SHM_RDONLY)), r->read);
		EXPECT_EQ(error_of(sm_shmat(fd, id, 0, 0)), r->write);
		EXPECT_EQ(error_of(sm_shmget(fd, KEY, 0, 0400)), r->read);
		EXPECT_EQ(error_of(sm_shmget(fd, KEY, 0, 0600)), r->write);
		EXPECT_EQ(sm_shmget(fd, KEY, 0, 0), id);
		EXPECT_EQ(sm_shm_stat(fd, id, &ds), r->read);
		EXPECT_EQ(error_of(sm_shmctl(fd, index, SHM_STAT, &arg)), r->read);
		EXPECT_EQ(sm_shmctl(fd, index, SHM_STAT_ANY, &arg), id);
		EXPECT_EQ(error_of(sm_query(fd, SHMSWAP_QUERY_PAGES, id, &pte, 0)), r->read);
		EXPECT_EQ(error_of(sm_query(fd, SHMSWAP_QUERY_SHARERS, id, &pte, 0)), r->read);
		act_as(0, 0);
		close(fd);
	}
}

static void executable_attaches_need_x(void)
{
	int fd = machine(), id, other;

	act_as(ALICE, ALICES);
	id = segment(fd, KEY, 0700);
	other = segment(fd, KEY + 1, 0600);
	EXPECT_GT(sm_shmat(fd, id, 0, SHM_EXEC), 0);
	EXPECT_EQ(sm_shmat(fd, other, 0, SHM_EXEC), -EACCES);
}

static void further_groups_count(void)
{
	gid_t groups[] = { 5, ALICES, 7 };
	int fd = machine(), id;

	act_as(ALICE, ALICES);
	id = segment(fd, KEY, 0060);
	act_as(0, 0);
	ASSERT_EQ(setgroups(3, groups), 0);
	ASSERT_EQ(setresgid(BOBS, BOBS, -1), 0);
	ASSERT_EQ(setresuid(BOB, BOB, 0), 0);
	EXPECT_GT(sm_shmat(fd, id, 0, 0), 0);
}

/* Owner and creator may change and remove it, whatever its mode says. */
static void owner_and_creator(void)
{
	struct shmswap_shmctl to_bob = SM_ARG(shmctl), to_carol;
	int fd = machine(), id;

	act_as(ALICE, ALICES);
	id = segment(fd, KEY, 0000);
	act_as(BOB, BOBS);
	to_bob.ds = (struct shmswap_shmid_ds){ .uid = BOB, .gid = BOBS, .mode = 0666 };
	EXPECT_EQ(sm_shmctl(fd, id, IPC_SET, &to_bob), -EPERM);
	EXPECT_EQ(sm_shm_lock(fd, id), -EPERM);
	EXPECT_EQ(sm_shm_unlock(fd, id), -EPERM);
	EXPECT_EQ(sm_shm_remove(fd, id), -EPERM);
	act_as(ALICE, ALICES);
	EXPECT_EQ(sm_shmctl(fd, id, IPC_SET, &to_bob), 0);

	act_as(BOB, BOBS);
	to_carol = to_bob;
	to_carol.ds.uid = CAROL;
	EXPECT_EQ(sm_shm_lock(fd, id), 0);
	EXPECT_EQ(sm_shmctl(fd, id, IPC_SET, &to_carol), 0);
	EXPECT_EQ(sm_shmctl(fd, id, IPC_SET, &to_carol), -EPERM);
	EXPECT_EQ(sm_shm_remove(fd, id), -EPERM);
	act_as(ALICE, ALICES);
	EXPECT_EQ(sm_shm_remove(fd, id), 0);
}

/* A record of a segment, like a line of /proc/sysvipc/shm, is for everybody. */
static void records_without_read_permission(void)
{
	struct shmswap_seg full, others;
	int fd = machine(), id;

	act_as(ALICE, ALICES);
	id = segment(fd, KEY, 0600);
	ASSERT_GT(sm_shmat(fd, id, 0, 0), 0);
	ASSERT_EQ(sm_query(fd, SHMSWAP_QUERY_SEGS, 0, &full, 1), 1);
	act_as(BOB, BOBS);
	ASSERT_EQ(sm_query(fd, SHMSWAP_QUERY_SEGS, 0, &others, 1), 1);
	EXPECT(!memcmp(&others, &full, sizeof(full)));
}

/*
 * Capabilities
 */

/* Alice, with one capability and no other. */
static void become_alice_with(int cap)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { 0 };

	data[cap / 32].permitted = 1U << cap % 32;
	data[cap / 32].effective = 1U << cap % 32;
	ASSERT_EQ(prctl(PR_SET_KEEPCAPS, 1), 0);
	ASSERT_EQ(sm_become(ALICE, ALICES), 0);
	ASSERT_EQ(syscall(SYS_capset, &header, data), 0);
}

static void cap_sys_admin_controls(void)
{
	struct shmswap_shmctl arg = SM_ARG(shmctl);
	int fd = sm_open(), private = machine();
	int id = segment(private, KEY, 0600), other = segment(private, KEY + 1, 0600);

	become_alice_with(CAP_SYS_ADMIN);
	expect_control(fd, true, "the default machine");
	expect_control(private, true, "root's machine");
	EXPECT_EQ(sm_shmat(private, id, 0, 0), -EACCES);
	EXPECT_EQ(sm_shm_lock(private, id), -EPERM);
	EXPECT_EQ(sm_shmctl(private, id, IPC_SET, &arg), 0);
	EXPECT_EQ(sm_shm_remove(private, id), 0);
	EXPECT_EQ(sm_shm_remove(private, other), 0);
}

static void cap_ipc_owner_reads_and_writes(void)
{
	int private = machine(), id = segment(private, KEY, 0000);
	struct shmswap_shmid_ds ds;

	become_alice_with(CAP_IPC_OWNER);
	expect_control(private, false, "root's machine");
	EXPECT_EQ(sm_shmget(private, KEY, 0, 0600), id);
	EXPECT_GT(sm_shmat(private, id, 0, 0), 0);
	EXPECT_EQ(sm_shm_stat(private, id, &ds), 0);
	EXPECT_EQ(sm_shm_remove(private, id), -EPERM);
}

static void cap_ipc_lock_locks(void)
{
	struct rlimit none = { 0, 0 };
	int private = machine(), id = segment(private, KEY, 0600);

	ASSERT_EQ(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	become_alice_with(CAP_IPC_LOCK);
	EXPECT_EQ(sm_shm_lock(private, id), 0);
	EXPECT_EQ(sm_shm_unlock(private, id), 0);
	EXPECT_EQ(sm_shm_remove(private, id), -EPERM);
}

/*
 * The quota of unprivileged users: 8192 pages for all of them together, with
 * what it takes to have a machine at all
 */

static int lean_machine(uint32_t frames)
{
	return sm_create(&(struct shmswap_create){ .nr_frames = frames, .max_tables = 16 });
}

static void machines_of_users_have_a_quota(void)
{
	int alices, bobs;

	act_as(ALICE, ALICES);
	alices = lean_machine(4096);
	ASSERT_GE(alices, 0);
	act_as(BOB, BOBS);
	EXPECT_EQ(lean_machine(4096), -ENOSPC);
	bobs = lean_machine(2048);
	ASSERT_GE(bobs, 0);
	EXPECT_EQ(sm_swapon_ram(bobs, 2048, 0), -ENOSPC);
	EXPECT_EQ(sm_swapon_ram(bobs, 1024, 0), 0);
	EXPECT_EQ(lean_machine(1024), -ENOSPC);

	/* root does not take part. */
	act_as(0, 0);
	ASSERT_GE(lean_machine(16384), 0);
	EXPECT_EQ(sm_swapon_ram(bobs, 16384, 0), 1);
	act_as(BOB, BOBS);
	EXPECT_EQ(lean_machine(1024), -ENOSPC);
	EXPECT_EQ(sm_swapoff(bobs, 0), 0);
	EXPECT_GE(lean_machine(1024), 0);
	EXPECT_EQ(lean_machine(1024), -ENOSPC);
	close(alices);
	EXPECT_SOON(lean_machine(4096) >= 0);
	EXPECT_EQ(lean_machine(1024), -ENOSPC);
}

static void cap_sys_resource_has_no_quota(void)
{
	become_alice_with(CAP_SYS_RESOURCE);
	EXPECT_GE(lean_machine(16384), 0);
}

/*
 * User namespaces
 */

static void write_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* root in a namespace in which nobody but Alice exists. */
static void become_alice_the_root(void)
{
	ASSERT_EQ(sm_become(ALICE, ALICES), 0);
	/* The ids' files belong to root after the change of user. */
	prctl(PR_SET_DUMPABLE, 1);
	if (unshare(CLONE_NEWUSER))
		ktap_skip("no user namespaces for users");
	write_file("/proc/self/setgroups", "deny");
	write_file("/proc/self/uid_map", "0 1000 1");
	write_file("/proc/self/gid_map", "0 100 1");
	ASSERT_EQ(setresuid(0, 0, 0), 0);
	ASSERT_EQ(setresgid(0, 0, 0), 0);
}

static void root_of_a_namespace_has_no_power_outside(void)
{
	int fd = sm_open(), private = machine(), id = segment(private, KEY, 0600);
	struct shmswap_shmid_ds ds;

	become_alice_the_root();
	expect_control(fd, false, "the default machine");
	expect_control(private, false, "root's machine");
	EXPECT_EQ(sm_shmget(private, KEY, 0, 0400), -EACCES);
	EXPECT_EQ(sm_shmat(private, id, 0, SHM_RDONLY), -EACCES);
	EXPECT_EQ(sm_shm_stat(private, id, &ds), -EACCES);
	EXPECT_EQ(sm_shm_lock(private, id), -EPERM);
	EXPECT_EQ(sm_shmctl(private, id, IPC_SET, &SM_ARG(shmctl)), -EPERM);
	EXPECT_EQ(sm_shm_remove(private, id), -EPERM);
	EXPECT_EQ(lean_machine(16384), -ENOSPC);
}

/* Its own machine it has, and sees users as its namespace names them. */
static void root_of_a_namespace_has_its_own(void)
{
	int roots = machine(), id = segment(roots, KEY, 0644);
	struct shmswap_shmid_ds ds;
	struct shmswap_info info;
	int fd;

	become_alice_the_root();
	fd = machine();
	expect_control(fd, true, "a machine of its own");
	ASSERT_EQ(sm_info(fd, &info), 0);
	EXPECT_EQ(info.out_owner, 0);
	ASSERT_EQ(sm_info(roots, &info), 0);
	EXPECT_EQ(info.out_owner, 65534);
	ASSERT_EQ(sm_shm_stat(roots, id, &ds), 0);
	EXPECT_EQ(ds.uid, 65534);
	EXPECT_EQ(ds.cgid, 65534);
	ASSERT_EQ(sm_shm_stat(roots, segment(roots, KEY + 1, 0600), &ds), 0);
	EXPECT_EQ(ds.uid, 0);
	EXPECT_EQ(ds.gid, 0);
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(anyone_may_use_the_device),
		KTAP_CASE(only_root_controls_the_default_machine),
		KTAP_CASE(users_control_their_own_machines),
		KTAP_CASE(a_child_has_the_same_owner),
		KTAP_CASE(credentials_are_those_of_the_call),
		KTAP_CASE(modes_of_segments),
		KTAP_CASE(executable_attaches_need_x),
		KTAP_CASE(further_groups_count),
		KTAP_CASE(owner_and_creator),
		KTAP_CASE(records_without_read_permission),
		KTAP_CASE(cap_sys_admin_controls),
		KTAP_CASE(cap_ipc_owner_reads_and_writes),
		KTAP_CASE(cap_ipc_lock_locks),
		KTAP_CASE(machines_of_users_have_a_quota),
		KTAP_CASE(cap_sys_resource_has_no_quota),
		KTAP_CASE(root_of_a_namespace_has_no_power_outside),
		KTAP_CASE(root_of_a_namespace_has_its_own),
	};

	return ktap_run(argc, argv, cases, ARRAY_SIZE(cases));
}
