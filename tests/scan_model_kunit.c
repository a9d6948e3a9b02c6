// SPDX-License-Identifier: GPL-2.0
/*
 * The module and the model of its reclaim, step by step: random operations are
 * done on both, and after each everything that both have must be the same.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/shmem_fs.h>
#include <uapi/linux/mman.h>

#include "kunit_lockstep.h"
#include "scan_model.h"

#define BASE_PAGE	0x100000ULL	/* page 0 of the model's address spaces */
#define MAX_LEN		8		/* pages of a region */
#define MAX_TOUCH	6
#define VALUE_OFFSET	1000		/* where in a page its value is */

/**
 * struct run_case - a random run
 * @name: what it stresses
 * @seed: for the random numbers
 * @steps: operations
 * @nr_frames: frames
 * @slots: usable slots of the area
 * @page_cluster: read-ahead, 0: none
 * @synchronous: the area is, as RAM
 * @failures: reads and writes fail now and then
 */
struct run_case {
	const char *name;
	u32 seed;
	u32 steps;
	u32 nr_frames;
	u32 slots;
	u32 page_cluster;
	bool synchronous;
	bool failures;
};

static const struct run_case run_cases[] = {
	{ "memory to spare", 1, 3000, 96, 160, 0, true },
	{ "memory to spare, read-ahead", 2, 3000, 96, 160, 3, false },
	{ "little memory", 3, 3000, 48, 160, 0, false },
	{ "little memory, read-ahead", 4, 1500, 48, 160, 3, true },
	{ "very little memory", 5, 3000, 16, 160, 2, false },
	{ "swap is short", 6, 2000, 40, 40, 3, false },
	{ "swap is full", 7, 1000, 32, 12, 1, true },
	{ "one slot", 8, 2000, 32, 1, 3, false },
	{ "failures", 9, 3000, 32, 100, 0, false, true },
	{ "failures, short swap", 10, 3000, 48, 60, 0, true, true },
	{ "long run", 11, 10000, 64, 100, 2, false },
};

KUNIT_ARRAY_PARAM_DESC(run, run_cases, name);

/**
 * struct run - a run
 * @l: what every such run has
 * @model: model
 * @mm: process by number in the model
 * @file: files
 * @fd: their descriptors
 * @swap: area
 */
struct run {
	struct sim_lockstep l;
	struct scan_model *model;
	struct sim_mm *mm[SCAN_PROCS];
	struct file *file[SCAN_FILES];
	int fd[SCAN_FILES];
	struct sim_test_swap *swap;
};

static u32 below(struct run *r, u32 limit)
{
	return sim_lockstep_below(&r->l, limit);
}

#define describe(r, ...) scnprintf((r)->l.what, sizeof((r)->l.what), __VA_ARGS__)

static u64 address_of(u32 page)
{
	return (BASE_PAGE + page) << PAGE_SHIFT;
}

/* -------------------------------------------------------------- comparing */

static bool same(struct run *r, u64 model, u64 module, const char *what, u64 a, u64 b)
{
	return sim_lockstep_same(&r->l, model, module, what, a, b);
}

static bool same_events(struct run *r)
{
	const struct scan_model_events *e = &r->model->events;
	const struct {
		u64 model;
		enum sim_event event;
		const char *what;
	} rows[] = {
		{ e->pgalloc, SIM_PGALLOC, "pgalloc" },
		{ e->pgfree, SIM_PGFREE, "pgfree" },
		{ e->pgfault, SIM_PGFAULT, "pgfault" },
		{ e->pgmajfault, SIM_PGMAJFAULT, "pgmajfault" },
		{ e->pgzero, SIM_PGZERO, "pgzero" },
		{ e->pswpin, SIM_PSWPIN, "pswpin" },
		{ e->pswpout, SIM_PSWPOUT, "pswpout" },
		{ e->write_errors, SIM_SWAP_WRITE_ERRORS, "swap_write_errors" },
		{ e->read_errors, SIM_SWAP_READ_ERRORS, "swap_read_errors" },
		{ e->flush_page, SIM_TLB_FLUSH_PAGE, "tlb_flush_page" },
		{ e->flush_range, SIM_TLB_FLUSH_RANGE, "tlb_flush_range" },
		{ e->flush_mm, SIM_TLB_FLUSH_MM, "tlb_flush_mm" },
		{ e->stalls, SIM_RECLAIM_STALL, "reclaim_stall" },
		{ e->pgcow, SIM_PGCOW, "pgcow" },
		{ e->pgscan, SIM_PGSCAN, "pgscan" },
		{ e->pgsteal, SIM_PGSTEAL, "pgsteal" },
		{ e->pgdiscard, SIM_PGDISCARD, "pgdiscard" },
		{ e->pgpgin, SIM_PGPGIN, "pgpgin" },
		{ e->pgpgout, SIM_PGPGOUT, "pgpgout" },
		{ e->cache_add, SIM_SWAP_CACHE_ADD, "swap_cache_add" },
		{ e->cache_del, SIM_SWAP_CACHE_DEL, "swap_cache_del" },
		{ e->readahead, SIM_SWAP_RA, "swap_ra" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!same(r, rows[i].model, sim_test_event(r->l.m, rows[i].event), rows[i].what,
			  0, 0))
			return false;
	}
	return true;
}

static bool same_totals(struct run *r)
{
	const struct scan_model *model = r->model;
	u32 nr_swapcache = 0, nr_file_pages = 0;
	u32 i;

	for (i = 0; i < model->nr_frames; i++) {
		nr_swapcache += model->frame[i].used && model->frame[i].slot;
		nr_file_pages += model->frame[i].used && model->frame[i].file != SCAN_NONE;
	}
	return same(r, scan_model_free_frames(model), r->l.m->nr_free_pages, "free frames", 0, 0) &&
	       same(r, scan_model_free_slots(model), r->l.m->nr_swap_pages, "free slots", 0, 0) &&
	       same(r, nr_swapcache, atomic_read(&r->l.m->nr_swapcache), "swap cache", 0, 0) &&
	       same(r, nr_file_pages, atomic_read(&r->l.m->nr_file_pages), "page cache", 0, 0) &&
	       same(r, model->method, r->l.m->reclaim_method, "method", 0, 0) &&
	       same(r, model->hand, r->l.m->mmap_hand, "mmap_hand", 0, 0) &&
	       same(r, model->swap_task, r->l.m->swap_task, "swap_task", 0, 0);
}

/* The free blocks of every order, in the order in which they are handed out. */
static bool same_free_area(struct run *r)
{
	struct sim_page *page;
	u32 order, i;

	for (order = 0; order < SCAN_ORDERS; order++) {
		const struct scan_model_blocks *free = &r->model->free[order];

		if (!same(r, free->nr, r->l.m->free_area[order].nr_blocks, "free blocks", order, 0))
			return false;
		i = 0;
		list_for_each_entry(page, &r->l.m->free_area[order].list, list) {
			if (!same(r, free->first[i], sim_page_pfn(r->l.m, page), "free block",
				  order, i))
				return false;
			i++;
		}
	}
	return true;
}

static u64 value_in(struct page *page)
{
	void *bytes = kmap_local_page(page);
	u64 value;

	memcpy(&value, bytes + VALUE_OFFSET, sizeof(value));
	kunmap_local(bytes);
	return value;
}

static bool same_frame(struct run *r, u32 pfn)
{
	const struct scan_model_frame *f = &r->model->frame[pfn];
	struct sim_page *page = sim_pfn_page(r->l.m, pfn);
	bool swapcache = test_bit(SIM_PG_SWAPCACHE, &page->flags);
	bool file = test_bit(SIM_PG_FILE, &page->flags);

	if (!same(r, f->used ? scan_model_count(r->model, pfn) : 0, atomic64_read(&page->count),
		  "count of frame", pfn, 0))
		return false;
	if (!f->used)
		return true;
	return same(r, !!f->slot, swapcache, "PG_SWAPCACHE", pfn, 0) &&
	       same(r, f->slot, swapcache ? sim_swp_offset(page->entry) : 0, "slot of frame",
		    pfn, 0) &&
	       same(r, f->file != SCAN_NONE, file, "PG_FILE", pfn, 0) &&
	       same(r, file ? f->index : 0, file ? page->index : 0, "index of frame", pfn, 0) &&
	       same(r, f->referenced, test_bit(SIM_PG_REFERENCED, &page->flags),
		    "PG_REFERENCED", pfn, 0) &&
	       same(r, f->dirty, test_bit(SIM_PG_DIRTY, &page->flags), "PG_DIRTY", pfn, 0) &&
	       same(r, f->age, page->age, "age", pfn, 0) &&
	       same(r, f->value, value_in(page->page), "contents of frame", pfn, 0);
}

static bool same_frames(struct run *r)
{
	u32 pfn;

	for (pfn = 0; pfn < r->model->nr_frames; pfn++) {
		if (!same_frame(r, pfn))
			return false;
	}
	return true;
}

static bool same_slots(struct run *r)
{
	u32 slot;

	for (slot = 1; slot <= r->model->area.nr_slots; slot++) {
		u32 count = r->model->area.slot[slot];
		struct page *stored = xa_load(&r->swap->pages, slot);

		if (!same(r, count, sim_swap_count(r->l.m, sim_swp_entry(r->swap->type, slot)),
			  "count of slot", slot, 0))
			return false;
		if (count == MODEL_FREE || count == MODEL_BAD)
			continue;
		if (!same(r, count, scan_model_users(r->model, slot), "users of slot", slot, 0) ||
		    !same(r, r->model->slot_value[slot], value_in(stored), "contents of slot",
			  slot, 0))
			return false;
	}
	return true;
}

/* What is in the files themselves, whatever the page cache has. */
static bool same_files(struct run *r)
{
	u32 file, page;

	for (file = 0; file < SCAN_FILES; file++) {
		const struct scan_model_file *f = &r->model->file[file];

		for (page = 0; page < f->npages - f->half; page++) {
			loff_t pos = page * PAGE_SIZE + VALUE_OFFSET;
			u64 value = 0;

			kernel_read(r->file[file], &value, sizeof(value), &pos);
			if (!same(r, f->value[page], value, "contents of file", file, page))
				return false;
		}
	}
	return true;
}

static enum scan_model_kind kind_of_pte(sim_pte_t pte)
{
	if (sim_pte_present(pte))
		return SCAN_PRESENT;
	return sim_pte_is_swap(pte) ? SCAN_SWAPPED : SCAN_EMPTY;
}

static bool same_pte(struct run *r, int proc, u32 page, sim_pte_t pte)
{
	const struct scan_model_page *p = &r->model->proc[proc].page[page];

	if (!same(r, p->kind, kind_of_pte(pte), "kind of PTE", proc, page))
		return false;
	if (p->kind == SCAN_SWAPPED)
		return same(r, p->slot, sim_swp_offset(sim_pte_to_swp_entry(pte)), "slot of PTE",
			    proc, page);
	if (p->kind == SCAN_EMPTY)
		return same(r, 0, pte.pte, "PTE of nothing", proc, page);
	return same(r, p->frame, sim_pte_pfn(pte), "frame of PTE", proc, page) &&
	       same(r, p->young, sim_pte_young(pte), "PTE is young", proc, page) &&
	       same(r, p->dirty, sim_pte_dirty(pte), "PTE is dirty", proc, page) &&
	       same(r, p->write, sim_pte_write(pte), "PTE is writable", proc, page);
}

/* Regions begin and end where they should. */
static bool same_regions(struct run *r, int proc)
{
	const struct scan_model_page *p = r->model->proc[proc].page;
	struct sim_mm *mm = r->mm[proc];
	u32 page, first = 0, found = 0;
	bool ok = true;

	down_read(&mm->mmap_lock);
	for (page = 0; ok && page < SCAN_PAGES; page++) {
		const struct sim_vma *vma = sim_find_vma(mm, address_of(page));

		first += p[page].region != SCAN_HOLE && p[page].first;
		found += vma && vma->vm_start == address_of(page);
		ok = same(r, p[page].region != SCAN_HOLE, !!vma, "there is a region", proc, page) &&
		     same(r, first, found, "regions up to here", proc, page);
	}
	up_read(&mm->mmap_lock);
	return ok;
}

static bool same_process(struct run *r, int proc)
{
	const struct scan_model_proc *model = &r->model->proc[proc];
	struct sim_mm *mm = r->mm[proc];
	u64 next = model->swap_address ? address_of(model->swap_address) : 0;
	u32 page;

	for (page = 0; page < SCAN_PAGES; page++) {
		if (!same_pte(r, proc, page, sim_test_pte(mm, address_of(page))))
			return false;
	}
	return same_regions(r, proc) &&
	       same(r, scan_model_rss(r->model, proc), atomic_long_read(&mm->rss), "rss",
		    proc, 0) &&
	       same(r, model->min_flt, atomic64_read(&mm->min_flt), "min_flt", proc, 0) &&
	       same(r, model->maj_flt, atomic64_read(&mm->maj_flt), "maj_flt", proc, 0) &&
	       same(r, model->swap_cnt, mm->swap_cnt, "swap_cnt", proc, 0) &&
	       same(r, next, mm->swap_address, "swap_address", proc, 0);
}

static bool same_state(struct run *r)
{
	int proc;

	if (!same(r, r->l.expected, r->l.ret, "result", 0, 0))
		return false;
	for (proc = 0; proc < SCAN_PROCS; proc++) {
		if (r->model->proc[proc].used && !same_process(r, proc))
			return false;
	}
	return same_totals(r) && same_frames(r) && same_free_area(r) && same_slots(r) &&
	       same_files(r) && same_events(r);
}

/* ------------------------------------------------------------- operations */

/* A random process, or -1. */
static int pick_proc(struct run *r, bool used)
{
	u32 first = below(r, SCAN_PROCS);
	u32 i;

	for (i = 0; i < SCAN_PROCS; i++) {
		int proc = (first + i) % SCAN_PROCS;

		if (r->model->proc[proc].used == used)
			return proc;
	}
	return -1;
}

/* A page that is likely to be in a region. */
static u32 pick_page(struct run *r, int proc)
{
	u32 page = below(r, SCAN_PAGES);
	u32 i;

	for (i = 0; i < 4 && r->model->proc[proc].page[page].region == SCAN_HOLE; i++)
		page = below(r, SCAN_PAGES);
	return page;
}

/* How long a range from @page on is. */
static u32 pick_len(struct run *r, u32 page)
{
	return 1 + below(r, min(MAX_LEN, SCAN_PAGES - page));
}

/* Some pages in a row, in one batch that ends with the first failure. */
static void step_touch(struct run *r, int proc)
{
	u64 access[MAX_TOUCH];
	struct shmswap_touch touch = {};
	u32 page = pick_page(r, proc);
	u32 nr = 1 + below(r, min(MAX_TOUCH, SCAN_PAGES - page));
	bool write = below(r, 2);
	u32 i;

	describe(r, "process %d touches %u pages at %u, write %d", proc, nr, page, write);
	for (i = 0; i < nr; i++)
		access[i] = address_of(page + i) | (write ? SHMSWAP_TOUCH_WRITE : 0);
	r->l.ret = sim_touch(r->mm[proc], access, nr, &touch);
	for (i = 0; !r->l.expected && i < nr; i++)
		r->l.expected = scan_model_touch(r->model, proc, page + i, write);
	same(r, r->l.expected ? i - 1 : i, touch.out_done, "pages touched", proc, page);
}

/* A load sees what was stored last, swapped or not, and nobody else's copy. */
static void step_load(struct run *r, int proc)
{
	u32 page = pick_page(r, proc);
	u64 value = 0, expected = 0;
	ssize_t ret;

	describe(r, "process %d loads from page %u", proc, page);
	ret = sim_test_load(r->mm[proc], address_of(page) + VALUE_OFFSET, &value, sizeof(value));
	r->l.ret = ret == sizeof(value) ? 0 : ret;
	r->l.expected = scan_model_load(r->model, proc, page, &expected);
	same(r, expected, value, "value", proc, page);
}

static void step_store(struct run *r, int proc)
{
	u32 page = pick_page(r, proc);
	u64 value = (u64)r->l.step << 32 | page;
	ssize_t ret;

	describe(r, "process %d stores to page %u", proc, page);
	ret = sim_test_store(r->mm[proc], address_of(page) + VALUE_OFFSET, &value, sizeof(value));
	r->l.ret = ret == sizeof(value) ? 0 : ret;
	r->l.expected = scan_model_store(r->model, proc, page, value);
}

static struct scan_model_page random_region(struct run *r)
{
	struct scan_model_page page = {
		.region = SCAN_ANON + below(r, 3),
		.readonly = !below(r, 6),
		.file = SCAN_NONE,
	};

	if (page.region == SCAN_ANON) {
		page.reserved = !below(r, 12);
	} else {
		page.file = below(r, SCAN_FILES);
		page.index = below(r, 4);
	}
	return page;
}

static void step_mmap(struct run *r, int proc)
{
	struct scan_model_page page = random_region(r);
	u32 start = below(r, SCAN_PAGES);
	u32 len = pick_len(r, start);
	struct shmswap_mmap arg = {
		.prot = PROT_READ | (page.readonly ? 0 : PROT_WRITE),
		.addr = address_of(start),
		.len = len * PAGE_SIZE,
		.offset = page.index * PAGE_SIZE,
		.flags = MAP_FIXED | (page.region == SCAN_SHARED ? MAP_SHARED : MAP_PRIVATE) |
			 (page.region == SCAN_ANON ? MAP_ANONYMOUS : 0) |
			 (page.reserved ? SHMSWAP_MAP_RESERVED : 0),
		.fd = page.file == SCAN_NONE ? -1 : r->fd[page.file],
	};

	describe(r, "process %d maps %u pages at %u, kind %d, read-only %d, file %d at %u", proc,
		 len, start, page.region, page.readonly, page.file, page.index);
	r->l.ret = sim_mmap(r->mm[proc], &arg);
	scan_model_mmap(r->model, proc, start, len, &page);
}

static void step_munmap(struct run *r, int proc)
{
	u32 start = pick_page(r, proc);
	u32 len = pick_len(r, start);
	const struct shmswap_munmap arg = {
		.addr = address_of(start),
		.len = len * PAGE_SIZE,
	};

	describe(r, "process %d unmaps %u pages at %u", proc, len, start);
	r->l.ret = sim_do_munmap(r->mm[proc], &arg);
	scan_model_munmap(r->model, proc, start, len);
}

static void step_mlock(struct run *r, int proc)
{
	u32 start = pick_page(r, proc);
	u32 len = 1 + below(r, min(3, SCAN_PAGES - start));
	const struct shmswap_mlock arg = {
		.addr = address_of(start),
		.len = len * PAGE_SIZE,
	};

	describe(r, "process %d locks %u pages at %u", proc, len, start);
	r->l.ret = sim_mlock(r->mm[proc], &arg);
	r->l.expected = scan_model_mlock(r->model, proc, start, len);
}

static void step_munlock(struct run *r, int proc)
{
	u32 start = pick_page(r, proc);
	u32 len = pick_len(r, start);
	const struct shmswap_munlock arg = {
		.addr = address_of(start),
		.len = len * PAGE_SIZE,
	};

	describe(r, "process %d unlocks %u pages at %u", proc, len, start);
	r->l.ret = sim_munlock(r->mm[proc], &arg);
	r->l.expected = scan_model_munlock(r->model, proc, start, len);
}

static void step_msync(struct run *r, int proc)
{
	u32 start = pick_page(r, proc);
	u32 len = pick_len(r, start);
	const struct shmswap_msync arg = {
		.addr = address_of(start),
		.len = len * PAGE_SIZE,
	};

	describe(r, "process %d syncs %u pages at %u", proc, len, start);
	r->l.ret = sim_msync(r->mm[proc], &arg);
	r->l.expected = scan_model_msync(r->model, proc, start, len);
}

static void step_process(struct run *r, int proc)
{
	int new = pick_proc(r, false);

	if (new < 0)
		return;
	describe(r, "new process %d", new);
	r->mm[new] = sim_test_process(r->l.test, r->l.m);
	scan_model_process(r->model, new, r->mm[new]->pid);
}

static void step_fork(struct run *r, int proc)
{
	int child = pick_proc(r, false);

	if (child < 0)
		return;
	describe(r, "process %d forks %d", proc, child);
	r->mm[child] = sim_test_fork(r->l.test, r->mm[proc]);
	scan_model_fork(r->model, proc, child, r->mm[child]->pid);
}

static void step_exit(struct run *r, int proc)
{
	describe(r, "process %d exits", proc);
	sim_test_process_exit(r->l.test, r->mm[proc]);
	scan_model_exit(r->model, proc);
}

/* Ask kswapd, as a program would, for one call; returns the pages freed. */
static s64 reclaim(struct run *r, u32 method, u32 level)
{
	struct sim_reclaim_result result = {};
	int err = sim_reclaim(r->l.m, method, level, 1, &result);

	return err ?: result.freed;
}

/* Half of the levels are 0: the others find little on a small machine. */
static u32 pick_level(struct run *r)
{
	return below(r, 2) ? below(r, SHMSWAP_MAX_LEVEL + 1) : 0;
}

static void step_swap_out(struct run *r, int proc)
{
	u32 level = pick_level(r);

	describe(r, "swap_out at level %u", level);
	r->l.ret = reclaim(r, SHMSWAP_RECLAIM_SWAP_OUT, level);
	r->l.expected = scan_model_swap_out(r->model, level);
}

static void step_shrink_mmap(struct run *r, int proc)
{
	u32 level = pick_level(r);

	describe(r, "shrink_mmap at level %u", level);
	r->l.ret = reclaim(r, SHMSWAP_RECLAIM_MMAP, level);
	r->l.expected = scan_model_shrink_mmap(r->model, level);
}

static void step_try_to_free_page(struct run *r, int proc)
{
	u32 stop = pick_level(r);

	describe(r, "try_to_free_page down to %u", stop);
	r->l.ret = reclaim(r, SHMSWAP_RECLAIM_TRY, stop);
	r->l.expected = scan_model_try_to_free_page(r->model, stop);
}

/* The next write to swap fails, or from now on every read of a certain slot does. */
static void step_fail(struct run *r, int proc)
{
	const struct run_case *c = r->l.test->param_value;
	u32 slot = below(r, min(c->slots, 32U) + 1);

	if (!c->failures)
		return;
	if (below(r, 2)) {
		describe(r, "the next write fails");
		r->swap->fail_write.count = 1;
		r->model->fail_write = true;
	} else {
		describe(r, "reads of slot %u fail", slot);
		r->swap->fail_read.slot = slot;
		r->swap->fail_read.count = slot ? U32_MAX : 0;
		r->model->fail_read = slot;
	}
}

/**
 * struct operation - what can happen
 * @weight: how often, in proportion
 * @run: does it to the machine and to the model
 */
struct operation {
	u32 weight;
	void (*run)(struct run *r, int proc);
};

static const struct operation operations[] = {
	{ 200, step_touch },
	{ 250, step_load },
	{ 250, step_store },
	{ 60, step_swap_out },
	{ 60, step_shrink_mmap },
	{ 60, step_try_to_free_page },
	{ 60, step_mmap },
	{ 30, step_munmap },
	{ 15, step_mlock },
	{ 30, step_munlock },
	{ 10, step_msync },
	{ 16, step_process },
	{ 20, step_fork },
	{ 16, step_exit },
	{ 6, step_fail },
};

static void random_step(struct run *r)
{
	int proc = pick_proc(r, true);
	u32 i;

	r->l.ret = 0;
	r->l.expected = 0;
	if (proc < 0) {
		step_process(r, proc);
		return;
	}
	i = sim_lockstep_pick(&r->l, &operations[0].weight, sizeof(operations[0]),
			      ARRAY_SIZE(operations));
	operations[i].run(r, proc);
}

/* ------------------------------------------------------------------- runs */

static void close_file(void *data)
{
	close_fd((long)data);
}

/* A file whose pages have different contents; it may end within its last page. */
static void make_file(struct run *r, int nr, u32 npages, bool half)
{
	struct scan_model_file *f = &r->model->file[nr];
	size_t size = npages * PAGE_SIZE - (half ? PAGE_SIZE - VALUE_OFFSET / 2 : 0);
	struct file *file = shmem_file_setup("shmswap_scan_model", size, 0);
	int fd = get_unused_fd_flags(0);
	u32 page;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(r->l.test, file);
	KUNIT_ASSERT_GE(r->l.test, fd, 0);
	fd_install(fd, file);
	KUNIT_ASSERT_EQ(r->l.test, 0,
			kunit_add_action_or_reset(r->l.test, close_file, (void *)(long)fd));
	r->file[nr] = file;
	r->fd[nr] = fd;
	f->npages = npages;
	f->half = half;
	for (page = 0; page < npages - half; page++) {
		loff_t pos = page * PAGE_SIZE + VALUE_OFFSET;

		f->value[page] = (nr + 1ULL) << 48 | page;
		KUNIT_ASSERT_EQ(r->l.test, (ssize_t)sizeof(f->value[page]),
				kernel_write(file, &f->value[page], sizeof(f->value[page]), &pos));
	}
}

static struct run *start_run(struct kunit *test, const struct run_case *c)
{
	struct run *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->l.test = test;
	r->model = kunit_kzalloc(test, sizeof(*r->model), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, r->model);
	r->l.m = sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = c->nr_frames,
	});
	r->l.m->page_cluster = c->page_cluster;
	if (c->synchronous)
		r->swap = sim_test_synchronous_area(test, r->l.m, c->slots, 0);
	else
		r->swap = sim_test_swap_area(test, r->l.m, c->slots, 0);
	scan_model_init(r->model, c->nr_frames, r->l.m->freepages.min, c->slots, c->page_cluster);
	make_file(r, 0, 5, false);
	make_file(r, 1, 9, true);
	make_file(r, 2, SCAN_FILE_PAGES, false);
	r->l.seed = c->seed;
	prandom_seed_state(&r->l.rnd, c->seed);
	return r;
}

/*
 * Every PTE, every frame with its count, age and flags, every slot, the lists of
 * free blocks, all bytes, all hands and all counters, after every step.
 */
static void model_in_lock_step(struct kunit *test)
{
	const struct run_case *c = test->param_value;
	struct run *r = start_run(test, c);
	const struct scan_model_events *e = &r->model->events;

	for (r->l.step = 0; r->l.step < c->steps; r->l.step++) {
		random_step(r);
		if (!same_state(r))
			return;
		if (r->l.step % 500 == 0)
			sim_test_check(test, r->l.m);
	}
	kunit_info(test, "%llu faults, %llu stalls, %llu stolen, %llu discarded, %llu read ahead",
		   e->pgfault, e->stalls, e->pgsteal, e->pgdiscard, e->readahead);
}

/* ------------------------------------------------------- the model itself */

static struct scan_model *new_model(struct kunit *test, u32 nr_frames, u32 page_cluster)
{
	struct scan_model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, m);
	scan_model_init(m, nr_frames, 2, 40, page_cluster);
	scan_model_process(m, 0, 1);
	scan_model_mmap(m, 0, 0, 16, &(const struct scan_model_page) {
		.region = SCAN_ANON,
		.file = SCAN_NONE,
	});
	return m;
}

/* The PTE of a process and a frame or slot, as the table of the swap cache has them. */
static void expect_stage(struct kunit *test, struct scan_model *m, u32 frame, u32 slot)
{
	KUNIT_EXPECT_EQ(test, frame, scan_model_count(m, 31));
	KUNIT_EXPECT_EQ(test, slot, scan_model_users(m, 1));
	KUNIT_EXPECT_EQ(test, slot, (u32)m->area.slot[1]);
}

/* Scan one process, and with one turn, until a PTE is gone. */
static void swap_out_from(struct scan_model *m, u32 pid)
{
	u64 before = m->events.pgsteal;
	int i;

	for (i = 0; i < 40 && m->events.pgsteal == before; i++) {
		m->swap_task = pid;
		m->proc[pid - 1].swap_cnt = 0;
		scan_model_swap_out(m, 6);
	}
}

/* The table of the swap cache: a page that two processes share after fork. */
static void model_of_four_stages(struct kunit *test)
{
	struct scan_model *m = new_model(test, 64, 0);
	u64 value = 0;

	KUNIT_EXPECT_EQ(test, 0, scan_model_store(m, 0, 5, 1234));
	scan_model_fork(m, 0, 1, 2);
	expect_stage(test, m, 2, 0);
	swap_out_from(m, 1);
	expect_stage(test, m, 2, 2);
	swap_out_from(m, 2);
	expect_stage(test, m, 1, 3);
	KUNIT_EXPECT_EQ(test, 1, scan_model_shrink_mmap(m, 0));
	expect_stage(test, m, 0, 2);
	KUNIT_EXPECT_EQ(test, 1ULL, m->events.pswpout);

	KUNIT_EXPECT_EQ(test, 0, scan_model_load(m, 0, 5, &value));
	KUNIT_EXPECT_EQ(test, 1234ULL, value);
	expect_stage(test, m, 2, 2);
	KUNIT_EXPECT_EQ(test, 0, scan_model_load(m, 1, 5, &value));
	KUNIT_EXPECT_EQ(test, 1234ULL, value);
	expect_stage(test, m, 3, 1);
	KUNIT_EXPECT_EQ(test, 1ULL, m->events.pswpin);
}

/* The same with one process: the page that came back is a clean copy of its slot. */
static void model_of_sole_owner(struct kunit *test)
{
	struct scan_model *m = new_model(test, 64, 0);
	u64 value;

	KUNIT_EXPECT_EQ(test, 0, scan_model_store(m, 0, 5, 1));
	swap_out_from(m, 1);
	expect_stage(test, m, 1, 2);
	KUNIT_EXPECT_EQ(test, 1, scan_model_shrink_mmap(m, 0));
	expect_stage(test, m, 0, 1);
	KUNIT_EXPECT_EQ(test, 0, scan_model_load(m, 0, 5, &value));
	expect_stage(test, m, 2, 1);
	swap_out_from(m, 1);
	expect_stage(test, m, 1, 2);
	KUNIT_EXPECT_EQ(test, 1ULL, m->events.pswpout);
}

/* Age 3, 3 more for the first visit, which finds it young, and 1 less for each after. */
static void model_of_aging(struct kunit *test)
{
	static const u32 ages[] = { 6, 5, 4, 3, 2, 1, 0 };
	struct scan_model *m = new_model(test, 64, 0);
	u32 i;

	KUNIT_EXPECT_EQ(test, 0, scan_model_store(m, 0, 5, 1));
	for (i = 0; i < ARRAY_SIZE(ages); i++) {
		KUNIT_EXPECT_EQ(test, ages[i] == 0, scan_model_swap_out(m, 6));
		KUNIT_EXPECT_EQ(test, ages[i], m->frame[31].age);
	}
}

/* The top of the lowest block first; what is freed comes next, if it joins nobody. */
static void model_of_buddies(struct kunit *test)
{
	static const int frames[] = { 31, 30, 29, 28, 27, 26, 25, 24 };
	struct scan_model *m = new_model(test, 64, 0);
	u32 i;

	for (i = 0; i < ARRAY_SIZE(frames); i++) {
		KUNIT_EXPECT_EQ(test, 0, scan_model_touch(m, 0, i, true));
		KUNIT_EXPECT_EQ(test, frames[i], m->proc[0].page[i].frame);
	}
	scan_model_munmap(m, 0, 2, 1);
	scan_model_munmap(m, 0, 4, 1);
	KUNIT_EXPECT_EQ(test, 0, scan_model_touch(m, 0, 8, true));
	KUNIT_EXPECT_EQ(test, frames[4], m->proc[0].page[8].frame);
	KUNIT_EXPECT_EQ(test, 0, scan_model_touch(m, 0, 9, true));
	KUNIT_EXPECT_EQ(test, frames[2], m->proc[0].page[9].frame);
}

static struct kunit_case scan_model_cases[] = {
	KUNIT_CASE(model_of_four_stages),
	KUNIT_CASE(model_of_sole_owner),
	KUNIT_CASE(model_of_aging),
	KUNIT_CASE(model_of_buddies),
	KUNIT_CASE_PARAM(model_in_lock_step, run_gen_params),
	{}
};

static struct kunit_suite scan_model_suite = {
	.name = "shmswap_scan_model",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = scan_model_cases,
};

kunit_test_suite(scan_model_suite);
