// SPDX-License-Identifier: GPL-2.0
/*
 * Physical memory: mem_map, and the buddy allocator with its free_area.
 *
 * The allocator is that of Linux 2.0: six orders, a bit per pair of buddies,
 * and the caller gets the upper end of a block that has to be split.
 */
#include <linux/bitmap.h>
#include <linux/vmalloc.h>
#include <linux/wait_bit.h>

#include "sim.h"

static u32 pair_bit(u32 pfn, u32 order)
{
	return pfn >> (1 + order);
}

static void add_block(struct sim_machine *m, u32 pfn, u32 order)
{
	struct sim_free_area *area = &m->free_area[order];
	struct sim_page *page = sim_pfn_page(m, pfn);

	page->order = order;
	__set_bit(SIM_PG_BUDDY, &page->flags);
	list_add(&page->list, &area->list);
	area->nr_blocks++;
}

static void del_block(struct sim_machine *m, struct sim_page *page)
{
	__clear_bit(SIM_PG_BUDDY, &page->flags);
	list_del(&page->list);
	m->free_area[page->order].nr_blocks--;
}

/* Return the upper part of the free block @page, of order @order. */
static struct sim_page *expand(struct sim_machine *m, struct sim_page *page, u32 order)
{
	u32 pfn = sim_page_pfn(m, page);
	u32 high = page->order;

	del_block(m, page);
	__change_bit(pair_bit(pfn, high), m->free_area[high].map);
	while (high > order) {
		high--;
		add_block(m, pfn, high);
		pfn += 1U << high;
		__change_bit(pair_bit(pfn, high), m->free_area[high].map);
	}
	return sim_pfn_page(m, pfn);
}

/**
 * sim_rmqueue() - take a block out of free_area
 * @m: machine
 * @order: its size, as a power of two
 * @reserve: leave more than this many frames free before it is taken
 *
 * Mirrors __get_free_pages() of Linux 2.0 up to where it would reclaim.
 *
 * Context: any; takes free_lock.
 * Return: the first frame, pinned, or NULL.
 */
struct sim_page *sim_rmqueue(struct sim_machine *m, u32 order, u32 reserve)
{
	struct sim_page *page = NULL;
	u32 high;

	spin_lock(&m->free_lock);
	for (high = order; high < SIM_NR_ORDERS && m->nr_free_pages > reserve; high++) {
		page = list_first_entry_or_null(&m->free_area[high].list, struct sim_page, list);
		if (page) {
			page = expand(m, page, order);
			WRITE_ONCE(m->nr_free_pages, m->nr_free_pages - (1U << order));
			atomic64_set(&page->count, SIM_PIN);
			sim_event(frame, m, SHMSWAP_FRAME_ALLOC, page, order);
			break;
		}
	}
	spin_unlock(&m->free_lock);
	return page;
}

static void free_block(struct sim_machine *m, struct sim_page *page, u32 order)
{
	u32 pfn = sim_page_pfn(m, page);

	lockdep_assert_held(&m->free_lock);
	WRITE_ONCE(m->nr_free_pages, m->nr_free_pages + (1U << order));
	while (order < SIM_NR_ORDERS - 1) {
		if (!__test_and_change_bit(pair_bit(pfn, order), m->free_area[order].map))
			break;
		del_block(m, sim_pfn_page(m, pfn ^ (1U << order)));
		pfn &= ~(1U << order);
		order++;
	}
	add_block(m, pfn, order);
}

/**
 * sim_free_pages() - put a block back into free_area
 * @m: machine
 * @page: its first frame, with nothing but the pin of sim_rmqueue()
 * @order: its size, as a power of two
 *
 * Mirrors free_pages_ok() of Linux 2.0: a free buddy is joined, and so on
 * upwards.
 *
 * Context: any; takes free_lock.
 */
void sim_free_pages(struct sim_machine *m, struct sim_page *page, u32 order)
{
	spin_lock(&m->free_lock);
	atomic64_set(&page->count, 0);
	free_block(m, page, order);
	sim_event(frame, m, SHMSWAP_FRAME_FREE, page, order);
	spin_unlock(&m->free_lock);
}

/* True if a watermark was crossed that kswapd has not seen yet. */
static bool kswapd_should_know(const struct sim_machine *m)
{
	u32 free = READ_ONCE(m->nr_free_pages);

	if (!(READ_ONCE(m->flags) & SHMSWAP_MACHINE_KSWAPD) || free >= m->freepages.high)
		return false;
	return !READ_ONCE(m->kswapd.armed) ||
	       (free < m->freepages.low && !READ_ONCE(m->kswapd.low));
}

/**
 * sim_get_free_page() - a frame for a page, if one may be taken
 * @m: machine
 *
 * Wakes kswapd when a watermark is crossed.
 *
 * Context: any; takes free_lock.
 * Return: the frame, pinned, with undefined contents, or if it was never used
 * without memory: see sim_back_page(). NULL if no more than freepages.min are
 * free.
 */
struct sim_page *sim_get_free_page(struct sim_machine *m)
{
	struct sim_page *page = sim_rmqueue(m, 0, READ_ONCE(m->freepages.min));

	if (!page)
		return NULL;
	page->age = m->swap_control.page_initial_age;
	sim_event(age, m, SHMSWAP_AGE_INITIAL, page, 0);
	sim_count_event(m, SIM_PGALLOC);
	if (kswapd_should_know(m))
		sim_wakeup_kswapd(m);
	return page;
}

/**
 * sim_back_page() - get memory for a frame that is used for the first time
 * @page: frame, pinned by the caller and known to nobody else
 *
 * The memory comes from the kernel and is charged to the caller's memory
 * cgroup. The frame keeps it.
 *
 * Context: sleeps; no lock held.
 * Return: 0 or -ENOMEM.
 */
int sim_back_page(struct sim_page *page)
{
	if (!page->page)
		page->page = alloc_page(GFP_HIGHUSER | __GFP_ACCOUNT | __GFP_NOWARN);
	return page->page ? 0 : -ENOMEM;
}

/*
 * Drop a reference or a pin. A count reaches 0 and the frame free_area in one
 * step, so that the self-check never sees a frame that is neither.
 */
static void drop(struct sim_machine *m, struct sim_page *page, s64 what)
{
	if (atomic64_add_unless(&page->count, -what, what))
		return;
	spin_lock(&m->free_lock);
	if (atomic64_sub_and_test(what, &page->count)) {
		if (test_bit(SIM_PG_LIVE, &page->flags))
			sim_live_forget(page);
		page->seg = NULL;
		WRITE_ONCE(page->flags, 0);
		free_block(m, page, 0);
		sim_event(frame, m, SHMSWAP_FRAME_FREE, page, 0);
		sim_count_event(m, SIM_PGFREE);
	}
	spin_unlock(&m->free_lock);
}

/**
 * sim_put_page() - drop a reference that a table held
 * @m: machine
 * @page: frame; it is free if that was the last
 *
 * Context: any.
 */
void sim_put_page(struct sim_machine *m, struct sim_page *page)
{
	drop(m, page, 1);
}

/**
 * sim_unpin_page() - drop a pin
 * @m: machine
 * @page: frame; it is free if nothing else held it
 *
 * Context: any.
 */
void sim_unpin_page(struct sim_machine *m, struct sim_page *page)
{
	drop(m, page, SIM_PIN);
}

/**
 * sim_trylock_page() - lock a page if nobody has
 * @page: frame
 *
 * Context: any; something keeps the frame from being freed.
 * Return: true if the caller now holds the lock.
 */
bool sim_trylock_page(struct sim_page *page)
{
	return !test_and_set_bit_lock(SIM_PG_LOCKED, &page->flags);
}

/**
 * sim_lock_page() - lock a page, as soon as nobody has it locked
 * @page: frame, pinned by the caller
 *
 * Context: sleeps; no lock held that who has a page locked may want.
 */
void sim_lock_page(struct sim_page *page)
{
	wait_on_bit_lock(&page->flags, SIM_PG_LOCKED, TASK_UNINTERRUPTIBLE);
}

/**
 * sim_unlock_page() - unlock a page, and wake who waits for it
 * @page: frame
 *
 * Context: any.
 */
void sim_unlock_page(struct sim_page *page)
{
	clear_and_wake_up_bit(SIM_PG_LOCKED, &page->flags);
}

/**
 * sim_wait_on_page_locked() - wait until a page is unlocked
 * @page: frame, pinned by the caller
 *
 * Context: sleeps; no lock held.
 * Return: 0, or -EINTR on a fatal signal.
 */
int sim_wait_on_page_locked(struct sim_page *page)
{
	return wait_on_bit(&page->flags, SIM_PG_LOCKED, TASK_KILLABLE);
}

/**
 * sim_default_freepages() - watermarks to begin with
 * @nr_frames: size of the machine
 * @freepages: result
 *
 * Linux 2.0.40's free_area_init(), but never more than a sixteenth of the
 * memory for @freepages->min: it was written for machines of 2 MB and up.
 */
void sim_default_freepages(u32 nr_frames, struct sim_freepages *freepages)
{
	u32 i = max(nr_frames >> 7, 24U) + 24;

	i = min(i, nr_frames / 16);
	freepages->min = i;
	freepages->low = i + i / 2;
	freepages->high = 2 * i;
}

/**
 * sim_mem_init() - build mem_map and free_area
 * @m: machine
 * @nr_frames: number of frames
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM; then sim_mem_free() cleans up all the same.
 */
int sim_mem_init(struct sim_machine *m, u32 nr_frames)
{
	u32 pfn, order;

	spin_lock_init(&m->free_lock);
	for (order = 0; order < SIM_NR_ORDERS; order++)
		INIT_LIST_HEAD(&m->free_area[order].list);
	for (order = 0; order < SIM_NR_ORDERS; order++) {
		u32 pairs = pair_bit(nr_frames - 1, order) + 1;

		m->free_area[order].map = bitmap_zalloc(pairs, GFP_KERNEL_ACCOUNT);
		if (!m->free_area[order].map)
			return -ENOMEM;
	}
	m->mem_map = __vmalloc(array_size(nr_frames, sizeof(*m->mem_map)),
			       GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!m->mem_map)
		return -ENOMEM;
	m->nr_frames = nr_frames;
	/* From the top, so that the first frames to be handed out are low. */
	for (pfn = nr_frames; pfn--; )
		sim_free_pages(m, sim_pfn_page(m, pfn), 0);
	sim_default_freepages(nr_frames, &m->freepages);
	return 0;
}

/**
 * sim_mem_free() - give everything back to the kernel
 * @m: machine that nobody uses any more
 *
 * Context: may sleep.
 */
void sim_mem_free(struct sim_machine *m)
{
	u32 pfn, order;

	for (pfn = 0; pfn < m->nr_frames; pfn++) {
		if (m->mem_map[pfn].page)
			__free_page(m->mem_map[pfn].page);
		cond_resched();
	}
	vfree(m->mem_map);
	for (order = 0; order < SIM_NR_ORDERS; order++)
		bitmap_free(m->free_area[order].map);
}
