// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that the clock took away and that go to a file or a device. Each sits
 * locked in the swap cache meanwhile; several of them are written together if that
 * is wanted, for a disk is waited for as long for one as for many.
 */
#include <linux/sort.h>

#include "sim.h"

/*
 * Let go of a page that was written. Whoever pinned it meanwhile waits in a fault,
 * so it goes back into the page list, and so it does if it was not written.
 */
static void finish(struct sim_machine *m, struct sim_victim *v, int err)
{
	struct sim_page *page = v->page;
	pgoff_t index = page->index;
	bool freed = !err;
	bool wanted;
	sim_pte_t *word;

	down_read(&m->state_lock);
	mutex_lock(&v->seg->lock);
	word = sim_shm_word(v->seg, index);
	wanted = atomic64_read(&page->count) != 1;
	/* It must not be free before it is unlocked. */
	sim_pin_page(page);
	page->seg = NULL;
	if ((err || wanted) && word && sim_pte_same(*word, sim_swp_entry_to_pte(v->entry))) {
		sim_shm_set_resident(v->seg, index, word, page);
		sim_swap_free(m, v->entry, 1);
		freed = false;
	}
	sim_delete_from_swap_cache(m, page);
	if (err)
		sim_swap_reject(m, v->entry, err);
	else
		sim_swap_free(m, v->entry, 1);
	sim_unlock_page(page);
	sim_unpin_page(m, page);
	mutex_unlock(&v->seg->lock);
	up_read(&m->state_lock);
	sim_shm_put(v->seg);
	if (freed)
		sim_count_event(m, SIM_SWAP_SUCCESSES);
	else
		m->write_out.kept++;
}

/* Write pages of neighbouring slots, and if that fails each for itself. */
static void write_run(struct sim_machine *m, struct sim_victim *v, u32 nr)
{
	struct sim_page *pages[SIM_MAX_IO];
	int err;
	u32 i;

	for (i = 0; i < nr; i++)
		pages[i] = v[i].page;
	err = sim_swap_writepages(m, v->entry, pages, nr);
	for (i = 0; i < nr; i++) {
		if (err && nr > 1)
			finish(m, &v[i], sim_swap_writepages(m, v[i].entry, &pages[i], 1));
		else
			finish(m, &v[i], err);
	}
}

static int compare(const void *a, const void *b)
{
	const struct sim_victim *v = a, *w = b;

	return v->entry.val < w->entry.val ? -1 : 1;
}

/* How many of these are in neighbouring slots? */
static u32 run_length(const struct sim_victim *v, u32 nr)
{
	u32 i;

	for (i = 1; i < nr && v[i].entry.val == v->entry.val + i; i++)
		;
	return i;
}

/**
 * sim_write_out_all() - write what waits to be written
 * @m: machine
 *
 * Context: sleeps; reclaim_lock held, and no other.
 * Return: how many pages, since it was called last, were not freed after all.
 */
u32 sim_write_out_all(struct sim_machine *m)
{
	struct sim_write_out *w = &m->write_out;
	u32 i, run, kept;

	lockdep_assert_held(&m->reclaim_lock);
	if (w->nr > 1)
		sort(w->victims, w->nr, sizeof(*w->victims), compare, NULL);
	for (i = 0; i < w->nr; i += run) {
		run = run_length(&w->victims[i], w->nr - i);
		write_run(m, &w->victims[i], run);
	}
	w->nr = 0;
	kept = w->kept;
	w->kept = 0;
	return kept;
}

/**
 * sim_write_out() - write a page, now or, if @m->write_out says so, with others
 * @m: machine
 * @victim: locked page in the swap cache, whose word is the slot already
 *
 * Context: as sim_write_out_all().
 * Return: false if the page was not freed.
 */
bool sim_write_out(struct sim_machine *m, const struct sim_victim *victim)
{
	struct sim_write_out *w = &m->write_out;

	refcount_inc(&victim->seg->ref);
	w->victims[w->nr++] = *victim;
	if (!w->together)
		return !sim_write_out_all(m);
	if (w->nr == SIM_MAX_IO)
		w->kept = sim_write_out_all(m);
	return true;
}
