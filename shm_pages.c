// SPDX-License-Identifier: GPL-2.0
/*
 * The pages of a segment: its page list, and how a page becomes resident.
 */
#include <linux/highmem.h>
#include <linux/sched/signal.h>

#include "sim.h"

/* A small segment has a small page list. */
static size_t leaf_bytes(const struct sim_shmid *seg, unsigned long nr)
{
	return min_t(pgoff_t, SIM_PTRS_PER_TABLE, seg->npages - nr * SIM_PTRS_PER_TABLE) *
	       sizeof(sim_pte_t);
}

/**
 * sim_shm_word() - a page's word in its segment's page list
 * @seg: segment
 * @index: page index
 *
 * Context: seg->lock held.
 * Return: the word, NULL if no page nearby was ever touched.
 */
sim_pte_t *sim_shm_word(struct sim_shmid *seg, pgoff_t index)
{
	sim_pte_t *leaf = seg->shm_pages ? seg->shm_pages[index / SIM_PTRS_PER_TABLE] : NULL;

	lockdep_assert_held(&seg->lock);
	return leaf ? &leaf[index % SIM_PTRS_PER_TABLE] : NULL;
}

static unsigned long nr_leaves(const struct sim_shmid *seg)
{
	return DIV_ROUND_UP(seg->npages, SIM_PTRS_PER_TABLE);
}

/**
 * sim_shm_list_bytes() - memory of a segment's page list
 * @seg: segment
 *
 * Context: seg->lock held.
 * Return: bytes.
 */
size_t sim_shm_list_bytes(const struct sim_shmid *seg)
{
	size_t bytes = 0;
	unsigned long nr;

	lockdep_assert_held(&seg->lock);
	if (!seg->shm_pages)
		return 0;
	for (nr = 0; nr < nr_leaves(seg); nr++)
		bytes += seg->shm_pages[nr] ? leaf_bytes(seg, nr) : 0;
	return bytes + nr_leaves(seg) * sizeof(*seg->shm_pages);
}

/* As sim_shm_word(), but make room for it; NULL if there is no memory. */
static sim_pte_t *word_alloc(struct sim_shmid *seg, pgoff_t index)
{
	unsigned long nr = index / SIM_PTRS_PER_TABLE;
	sim_pte_t *word = sim_shm_word(seg, index);

	if (likely(word))
		return word;
	if (!seg->shm_pages)
		seg->shm_pages = sim_table_alloc(seg->m, nr_leaves(seg) * sizeof(*seg->shm_pages));
	if (seg->shm_pages)
		seg->shm_pages[nr] = sim_table_alloc(seg->m, leaf_bytes(seg, nr));
	return sim_shm_word(seg, index);
}

/**
 * sim_shm_next_word() - the next touched page
 * @seg: segment
 * @index: where to start; set to its page index
 *
 * Context: seg->lock held.
 * Return: its word, NULL if there is none from @index on.
 */
sim_pte_t *sim_shm_next_word(struct sim_shmid *seg, pgoff_t *index)
{
	lockdep_assert_held(&seg->lock);
	if (!seg->shm_pages)
		return NULL;
	while (*index < seg->npages) {
		sim_pte_t *leaf = seg->shm_pages[*index / SIM_PTRS_PER_TABLE];
		pgoff_t end = min(seg->npages, round_down(*index, SIM_PTRS_PER_TABLE) +
					       SIM_PTRS_PER_TABLE);

		for (; leaf && *index < end; (*index)++) {
			sim_pte_t *word = &leaf[*index % SIM_PTRS_PER_TABLE];

			if (!sim_pte_none(*word))
				return word;
		}
		*index = end;
	}
	return NULL;
}

/**
 * sim_shm_set_resident() - let a word refer to a frame
 * @seg: segment
 * @index: page index
 * @word: its word: none, or a swap entry whose count the caller drops
 * @page: frame; the word takes a reference
 *
 * Context: state_lock held for reading, seg->lock held.
 */
void sim_shm_set_resident(struct sim_shmid *seg, pgoff_t index, sim_pte_t *word,
			  struct sim_page *page)
{
	struct sim_machine *m = seg->m;
	sim_pte_t pte = sim_mk_pte(sim_page_pfn(m, page),
				   SHMSWAP_VM_READ | SHMSWAP_VM_WRITE | SHMSWAP_VM_EXEC);

	lockdep_assert_held_read(&m->state_lock);
	lockdep_assert_held(&seg->lock);
	if (!sim_pte_none(*word)) {
		seg->swp--;
		atomic_long_dec(&m->shm_swp);
	}
	seg->rss++;
	atomic_long_inc(&m->shm_rss);
	sim_get_page(page);
	page->seg = seg;
	page->index = index;
	/* As in Linux 2.0, where nobody knows whether a shared page is dirty. */
	sim_set_pte(word, sim_pte_mkdirty(pte));
}

/**
 * sim_shm_set_swapped() - let a word refer to a slot
 * @seg: segment
 * @word: word of a resident page; the caller drops its reference
 * @entry: slot; its count becomes the word's
 *
 * Context: state_lock held for reading, seg->lock held.
 */
void sim_shm_set_swapped(struct sim_shmid *seg, sim_pte_t *word, sim_swp_entry_t entry)
{
	lockdep_assert_held_read(&seg->m->state_lock);
	lockdep_assert_held(&seg->lock);
	sim_live_hide(seg, sim_pfn_page(seg->m, sim_pte_pfn(*word)));
	seg->rss--;
	atomic_long_dec(&seg->m->shm_rss);
	seg->swp++;
	atomic_long_inc(&seg->m->shm_swp);
	sim_set_pte(word, sim_swp_entry_to_pte(entry));
}

static void free_word(struct sim_shmid *seg, sim_pte_t pte)
{
	struct sim_machine *m = seg->m;

	if (sim_pte_present(pte)) {
		struct sim_page *page = sim_pfn_page(m, sim_pte_pfn(pte));

		sim_live_hide(seg, page);
		page->seg = NULL;
		sim_free_page_and_swap_cache(m, page);
		seg->rss--;
		atomic_long_dec(&m->shm_rss);
	} else if (sim_pte_is_swap(pte)) {
		sim_free_swap_and_cache(m, sim_pte_to_swp_entry(pte));
		seg->swp--;
		atomic_long_dec(&m->shm_swp);
	}
}

static void free_leaf(struct sim_shmid *seg, unsigned long nr)
{
	sim_pte_t *leaf = seg->shm_pages[nr];
	size_t i;

	for (i = 0; i < leaf_bytes(seg, nr) / sizeof(*leaf); i++)
		free_word(seg, leaf[i]);
	sim_table_free(seg->m, leaf, leaf_bytes(seg, nr));
}

/**
 * sim_shm_free_pages() - free all pages and the page list
 * @seg: segment that is being destroyed
 *
 * Context: may sleep; state_lock held for reading, seg->lock held.
 */
void sim_shm_free_pages(struct sim_shmid *seg)
{
	unsigned long nr;

	lockdep_assert_held_read(&seg->m->state_lock);
	lockdep_assert_held(&seg->lock);
	for (nr = 0; seg->shm_pages && nr < nr_leaves(seg); nr++) {
		if (seg->shm_pages[nr])
			free_leaf(seg, nr);
		cond_resched();
	}
	sim_table_free(seg->m, seg->shm_pages, nr_leaves(seg) * sizeof(*seg->shm_pages));
	seg->shm_pages = NULL;
}

/* True if pages stay in the swap cache, where processes that have the slot look. */
static bool by_process(const struct sim_machine *m)
{
	return m->flags & SHMSWAP_MACHINE_SHM_PROCESS;
}

/*
 * Read the page that a fault started to read. It becomes resident, unless its
 * segment was destroyed meanwhile, and stays pinned, so that the clock cannot
 * take it before it is mapped. If the read failed the page list is as before.
 */
static int swapin(struct sim_fault *f)
{
	struct sim_machine *m = f->m;
	struct sim_shmid *seg = f->seg;
	struct sim_page *page = f->page;
	int err = sim_swap_readpages(m, f->entry, &page, 1);
	bool resident;
	sim_pte_t *word;

	down_read(&m->state_lock);
	mutex_lock(&seg->lock);
	word = sim_shm_word(seg, f->index);
	page->seg = NULL;
	resident = !err && word && sim_pte_same(*word, sim_swp_entry_to_pte(f->entry));
	if (resident) {
		sim_shm_set_resident(seg, f->index, word, page);
		sim_swap_free(m, f->entry, 1);
	}
	if (!resident || !by_process(m)) {
		sim_delete_from_swap_cache(m, page);
		sim_swap_free(m, f->entry, 1);
	}
	sim_unlock_page(page);
	mutex_unlock(&seg->lock);
	up_read(&m->state_lock);
	if (!err)
		sim_swap_read_around(m, f->entry);
	return err;
}

/* Let f->frame go into the swap cache, locked, to be read from @entry. */
static int start_read(struct sim_fault *f, struct sim_shmid *seg, pgoff_t index,
		      sim_swp_entry_t entry)
{
	struct sim_page *page = f->frame;

	if (sim_swap_duplicate(seg->m, entry))
		return -ENOMEM;
	WARN_ON_ONCE(!sim_trylock_page(page));
	page->seg = seg;
	page->index = index;
	if (!sim_add_to_swap_cache(seg->m, page, entry)) {
		/* It was read ahead just now: look again. */
		page->seg = NULL;
		sim_unlock_page(page);
		sim_swap_free(seg->m, entry, 1);
		return SIM_FAULT_FRAME;
	}
	f->frame = NULL;
	sim_fault_hold(f, page);
	refcount_inc(&seg->ref);
	f->seg = seg;
	f->index = index;
	f->entry = entry;
	f->read = swapin;
	return SIM_FAULT_READ;
}

/* The page is in the swap cache, read ahead or left there by the process scan. */
static int adopt(struct sim_fault *f, struct sim_shmid *seg, pgoff_t index, sim_pte_t *word,
		 struct sim_page *page)
{
	sim_swp_entry_t entry = sim_pte_to_swp_entry(*word);

	sim_fault_hold(f, page);
	if (!sim_trylock_page(page))
		return SIM_FAULT_WAIT;
	if (!sim_page_caches(page, entry)) {
		sim_unlock_page(page);
		return SIM_FAULT_WAIT;
	}
	sim_shm_set_resident(seg, index, word, page);
	sim_swap_free(seg->m, entry, 1);
	if (!by_process(seg->m)) {
		sim_delete_from_swap_cache(seg->m, page);
		sim_swap_free(seg->m, entry, 1);
	}
	sim_unlock_page(page);
	return SIM_FAULT_DONE;
}

/* Fill f->frame from a synchronous area, and let the word refer to it. */
static int read_now(struct sim_fault *f, struct sim_shmid *seg, pgoff_t index, sim_pte_t *word,
		    sim_swp_entry_t entry)
{
	int err;

	f->frame->seg = seg;
	f->frame->index = index;
	err = sim_swap_readpages(seg->m, entry, &f->frame, 1);
	if (err) {
		f->frame->seg = NULL;
		return err;
	}
	sim_shm_set_resident(seg, index, word, f->frame);
	sim_free_swap_and_cache(seg->m, entry);
	sim_unpin_page(seg->m, f->frame);
	f->frame = NULL;
	f->major = true;
	f->swapped_in = true;
	f->how = SHMSWAP_FAULT_SWAP;
	return SIM_FAULT_DONE;
}

static int getpage_swapped(struct sim_fault *f, struct sim_shmid *seg, pgoff_t index,
			   sim_pte_t *word)
{
	sim_swp_entry_t entry = sim_pte_to_swp_entry(*word);
	struct sim_page *page = sim_lookup_swap_cache(seg->m, entry);

	if (page)
		return adopt(f, seg, index, word, page);
	if (!sim_fault_have_frame(f))
		return SIM_FAULT_FRAME;
	return sim_swap_synchronous(seg->m, entry) && !by_process(seg->m) ?
	       read_now(f, seg, index, word, entry) : start_read(f, seg, index, entry);
}

static int getpage_untouched(struct sim_fault *f, struct sim_shmid *seg, pgoff_t index,
			     sim_pte_t *word)
{
	if (!sim_fault_have_frame(f))
		return SIM_FAULT_FRAME;
	clear_highpage(f->frame->page);
	sim_shm_set_resident(seg, index, word, f->frame);
	sim_unpin_page(seg->m, f->frame);
	f->frame = NULL;
	f->major = true;
	f->how = SHMSWAP_FAULT_ZERO;
	sim_count_event(seg->m, SIM_PGZERO);
	return SIM_FAULT_DONE;
}

/**
 * sim_shm_getpage() - make a page resident
 * @seg: segment
 * @index: page index
 * @f: fault
 * @pagep: set to the page if it is resident
 *
 * Mirrors the swap-in half of Linux 2.0's shm_swap_in().
 *
 * Context: may sleep; state_lock held for reading, seg->lock held.
 * Return: SIM_FAULT_DONE; what is needed before it can be tried again; -ENOMEM
 * no memory for the page list; -EIO.
 */
int sim_shm_getpage(struct sim_shmid *seg, pgoff_t index, struct sim_fault *f,
		    struct sim_page **pagep)
{
	sim_pte_t *word = word_alloc(seg, index);
	int need = SIM_FAULT_DONE;

	lockdep_assert_held(&seg->lock);
	if (!word)
		return -ENOMEM;
	if (sim_pte_none(*word))
		need = getpage_untouched(f, seg, index, word);
	else if (sim_pte_is_swap(*word))
		need = getpage_swapped(f, seg, index, word);
	if (need == SIM_FAULT_DONE)
		*pagep = sim_pfn_page(seg->m, sim_pte_pfn(*word));
	return need;
}

/* The segment of a page that is locked, with a reference; NULL if it has none. */
static struct sim_shmid *segment_of(struct sim_page *page)
{
	struct sim_shmid *seg;

	rcu_read_lock();
	seg = READ_ONCE(page->seg);
	if (seg && !refcount_inc_not_zero(&seg->ref))
		seg = NULL;
	rcu_read_unlock();
	return seg;
}

/**
 * sim_shm_add_to_swap() - give a page a slot that only its segment has
 * @m: machine
 * @page: locked page in no cache, pinned once by the caller
 *
 * Context: may sleep; state_lock held for reading, reclaim_lock held.
 * Return: true if it is in the swap cache now, to be written.
 */
bool sim_shm_add_to_swap(struct sim_machine *m, struct sim_page *page)
{
	struct sim_shmid *seg = segment_of(page);
	bool added;

	if (!seg)
		return false;
	mutex_lock(&seg->lock);
	added = page->seg == seg && !(seg->mode & SIM_SHM_LOCKED) &&
		atomic64_read(&page->count) == SIM_PIN + 1 && !sim_live_busy(page) &&
		sim_add_to_swap(m, page);
	if (added)
		set_bit(SIM_PG_DIRTY, &page->flags);
	mutex_unlock(&seg->lock);
	sim_shm_put(seg);
	return added;
}

/**
 * sim_shm_release_cached() - let go of a page that its segment and the cache have
 * @m: machine
 * @page: locked page in the swap cache, pinned once by the caller
 *
 * Its word in the page list becomes the slot, whose count the cache had. The slot
 * must have its contents.
 *
 * Context: may sleep; state_lock held for reading.
 * Return: true if it is free as soon as the caller unpins it.
 */
bool sim_shm_release_cached(struct sim_machine *m, struct sim_page *page)
{
	struct sim_shmid *seg = segment_of(page);
	sim_swp_entry_t entry = page->entry;
	bool unused;

	if (!seg)
		return false;
	mutex_lock(&seg->lock);
	unused = page->seg == seg && !(seg->mode & SIM_SHM_LOCKED) &&
		 atomic64_read(&page->count) == SIM_PIN + 2 && !sim_live_busy(page) &&
		 !test_bit(SIM_PG_DIRTY, &page->flags);
	if (unused) {
		sim_delete_from_swap_cache(m, page);
		sim_shm_set_swapped(seg, sim_shm_word(seg, page->index), entry);
		page->seg = NULL;
		sim_put_page(m, page);
	}
	mutex_unlock(&seg->lock);
	sim_shm_put(seg);
	return unused;
}

/* The next page of @seg that is in area @type; its index in @index. */
static int unuse_next(struct sim_shmid *seg, u32 type, pgoff_t *index, struct sim_fault *f)
{
	struct sim_page *page;
	sim_pte_t *word;
	int ret = -ENOENT;

	down_read(&seg->m->state_lock);
	mutex_lock(&seg->lock);
	while (!seg->removed && (word = sim_shm_next_word(seg, index))) {
		if (sim_pte_is_swap(*word) &&
		    sim_swp_type(sim_pte_to_swp_entry(*word)) == type) {
			ret = sim_shm_getpage(seg, *index, f, &page);
			break;
		}
		(*index)++;
	}
	mutex_unlock(&seg->lock);
	up_read(&seg->m->state_lock);
	return ret;
}

static int unuse_seg(struct sim_shmid *seg, u32 type)
{
	struct sim_fault f = { .m = seg->m };
	pgoff_t index = 0;
	int ret = 0;

	while (!ret) {
		ret = unuse_next(seg, type, &index, &f);
		if (ret > 0)
			ret = sim_fault_prepare(&f, ret);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	}
	sim_fault_finish(&f);
	return ret == -ENOENT ? 0 : ret;
}

/**
 * sim_shm_unuse() - bring back every page that is in a swap area
 * @m: machine
 * @type: the area, which gives out no slots any more
 *
 * Mirrors shm_unuse() of Linux 2.0.40: no attach is touched.
 *
 * Context: sleeps; no lock held.
 * Return: 0 or as sim_fault_prepare().
 */
int sim_shm_unuse(struct sim_machine *m, u32 type)
{
	struct sim_shmid *seg;
	unsigned long index;
	int err = 0;

	for (index = 0; !err && (seg = sim_shm_next(m, &index)); index++) {
		err = unuse_seg(seg, type);
		sim_shm_put(seg);
	}
	return err;
}
