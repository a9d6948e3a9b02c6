// SPDX-License-Identifier: GPL-2.0
/* e2e: timeout=240 */
/*
 * Whatever a process does to its address space it does to its attaches, and
 * what becomes of them is what becomes of the kernel's own: each step is made on
 * an attach of the machine and on one of the kernel, and then everything that
 * can be seen of the two is compared.
 *
 * The machine's areas are marked VM_DONTEXPAND. So the kernel never merges them,
 * does not let them grow, and takes no note of mlock(2) on them; a step where
 * that shows says so.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ktap.h"
#include "libcase.h"
#include "liblive.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP	4
#endif
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED	24
#endif

#define PAGES		8
#define ROOM_PAGES	40	/* of the address space that a side has for itself */
#define AT		12	/* its attach's place there */
#define OTHER		28	/* that of its other segment's */
#define SEED		1
#define OTHER_SEED	100

enum { KERNEL, MACHINE, SIDES };

struct room {
	struct side seg, other;
	char *base;
};

struct world {
	int fd;
	struct sm_resources before;
	struct room rooms[SIDES];
};

static char *place(const struct room *r, int page)
{
	return r->base + page * SM_PAGE;
}

static void attach_at(const struct side *s, char *addr, uint64_t seed)
{
	ASSERT_EQ(side_shmat(s, (uintptr_t)addr, 0), (uintptr_t)addr);
	live_fill(addr, PAGES, seed);
}

/* Both sides with both segments attached. The kernel's vanish with the namespace. */
static void enter(struct world *w)
{
	int i;

	ASSERT_EQ(sm_resources(w->fd, &w->before), 0);
	for (i = 0; i < SIDES; i++) {
		struct room *r = &w->rooms[i];

		r->base = (char *)0x100000000000 + i * 0x1000000;
		r->seg = side_new(i == KERNEL ? -1 : w->fd, PAGES);
		r->other = side_new(i == KERNEL ? -1 : w->fd, PAGES);
		attach_at(&r->seg, place(r, AT), SEED);
		attach_at(&r->other, place(r, OTHER), OTHER_SEED);
	}
}

static void new_world(struct world *w, uint32_t flags)
{
	if (unshare(CLONE_NEWIPC))
		ktap_skip("no ipc namespaces");
	w->fd = sm_machine(256, 256, flags);
	ASSERT_GE(w->fd, 0);
}

static void expect_gone(const struct side *s)
{
	struct side_stat st;

	ASSERT_EQ(side_stat(s, &st), 0);
	EXPECT_EQ(st.nattch, 0);
	EXPECT_EQ(side_remove(s), 0);
	EXPECT_EQ(side_stat(s, &st), -EINVAL);
}

/* Nothing of it is left. */
static void leave(struct world *w)
{
	int i;

	for (i = 0; i < SIDES; i++) {
		struct room *r = &w->rooms[i];

		ASSERT_EQ(munmap(r->base, ROOM_PAGES * SM_PAGE), 0);
		expect_gone(&r->seg);
		expect_gone(&r->other);
	}
	EXPECT_EQ(live_pid(w->fd), 0);
	EXPECT(sm_same_resources(w->fd, &w->before));
	EXPECT_EQ(sm_check(w->fd), 0);
}

/*
 * Comparing
 */

static void compare_stats(const struct world *w)
{
	side_compare(&w->rooms[KERNEL].seg, &w->rooms[MACHINE].seg);
	side_compare(&w->rooms[KERNEL].other, &w->rooms[MACHINE].other);
}

/* The areas of a room, told without where it is and which segments they are of. */
static int areas_of(const struct room *r, struct live_area *areas)
{
	int all = live_areas(areas), nr = 0, i;

	for (i = 0; i < all; i++) {
		struct live_area a = areas[i];

		if (a.start < (uintptr_t)r->base || a.end > (uintptr_t)place(r, ROOM_PAGES))
			continue;
		a.start -= (uintptr_t)r->base;
		a.end -= (uintptr_t)r->base;
		a.ino = (int)a.ino == r->other.id;
		a.of_kernel = false;
		areas[nr++] = a;
	}
	return nr;
}

static void compare_areas(const struct world *w)
{
	static struct live_area real[LIVE_MAX_AREAS], sim[LIVE_MAX_AREAS];
	int nr = areas_of(&w->rooms[KERNEL], real), i;

	ASSERT_EQ(areas_of(&w->rooms[MACHINE], sim), nr);
	for (i = 0; i < nr; i++)
		if (memcmp(&real[i], &sim[i], sizeof(real[i])))
			ktap_fail(__FILE__, __LINE__,
				  "area %d is %#lx-%#lx %s %lu %lu %s, not %#lx-%#lx %s %lu %lu %s",
				  i, sim[i].start, sim[i].end, sim[i].perms, sim[i].pgoff,
				  sim[i].ino, sim[i].name, real[i].start, real[i].end,
				  real[i].perms, real[i].pgoff, real[i].ino, real[i].name);
}

/* What a load and a store do there, and what is there. */
struct page_seen {
	int load, store;
	uint64_t word;
};

static void look(const struct room *r, struct page_seen *seen)
{
	int i;

	for (i = 0; i < ROOM_PAGES; i++) {
		char *page = place(r, i), byte = 0;

		seen[i] = (struct page_seen){ .load = live_load(page, &byte) };
		if (seen[i].load)
			continue;
		seen[i].word = LIVE_READ((uint64_t *)page);
		seen[i].store = live_store(page, byte);
	}
}

static void compare_seen(const struct page_seen *found, const struct page_seen *wanted)
{
	int i;

	for (i = 0; i < ROOM_PAGES; i++)
		if (memcmp(&found[i], &wanted[i], sizeof(found[i])))
			ktap_fail(__FILE__, __LINE__,
				  "page %d: load %d store %d has %#lx, not load %d store %d has %#lx",
				  i, found[i].load, found[i].store, found[i].word,
				  wanted[i].load, wanted[i].store, wanted[i].word);
}

static void compare_rooms(const struct world *w)
{
	static struct page_seen real[ROOM_PAGES], sim[ROOM_PAGES];

	look(&w->rooms[KERNEL], real);
	look(&w->rooms[MACHINE], sim);
	compare_seen(sim, real);
	live_check(w->fd);
}

/* Twice, for what is in memory and for what comes from swap. */
static void compare_pages(const struct world *w)
{
	compare_rooms(w);
	live_swap_out(w->fd);
	live_check(w->fd);
	compare_rooms(w);
}

/*
 * Steps: system calls on a range of a room
 */

enum op {
	NONE, MUNMAP, MPROTECT, MREMAP, REMAP_FILE_PAGES, MAP_OVER, SHMAT, SHMDT, MADVISE,
	LOCK, LOCK_ONFAULT, UNLOCK, LOCK_ALL, UNLOCK_ALL, MSYNC, MINCORE, MBIND,
};

struct call {
	enum op op;
	int page;		/* where in the room */
	int pages;
	int arg;		/* protection, flags, advice */
	int new_pages;		/* mremap(2) */
#define SAME_SIZE	-1
	int to;			/* mremap(2): where to; remap_file_pages(2): which page */
};

/* As -errno, or for an address the page in the room. */
static long result(const struct room *r, long ret)
{
	if (ret == -1)
		return -errno;
	return ret ? (ret - (long)r->base) / (long)SM_PAGE : 0;
}

static long call_mremap(const struct room *r, const struct call *c)
{
	int new_pages = c->new_pages == SAME_SIZE ? c->pages : c->new_pages;
	void *to = c->arg & MREMAP_FIXED ? place(r, c->to) : NULL;

	return result(r, (long)mremap(place(r, c->page), c->pages * SM_PAGE,
				      new_pages * SM_PAGE, c->arg, to));
}

static long call_map_over(const struct room *r, const struct call *c)
{
	return result(r, (long)mmap(place(r, c->page), c->pages * SM_PAGE, PROT_RW,
				    PRIVATE_ANON | MAP_FIXED, -1, 0));
}

static long call_shmat(const struct room *r, const struct call *c)
{
	int64_t ret = side_shmat(&r->other, (uintptr_t)place(r, c->page), c->arg);

	return ret < 0 ? ret : result(r, ret);
}

static long call_mincore(const struct room *r, const struct call *c)
{
	unsigned char resident[ROOM_PAGES];

	return result(r, mincore(place(r, c->page), c->pages * SM_PAGE, resident));
}

static long call_mbind(const struct room *r, const struct call *c)
{
	unsigned long node = 1;

	return result(r, syscall(SYS_mbind, place(r, c->page), c->pages * SM_PAGE,
				 MPOL_PREFERRED, &node, 8, c->arg));
}

static long make_call(const struct room *r, const struct call *c)
{
	char *addr = place(r, c->page);
	size_t len = c->pages * SM_PAGE;

	switch (c->op) {
	case MUNMAP:		return result(r, munmap(addr, len));
	case MPROTECT:		return result(r, mprotect(addr, len, c->arg));
	case MREMAP:		return call_mremap(r, c);
	case REMAP_FILE_PAGES:	return result(r, remap_file_pages(addr, len, 0, c->to, 0));
	case MAP_OVER:		return call_map_over(r, c);
	case SHMAT:		return call_shmat(r, c);
	case SHMDT:		return side_shmdt(&r->seg, (uintptr_t)addr);
	case MADVISE:		return result(r, madvise(addr, len, c->arg));
	case LOCK:		return result(r, mlock(addr, len));
	case LOCK_ONFAULT:		return result(r, mlock2(addr, len, MLOCK_ONFAULT));
	case UNLOCK:		return result(r, munlock(addr, len));
	case LOCK_ALL:		return result(r, mlockall(MCL_CURRENT));
	case UNLOCK_ALL:	return result(r, munlockall());
	case MSYNC:		return result(r, msync(addr, len, c->arg));
	case MINCORE:		return call_mincore(r, c);
	case MBIND:		return call_mbind(r, c);
	case NONE:
		break;
	}
	return 0;
}

#define MAX_CALLS	3

/* What may differ from the kernel's, see the top. */
enum differs {
	SAME,
	AREAS,			/* fewer are split, or merged */
	REFUSED,		/* the last call, with an error of its own */
};

struct step {
	const char *name;
	struct call calls[MAX_CALLS];
	enum differs differs;
	int error;		/* if refused */
};

#define STEP(name_, ...) \
	{ .name = name_, .calls = { __VA_ARGS__ } }
#define STEP_AREAS(name_, ...) \
	{ .name = name_, .calls = { __VA_ARGS__ }, .differs = AREAS }
#define STEP_REFUSED(error_, name_, ...) \
	{ .name = name_, .calls = { __VA_ARGS__ }, .differs = REFUSED, .error = error_ }

#define PLAIN(op_, page_, pages_, ...) \
	{ .op = op_, .page = page_, .pages = pages_, ##__VA_ARGS__ }
#define UNMAP(page, pages)		PLAIN(MUNMAP, page, pages)
#define COVER(page, pages)		PLAIN(MAP_OVER, page, pages)
#define ATTACH(page, shmflg)		PLAIN(SHMAT, page, 0, .arg = shmflg)
#define DETACH(page)			PLAIN(SHMDT, page, 0)
#define PROTECT(page, pages, prot)	PLAIN(MPROTECT, page, pages, .arg = prot)
#define ADVISE(page, pages, advice)	PLAIN(MADVISE, page, pages, .arg = advice)
#define SYNC(page, pages, flags)	PLAIN(MSYNC, page, pages, .arg = flags)
#define BIND(page, pages, flags)	PLAIN(MBIND, page, pages, .arg = flags)
#define FILE_PAGES(page, pages, to_)	PLAIN(REMAP_FILE_PAGES, page, pages, .to = to_)
#define REMAP(page, old, flags, new, to_) \
	PLAIN(MREMAP, page, old, .arg = flags, .new_pages = new, .to = to_)
#define FIXED				(MREMAP_MAYMOVE | MREMAP_FIXED)
#define MOVE(page, pages, to_) \
	PLAIN(MREMAP, page, pages, .arg = FIXED, .new_pages = SAME_SIZE, .to = to_)

static const struct step unmaps[] = {
	STEP("unmap all", UNMAP(AT, PAGES)),
	STEP("unmap the first page", UNMAP(AT, 1)),
	STEP("unmap the last page", UNMAP(AT + PAGES - 1, 1)),
	STEP("unmap the middle", UNMAP(AT + 3, 2)),
	STEP("unmap more than there is", UNMAP(AT - 4, PAGES + 8)),
	STEP("unmap the end of one and the start of the other", UNMAP(AT + 4, 20)),
	STEP("unmap every other page", UNMAP(AT + 1, 1), UNMAP(AT + 3, 1), UNMAP(AT + 5, 1)),
	STEP("map over all", COVER(AT, PAGES)),
	STEP("map over the middle", COVER(AT + 3, 2)),
	STEP("map over the start", COVER(AT - 2, 4)),
	STEP("map over both", COVER(AT + 4, 20)),
	STEP("attach over the middle", ATTACH(AT - 5, SHM_REMAP)),
	STEP("attach over all", ATTACH(AT, SHM_REMAP)),
	STEP("attach over itself", ATTACH(OTHER + 3, SHM_REMAP)),
	STEP("attach over all, read-only", ATTACH(AT, SHM_REMAP | SHM_RDONLY)),
	STEP("attach over all, without SHM_REMAP", ATTACH(AT, 0)),
	STEP("attach over the end, without SHM_REMAP", ATTACH(AT + 7, 0)),
	STEP("attach behind it", ATTACH(AT + PAGES, 0)),
	STEP("detach what was cut short", UNMAP(AT, 2), DETACH(AT)),
	STEP("detach where nothing is left", UNMAP(AT, PAGES), DETACH(AT)),
	STEP("detach a piece by its own address", UNMAP(AT + 3, 2), DETACH(AT + 5)),
	STEP("detach from the middle", DETACH(AT + 3)),
	STEP("detach from before it", DETACH(AT - 1)),
	STEP("detach what anonymous memory covers", COVER(AT, PAGES), DETACH(AT)),
	STEP("detach what is covered in the middle", COVER(AT + 3, 2), DETACH(AT)),
	STEP("detach twice", DETACH(AT), DETACH(AT)),
};

static const struct step protections[] = {
	STEP("all read-only", PROTECT(AT, PAGES, PROT_READ)),
	STEP("all inaccessible", PROTECT(AT, PAGES, PROT_NONE)),
	STEP("all executable", PROTECT(AT, PAGES, PROT_READ | PROT_EXEC)),
	STEP("as it is", PROTECT(AT, PAGES, PROT_RW)),
	STEP("the first page read-only", PROTECT(AT, 1, PROT_READ)),
	STEP("the last page read-only", PROTECT(AT + PAGES - 1, 1, PROT_READ)),
	STEP("the middle read-only", PROTECT(AT + 3, 2, PROT_READ)),
	STEP("the middle inaccessible", PROTECT(AT + 3, 2, PROT_NONE)),
	STEP("write only", PROTECT(AT, PAGES, PROT_WRITE)),
	STEP_AREAS("the middle there and back", PROTECT(AT + 3, 2, PROT_READ),
		   PROTECT(AT + 3, 2, PROT_RW)),
	STEP("all there and back", PROTECT(AT, PAGES, PROT_NONE), PROTECT(AT, PAGES, PROT_RW)),
	STEP_AREAS("pieces alike again", PROTECT(AT + 3, 2, PROT_READ),
		   PROTECT(AT, PAGES, PROT_READ)),
	STEP_AREAS("the border moves", PROTECT(AT, 2, PROT_READ), PROTECT(AT, 4, PROT_READ)),
	STEP_AREAS("a page moves to its neighbours", PROTECT(AT, 4, PROT_READ),
		   PROTECT(AT + 3, 1, PROT_RW)),
	STEP("over a hole", UNMAP(AT + 3, 2), PROTECT(AT, PAGES, PROT_READ)),
	STEP("detach pieces", PROTECT(AT + 3, 2, PROT_READ), DETACH(AT)),
	STEP("detach the middle piece", PROTECT(AT + 3, 2, PROT_READ), DETACH(AT + 3)),
	STEP("unmap between pieces", PROTECT(AT + 3, 2, PROT_READ), UNMAP(AT + 2, 2)),
	STEP("a read-only attach writable", ATTACH(2, SHM_RDONLY), PROTECT(2, PAGES, PROT_RW)),
	STEP("a piece of one writable", ATTACH(2, SHM_RDONLY), PROTECT(4, 1, PROT_RW)),
	STEP("a read-only attach executable", ATTACH(2, SHM_RDONLY),
	     PROTECT(2, PAGES, PROT_READ | PROT_EXEC)),
	STEP("one there and back", ATTACH(2, SHM_RDONLY), PROTECT(2, PAGES, PROT_NONE),
	     PROTECT(2, PAGES, PROT_READ)),
	STEP("an executable attach", ATTACH(2, SHM_EXEC)),
};

static const struct step remaps[] = {
	STEP("move", MOVE(AT, PAGES, 2)),
	STEP("move over the other", MOVE(AT, PAGES, OTHER)),
	STEP("move over half of the other", MOVE(AT, PAGES, OTHER - 4)),
	STEP("move over anonymous memory", COVER(2, 4), MOVE(AT, PAGES, 0)),
	STEP("move a page", MOVE(AT + 3, 1, 2)),
	STEP("move the first page", MOVE(AT, 1, 2)),
	STEP("move the last pages", MOVE(AT + 5, 3, 2)),
	STEP("move by a page", MOVE(AT, PAGES, AT + 1)),
	STEP("move next to it", MOVE(AT, 4, AT + 8)),
	STEP("move there and back", MOVE(AT, PAGES, 2), MOVE(2, PAGES, AT)),
	STEP_AREAS("move a page there and back", MOVE(AT + 3, 1, 2), MOVE(2, 1, AT + 3)),
	STEP("swap two pages", MOVE(AT + 3, 1, 2), MOVE(AT + 5, 1, AT + 3), MOVE(2, 1, AT + 5)),
	STEP("move an inaccessible one", PROTECT(AT, PAGES, PROT_NONE), MOVE(AT, PAGES, 2)),
	STEP("detach where it went", MOVE(AT, PAGES, 2), DETACH(2)),
	STEP("detach where it was", MOVE(AT, PAGES, 2), DETACH(AT)),
	STEP("detach what was moved apart", MOVE(AT + 4, 4, AT + 9), DETACH(AT)),
	STEP("shrink", REMAP(AT, PAGES, 0, 3, 0)),
	STEP("shrink the middle", REMAP(AT + 2, 4, 0, 2, 0)),
	STEP("shrink and move", REMAP(AT, PAGES, FIXED, 3, 2)),
	STEP("shrink to nothing", REMAP(AT, PAGES, 0, 0, 0)),
	STEP("the same size", REMAP(AT, PAGES, 0, PAGES, 0)),
	STEP("across its end", MOVE(AT + 4, PAGES, 2)),
	STEP("across pieces", PROTECT(AT + 3, 2, PROT_READ), MOVE(AT, PAGES, 2)),
	STEP("where nothing is", MOVE(2, 2, 4)),
	STEP("onto itself", MOVE(AT, PAGES, AT)),
	STEP("onto a part of itself", MOVE(AT, PAGES, AT + 4)),
	STEP("flags that nobody knows", REMAP(AT, PAGES, 64, PAGES, 0)),
	STEP_REFUSED(EFAULT, "grow", REMAP(AT, PAGES, 0, PAGES + 2, 0)),
	STEP_REFUSED(EFAULT, "grow and move", REMAP(AT, PAGES, FIXED, PAGES + 2, 2)),
	STEP_REFUSED(EFAULT, "grow back", UNMAP(AT + 6, 2),
		     REMAP(AT, 6, 0, PAGES, 0)),
	STEP_REFUSED(EFAULT, "duplicate", REMAP(AT, 0, FIXED, PAGES, 2)),
	STEP_REFUSED(EFAULT, "duplicate a page", REMAP(AT + 3, 0, FIXED, 1, 2)),
	STEP_REFUSED(EINVAL, "move without unmapping",
		     REMAP(AT, PAGES, FIXED | MREMAP_DONTUNMAP, PAGES, 2)),
	STEP("remap a page", FILE_PAGES(AT, 1, 5)),
	STEP_AREAS("remap to where it is", FILE_PAGES(AT + 2, 1, 2)),
	STEP("remap halves", FILE_PAGES(AT, 4, 4), FILE_PAGES(AT + 4, 4, 0)),
	STEP("remap beyond the end", FILE_PAGES(AT, 4, 6)),
	STEP("remap far beyond the end", FILE_PAGES(AT, 4, 1 << 20)),
	STEP("remap the first page to all", FILE_PAGES(AT + 1, 1, 0), FILE_PAGES(AT + 2, 1, 0),
	     FILE_PAGES(AT + 3, 1, 0)),
	STEP("remap and detach", FILE_PAGES(AT, 2, 5), DETACH(AT)),
	STEP("remap what is read-only", ATTACH(2, SHM_RDONLY), FILE_PAGES(2, 4, 4)),
	STEP("remap where nothing is", FILE_PAGES(2, 1, 0)),
	STEP("remap across pieces", PROTECT(AT + 3, 2, PROT_READ), FILE_PAGES(AT + 1, 4, 0)),
};

static const struct step advices[] = {
	STEP("normal", ADVISE(AT + 3, 2, MADV_NORMAL)),
	STEP("random", ADVISE(AT + 3, 2, MADV_RANDOM)),
	STEP("sequential", ADVISE(AT, PAGES, MADV_SEQUENTIAL)),
	STEP("willneed", ADVISE(AT, PAGES, MADV_WILLNEED)),
	STEP("dontneed", ADVISE(AT, PAGES, MADV_DONTNEED)),
	STEP("dontneed, a part", ADVISE(AT + 3, 2, MADV_DONTNEED)),
	STEP("dontneed, locked too", ADVISE(AT, PAGES, MADV_DONTNEED_LOCKED)),
	STEP("free", ADVISE(AT, PAGES, MADV_FREE)),
	STEP("cold", ADVISE(AT, PAGES, MADV_COLD)),
	STEP("pageout", ADVISE(AT, PAGES, MADV_PAGEOUT)),
	STEP("populate to read", ADVISE(AT, PAGES, MADV_POPULATE_READ)),
	STEP("populate to write", ADVISE(AT, PAGES, MADV_POPULATE_WRITE)),
	STEP("populate what is read-only to read", ATTACH(2, SHM_RDONLY),
	     ADVISE(2, 8, MADV_POPULATE_READ)),
	STEP("populate what is read-only to write", ATTACH(2, SHM_RDONLY),
	     ADVISE(2, 8, MADV_POPULATE_WRITE)),
	STEP("dontfork", ADVISE(AT + 3, 2, MADV_DONTFORK)),
	STEP_AREAS("dofork", ADVISE(AT + 3, 2, MADV_DONTFORK), ADVISE(AT, PAGES, MADV_DOFORK)),
	STEP("wipe on fork", ADVISE(AT, PAGES, MADV_WIPEONFORK)),
	STEP("keep on fork", ADVISE(AT, PAGES, MADV_KEEPONFORK)),
	STEP("mergeable", ADVISE(AT, PAGES, MADV_MERGEABLE)),
	STEP("unmergeable", ADVISE(AT, PAGES, MADV_UNMERGEABLE)),
	STEP("huge pages", ADVISE(AT, PAGES, MADV_HUGEPAGE)),
	STEP("no huge pages", ADVISE(AT + 3, 2, MADV_NOHUGEPAGE)),
	STEP("do not dump", ADVISE(AT + 3, 2, MADV_DONTDUMP)),
	STEP_REFUSED(EINVAL, "dump", ADVISE(AT, PAGES, MADV_DODUMP)),
	STEP_REFUSED(EOPNOTSUPP, "remove", ADVISE(AT + 3, 2, MADV_REMOVE)),
	STEP("an advice that nobody knows", ADVISE(AT, PAGES, 4711)),
	STEP("over a hole", UNMAP(AT + 3, 2), ADVISE(AT, PAGES, MADV_DONTNEED)),
	STEP("write back", SYNC(AT, PAGES, MS_SYNC)),
	STEP("write back later", SYNC(AT, PAGES, MS_ASYNC)),
	STEP("invalidate", SYNC(AT, PAGES, MS_SYNC | MS_INVALIDATE)),
	STEP("what is in memory", PLAIN(MINCORE, AT, PAGES)),
	STEP("memory of node 0", BIND(AT, PAGES, 0)),
	STEP("memory of node 0 in the middle", BIND(AT + 3, 2, 0)),
	STEP("memory moved to node 0", BIND(AT, PAGES, MPOL_MF_MOVE | MPOL_MF_STRICT)),
};

static const struct step locks[] = {
	STEP("lock all", PLAIN(LOCK, AT, PAGES)),
	STEP_AREAS("lock a part", PLAIN(LOCK, AT + 3, 2)),
	STEP("lock when used", PLAIN(LOCK_ONFAULT, AT, PAGES)),
	STEP("lock and unlock", PLAIN(LOCK, AT, PAGES), PLAIN(UNLOCK, AT, PAGES)),
	STEP_AREAS("lock and unlock a part", PLAIN(LOCK, AT, PAGES), PLAIN(UNLOCK, AT + 3, 2)),
	STEP("lock over a hole", UNMAP(AT + 3, 2), PLAIN(LOCK, AT, PAGES)),
	STEP("lock what is read-only", ATTACH(2, SHM_RDONLY), PLAIN(LOCK, 2, 8)),
	STEP("lock what is inaccessible", PROTECT(AT, PAGES, PROT_NONE), PLAIN(LOCK, AT, PAGES)),
	STEP("lock everything", PLAIN(LOCK_ALL, 0, 0)),
	STEP("lock and unlock everything", PLAIN(LOCK_ALL, 0, 0), PLAIN(UNLOCK_ALL, 0, 0)),
	STEP("lock and move", PLAIN(LOCK, AT, PAGES), MOVE(AT, PAGES, 2)),
	STEP("lock and detach", PLAIN(LOCK, AT, PAGES), DETACH(AT)),
};

/* The last call, which the machine's areas refuse: nothing changes. */
static void expect_refusal(const struct world *w, const struct call *c, int error)
{
	const struct room *r = &w->rooms[MACHINE];
	static struct page_seen before[ROOM_PAGES], after[ROOM_PAGES];
	struct side_stat then, now;

	look(r, before);
	ASSERT_EQ(side_stat(&r->seg, &then), 0);
	EXPECT_EQ(make_call(r, c), -error);
	ASSERT_EQ(side_stat(&r->seg, &now), 0);
	EXPECT(!memcmp(&then, &now, sizeof(now)));
	live_swap_out(w->fd);
	look(r, after);
	compare_seen(after, before);
	live_check(w->fd);
}

static void make_step(const struct world *w, const struct step *s)
{
	int i;

	live_let_time_pass();
	for (i = 0; i < MAX_CALLS && s->calls[i].op != NONE; i++) {
		const struct call *c = &s->calls[i];
		bool last = i + 1 == MAX_CALLS || s->calls[i + 1].op == NONE;

		if (last && s->differs == REFUSED) {
			expect_refusal(w, c, s->error);
			return;
		}
		EXPECT_EQ(make_call(&w->rooms[MACHINE], c), make_call(&w->rooms[KERNEL], c));
		live_check(w->fd);
	}
	if (s->differs == SAME) {
		compare_stats(w);
		compare_areas(w);
	}
	compare_pages(w);
}

/* What shmdt(2) takes away after that. */
static void detach_rest(const struct world *w, const struct step *s)
{
	static const struct call detach = DETACH(AT);

	live_let_time_pass();
	EXPECT_EQ(make_call(&w->rooms[MACHINE], &detach), make_call(&w->rooms[KERNEL], &detach));
	if (s->differs == SAME) {
		compare_stats(w);
		compare_areas(w);
	}
	live_swap_out(w->fd);
	compare_rooms(w);
}

static void one_step(struct world *w, const struct step *s, bool from_swap)
{
	ktap_context("%s, from %s", s->name, from_swap ? "swap" : "memory");
	enter(w);
	if (from_swap)
		EXPECT_GE(live_swap_out(w->fd), 2 * PAGES);
	make_step(w, s);
	if (s->differs != REFUSED)
		detach_rest(w, s);
	munlockall();
	leave(w);
}

static void steps(const struct step *list, size_t nr)
{
	struct world w;
	size_t i;

	new_world(&w, 0);
	for (i = 0; i < nr; i++) {
		one_step(&w, &list[i], false);
		one_step(&w, &list[i], true);
	}
}

static void unmapping(void)
{
	steps(unmaps, ARRAY_SIZE(unmaps));
}

static void protecting(void)
{
	steps(protections, ARRAY_SIZE(protections));
}

static void remapping(void)
{
	steps(remaps, ARRAY_SIZE(remaps));
}

static void advising(void)
{
	steps(advices, ARRAY_SIZE(advices));
}

static void locking(void)
{
	steps(locks, ARRAY_SIZE(locks));
}

/* Where the process scan takes the pages of segments, their PTEs can be swap entries. */
static void remapping_under_the_process_scan(void)
{
	struct world w;
	size_t i;

	new_world(&w, SHMSWAP_MACHINE_SHM_PROCESS);
	for (i = 0; i < ARRAY_SIZE(remaps); i++)
		one_step(&w, &remaps[i], true);
}

/*
 * Steps at random
 */

/*
 * As some areas are merged by the kernel alone, what fails at an area's border
 * is done to single pages.
 */
static struct call random_call(uint64_t *rnd)
{
	static const int prots[] = { PROT_NONE, PROT_READ, PROT_RW, PROT_RW, PROT_RW };
	static const int advices_[] = { MADV_DONTNEED, MADV_COLD, MADV_PAGEOUT,
					MADV_POPULATE_READ };
	struct call c = { .page = sm_random(rnd, ROOM_PAGES - PAGES),
			  .pages = 1 + sm_random(rnd, PAGES) };

	switch (sm_random(rnd, 8)) {
	case 0:
		c.op = MUNMAP;
		c.pages = 1 + c.pages / 4;
		break;
	case 1:
	case 2:
		c.op = MPROTECT;
		c.arg = prots[sm_random(rnd, ARRAY_SIZE(prots))];
		break;
	case 3:
		c = (struct call)MOVE(c.page, 1, sm_random(rnd, ROOM_PAGES));
		break;
	case 4:
		c = (struct call)FILE_PAGES(c.page, 1, sm_random(rnd, PAGES + 1));
		break;
	case 5:
		c.op = SHMAT;
		c.arg = sm_random(rnd, 2) ? SHM_REMAP : SHM_REMAP | SHM_RDONLY;
		break;
	case 6:
		c.op = MADVISE;
		c.arg = advices_[sm_random(rnd, ARRAY_SIZE(advices_))];
		break;
	case 7:
		c.op = sm_random(rnd, 4) ? MAP_OVER : SHMDT;
		c.page = c.op == SHMDT ? AT : c.page;
		c.pages = 1;
		break;
	}
	return c;
}

static void walk(struct world *w, uint64_t seed, int nr)
{
	uint64_t rnd = seed;
	int i;

	enter(w);
	for (i = 0; i < nr; i++) {
		struct call c = random_call(&rnd);

		ktap_context("seed %llu step %d: op %d page %d pages %d arg %#x to %d",
			     (unsigned long long)seed, i, c.op, c.page, c.pages, c.arg, c.to);
		EXPECT_EQ(make_call(&w->rooms[MACHINE], &c),
			  make_call(&w->rooms[KERNEL], &c));
		if (!sm_random(&rnd, 3))
			EXPECT_GE(sm_reclaim(w->fd, SHMSWAP_RECLAIM_TRY, 0, 8), 0);
		compare_rooms(w);
	}
	leave(w);
}

static void random_walks(uint32_t flags)
{
	struct world w;
	int i;

	new_world(&w, flags);
	for (i = 0; i < 6; i++)
		walk(&w, i, 60);
}

static void any_steps(void)
{
	random_walks(0);
}

static void any_steps_under_the_process_scan(void)
{
	random_walks(SHMSWAP_MACHINE_SHM_PROCESS);
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(unmapping),
		KTAP_CASE(protecting),
		KTAP_CASE(remapping),
		KTAP_CASE(remapping_under_the_process_scan),
		KTAP_CASE(advising),
		KTAP_CASE(locking),
		KTAP_CASE(any_steps),
		KTAP_CASE(any_steps_under_the_process_scan),
	};

	return ktap_run(argc, argv, cases, ARRAY_SIZE(cases));
}
