// SPDX-License-Identifier: GPL-2.0
/* e2e: timeout=240 */
/*
 * Who else uses the memory of really mapped attaches: system calls, direct I/O,
 * io_uring, pipes, debuggers, core dumps. What is swapped out can be used like any
 * other memory. What the kernel has pinned is never swapped, and belongs to nobody
 * else before the kernel lets go.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/mempolicy.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktap.h"
#include "libblk.h"
#include "libcase.h"
#include "liblive.h"

#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE	101
#endif

#define PAGES	8
#define SIZE	(PAGES * SM_PAGE)
#define SEED	1

/*
 * System calls on buffers that are swapped out
 */

static int file_of(const char *bytes, size_t len)
{
	int file = sm_file(0);

	ASSERT_GE(file, 0);
	ASSERT_EQ(pwrite(file, bytes, len, 0), len);
	return file;
}

static void read_and_write(uint32_t flags)
{
	struct live_shared s = live_share(flags, PAGES);
	static char text[SIZE];
	int file, pipes[2], round;

	for (round = 0; round < 4; round++) {
		ktap_context("round %d", round);
		live_fill(text, PAGES, SEED + round);
		file = file_of(text, SIZE);
		live_swap_out(s.fd);
		EXPECT_EQ(pread(file, s.at, SIZE, 0), SIZE);
		EXPECT(live_filled(s.at, PAGES, SEED + round));

		EXPECT_EQ(live_swap_out(s.fd), PAGES);
		ASSERT_EQ(ftruncate(file, 0), 0);
		EXPECT_EQ(pwrite(file, s.at, SIZE, 0), SIZE);
		EXPECT_EQ(pread(file, text, SIZE, 0), SIZE);
		EXPECT(live_filled(text, PAGES, SEED + round));
		close(file);

		/* Through a pipe into itself, shifted by a page. */
		ASSERT_EQ(pipe(pipes), 0);
		EXPECT_EQ(live_swap_out(s.fd), PAGES);
		EXPECT_EQ(write(pipes[1], s.at, SIZE - SM_PAGE), SIZE - SM_PAGE);
		EXPECT_EQ(live_swap_out(s.fd), PAGES - 1);
		EXPECT_EQ(read(pipes[0], s.at + SM_PAGE, SIZE), SIZE - SM_PAGE);
		EXPECT(live_filled(s.at + SM_PAGE, PAGES - 1, SEED + round));
		close(pipes[0]);
		close(pipes[1]);
		live_check(s.fd);
	}
}

static void buffers_that_are_swapped_out(void)
{
	read_and_write(0);
}

static void buffers_that_the_process_scan_swapped_out(void)
{
	read_and_write(SHMSWAP_MACHINE_SHM_PROCESS);
}

/* What the system call cannot have it leaves: the end of the attach. */
static void buffers_that_reach_too_far(void)
{
	struct live_shared s = live_share(0, PAGES);
	int pipes[2];

	ASSERT_EQ(munmap(s.at + 4 * SM_PAGE, 4 * SM_PAGE), 0);
	live_fill(s.at, 4, SEED);
	live_swap_out(s.fd);
	ASSERT_EQ(pipe(pipes), 0);
	EXPECT_EQ(write(pipes[1], s.at + 2 * SM_PAGE, 4 * SM_PAGE), 2 * SM_PAGE);
	EXPECT_EQ(read(pipes[0], s.at + 3 * SM_PAGE, 2 * SM_PAGE), SM_PAGE);
	EXPECT(sm_filled(s.at + 3 * SM_PAGE, SM_PAGE, SEED + 2));
	EXPECT_EQ(write(pipes[1], s.at + 5 * SM_PAGE, SM_PAGE), -1);
	EXPECT_EQ(errno, EFAULT);
}

/* Read-only for the kernel too. */
static void buffers_that_are_read_only(void)
{
	struct live_shared s = live_share(0, PAGES);
	char *ro = live_attach(s.fd, s.id, SHM_RDONLY), text[16] = "not to be seen";
	int pipes[2];

	live_fill(s.at, PAGES, SEED);
	ASSERT_EQ(pipe(pipes), 0);
	ASSERT_EQ(write(pipes[1], text, sizeof(text)), sizeof(text));
	EXPECT_EQ(read(pipes[0], ro, sizeof(text)), -1);
	EXPECT_EQ(errno, EFAULT);
	live_swap_out(s.fd);
	EXPECT_EQ(read(pipes[0], ro, sizeof(text)), -1);
	EXPECT_EQ(errno, EFAULT);
	EXPECT(live_filled(ro, PAGES, SEED));
	live_check(s.fd);
}

/* A thread whose stack is there, with all that the kernel puts on it for a signal. */
static int handled;

static void handle(int sig)
{
	LIVE_WRITE(&handled, sig);
}

/* Whoever does it needs its stack, so it never ends if it is to go on as long as it can. */
static void swap_out_some(int fd)
{
	EXPECT_GE(sm_reclaim(fd, SHMSWAP_RECLAIM_TRY, 0, 40), 0);
}

static void *swap_own_stack(void *arg)
{
	struct live_shared *s = arg;
	char page[2 * SM_PAGE];
	int i;

	for (i = 0; i < 10; i++) {
		live_fill(page, 2, SEED + i);
		swap_out_some(s->fd);
		LIVE_WRITE(&handled, 0);
		EXPECT_EQ(raise(SIGUSR1), 0);
		EXPECT_EQ(LIVE_READ(&handled), SIGUSR1);
		swap_out_some(s->fd);
		EXPECT(live_filled(page, 2, SEED + i));
	}
	return NULL;
}

static void a_stack_in_a_segment(void)
{
	struct live_shared s = live_share(0, 32);
	pthread_attr_t attr;
	pthread_t thread;

	ASSERT_EQ(sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = handle }, NULL), 0);
	ASSERT_EQ(pthread_attr_init(&attr), 0);
	ASSERT_EQ(pthread_attr_setstack(&attr, s.at, 32 * SM_PAGE), 0);
	ASSERT_EQ(pthread_create(&thread, &attr, swap_own_stack, &s), 0);
	ASSERT_EQ(pthread_join(thread, NULL), 0);
	EXPECT_GT(stat_of(s.fd).pswpout, 10);
	live_check(s.fd);
}

/*
 * Direct I/O
 */

#define DISK_PAGES	(4 * LIVE_FRAMES)

struct disk {
	char path[32];
	int loop;
	int direct;		/* what is read and written */
};

static struct disk new_disk(uint64_t bytes)
{
	struct disk d;

	d.loop = blk_loop(sm_file(bytes), d.path);
	return d;
}

static struct disk raw_disk(void)
{
	struct disk d = new_disk(DISK_PAGES * SM_PAGE);

	d.direct = open(d.path, O_RDWR | O_DIRECT | O_CLOEXEC);
	ASSERT_GE(d.direct, 0);
	return d;
}

static struct disk file_on_ext4(void)
{
	struct disk d = new_disk(16 << 20);
	char command[100];

	blk_private_mounts();
	snprintf(command, sizeof(command),
		 "PATH=$PATH:/sbin:/usr/sbin mkfs.ext4 -q %s >/dev/null 2>&1", d.path);
	if (system(command) || mount(d.path, "/mnt", "ext4", 0, NULL))
		ktap_skip("no ext4");
	d.direct = open("/mnt/file", O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0600);
	ASSERT_GE(d.direct, 0);
	return d;
}

struct direct {
	struct live_shared s;
	struct disk d;
};

/* There and back in pieces of several pages, with more than fits into memory. */
static void write_and_read_directly(void *arg)
{
	struct direct *x = arg;
	char *at = live_attach(x->s.fd, x->s.id, 0);
	int round, i;

	for (round = 0; round < 2; round++) {
		live_fill(at, DISK_PAGES / 2, SEED + round);
		for (i = 0; i < DISK_PAGES / 2; i += 16)
			ASSERT_EQ(pwrite(x->d.direct, at + i * SM_PAGE, 16 * SM_PAGE,
					 i * SM_PAGE), 16 * SM_PAGE);
		for (i = 0; i < DISK_PAGES / 2; i += 8)
			ASSERT_EQ(pread(x->d.direct, at + (DISK_PAGES / 2 + i) * SM_PAGE,
					8 * SM_PAGE, i * SM_PAGE), 8 * SM_PAGE);
		EXPECT(live_filled(at, DISK_PAGES / 2, SEED + round));
		EXPECT(live_filled(at + DISK_PAGES / 2 * SM_PAGE, DISK_PAGES / 2, SEED + round));
	}
}

static void direct_io(struct disk d, uint32_t flags)
{
	struct direct x = { live_share(flags, 1), d };
	pid_t pid;

	x.s.id = live_segment(x.s.fd, DISK_PAGES);
	pid = ktap_fork(write_and_read_directly, &x);
	live_swap_until_done(x.s.fd, &pid, 1);
}

static void direct_io_on_a_device(void)
{
	direct_io(raw_disk(), 0);
}

static void direct_io_on_a_file(void)
{
	direct_io(file_on_ext4(), SHMSWAP_MACHINE_KSWAPD);
}

static void direct_io_under_the_process_scan(void)
{
	direct_io(raw_disk(), SHMSWAP_MACHINE_SHM_PROCESS);
}

/* Swapping to the very file system that the pages are read from and written to. */
static void swap_and_files_on_one_file_system(void)
{
	struct disk d = file_on_ext4();
	struct direct x = { .d = d };
	int swap = open("/mnt/swap", O_RDWR | O_CREAT | O_CLOEXEC, 0600), i;
	static const char zeros[SM_PAGE];
	pid_t pid;

	for (i = 0; i < 2 * LIVE_SLOTS; i++)
		ASSERT_EQ(write(swap, zeros, SM_PAGE), SM_PAGE);
	ASSERT_EQ(sm_mkswap(swap), 0);
	x.s.fd = sm_machine(LIVE_FRAMES, 0, SHMSWAP_MACHINE_KSWAPD);
	ASSERT_EQ(sm_swapon(x.s.fd, swap), 0);
	x.s.id = live_segment(x.s.fd, DISK_PAGES);
	pid = ktap_fork(write_and_read_directly, &x);
	live_swap_until_done(x.s.fd, &pid, 1);
	/* The same through the page cache, which copies under locks of its own. */
	ASSERT_EQ(fcntl(d.direct, F_SETFL, 0), 0);
	pid = ktap_fork(write_and_read_directly, &x);
	live_swap_until_done(x.s.fd, &pid, 1);
	EXPECT_EQ(sm_shm_remove(x.s.fd, x.s.id), 0);
	EXPECT_EQ(sm_swapoff(x.s.fd, 0), 0);
}

/*
 * Pinned pages
 */

static bool is_resident(const struct live_shared *s, int page)
{
	struct shmswap_pte pte;

	ASSERT_EQ(sm_query_page(s->fd, s->id, page, &pte), 0);
	return pte.kind == SHMSWAP_PTE_PRESENT;
}

/* Of 8 pages all but the pinned ones leave, and these when they are let go. */
static void expect_pinned(const struct live_shared *s, int from, int nr)
{
	int i;

	EXPECT_EQ(live_swap_out(s->fd), PAGES - nr);
	for (i = 0; i < PAGES; i++)
		EXPECT_EQ(is_resident(s, i), i >= from && i < from + nr);
	live_check(s->fd);
}

static void expect_let_go(const struct live_shared *s, int nr)
{
	EXPECT_EQ(live_swap_out(s->fd), nr);
	EXPECT_EQ(live_stat(s->fd, s->id).rss, 0);
	live_check(s->fd);
}

/* Takes every frame there is; they held something else before. */
static char *take_all_frames(int fd)
{
	char *at = live_attach(fd, live_segment(fd, 2 * LIVE_FRAMES), 0);
	int i;

	for (i = 0; i < 2 * LIVE_FRAMES; i++)
		EXPECT_EQ(at[i * SM_PAGE + i], 0);
	live_fill(at, 2 * LIVE_FRAMES, 1000);
	return at;
}

static void pages_in_a_pipe(uint32_t flags)
{
	struct live_shared s = live_share(flags, PAGES);
	struct iovec iov = { s.at + 2 * SM_PAGE, 3 * SM_PAGE };
	static char text[3 * SM_PAGE];
	int pipes[2];

	live_fill(s.at, PAGES, SEED);
	ASSERT_EQ(pipe(pipes), 0);
	ASSERT_EQ(vmsplice(pipes[1], &iov, 1, 0), 3 * SM_PAGE);
	expect_pinned(&s, 2, 3);
	/* What is stored through the attach is seen by the pipe, for it is the same memory. */
	s.at[2 * SM_PAGE] ^= 1;
	EXPECT_EQ(read(pipes[0], text, sizeof(text)), 3 * SM_PAGE);
	EXPECT_EQ(text[0], s.at[2 * SM_PAGE]);
	s.at[2 * SM_PAGE] ^= 1;
	expect_let_go(&s, 3);
	EXPECT(live_filled(s.at, PAGES, SEED));
}

static void pages_in_a_pipe_stay(void)
{
	pages_in_a_pipe(0);
}

static void pages_in_a_pipe_stay_under_the_process_scan(void)
{
	pages_in_a_pipe(SHMSWAP_MACHINE_SHM_PROCESS);
}

/* The pipe keeps the memory, and what was in it. */
static void pages_in_a_pipe_outlive_the_segment(void)
{
	struct live_shared s = live_share(0, PAGES);
	struct iovec iov = { s.at + 2 * SM_PAGE, 3 * SM_PAGE };
	static char text[3 * SM_PAGE];
	struct sm_resources before;
	char *others;
	int pipes[2];

	live_fill(s.at, PAGES, SEED);
	ASSERT_EQ(pipe(pipes), 0);
	ASSERT_EQ(vmsplice(pipes[1], &iov, 1, 0), 3 * SM_PAGE);
	EXPECT_EQ(sm_shm_remove(s.fd, s.id), 0);
	EXPECT_EQ(live_shmdt(s.fd, (uintptr_t)s.at), 0);
	ASSERT_EQ(sm_resources(s.fd, &before), 0);
	EXPECT_EQ(before.shm_tot, 0);
	EXPECT_EQ(before.free_pages, LIVE_FRAMES);
	others = take_all_frames(s.fd);
	EXPECT_EQ(read(pipes[0], text, sizeof(text)), 3 * SM_PAGE);
	EXPECT(live_filled(text, 3, SEED + 2));
	EXPECT(live_filled(others, 2 * LIVE_FRAMES, 1000));
	live_check(s.fd);
}

/* Direct I/O that does not end before the device goes on. */
struct stalled {
	struct live_shared s;
	struct blk_dm dm;
	int loop;
	int direct;
	bool write;
	pid_t *reader;		/* the thread that is in it */
};

static void mapper(const struct stalled *x, const char *what)
{
	char command[200];

	snprintf(command, sizeof(command),
		 "PATH=$PATH:/sbin:/usr/sbin dmsetup --noudevsync %s %s >/dev/null 2>&1", what,
		 x->dm.name);
	ASSERT_EQ(system(command), 0);
}

static void *transfer(void *arg)
{
	struct stalled *x = arg;
	char *at = x->s.at + 2 * SM_PAGE;

	__atomic_store_n(x->reader, syscall(SYS_gettid), __ATOMIC_RELEASE);
	if (x->write)
		EXPECT_EQ(pwrite(x->direct, at, 3 * SM_PAGE, 0), 3 * SM_PAGE);
	else
		EXPECT_EQ(pread(x->direct, at, 3 * SM_PAGE, 0), 3 * SM_PAGE);
	return NULL;
}

static bool is_stalled(const struct stalled *x)
{
	char path[60], state = 0;
	pid_t tid = __atomic_load_n(x->reader, __ATOMIC_ACQUIRE);
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	file = tid ? fopen(path, "r") : NULL;
	if (!file)
		return false;
	EXPECT_EQ(fscanf(file, "%*d %*s %c", &state), 1);
	fclose(file);
	return state == 'D';
}

/* Has 3 of 8 pages under direct I/O, in a thread that waits for the device. */
static pthread_t stall(struct stalled *x, bool write)
{
	char path[32];
	pthread_t thread;

	*x = (struct stalled){ .s = live_share(0, PAGES), .write = write };
	x->reader = ktap_shared(sizeof(*x->reader));
	x->loop = blk_loop(sm_file(DISK_PAGES * SM_PAGE), path);
	blk_dm_create(&x->dm, path, DISK_PAGES * SM_PAGE);
	x->direct = open(x->dm.path, O_RDWR | O_DIRECT | O_CLOEXEC);
	ASSERT_GE(x->direct, 0);
	live_fill(x->s.at, PAGES, 500);
	ASSERT_EQ(pwrite(x->direct, x->s.at, SIZE, 0), SIZE);
	live_fill(x->s.at, PAGES, SEED);
	mapper(x, "suspend --noflush --nolockfs");
	ASSERT_EQ(pthread_create(&thread, NULL, transfer, x), 0);
	ASSERT_SOON(is_stalled(x));
	return thread;
}

static void go_on(struct stalled *x, pthread_t thread)
{
	mapper(x, "resume");
	ASSERT_EQ(pthread_join(thread, NULL), 0);
}

static void end_stalled(struct stalled *x)
{
	live_check(x->s.fd);
	close(x->direct);
	blk_dm_remove(&x->dm);
	close(x->loop);
}

static void pages_under_direct_io_stay(void)
{
	struct stalled x;
	pthread_t thread = stall(&x, false);

	expect_pinned(&x.s, 2, 3);
	go_on(&x, thread);
	EXPECT(live_filled(x.s.at + 2 * SM_PAGE, 3, 500));
	EXPECT(live_filled(x.s.at, 2, SEED));
	EXPECT_EQ(live_swap_out(x.s.fd), 5);
	EXPECT(live_filled(x.s.at + 2 * SM_PAGE, 3, 500));
	end_stalled(&x);
}

/* What comes from the device is in nobody else's memory. */
static void pages_under_direct_input_outlive_the_segment(void)
{
	struct stalled x;
	pthread_t thread = stall(&x, false);
	char *others;

	EXPECT_EQ(sm_shm_remove(x.s.fd, x.s.id), 0);
	EXPECT_EQ(live_shmdt(x.s.fd, (uintptr_t)x.s.at), 0);
	EXPECT_EQ(stat_of(x.s.fd).nr_free_pages, LIVE_FRAMES);
	others = take_all_frames(x.s.fd);
	go_on(&x, thread);
	EXPECT(live_filled(others, 2 * LIVE_FRAMES, 1000));
	end_stalled(&x);
}

/* What goes to the device is what was there, and nobody else's. */
static void pages_under_direct_output_outlive_the_segment(void)
{
	static char text[3 * SM_PAGE] __attribute__((aligned(4096)));
	struct stalled x;
	pthread_t thread = stall(&x, true);
	char *others;

	EXPECT_EQ(sm_shm_remove(x.s.fd, x.s.id), 0);
	EXPECT_EQ(live_shmdt(x.s.fd, (uintptr_t)x.s.at), 0);
	others = take_all_frames(x.s.fd);
	go_on(&x, thread);
	EXPECT_EQ(pread(x.direct, text, sizeof(text), 0), sizeof(text));
	EXPECT(live_filled(text, 3, SEED + 2));
	EXPECT(live_filled(others, 2 * LIVE_FRAMES, 1000));
	end_stalled(&x);
}

/*
 * io_uring's fixed buffers
 */

struct uring {
	int fd;
	char *rings;
	struct io_uring_params p;
	struct io_uring_sqe *sqes;
};

static unsigned int *ring_word(const struct uring *u, uint32_t offset)
{
	return (unsigned int *)(u->rings + offset);
}

static struct uring new_uring(void)
{
	struct uring u = { .fd = -1 };

	u.fd = syscall(SYS_io_uring_setup, 4, &u.p);
	if (u.fd < 0)
		ktap_skip("no io_uring");
	u.rings = mmap(NULL, 8 * SM_PAGE, PROT_RW, MAP_SHARED | MAP_POPULATE, u.fd,
		       IORING_OFF_SQ_RING);
	u.sqes = mmap(NULL, SM_PAGE, PROT_RW, MAP_SHARED | MAP_POPULATE, u.fd, IORING_OFF_SQES);
	ASSERT_NE(u.rings, MAP_FAILED);
	ASSERT_NE(u.sqes, MAP_FAILED);
	return u;
}

/* Does it with the buffer that is registered, and waits for it. */
static int uring_fixed(struct uring *u, int op, int file, void *addr, size_t len)
{
	unsigned int *tail = ring_word(u, u->p.sq_off.tail);
	unsigned int index = *tail & *ring_word(u, u->p.sq_off.ring_mask);
	unsigned int *head = ring_word(u, u->p.cq_off.head), slot;
	struct io_uring_cqe *cqes = (void *)(u->rings + u->p.cq_off.cqes);

	u->sqes[index] = (struct io_uring_sqe){ .opcode = op, .fd = file, .len = len,
						.addr = (uintptr_t)addr };
	ring_word(u, u->p.sq_off.array)[index] = index;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	ASSERT_EQ(syscall(SYS_io_uring_enter, u->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0), 1);
	ASSERT_NE(__atomic_load_n(ring_word(u, u->p.cq_off.tail), __ATOMIC_ACQUIRE), *head);
	slot = *head & *ring_word(u, u->p.cq_off.ring_mask);
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return cqes[slot].res;
}

static long uring_register(struct uring *u, void *addr, size_t len)
{
	struct iovec iov = { addr, len };
	long ret = syscall(SYS_io_uring_register, u->fd, IORING_REGISTER_BUFFERS, &iov, 1);

	return ret < 0 ? -errno : ret;
}

static void uring_unregister(struct uring *u)
{
	ASSERT_EQ(syscall(SYS_io_uring_register, u->fd, IORING_UNREGISTER_BUFFERS, NULL, 0), 0);
}

/* Old kernels register no file's memory, which that of their own segments is, too. */
static void register_or_skip(struct uring *u, void *addr, size_t len)
{
	long ret = uring_register(u, addr, len), kernel;
	int id;

	if (ret != -EOPNOTSUPP) {
		ASSERT_EQ(ret, 0);
		return;
	}
	id = shmget(IPC_PRIVATE, len, 0600);
	kernel = uring_register(u, shmat(id, NULL, 0), len);
	shmctl(id, IPC_RMID, NULL);
	ASSERT_EQ(kernel, -EOPNOTSUPP);
	ktap_skip("this kernel registers no shared memory");
}

static void registered(uint32_t flags)
{
	struct live_shared s = live_share(flags, PAGES);
	struct uring u = new_uring();
	static char text[4 * SM_PAGE];
	char *fixed = s.at + 2 * SM_PAGE;
	int file = sm_file(0);

	live_fill(s.at, PAGES, SEED);
	live_swap_out(s.fd);
	register_or_skip(&u, fixed, 4 * SM_PAGE);
	EXPECT_EQ(live_stat(s.fd, s.id).rss, 4);
	EXPECT(live_filled(s.at, PAGES, SEED));
	expect_pinned(&s, 2, 4);
	EXPECT_EQ(uring_fixed(&u, IORING_OP_WRITE_FIXED, file, fixed, 4 * SM_PAGE), 4 * SM_PAGE);
	EXPECT_EQ(pread(file, text, sizeof(text), 0), sizeof(text));
	EXPECT(live_filled(text, 4, SEED + 2));

	live_fill(text, 4, 300);
	ASSERT_EQ(pwrite(file, text, sizeof(text), 0), sizeof(text));
	EXPECT_EQ(uring_fixed(&u, IORING_OP_READ_FIXED, file, fixed, 4 * SM_PAGE), 4 * SM_PAGE);
	EXPECT(live_filled(fixed, 4, 300));
	EXPECT_EQ(live_swap_out(s.fd), 0);
	/* Through the buffer, which no PTE is needed for, and nobody hears of. */
	live_fill(text, 4, 400);
	ASSERT_EQ(pwrite(file, text, sizeof(text), 0), sizeof(text));
	EXPECT_EQ(uring_fixed(&u, IORING_OP_READ_FIXED, file, fixed, 4 * SM_PAGE), 4 * SM_PAGE);
	uring_unregister(&u);
	expect_let_go(&s, 4);
	EXPECT(live_filled(fixed, 4, 400));
	EXPECT(live_filled(s.at, 2, SEED));
}

static void registered_buffers_stay(void)
{
	registered(0);
}

static void registered_buffers_stay_under_the_process_scan(void)
{
	registered(SHMSWAP_MACHINE_SHM_PROCESS);
}

static void registered_buffers_outlive_the_segment(void)
{
	struct live_shared s = live_share(0, PAGES);
	struct uring u = new_uring();
	static char text[4 * SM_PAGE];
	char *fixed = s.at + 2 * SM_PAGE, *others;
	int file = sm_file(0);

	live_fill(s.at, PAGES, SEED);
	register_or_skip(&u, fixed, 4 * SM_PAGE);
	EXPECT_EQ(sm_shm_remove(s.fd, s.id), 0);
	EXPECT_EQ(live_shmdt(s.fd, (uintptr_t)s.at), 0);
	EXPECT_EQ(stat_of(s.fd).nr_free_pages, LIVE_FRAMES);
	others = take_all_frames(s.fd);
	EXPECT_EQ(uring_fixed(&u, IORING_OP_WRITE_FIXED, file, fixed, 4 * SM_PAGE), 4 * SM_PAGE);
	EXPECT_EQ(pread(file, text, sizeof(text), 0), sizeof(text));
	EXPECT(live_filled(text, 4, SEED + 2));
	live_fill(text, 4, 300);
	ASSERT_EQ(pwrite(file, text, sizeof(text), 0), sizeof(text));
	EXPECT_EQ(uring_fixed(&u, IORING_OP_READ_FIXED, file, fixed, 4 * SM_PAGE), 4 * SM_PAGE);
	EXPECT(live_filled(others, 2 * LIVE_FRAMES, 1000));
	uring_unregister(&u);
	EXPECT(live_filled(others, 2 * LIVE_FRAMES, 1000));
	live_check(s.fd);
}

/*
 * Debuggers
 */

struct patient {
	struct live_shared s;
	char *ro;		/* a read-only attach of the same */
};

/* The debugger changes a word of page 3, and all of pages 5 and 6. */
static void be_debugged(void *arg)
{
	struct patient *p = arg;

	live_reach(p->s.stage, 1);
	live_await(p->s.stage, 2);
	EXPECT(live_filled(p->s.at, 3, SEED));
	EXPECT_EQ(*live_word(&p->s, 3), 4711);
	EXPECT(live_filled(p->s.at + 4 * SM_PAGE, 1, SEED + 4));
	EXPECT(live_filled(p->s.at + 5 * SM_PAGE, 2, 205));
	live_check(p->s.fd);
}

/* The parent has no attach of its own any more, so all that it does goes to the child's. */
static pid_t admit(struct patient *p, uint32_t flags)
{
	pid_t pid;

	p->s = live_share(flags, PAGES);
	p->ro = live_attach(p->s.fd, p->s.id, SHM_RDONLY);
	live_fill(p->s.at, PAGES, SEED);
	pid = ktap_fork(be_debugged, p);
	live_await(p->s.stage, 1);
	EXPECT_EQ(live_shmdt(p->s.fd, (uintptr_t)p->s.at), 0);
	EXPECT_EQ(live_shmdt(p->s.fd, (uintptr_t)p->ro), 0);
	live_swap_out(p->s.fd);
	EXPECT_EQ(live_stat(p->s.fd, p->s.id).rss, 0);
	return pid;
}

static void dismiss(struct patient *p, pid_t pid)
{
	live_swap_out(p->s.fd);
	live_reach(p->s.stage, 2);
	ktap_join(pid);
	EXPECT_EQ(sm_check(p->s.fd), 0);
}

static void debug_by_process_vm(uint32_t flags)
{
	static char text[SIZE], changed[2 * SM_PAGE];
	struct patient p;
	pid_t pid = admit(&p, flags);
	struct iovec mine = { text, SIZE }, his = { p.s.at, SIZE };
	uint64_t word = 4711;

	EXPECT_EQ(process_vm_readv(pid, &mine, 1, &his, 1, 0), SIZE);
	EXPECT(live_filled(text, PAGES, SEED));
	live_swap_out(p.s.fd);
	mine = (struct iovec){ &word, sizeof(word) };
	his = (struct iovec){ live_word(&p.s, 3), sizeof(word) };
	EXPECT_EQ(process_vm_writev(pid, &mine, 1, &his, 1, 0), sizeof(word));
	live_fill(changed, 2, 205);
	mine = (struct iovec){ changed, sizeof(changed) };
	his = (struct iovec){ p.s.at + 5 * SM_PAGE, sizeof(changed) };
	EXPECT_EQ(process_vm_writev(pid, &mine, 1, &his, 1, 0), sizeof(changed));
	his.iov_base = p.ro;
	EXPECT_EQ(process_vm_writev(pid, &mine, 1, &his, 1, 0), -1);
	EXPECT_EQ(errno, EFAULT);
	dismiss(&p, pid);
}

static void process_vm(void)
{
	debug_by_process_vm(0);
}

static void process_vm_under_the_process_scan(void)
{
	debug_by_process_vm(SHMSWAP_MACHINE_SHM_PROCESS);
}

static void proc_mem(void)
{
	static char text[SIZE], changed[2 * SM_PAGE];
	struct patient p;
	pid_t pid = admit(&p, 0);
	uint64_t word = 4711;
	char path[32];
	int mem;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	mem = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_GE(mem, 0);
	EXPECT_EQ(pread(mem, text, SIZE, (uintptr_t)p.s.at), SIZE);
	EXPECT(live_filled(text, PAGES, SEED));
	live_swap_out(p.s.fd);
	EXPECT_EQ(pwrite(mem, &word, sizeof(word), (uintptr_t)live_word(&p.s, 3)), sizeof(word));
	live_fill(changed, 2, 205);
	EXPECT_EQ(pwrite(mem, changed, sizeof(changed), (uintptr_t)p.s.at + 5 * SM_PAGE),
		  sizeof(changed));
	/* Not even the debugger's way leads into an attach that is read-only. */
	EXPECT_EQ(pwrite(mem, changed, sizeof(changed), (uintptr_t)p.ro), -1);
	EXPECT_EQ(errno, EIO);
	close(mem);
	dismiss(&p, pid);
}

static void ptrace_peek_and_poke(void)
{
	static uint64_t changed[2 * SM_PAGE / sizeof(uint64_t)], first[1];
	struct patient p;
	pid_t pid = admit(&p, 0);
	size_t i;

	live_fill((char *)changed, 2, 205);
	sm_fill(first, sizeof(first), SEED);
	ASSERT_EQ(ptrace(PTRACE_ATTACH, pid, 0, 0), 0);
	ASSERT_EQ(waitpid(pid, NULL, 0), pid);
	errno = 0;
	EXPECT_EQ(ptrace(PTRACE_PEEKDATA, pid, p.s.at, 0), first[0]);
	EXPECT_EQ(errno, 0);
	EXPECT_EQ(ptrace(PTRACE_POKEDATA, pid, live_word(&p.s, 3), 4711), 0);
	for (i = 0; i < ARRAY_SIZE(changed); i++)
		ASSERT_EQ(ptrace(PTRACE_POKEDATA, pid, live_word(&p.s, 5) + i, changed[i]), 0);
	EXPECT_EQ(ptrace(PTRACE_POKEDATA, pid, p.ro, 1), -1);
	live_swap_out(p.s.fd);
	EXPECT_EQ(ptrace(PTRACE_PEEKDATA, pid, live_word(&p.s, 3), 0), 4711);
	ASSERT_EQ(ptrace(PTRACE_DETACH, pid, 0, 0), 0);
	dismiss(&p, pid);
}

/*
 * The kernel's own care for memory
 */

/* If this kernel has such a file. */
static void write_text(const char *path, const char *text)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);

	if (file < 0)
		return;
	ASSERT_EQ(write(file, text, strlen(text)), strlen(text));
	close(file);
}

static void read_all(const char *path)
{
	static char text[SIZE];
	int file = open(path, O_RDONLY | O_CLOEXEC);

	while (read(file, text, sizeof(text)) > 0)
		;
	close(file);
}

static void try_to_move(char *at)
{
	int nodes[PAGES] = { 0 }, status[PAGES], i;
	void *pages[PAGES];

	for (i = 0; i < PAGES; i++)
		pages[i] = at + i * SM_PAGE;
	syscall(SYS_move_pages, 0, PAGES, pages, NULL, status, 0);
	syscall(SYS_move_pages, 0, PAGES, pages, nodes, status, MPOL_MF_MOVE);
	/* Away from memory that is said to be going bad: that needs a page that can be moved. */
	EXPECT_EQ(madvise(at, SM_PAGE, MADV_SOFT_OFFLINE), -1);
}

/* Whatever it does to all memory loses nothing of this. */
static void the_kernels_own_care(void)
{
	static const char *const clear[] = { "1", "2", "3", "4", "5" };
	struct live_shared s = live_share(0, PAGES);
	size_t i;

	live_fill(s.at, PAGES, SEED);
	for (i = 0; i < ARRAY_SIZE(clear); i++) {
		ktap_context("clear_refs %s", clear[i]);
		write_text("/proc/self/clear_refs", clear[i]);
		live_check(s.fd);
		EXPECT(live_filled(s.at, PAGES, SEED + i));
		live_fill(s.at, PAGES, SEED + i + 1);
	}
	ktap_context("the others");
	read_all("/proc/self/smaps");
	read_all("/proc/self/numa_maps");
	write_text("/proc/sys/vm/compact_memory", "1");
	write_text("/proc/sys/vm/drop_caches", "3");
	try_to_move(s.at);
	live_check(s.fd);
	EXPECT(live_filled(s.at, PAGES, SEED + i));
	EXPECT_EQ(live_swap_out(s.fd), PAGES);
	EXPECT(live_filled(s.at, PAGES, SEED + i));
	live_check(s.fd);
}

/*
 * Core dumps
 */

#define CORE	"/tmp/shmswap-core"

/* Has a segment of either kind, and dies of it. */
static void dump_core(void *arg)
{
	struct live_shared *s = arg;
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	char *own = shmat(shmget(IPC_PRIVATE, SIZE, 0600), NULL, 0);

	live_fill(own, PAGES, 800);
	live_swap_out(s->fd);
	ASSERT_EQ(setrlimit(RLIMIT_CORE, &unlimited), 0);
	abort();
}

/* How many of the pages of this seed are in the core. */
static int pages_in_core(uint64_t seed)
{
	static char page[SM_PAGE];
	int core = open(CORE, O_RDONLY | O_CLOEXEC), found = 0, i;
	off_t offset;

	ASSERT_GE(core, 0);
	for (offset = 0; pread(core, page, SM_PAGE, offset) == SM_PAGE; offset += SM_PAGE)
		for (i = 0; i < PAGES; i++)
			found += sm_filled(page, SM_PAGE, seed + i);
	close(core);
	return found;
}

static void core_dump(void)
{
	struct live_shared s = live_share(0, PAGES);
	pid_t pid;

	if (unshare(CLONE_NEWIPC))
		ktap_skip("no ipc namespaces");
	if (access("/proc/sys/kernel/core_pattern", W_OK))
		ktap_skip("no core dumps");
	live_fill(s.at, PAGES, SEED);
	write_text("/proc/sys/kernel/core_pattern", CORE);
	unlink(CORE);
	pid = ktap_fork(dump_core, &s);
	ktap_join_killed(pid, SIGABRT);
	EXPECT_EQ(pages_in_core(800), PAGES);
	EXPECT_EQ(pages_in_core(SEED), PAGES);
	unlink(CORE);
	live_check(s.fd);
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(buffers_that_are_swapped_out),
		KTAP_CASE(buffers_that_the_process_scan_swapped_out),
		KTAP_CASE(buffers_that_reach_too_far),
		KTAP_CASE(buffers_that_are_read_only),
		KTAP_CASE(a_stack_in_a_segment),
		KTAP_CASE(direct_io_on_a_device),
		KTAP_CASE(direct_io_on_a_file),
		KTAP_CASE(direct_io_under_the_process_scan),
		KTAP_CASE(swap_and_files_on_one_file_system),
		KTAP_CASE(pages_in_a_pipe_stay),
		KTAP_CASE(pages_in_a_pipe_stay_under_the_process_scan),
		KTAP_CASE(pages_in_a_pipe_outlive_the_segment),
		KTAP_CASE(pages_under_direct_io_stay),
		KTAP_CASE(pages_under_direct_input_outlive_the_segment),
		KTAP_CASE(pages_under_direct_output_outlive_the_segment),
		KTAP_CASE(registered_buffers_stay),
		KTAP_CASE(registered_buffers_stay_under_the_process_scan),
		KTAP_CASE(registered_buffers_outlive_the_segment),
		KTAP_CASE(process_vm),
		KTAP_CASE(process_vm_under_the_process_scan),
		KTAP_CASE(proc_mem),
		KTAP_CASE(ptrace_peek_and_poke),
		KTAP_CASE(the_kernels_own_care),
		KTAP_CASE(core_dump),
	};

	return ktap_run(argc, argv, cases, ARRAY_SIZE(cases));
}
