// SPDX-License-Identifier: GPL-2.0
/*
 * The module and the model, step by step: random operations are done on both,
 * and after each everything that both have must be the same.
 */
#include <linux/ipc.h>

#include "clock_model.h"
#include "kunit_lockstep.h"

#define BASE_PAGE	0x100000ULL	/* page 0 of the model's address spaces */
#define MAX_TOUCH	8
#define VALUE_OFFSET	1000		/* where in a page loads and stores go */

/**
 * struct run_case - a random run
 * @name: what it stresses
 * @seed: for the random numbers
 * @steps: operations
 * @nr_frames: frames; few of them mean that faults have to wait for reclaim
 * @slots: usable slots of each area, 0: no area
 * @prio: their priorities
 * @like_ram: which of them are synchronous, as a bit mask
 */
struct run_case {
	const char *name;
	u32 seed;
	u32 steps;
	u32 nr_frames;
	u32 slots[MODEL_AREAS];
	int prio[MODEL_AREAS];
	u32 like_ram;
};

static const struct run_case run_cases[] = {
	{ "memory to spare", 1, 3000, 256, { 160 }, { 0 }, 1 },
	{ "memory to spare, file", 2, 3000, 256, { 160 }, { 0 }, 0 },
	{ "little memory", 3, 3000, 48, { 160, 100 }, { 3, 3 }, 2 },
	{ "very little memory", 4, 3000, 16, { 160, 100 }, { 5, 5 }, 0 },
	{ "small areas by priority", 5, 3000, 64, { 16, 24, 120 }, { 7, 7, 2 }, 4 },
	{ "small areas by priority, mixed", 6, 3000, 64, { 40, 8, 80 }, { 1, 9, 1 }, 2 },
	{ "swap full", 7, 3000, 64, { 12, 10 }, { 4, 2 }, 1 },
	{ "no swap", 8, 1000, 16, {}, {}, 0 },
	{ "one slot", 9, 1000, 64, { 1 }, { 0 }, 0 },
	{ "long run", 10, 8000, 80, { 50, 50, 60 }, { 2, 2, 1 }, 5 },
};

KUNIT_ARRAY_PARAM_DESC(run, run_cases, name);

/**
 * struct run - a run
 * @l: what every such run has
 * @model: model
 * @mm: process by number in the model
 * @swap: areas
 * @nr_areas: how many
 */
struct run {
	struct sim_lockstep l;
	struct clock_model *model;
	struct sim_mm *mm[MODEL_PROCS];
	struct sim_test_swap *swap[MODEL_AREAS];
	u32 nr_areas;
};

static u32 below(struct run *r, u32 limit)
{
	return sim_lockstep_below(&r->l, limit);
}

#define describe(r, ...) scnprintf((r)->l.what, sizeof((r)->l.what), __VA_ARGS__)

/* -------------------------------------------------------------- comparing */

static u64 address_of(u32 page)
{
	return (BASE_PAGE + page) << PAGE_SHIFT;
}

static bool same(struct run *r, u64 model, u64 module, const char *what, u64 a, u64 b)
{
	return sim_lockstep_same(&r->l, model, module, what, a, b);
}

static bool same_event(struct run *r, u64 model, enum sim_event event, const char *what)
{
	return same(r, model, sim_test_event(r->l.m, event), what, 0, 0);
}

static bool same_clock(struct run *r)
{
	const struct clock_model *model = r->model;

	return same(r, model->swap_id, r->l.m->clock.swap_id, "swap_id", 0, 0) &&
	       same(r, model->swap_idx, r->l.m->clock.swap_idx, "swap_idx", 0, 0) &&
	       same_event(r, model->attempts, SIM_SWAP_ATTEMPTS, "swap_attempts") &&
	       same_event(r, model->successes, SIM_SWAP_SUCCESSES, "swap_successes") &&
	       same_event(r, model->aged, SIM_PGAGED, "pgaged") &&
	       same_event(r, model->unmapped, SIM_PGUNMAP, "pgunmap") &&
	       same_event(r, model->unmapped, SIM_TLB_FLUSH_PAGE, "tlb_flush_page") &&
	       same_event(r, model->zeroed, SIM_PGZERO, "pgzero") &&
	       same_event(r, model->reads, SIM_PSWPIN, "pswpin") &&
	       same_event(r, model->writes, SIM_PSWPOUT, "pswpout") &&
	       same_event(r, model->stalls, SIM_RECLAIM_STALL, "reclaim_stall");
}

static bool same_totals(struct run *r)
{
	const struct clock_model *model = r->model;
	const struct sim_machine *m = r->l.m;
	u32 rss = clock_model_rss(model);

	return same(r, clock_model_tot(model), m->shm_tot, "shm_tot", 0, 0) &&
	       same(r, rss, atomic_long_read(&m->shm_rss), "shm_rss", 0, 0) &&
	       same(r, clock_model_swp(model), atomic_long_read(&m->shm_swp), "shm_swp", 0, 0) &&
	       same(r, model->nr_frames - rss, m->nr_free_pages, "free frames", 0, 0) &&
	       same(r, clock_model_free_slots(model), m->nr_swap_pages, "free slots", 0, 0) &&
	       same(r, model->max_shmid, m->shm_max_id, "highest index", 0, 0) &&
	       same(r, model->seq, m->shm_seq, "sequence number", 0, 0);
}

static bool same_areas(struct run *r)
{
	u32 area, slot;

	for (area = 0; area < r->nr_areas; area++) {
		for (slot = 1; slot <= r->model->area[area].nr_slots; slot++) {
			u32 count = sim_swap_count(r->l.m, sim_swp_entry(area, slot));

			if (!same(r, r->model->area[area].slot[slot], count, "count of slot",
				  area, slot))
				return false;
		}
	}
	return true;
}

static sim_pte_t word_at(struct sim_shmid *seg, u32 index)
{
	sim_pte_t *word = sim_shm_word(seg, index);

	return word ? *word : SIM_PTE_NONE;
}

static enum clock_model_word_kind kind_of_word(sim_pte_t word)
{
	if (sim_pte_none(word))
		return MODEL_UNTOUCHED;
	return sim_pte_present(word) ? MODEL_RESIDENT : MODEL_SWAPPED;
}

static bool same_word(struct run *r, int index, struct sim_shmid *seg, u32 idx)
{
	const struct clock_model_word *word = &r->model->seg[index].word[idx];
	sim_pte_t found = word_at(seg, idx);
	sim_swp_entry_t entry = sim_pte_to_swp_entry(found);

	if (!same(r, word->kind, kind_of_word(found), "kind of word", index, idx))
		return false;
	if (word->kind == MODEL_SWAPPED)
		return same(r, word->area, sim_swp_type(entry), "area of word", index, idx) &&
		       same(r, word->slot, sim_swp_offset(entry), "slot of word", index, idx);
	if (word->kind == MODEL_RESIDENT)
		return same(r, 1 + clock_model_mappings(r->model, index, idx),
			    atomic64_read(&sim_pfn_page(r->l.m, sim_pte_pfn(found))->count),
			    "count of frame", index, idx);
	return true;
}

static bool same_seg(struct run *r, int index, struct sim_shmid *seg)
{
	const struct clock_model_seg *model = &r->model->seg[index];
	u32 idx;

	lockdep_assert_held(&seg->lock);
	for (idx = 0; idx < model->npages; idx++) {
		if (!same_word(r, index, seg, idx))
			return false;
	}
	return same(r, model->id, seg->id, "identifier", index, 0) &&
	       same(r, model->npages, seg->npages, "size", index, 0) &&
	       same(r, model->doomed, !!(seg->mode & SIM_SHM_DEST), "SHM_DEST", index, 0) &&
	       same(r, model->locked, !!(seg->mode & SIM_SHM_LOCKED), "SHM_LOCKED", index, 0) &&
	       same(r, clock_model_nattch(r->model, index), seg->nattch, "nattch", index, 0) &&
	       same(r, clock_model_words(r->model, index, MODEL_RESIDENT), seg->rss,
		    "segment's rss", index, 0) &&
	       same(r, clock_model_words(r->model, index, MODEL_SWAPPED), seg->swp,
		    "segment's swp", index, 0);
}

static bool same_segs(struct run *r)
{
	bool ok = true;
	int index;

	for (index = 0; ok && index < MODEL_SEGS; index++) {
		struct sim_shmid *seg = xa_load(&r->l.m->shm_segs, index);

		ok = same(r, r->model->seg[index].used, !!seg, "existence of segment", index, 0);
		if (!seg || !ok)
			continue;
		mutex_lock(&seg->lock);
		ok = same_seg(r, index, seg);
		mutex_unlock(&seg->lock);
	}
	return ok;
}

static enum clock_model_pte kind_of_pte(sim_pte_t pte)
{
	if (sim_pte_none(pte))
		return MODEL_NONE;
	if (sim_pte_is_shm(pte))
		return MODEL_SIGNATURE;
	return sim_pte_young(pte) ? MODEL_YOUNG : MODEL_OLD;
}

/* The PTE of a page that a process has attached. */
static bool same_pte(struct run *r, int proc, u32 page, const struct clock_model_attach *a,
		     sim_pte_t pte)
{
	enum clock_model_pte kind = a->pte[page - a->start];
	u32 idx = a->pgoff + page - a->start;
	struct sim_shmid *seg = xa_load(&r->l.m->shm_segs, a->seg);
	sim_pte_t word;

	if (!same(r, kind, kind_of_pte(pte), "kind of PTE", proc, page))
		return false;
	if (kind == MODEL_SIGNATURE)
		return same(r, a->seg, sim_pte_shm_id(pte), "id in signature", proc, page) &&
		       same(r, idx, sim_pte_shm_idx(pte), "idx in signature", proc, page);
	if (kind == MODEL_NONE)
		return true;
	mutex_lock(&seg->lock);
	word = word_at(seg, idx);
	mutex_unlock(&seg->lock);
	return same(r, sim_pte_pfn(word), sim_pte_pfn(pte), "frame of PTE", proc, page) &&
	       same(r, !a->readonly, sim_pte_write(pte), "PTE is writable", proc, page);
}

/* What a process has at each page; as clock_model_at() would say, but at once. */
static void map_out(struct run *r, int proc, const struct clock_model_attach **at)
{
	u32 i, page;

	memset(at, 0, MODEL_TASK * sizeof(*at));
	for (i = 0; i < MODEL_ATTACHES; i++) {
		const struct clock_model_attach *a = &r->model->attach[i];

		for (page = 0; a->used && a->proc == proc && page < a->len; page++)
			at[a->start + page] = a;
	}
}

static bool same_ptes(struct run *r, int proc)
{
	const struct clock_model_attach *at[MODEL_TASK];
	u32 page;

	map_out(r, proc, at);
	for (page = 0; page < MODEL_TASK; page++) {
		sim_pte_t *ptep = sim_pte_offset(r->mm[proc], address_of(page));
		sim_pte_t pte = ptep ? sim_ptep_get(ptep) : SIM_PTE_NONE;

		if (at[page] && !same_pte(r, proc, page, at[page], pte))
			return false;
		if (!at[page] && !same(r, 0, pte.pte, "PTE outside of attaches", proc, page))
			return false;
	}
	return true;
}

static bool same_process(struct run *r, int proc)
{
	const struct clock_model_proc *model = &r->model->proc[proc];
	struct sim_mm *mm = r->mm[proc];

	return same(r, clock_model_proc_rss(r->model, proc), atomic_long_read(&mm->rss),
		    "process's rss", proc, 0) &&
	       same(r, model->min_flt, atomic64_read(&mm->min_flt), "min_flt", proc, 0) &&
	       same(r, model->maj_flt, atomic64_read(&mm->maj_flt), "maj_flt", proc, 0) &&
	       same_ptes(r, proc);
}

static bool same_state(struct run *r)
{
	int proc;

	if (!same(r, r->l.expected, r->l.ret, "result", 0, 0) || !same_clock(r) ||
	    !same_totals(r) || !same_areas(r) || !same_segs(r))
		return false;
	for (proc = 0; proc < MODEL_PROCS; proc++) {
		if (r->model->proc[proc].used && !same_process(r, proc))
			return false;
	}
	return true;
}

/* ------------------------------------------------------------- operations */

/* A random process, or -1. */
static int pick_proc(struct run *r, bool used)
{
	u32 first = below(r, MODEL_PROCS);
	u32 i;

	for (i = 0; i < MODEL_PROCS; i++) {
		int proc = (first + i) % MODEL_PROCS;

		if (r->model->proc[proc].used == used)
			return proc;
	}
	return -1;
}

/* The identifier of a random segment, now and then of one that is gone. */
static int pick_id(struct run *r)
{
	return r->model->seg[below(r, MODEL_SEGS)].id;
}

/* A page that is likely to be attached. */
static u32 pick_page(struct run *r, int proc)
{
	u32 page = below(r, MODEL_TASK);
	u32 i;

	for (i = 0; i < 4 && !clock_model_at(r->model, proc, page); i++)
		page = below(r, MODEL_TASK);
	return page;
}

/* Some pages in a row, in one batch that ends with the first failure. */
static void step_touch(struct run *r, int proc)
{
	u64 access[MAX_TOUCH];
	struct shmswap_touch touch = {};
	struct clock_model_word *word;
	u32 page = pick_page(r, proc);
	u32 nr = 1 + below(r, MAX_TOUCH);
	bool write = below(r, 2);
	u32 i;

	describe(r, "process %d touches %u pages at %u, write %d", proc, nr, page, write);
	for (i = 0; i < nr; i++)
		access[i] = address_of(page + i) | (write ? SHMSWAP_TOUCH_WRITE : 0);
	r->l.ret = sim_touch(r->mm[proc], access, nr, &touch);
	for (i = 0; !r->l.expected && i < nr; i++)
		r->l.expected = clock_model_access(r->model, proc, page + i, write, &word);
	same(r, r->l.expected ? i - 1 : i, touch.out_done, "pages touched", proc, page);
}

/* A load sees what was stored last, by whichever process, swapped or not. */
static void step_load(struct run *r, int proc)
{
	u32 page = pick_page(r, proc);
	struct clock_model_word *word;
	u64 value = 0;
	ssize_t ret;

	describe(r, "process %d loads from page %u", proc, page);
	ret = sim_test_load(r->mm[proc], address_of(page) + VALUE_OFFSET, &value, sizeof(value));
	r->l.ret = ret == sizeof(value) ? 0 : ret;
	r->l.expected = clock_model_access(r->model, proc, page, false, &word);
	if (!r->l.expected && !r->l.ret)
		same(r, word->value, value, "value", proc, page);
}

static void step_store(struct run *r, int proc)
{
	u32 page = pick_page(r, proc);
	u64 value = (u64)r->l.step << 32 | page;
	struct clock_model_word *word;
	ssize_t ret;

	describe(r, "process %d stores to page %u", proc, page);
	ret = sim_test_store(r->mm[proc], address_of(page) + VALUE_OFFSET, &value, sizeof(value));
	r->l.ret = ret == sizeof(value) ? 0 : ret;
	r->l.expected = clock_model_access(r->model, proc, page, true, &word);
	if (!r->l.expected)
		word->value = value;
}

static void step_shmget(struct run *r, int proc)
{
	struct shmswap_shmget arg = { .shmflg = IPC_CREAT | 0600 };
	u32 npages = 1 + below(r, MODEL_PAGES);

	arg.segsz = npages * PAGE_SIZE - below(r, PAGE_SIZE);
	describe(r, "shmget of %u pages", npages);
	r->l.ret = sim_shmget(r->l.m, &arg) ?: arg.out_shmid;
	r->l.expected = clock_model_shmget(r->model, npages);
}

static void step_rmid(struct run *r, int proc)
{
	int id = pick_id(r);

	describe(r, "removal of segment %d", id);
	r->l.ret = sim_test_shmctl(r->l.m, id, IPC_RMID);
	r->l.expected = clock_model_rmid(r->model, id);
}

static void step_lock(struct run *r, int proc)
{
	int id = pick_id(r);
	bool locked = !below(r, 3);

	describe(r, "segment %d is locked %d", id, locked);
	r->l.ret = sim_test_shmctl(r->l.m, id, locked ? SHM_LOCK : SHM_UNLOCK);
	r->l.expected = clock_model_lock(r->model, id, locked);
}

static void step_shmat(struct run *r, int proc)
{
	int id = pick_id(r);
	u32 page = below(r, MODEL_TASK - MODEL_PAGES);
	bool readonly = !below(r, 4);
	bool remap = !below(r, 3);
	struct shmswap_shmat arg = {
		.shmid = id,
		.addr = address_of(page),
		.shmflg = (readonly ? SHM_RDONLY : 0) | (remap ? SHM_REMAP : 0),
	};

	if (!clock_model_has_room(r->model))
		return;
	describe(r, "process %d attaches %d at %u, read-only %d, remap %d", proc, id, page,
		 readonly, remap);
	r->l.ret = sim_shmat(r->mm[proc], &arg);
	r->l.expected = clock_model_shmat(r->model, proc, id, page, readonly, remap);
}

static void step_shmdt(struct run *r, int proc)
{
	u32 page = pick_page(r, proc);
	const struct clock_model_attach *a = clock_model_at(r->model, proc, page);

	if (a && a->start >= a->pgoff)
		page = a->start - a->pgoff;
	describe(r, "process %d detaches what began at %u", proc, page);
	r->l.ret = sim_shmdt(r->mm[proc], address_of(page));
	r->l.expected = clock_model_shmdt(r->model, proc, page);
}

static void step_process(struct run *r, int proc)
{
	int new = pick_proc(r, false);

	if (new < 0)
		return;
	describe(r, "new process %d", new);
	r->mm[new] = sim_test_process(r->l.test, r->l.m);
	clock_model_process(r->model, new);
}

static void step_fork(struct run *r, int proc)
{
	int child = pick_proc(r, false);

	if (child < 0 || !clock_model_has_room(r->model))
		return;
	describe(r, "process %d forks %d", proc, child);
	r->mm[child] = sim_test_fork(r->l.test, r->mm[proc]);
	clock_model_fork(r->model, proc, child);
}

static void step_exit(struct run *r, int proc)
{
	describe(r, "process %d exits", proc);
	sim_test_process_exit(r->l.test, r->mm[proc]);
	clock_model_exit(r->model, proc);
}

static void step_shm_swap(struct run *r, int proc)
{
	int prio = min(below(r, SHMSWAP_MAX_LEVEL + 1), below(r, SHMSWAP_MAX_LEVEL + 1));

	describe(r, "shm_swap at prio %d", prio);
	r->l.ret = sim_test_shm_swap(r->l.m, prio);
	r->l.expected = clock_model_shm_swap(r->model, prio);
}

static void step_try_to_free_page(struct run *r, int proc)
{
	int stop = below(r, SHMSWAP_MAX_LEVEL + 1);

	describe(r, "try_to_free_page down to %d", stop);
	r->l.ret = sim_test_try_to_free_page(r->l.m, stop);
	r->l.expected = clock_model_try_to_free_page(r->model, stop);
}

/* The next I/O fails, in whichever area it is. */
static void step_fail(struct run *r, int proc)
{
	bool write = below(r, 2);
	u32 i;

	describe(r, "the next %s fails", write ? "write" : "read");
	for (i = 0; i < r->nr_areas; i++) {
		struct sim_test_fault *fault = write ? &r->swap[i]->fail_write :
						       &r->swap[i]->fail_read;

		fault->count = 1;
	}
	if (write)
		r->model->fail_write = true;
	else
		r->model->fail_read = true;
}

/* Once one area has failed the others do not. */
static void share_failures(struct sim_test_swap *swap, u32 slot)
{
	struct run *r = swap->data;
	u32 i;

	for (i = 0; i < r->nr_areas; i++) {
		r->swap[i]->fail_write.count = swap->fail_write.count;
		r->swap[i]->fail_read.count = swap->fail_read.count;
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
	{ 300, step_touch },
	{ 250, step_load },
	{ 250, step_store },
	{ 200, step_shm_swap },
	{ 40, step_try_to_free_page },
	{ 40, step_shmget },
	{ 8, step_rmid },
	{ 30, step_lock },
	{ 80, step_shmat },
	{ 20, step_shmdt },
	{ 10, step_process },
	{ 12, step_fork },
	{ 6, step_exit },
	{ 4, step_fail },
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

static void add_areas(struct run *r, const struct run_case *c)
{
	struct kunit *test = r->l.test;
	struct sim_machine *m = r->l.m;
	u32 i;

	for (i = 0; i < MODEL_AREAS && c->slots[i]; i++) {
		struct sim_test_swap *swap;

		if (c->like_ram >> i & 1)
			swap = sim_test_synchronous_area(test, m, c->slots[i], c->prio[i]);
		else
			swap = sim_test_swap_area(test, m, c->slots[i], c->prio[i]);
		swap->data = r;
		swap->on_read = share_failures;
		swap->on_write = share_failures;
		r->swap[r->nr_areas++] = swap;
		clock_model_swapon(r->model, c->slots[i], c->prio[i]);
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
		.shmmni = MODEL_SEGS,
	});
	/* Linux 2.0 read nothing ahead. */
	r->l.m->page_cluster = 0;
	clock_model_init(r->model, c->nr_frames, r->l.m->freepages.min);
	add_areas(r, c);
	r->l.seed = c->seed;
	prandom_seed_state(&r->l.rnd, c->seed);
	return r;
}

/*
 * Every word with its slot, every PTE, every count of a frame or slot, both
 * hands and all counters, after every step.
 */
static void model_in_lock_step(struct kunit *test)
{
	const struct run_case *c = test->param_value;
	struct run *r = start_run(test, c);

	for (r->l.step = 0; r->l.step < c->steps; r->l.step++) {
		random_step(r);
		if (!same_state(r))
			return;
		if (r->l.step % 500 == 0)
			sim_test_check(test, r->l.m);
	}
	kunit_info(test, "%llu attempts, %llu successes, %llu stalls, %llu reads",
		   r->model->attempts, r->model->successes, r->model->stalls, r->model->reads);
}

/* The model itself, by the worked example: eight young pages, prio 0. */
static void model_of_worked_example(struct kunit *test)
{
	static const u32 attempts[] = { 9, 10, 11, 12, 13, 14, 15, 16, 17, 17 };
	struct clock_model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	struct clock_model_word *word;
	u32 i;
	int id;

	KUNIT_ASSERT_NOT_NULL(test, m);
	clock_model_init(m, 64, 4);
	clock_model_swapon(m, 8, 0);
	clock_model_process(m, 0);
	id = clock_model_shmget(m, 8);
	clock_model_shmat(m, 0, id, 0, false, false);
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, 0, clock_model_access(m, 0, i, false, &word));
	for (i = 0; i < ARRAY_SIZE(attempts); i++) {
		KUNIT_EXPECT_EQ(test, i > 0 && i < 9, clock_model_shm_swap(m, 0));
		KUNIT_EXPECT_EQ(test, (u64)attempts[i], m->attempts);
	}
	KUNIT_EXPECT_EQ(test, 8ULL, m->successes);
	KUNIT_EXPECT_EQ(test, 1, m->swap_idx);
	KUNIT_EXPECT_EQ(test, 8, clock_model_swp(m));
}

static struct kunit_case clock_model_cases[] = {
	KUNIT_CASE(model_of_worked_example),
	KUNIT_CASE_PARAM(model_in_lock_step, run_gen_params),
	{}
};

static struct kunit_suite clock_model_suite = {
	.name = "shmswap_clock_model",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = clock_model_cases,
};

kunit_test_suite(clock_model_suite);
