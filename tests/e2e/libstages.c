// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libstages.h"

#define MANY_STEPS	100

/*
 * One call of the scan is one turn of one process, and a page that nobody used
 * since the last turn is old at once. Read-ahead would bring in other pages.
 */
static int scan_step_by_step(int fd)
{
	struct shmswap_control control = SM_ARG(control);
	int err = sm_control(fd, &control);

	if (err)
		return err;
	control.set = SHMSWAP_CONTROL_SWAPCTL | SHMSWAP_CONTROL_SCAN |
		      SHMSWAP_CONTROL_PAGE_CLUSTER;
	control.page_initial_age = 0;
	control.page_decline = control.max_page_age;
	control.age_cluster_fract = 1;
	control.age_cluster_min = 1;
	control.pageout_weight = 1;
	control.page_cluster = 0;
	return sm_control(fd, &control);
}

int stages_machine(uint32_t flags)
{
	int fd = sm_machine(STAGES_FRAMES, STAGES_SLOTS, flags);
	int err;

	if (fd < 0)
		return fd;
	err = scan_step_by_step(fd);
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* A child that maps what is at @addr; both have used it. */
static int share(struct shared_page *p, int fd, int64_t addr)
{
	int err;

	if (addr < 0)
		return addr;
	err = sm_fill_pages(fd, addr, 1, 1);
	if (err)
		return err;
	p->a = fd;
	p->addr = addr;
	p->b = sm_fork(fd);
	return p->b < 0 ? p->b : sm_verify_pages(p->b, addr, 1, 1);
}

int stages_share_private(struct shared_page *p, int fd)
{
	return share(p, fd, sm_mmap(fd, 0, SM_PAGE, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

int stages_share_segment(struct shared_page *p, int fd)
{
	int id = sm_shmget(fd, IPC_PRIVATE, SM_PAGE, 0600);

	return share(p, fd, id < 0 ? id : sm_shmat(fd, id, 0, 0));
}

static int look_at_pte(int fd, uint64_t addr, struct shmswap_pte *pte)
{
	int err = sm_query_pte(fd, addr, pte);

	if (err == -ENOENT) {
		memset(pte, 0, sizeof(*pte));
		err = 0;
	}
	return err;
}

static int is_of_kind(int fd, uint64_t addr, uint32_t kind)
{
	struct shmswap_pte pte;
	int err = look_at_pte(fd, addr, &pte);

	return err ? err : pte.kind == kind;
}

int stages_swap_out(const struct shared_page *p, int victim, int other)
{
	int steps, ret;

	for (steps = 0; steps < MANY_STEPS; steps++) {
		ret = is_of_kind(victim, p->addr, SHMSWAP_PTE_SWAP);
		if (ret)
			return ret < 0 ? ret : 0;
		ret = is_of_kind(other, p->addr, SHMSWAP_PTE_PRESENT);
		if (ret > 0)
			ret = sm_touch(other, p->addr, 1, 0);
		if (ret >= 0)
			ret = sm_reclaim(p->a, SHMSWAP_RECLAIM_SWAP_OUT, 0, 1);
		if (ret < 0)
			return ret;
	}
	return -ETIME;
}

int stages_free_frame(const struct shared_page *p)
{
	struct page_state state;
	int steps, ret;

	for (steps = 0; steps < MANY_STEPS; steps++) {
		ret = stages_look(p, &state);
		if (ret || !state.frame.count)
			return ret;
		ret = sm_reclaim(p->a, SHMSWAP_RECLAIM_MMAP, 0, 1);
		if (ret < 0)
			return ret;
	}
	return -ETIME;
}

/* The frame that the swap cache has for an entry. */
static int look_into_cache(int fd, const struct shmswap_pte *entry, struct shmswap_page *frame)
{
	struct shmswap_page frames[STAGES_FRAMES];
	int nr = sm_query(fd, SHMSWAP_QUERY_MEM_MAP, 0, frames, STAGES_FRAMES), i;

	for (i = 0; i < nr; i++)
		if (frames[i].flags & SHMSWAP_PG_SWAPCACHE && frames[i].area == entry->a &&
		    frames[i].slot == entry->b)
			*frame = frames[i];
	return nr < 0 ? nr : 0;
}

int stages_look(const struct shared_page *p, struct page_state *state)
{
	const struct shmswap_pte *pte = &state->a;
	int err;

	memset(state, 0, sizeof(*state));
	err = look_at_pte(p->a, p->addr, &state->a);
	if (!err)
		err = look_at_pte(p->b, p->addr, &state->b);
	if (err)
		return err;
	if (state->a.kind != SHMSWAP_PTE_PRESENT && state->b.kind)
		pte = &state->b;
	if (pte->kind == SHMSWAP_PTE_PRESENT)
		err = sm_query_frame(p->a, pte->a, &state->frame);
	else if (pte->kind == SHMSWAP_PTE_SWAP)
		err = look_into_cache(p->a, pte, &state->frame);
	if (err)
		return err;
	if (state->frame.flags & SHMSWAP_PG_SWAPCACHE)
		return sm_query_slot(p->a, state->frame.area, state->frame.slot, &state->slot);
	if (pte->kind == SHMSWAP_PTE_SWAP)
		return sm_query_slot(p->a, pte->a, pte->b, &state->slot);
	return 0;
}
