// SPDX-License-Identifier: GPL-2.0
/*
 * Machines: what they may be made of, their settings and counters, who pays,
 * and who may control them.
 */
#include <linux/capability.h>
#include <linux/err.h>

#include "kunit_regions.h"
#include "kunit_users.h"

/* ----------------------------------------------------------- configuration */

static const struct config_row {
	const char *name;
	struct sim_config config;
	int err;
} config_rows[] = {
	{ "smallest", { .nr_frames = SHMSWAP_MIN_FRAMES }, 0 },
	{ "one frame less", { .nr_frames = SHMSWAP_MIN_FRAMES - 1 }, -EINVAL },
	{ "odd", { .nr_frames = 1001, .ram_swap = 1 }, 0 },
	{ "one frame too many", { .nr_frames = SHMSWAP_MAX_FRAMES + 1 }, -EINVAL },
	{ "endless frames", { .nr_frames = U32_MAX }, -EINVAL },
	{ "too much swap", { .nr_frames = 16, .ram_swap = SHMSWAP_MAX_SLOTS }, -EINVAL },
	{ "endless swap", { .nr_frames = 16, .ram_swap = U32_MAX }, -EINVAL },
	{ "as many segments as there can be", { .nr_frames = 16,
						.shmmni = SHMSWAP_MAX_SEGMENTS }, 0 },
	{ "one segment too many", { .nr_frames = 16, .shmmni = SHMSWAP_MAX_SEGMENTS + 1 },
	  -EINVAL },
	{ "all flags", { .nr_frames = 16,
			 .flags = SHMSWAP_MACHINE_KSWAPD | SHMSWAP_MACHINE_RMID_FORCED |
				  SHMSWAP_MACHINE_SHM_PROCESS }, 0 },
	{ "unknown flag", { .nr_frames = 16, .flags = 8 }, -EINVAL },
	{ "unlimited size", { .nr_frames = 16, .shmmax = U64_MAX, .shmall = U64_MAX }, 0 },
};

static void create_with(struct kunit *test)
{
	const struct config_row *row = test->param_value;
	struct sim_machine *m;

	if (row->err) {
		m = sim_machine_create(&row->config);
		KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(row->err), m);
		if (!IS_ERR(m))
			sim_machine_put(m);
		return;
	}
	m = sim_test_machine_config(test, &row->config);
	KUNIT_EXPECT_EQ(test, row->config.nr_frames, m->nr_frames);
	KUNIT_EXPECT_EQ(test, row->config.nr_frames, m->nr_free_pages);
	KUNIT_EXPECT_EQ(test, row->config.ram_swap, m->nr_swap_pages);
	KUNIT_EXPECT_EQ(test, row->config.flags, m->flags);
}

KUNIT_ARRAY_PARAM_DESC(config, config_rows, name);

static void create_with_largest_memory(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = SHMSWAP_MAX_FRAMES,
	});

	KUNIT_EXPECT_EQ(test, SHMSWAP_MAX_FRAMES, m->nr_free_pages);
}

static void create_fills_in_defaults(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine_config(test, &(const struct sim_config) {});

	KUNIT_EXPECT_EQ(test, 1024, m->nr_frames);
	KUNIT_EXPECT_EQ(test, 4096, m->shmmni);
	KUNIT_EXPECT_EQ(test, SHMSWAP_MAX_SEGSZ, m->shmmax);
	KUNIT_EXPECT_EQ(test, U64_MAX, m->shmall);
	KUNIT_EXPECT_EQ(test, 0, m->nr_swap_pages);
	KUNIT_EXPECT_TRUE(test, list_empty(&m->swap_list));
	KUNIT_EXPECT_EQ(test, (1024 + 1024 / 4) * PAGE_SIZE, m->max_table_bytes);
	KUNIT_EXPECT_EQ(test, 20, m->swap_control.max_page_age);
	KUNIT_EXPECT_EQ(test, 3, m->swap_control.page_advance);
	KUNIT_EXPECT_EQ(test, 1, m->swap_control.page_decline);
	KUNIT_EXPECT_EQ(test, 3, m->swap_control.page_initial_age);
	KUNIT_EXPECT_EQ(test, 32, m->swap_control.age_cluster_fract);
	KUNIT_EXPECT_EQ(test, 4, m->swap_control.age_cluster_min);
	KUNIT_EXPECT_EQ(test, 8192, m->swap_control.pageout_weight);
	KUNIT_EXPECT_EQ(test, 250, m->kswapd.interval);
	KUNIT_EXPECT_EQ(test, 4, m->kswapd.maxpages);
	KUNIT_EXPECT_FALSE(test, m->is_default);
}

/* As Linux 2.4: less on a machine of less than 16 MB. */
static void read_ahead_is_shorter_on_small_machines(struct kunit *test)
{
	const u32 frames = (16 << 20) / PAGE_SIZE;
	struct sim_machine *m;

	m = sim_test_machine_config(test, &(const struct sim_config) { .nr_frames = frames - 1 });
	KUNIT_EXPECT_EQ(test, 2, m->page_cluster);
	m = sim_test_machine_config(test, &(const struct sim_config) { .nr_frames = frames });
	KUNIT_EXPECT_EQ(test, 3, m->page_cluster);
}

static void table_limit_grows_with_memory_and_swap(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = 64,
		.ram_swap = 200,
	});

	KUNIT_EXPECT_EQ(test, (1024 + (64 + 200) / 4) * PAGE_SIZE, m->max_table_bytes);
}

/* The maker's reference is dropped first: the process keeps the machine. */
static void machine_lives_as_long_as_its_processes(struct kunit *test)
{
	struct sim_machine *m = sim_machine_create(&(const struct sim_config) {
		.nr_frames = SIM_TEST_FRAMES,
	});
	struct sim_mm *mm, *child;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, m);
	mm = sim_mm_create(m);
	sim_machine_put(m);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mm);
	sim_test_touch_pages(test, mm, sim_test_attach(test, mm, sim_test_segment(test, m, 2)), 2);
	child = sim_mm_fork(mm);
	sim_mm_exit(mm);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, child);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&m->nr_mms));
	sim_mm_exit(child);
}

/* ---------------------------------------------------------------- settings */

#define ALL_GROUPS	(SHMSWAP_CONTROL_FLAGS | SHMSWAP_CONTROL_FREEPAGES |		\
			 SHMSWAP_CONTROL_KSWAPD | SHMSWAP_CONTROL_SWAPCTL |		\
			 SHMSWAP_CONTROL_LIMITS | SHMSWAP_CONTROL_SCAN |		\
			 SHMSWAP_CONTROL_PAGE_CLUSTER)

/* Good settings of all groups, and none is the default. */
static const struct shmswap_control good = {
	.set = ALL_GROUPS,
	.flags = SHMSWAP_MACHINE_RMID_FORCED,
	.freepages_min = 5,
	.freepages_low = 6,
	.freepages_high = 7,
	.kswapd_interval = 60000,
	.kswapd_maxpages = 65536,
	.max_page_age = 255,
	.page_advance = 255,
	.page_decline = 254,
	.page_initial_age = 253,
	.shmmni = SHMSWAP_MAX_SEGMENTS,
	.shmmax = 123456,
	.shmall = 789,
	.age_cluster_fract = 1024,
	.age_cluster_min = 65536,
	.pageout_weight = 65535,
	.page_cluster = 5,
};

static void expect_control(struct kunit *test, const struct shmswap_control *expected,
			   const struct shmswap_control *found)
{
	const size_t from = offsetof(struct shmswap_control, flags);

	KUNIT_EXPECT_MEMEQ(test, (const u8 *)expected + from, (const u8 *)found + from,
			   sizeof(*expected) - from);
}

static void control_sets_and_reads(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct shmswap_control c = good;

	KUNIT_EXPECT_EQ(test, 0, sim_machine_control(m, &c));
	expect_control(test, &good, &c);
	c = (struct shmswap_control) {};
	KUNIT_EXPECT_EQ(test, 0, sim_machine_control(m, &c));
	expect_control(test, &good, &c);
}

/* Only the groups that @set names; for the others any value will do. */
static void control_of_no_group_only_reads(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct shmswap_control c, before = {};

	KUNIT_ASSERT_EQ(test, 0, sim_machine_control(m, &before));
	KUNIT_EXPECT_EQ(test, 4, before.freepages_min);
	KUNIT_EXPECT_EQ(test, 6, before.freepages_low);
	KUNIT_EXPECT_EQ(test, 8, before.freepages_high);
	memset(&c, 0xff, sizeof(c));
	c.set = 0;
	c.reserved = 0;
	KUNIT_EXPECT_EQ(test, 0, sim_machine_control(m, &c));
	expect_control(test, &before, &c);
}

/**
 * struct control_row - settings of which one is at or over the edge
 * @name: which
 * @set: its group
 * @field: where it is in struct shmswap_control
 * @value: what it is
 * @err: what comes of it
 */
static const struct control_row {
	const char *name;
	u32 set;
	size_t field;
	u32 value;
	int err;
} control_rows[] = {
#define ROW(group, member, v, e)							\
	{ #member " " #v, SHMSWAP_CONTROL_##group,					\
	  offsetof(struct shmswap_control, member), v, e }
	ROW(FLAGS, set, 1 << 7, -EINVAL),
	ROW(FLAGS, set, 1 << 31, -EINVAL),
	ROW(FLAGS, reserved, 1, -EINVAL),
	ROW(FLAGS, flags, 0, 0),
	ROW(FLAGS, flags, SHMSWAP_MACHINE_SHM_PROCESS, -EINVAL),
	ROW(FLAGS, flags, 8, -EINVAL),
	ROW(FREEPAGES, freepages_min, 0, 0),
	ROW(FREEPAGES, freepages_min, 6, 0),
	ROW(FREEPAGES, freepages_min, 7, -EINVAL),
	ROW(FREEPAGES, freepages_low, 4, -EINVAL),
	ROW(FREEPAGES, freepages_low, 8, -EINVAL),
	ROW(FREEPAGES, freepages_high, 5, -EINVAL),
	ROW(FREEPAGES, freepages_high, SIM_TEST_FRAMES - 1, 0),
	ROW(FREEPAGES, freepages_high, SIM_TEST_FRAMES, -EINVAL),
	ROW(KSWAPD, kswapd_interval, 0, -EINVAL),
	ROW(KSWAPD, kswapd_interval, 1, 0),
	ROW(KSWAPD, kswapd_interval, 60001, -EINVAL),
	ROW(KSWAPD, kswapd_maxpages, 0, -EINVAL),
	ROW(KSWAPD, kswapd_maxpages, 1, 0),
	ROW(KSWAPD, kswapd_maxpages, 65537, -EINVAL),
	ROW(SWAPCTL, max_page_age, 0, -EINVAL),
	ROW(SWAPCTL, max_page_age, 254, -EINVAL),
	ROW(SWAPCTL, max_page_age, 256, -EINVAL),
	ROW(SWAPCTL, page_advance, 0, -EINVAL),
	ROW(SWAPCTL, page_advance, 1, 0),
	ROW(SWAPCTL, page_advance, 256, -EINVAL),
	ROW(SWAPCTL, page_decline, 0, -EINVAL),
	ROW(SWAPCTL, page_decline, 1, 0),
	ROW(SWAPCTL, page_decline, 256, -EINVAL),
	ROW(SWAPCTL, page_initial_age, 0, 0),
	ROW(SWAPCTL, page_initial_age, 256, -EINVAL),
	ROW(LIMITS, shmmni, 0, -EINVAL),
	ROW(LIMITS, shmmni, 1, 0),
	ROW(LIMITS, shmmni, SHMSWAP_MAX_SEGMENTS + 1, -EINVAL),
	ROW(SCAN, age_cluster_fract, 0, -EINVAL),
	ROW(SCAN, age_cluster_fract, 1, 0),
	ROW(SCAN, age_cluster_fract, 1025, -EINVAL),
	ROW(SCAN, age_cluster_min, 0, -EINVAL),
	ROW(SCAN, age_cluster_min, 1, 0),
	ROW(SCAN, age_cluster_min, 65537, -EINVAL),
	ROW(SCAN, pageout_weight, 0, -EINVAL),
	ROW(SCAN, pageout_weight, 1, 0),
	ROW(SCAN, pageout_weight, 65536, 0),
	ROW(SCAN, pageout_weight, 65537, -EINVAL),
	ROW(PAGE_CLUSTER, page_cluster, 0, 0),
	ROW(PAGE_CLUSTER, page_cluster, 6, -EINVAL),
#undef ROW
};

/* Its group alone; if that fails nothing was changed. */
static void control_with(struct kunit *test)
{
	const struct control_row *row = test->param_value;
	struct sim_machine *m = sim_test_machine(test);
	struct shmswap_control c = good, before = {}, after = {};

	KUNIT_ASSERT_EQ(test, 0, sim_machine_control(m, &before));
	c.set = row->set;
	*(u32 *)((u8 *)&c + row->field) = row->value;
	KUNIT_EXPECT_EQ(test, row->err, sim_machine_control(m, &c));
	KUNIT_ASSERT_EQ(test, 0, sim_machine_control(m, &after));
	if (row->err)
		expect_control(test, &before, &after);
	else
		KUNIT_EXPECT_EQ(test, row->value, *(u32 *)((u8 *)&after + row->field));
}

KUNIT_ARRAY_PARAM_DESC(control, control_rows, name);

static const u32 groups[] = {
	SHMSWAP_CONTROL_FLAGS, SHMSWAP_CONTROL_FREEPAGES, SHMSWAP_CONTROL_KSWAPD,
	SHMSWAP_CONTROL_SWAPCTL, SHMSWAP_CONTROL_LIMITS, SHMSWAP_CONTROL_SCAN,
	SHMSWAP_CONTROL_PAGE_CLUSTER,
};

/* Where each group begins and ends. */
static u32 group_of(size_t offset)
{
	if (offset < offsetof(struct shmswap_control, freepages_min))
		return SHMSWAP_CONTROL_FLAGS;
	if (offset < offsetof(struct shmswap_control, kswapd_interval))
		return SHMSWAP_CONTROL_FREEPAGES;
	if (offset < offsetof(struct shmswap_control, max_page_age))
		return SHMSWAP_CONTROL_KSWAPD;
	if (offset < offsetof(struct shmswap_control, shmmni))
		return SHMSWAP_CONTROL_SWAPCTL;
	if (offset < offsetof(struct shmswap_control, age_cluster_fract))
		return SHMSWAP_CONTROL_LIMITS;
	if (offset < offsetof(struct shmswap_control, page_cluster))
		return SHMSWAP_CONTROL_SCAN;
	return SHMSWAP_CONTROL_PAGE_CLUSTER;
}

static void control_changes_only_its_group(struct kunit *test)
{
	struct shmswap_control before = {}, after = {}, expected = {}, c;
	struct sim_machine *m;
	size_t i, offset;

	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		m = sim_test_machine(test);
		KUNIT_ASSERT_EQ(test, 0, sim_machine_control(m, &before));
		c = good;
		c.set = groups[i];
		KUNIT_EXPECT_EQ(test, 0, sim_machine_control(m, &c));
		KUNIT_ASSERT_EQ(test, 0, sim_machine_control(m, &after));
		for (offset = offsetof(struct shmswap_control, flags);
		     offset < sizeof(expected); offset += sizeof(u32))
			*(u32 *)((u8 *)&expected + offset) =
				*(u32 *)((u8 *)(group_of(offset) == groups[i] ? &good : &before) +
					 offset);
		expect_control(test, &expected, &after);
	}
}

static void control_by_others(struct kunit *test)
{
	struct cred *user = sim_test_user(test, 1000, 1000);
	struct sim_machine *m = sim_test_machine(test);
	struct shmswap_control c = {}, before = {};

	KUNIT_ASSERT_EQ(test, 0, sim_machine_control(m, &before));
	KUNIT_EXPECT_EQ(test, 0, SIM_TEST_AS(user, sim_machine_control(m, &c)));
	expect_control(test, &before, &c);
	c = good;
	KUNIT_EXPECT_EQ(test, -EPERM, SIM_TEST_AS(user, sim_machine_control(m, &c)));
	c = (struct shmswap_control) {};
	KUNIT_ASSERT_EQ(test, 0, sim_machine_control(m, &c));
	expect_control(test, &before, &c);
}

static void limits_spare_existing_segments(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct shmswap_shmget get = { .segsz = PAGE_SIZE, .shmflg = 0600 };
	struct shmswap_control c = good;
	s32 id = sim_test_segment(test, m, 100);

	c.set = SHMSWAP_CONTROL_LIMITS;
	c.shmmax = PAGE_SIZE;
	c.shmall = 1;
	KUNIT_EXPECT_EQ(test, 0, sim_machine_control(m, &c));
	KUNIT_EXPECT_EQ(test, 0, sim_test_shmctl(m, id, IPC_STAT));
	KUNIT_EXPECT_EQ(test, -ENOSPC, sim_shmget(m, &get));
	KUNIT_EXPECT_EQ(test, 0, sim_test_shmctl(m, id, IPC_RMID));
	KUNIT_EXPECT_EQ(test, 0, sim_shmget(m, &get));
}

/* ---------------------------------------------------------------- counters */

static const struct event_row {
	enum sim_event event;
	size_t field;
} event_rows[] = {
	{ SIM_SWAP_ATTEMPTS, offsetof(struct shmswap_stat, swap_attempts) },
	{ SIM_SWAP_SUCCESSES, offsetof(struct shmswap_stat, swap_successes) },
	{ SIM_PGALLOC, offsetof(struct shmswap_stat, pgalloc) },
	{ SIM_PGFREE, offsetof(struct shmswap_stat, pgfree) },
	{ SIM_PGFAULT, offsetof(struct shmswap_stat, pgfault) },
	{ SIM_PGMAJFAULT, offsetof(struct shmswap_stat, pgmajfault) },
	{ SIM_PGZERO, offsetof(struct shmswap_stat, pgzero) },
	{ SIM_PSWPIN, offsetof(struct shmswap_stat, pswpin) },
	{ SIM_PSWPOUT, offsetof(struct shmswap_stat, pswpout) },
	{ SIM_SWAP_READ_ERRORS, offsetof(struct shmswap_stat, swap_read_errors) },
	{ SIM_SWAP_WRITE_ERRORS, offsetof(struct shmswap_stat, swap_write_errors) },
	{ SIM_PGUNMAP, offsetof(struct shmswap_stat, pgunmap) },
	{ SIM_PGAGED, offsetof(struct shmswap_stat, pgaged) },
	{ SIM_TLB_FLUSH_PAGE, offsetof(struct shmswap_stat, tlb_flush_page) },
	{ SIM_TLB_FLUSH_RANGE, offsetof(struct shmswap_stat, tlb_flush_range) },
	{ SIM_KSWAPD_WAKE, offsetof(struct shmswap_stat, kswapd_wake) },
	{ SIM_KSWAPD_FREED, offsetof(struct shmswap_stat, kswapd_freed) },
	{ SIM_RECLAIM_STALL, offsetof(struct shmswap_stat, reclaim_stall) },
	{ SIM_TLB_FLUSH_MM, offsetof(struct shmswap_stat, tlb_flush_mm) },
	{ SIM_TLB_HIT, offsetof(struct shmswap_stat, tlb_hit) },
	{ SIM_TLB_MISS, offsetof(struct shmswap_stat, tlb_miss) },
	{ SIM_PGCOW, offsetof(struct shmswap_stat, pgcow) },
	{ SIM_PGSCAN, offsetof(struct shmswap_stat, pgscan) },
	{ SIM_PGSTEAL, offsetof(struct shmswap_stat, pgsteal) },
	{ SIM_PGDISCARD, offsetof(struct shmswap_stat, pgdiscard) },
	{ SIM_PGPGIN, offsetof(struct shmswap_stat, pgpgin) },
	{ SIM_PGPGOUT, offsetof(struct shmswap_stat, pgpgout) },
	{ SIM_FILE_READ_ERRORS, offsetof(struct shmswap_stat, file_read_errors) },
	{ SIM_FILE_WRITE_ERRORS, offsetof(struct shmswap_stat, file_write_errors) },
	{ SIM_SWAP_CACHE_ADD, offsetof(struct shmswap_stat, swap_cache_add) },
	{ SIM_SWAP_CACHE_DEL, offsetof(struct shmswap_stat, swap_cache_del) },
	{ SIM_SWAP_CACHE_FIND, offsetof(struct shmswap_stat, swap_cache_find) },
	{ SIM_SWAP_CACHE_HIT, offsetof(struct shmswap_stat, swap_cache_hit) },
	{ SIM_SWAP_RA, offsetof(struct shmswap_stat, swap_ra) },
};

static void stat_has_every_event(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct shmswap_stat st;
	int i;

	KUNIT_EXPECT_EQ(test, SIM_NR_EVENTS, ARRAY_SIZE(event_rows));
	for (i = 0; i < SIM_NR_EVENTS; i++)
		atomic64_set(&m->events[i], 1000 + i);
	sim_machine_stat(m, &st);
	for (i = 0; i < ARRAY_SIZE(event_rows); i++)
		KUNIT_EXPECT_EQ(test, 1000 + event_rows[i].event,
				*(u64 *)((u8 *)&st + event_rows[i].field));
}

/* A machine that takes segments' pages one way cannot begin to do so the other way. */
static void shm_process_is_for_life(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = SIM_TEST_FRAMES,
		.flags = SHMSWAP_MACHINE_SHM_PROCESS,
	});
	struct shmswap_control c = { .set = SHMSWAP_CONTROL_FLAGS };

	KUNIT_EXPECT_EQ(test, -EINVAL, sim_machine_control(m, &c));
	KUNIT_EXPECT_EQ(test, SHMSWAP_MACHINE_SHM_PROCESS, m->flags);
	c.flags = SHMSWAP_MACHINE_SHM_PROCESS | SHMSWAP_MACHINE_RMID_FORCED;
	KUNIT_EXPECT_EQ(test, 0, sim_machine_control(m, &c));
	KUNIT_EXPECT_EQ(test, c.flags, m->flags);
}

static void stat_of_caches_in_use(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	u64 text = sim_test_map_file(test, mm, sim_test_file(test, 5, 1), 5, MAP_PRIVATE);
	u64 anon = sim_test_map(test, mm, 3);
	struct shmswap_stat st;

	sim_test_touch_pages(test, mm, text, 5);
	sim_test_touch_pages(test, mm, anon, 3);
	sim_test_scan_out(test, mm, anon, 2);
	sim_machine_stat(m, &st);
	KUNIT_EXPECT_EQ(test, 5, st.nr_file_pages);
	KUNIT_EXPECT_EQ(test, 2, st.nr_swapcache);
	KUNIT_EXPECT_EQ(test, 5, st.pgpgin);
	KUNIT_EXPECT_EQ(test, 2, st.pgsteal);
	KUNIT_EXPECT_EQ(test, 2, st.swap_cache_add);
}

static void stat_of_machine_in_use(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	struct shmswap_stat st;

	sim_test_touch_pages(test, mm, sim_test_attach(test, mm, sim_test_segment(test, m, 9)), 6);
	sim_test_shm_swap(m, 0);
	sim_test_shm_swap(m, 0);
	sim_machine_stat(m, &st);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES - 5, st.nr_free_pages);
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS - 1, st.nr_swap_pages);
	KUNIT_EXPECT_EQ(test, 0, st.nr_swapcache);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->table_bytes), st.nr_table_bytes);
	KUNIT_EXPECT_GE(test, st.nr_table_bytes, 4 * PAGE_SIZE + 9 * sizeof(sim_pte_t));
	KUNIT_EXPECT_EQ(test, 9, st.shm_tot);
	KUNIT_EXPECT_EQ(test, 5, st.shm_rss);
	KUNIT_EXPECT_EQ(test, 1, st.shm_swp);
	KUNIT_EXPECT_EQ(test, 6, st.pgalloc);
	KUNIT_EXPECT_EQ(test, 1, st.pgfree);
	KUNIT_EXPECT_EQ(test, 1, st.pswpout);
	KUNIT_EXPECT_EQ(test, 1, st.pgunmap);
	KUNIT_EXPECT_EQ(test, 6, st.pgaged);
	KUNIT_EXPECT_EQ(test, 1, st.tlb_flush_page);
	KUNIT_EXPECT_EQ(test, 1, st.swap_successes);
}

/* ----------------------------------------------------------------- who pays */

/* The most that a user can still be charged. */
static unsigned long headroom(struct cred *user)
{
	unsigned long pages = 0, step, charged;

	for (step = 1UL << 40; step; step >>= 1) {
		if (SIM_TEST_AS(user, sim_user_pages_charge(pages + step, &charged)))
			continue;
		sim_user_pages_uncharge(charged);
		pages += step;
	}
	return pages;
}

static void charge_of_ordinary_user(struct kunit *test)
{
	struct cred *user = sim_test_user(test, 1000, 1000);
	unsigned long room = headroom(user);
	unsigned long all = 1, one = 1;

	KUNIT_EXPECT_EQ(test, 0, SIM_TEST_AS(user, sim_user_pages_charge(room, &all)));
	KUNIT_EXPECT_EQ(test, room, all);
	KUNIT_EXPECT_EQ(test, -ENOSPC, SIM_TEST_AS(user, sim_user_pages_charge(1, &one)));
	KUNIT_EXPECT_EQ(test, 0, one);
	sim_user_pages_uncharge(all);
	KUNIT_EXPECT_EQ(test, room, headroom(user));
}

static void charge_with_cap_sys_resource(struct kunit *test)
{
	struct cred *user = sim_test_user(test, 1000, 1000);
	unsigned long room = headroom(user);
	unsigned long charged = 1;

	sim_test_user_allow(user, CAP_SYS_RESOURCE);
	KUNIT_EXPECT_EQ(test, 0,
			SIM_TEST_AS(user, sim_user_pages_charge(2 * room + 1, &charged)));
	KUNIT_EXPECT_EQ(test, 0, charged);
}

static void machine_is_charged_until_it_ends(struct kunit *test)
{
	const struct sim_config config = { .nr_frames = 100, .ram_swap = 50, .max_tables = 30 };
	struct shmswap_swapon ram = { .flags = SHMSWAP_SWAPON_RAM, .fd = -1, .slots = 25 };
	struct cred *user = sim_test_user(test, 1000, 1000);
	unsigned long room = headroom(user);
	unsigned long left;
	struct sim_machine *m;

	m = SIM_TEST_AS(user, sim_machine_create(&config));
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, m);
	left = headroom(user);
	KUNIT_EXPECT_GE(test, room - left, 100 + 50 + 30);
	KUNIT_EXPECT_EQ(test, 0, SIM_TEST_AS(user, sim_swapon(m, &ram)));
	/* Its slots, and their counts. */
	KUNIT_EXPECT_EQ(test, left - 25 - 1, headroom(user));
	KUNIT_EXPECT_EQ(test, 0, sim_swapoff(m, ram.out_type));
	KUNIT_EXPECT_EQ(test, left, headroom(user));
	sim_machine_put(m);
	/* Nobody waits long for the teardown. */
	KUNIT_EXPECT_TRUE(test, sim_test_wait_for(headroom(user) == room));
}

static void machine_too_large_for_user(struct kunit *test)
{
	struct cred *user = sim_test_user(test, 1000, 1000);
	struct sim_config config = { .nr_frames = SHMSWAP_MIN_FRAMES };
	unsigned long room = headroom(user);
	struct sim_machine *m;

	config.max_tables = room;
	m = SIM_TEST_AS(user, sim_machine_create(&config));
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-ENOSPC), m);
	config.max_tables = 1;
	config.ram_swap = room;
	m = SIM_TEST_AS(user, sim_machine_create(&config));
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-ENOSPC), m);
	KUNIT_EXPECT_EQ(test, room, headroom(user));
}

/* ---------------------------------------------------------- who may control */

static const struct privileged_row {
	const char *name;
	bool is_default;
	u32 euid;
	int cap;
	bool privileged;
} privileged_rows[] = {
	{ "its owner", false, 1000, -1, true },
	{ "others", false, 1001, -1, false },
	{ "root without capabilities", false, 0, -1, false },
	{ "others with CAP_SYS_ADMIN", false, 1001, CAP_SYS_ADMIN, true },
	{ "others with CAP_SYS_RESOURCE", false, 1001, CAP_SYS_RESOURCE, false },
	{ "the default machine's owner", true, 1000, -1, false },
	{ "the default machine's, with CAP_SYS_ADMIN", true, 1000, CAP_SYS_ADMIN, true },
};

static void privileged_is(struct kunit *test)
{
	const struct privileged_row *row = test->param_value;
	const struct sim_config config = { .nr_frames = SIM_TEST_FRAMES };
	struct cred *owner = sim_test_user(test, 1, 1);
	struct cred *user = sim_test_user(test, 1, 1);
	struct sim_machine *m;

	owner->euid = KUIDT_INIT(1000);
	user->euid = KUIDT_INIT(row->euid);
	if (row->cap >= 0)
		sim_test_user_allow(user, row->cap);
	m = SIM_TEST_AS(owner, sim_machine_create(&config));
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, m);
	m->is_default = row->is_default;
	KUNIT_EXPECT_EQ(test, row->privileged, SIM_TEST_AS(user, sim_machine_privileged(m)));
	sim_machine_put(m);
}

KUNIT_ARRAY_PARAM_DESC(privileged, privileged_rows, name);

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(create_with, config_gen_params),
	KUNIT_CASE(create_with_largest_memory),
	KUNIT_CASE(create_fills_in_defaults),
	KUNIT_CASE(read_ahead_is_shorter_on_small_machines),
	KUNIT_CASE(table_limit_grows_with_memory_and_swap),
	KUNIT_CASE(machine_lives_as_long_as_its_processes),
	KUNIT_CASE(control_sets_and_reads),
	KUNIT_CASE(control_of_no_group_only_reads),
	KUNIT_CASE_PARAM(control_with, control_gen_params),
	KUNIT_CASE(control_changes_only_its_group),
	KUNIT_CASE(control_by_others),
	KUNIT_CASE(limits_spare_existing_segments),
	KUNIT_CASE(stat_has_every_event),
	KUNIT_CASE(shm_process_is_for_life),
	KUNIT_CASE(stat_of_caches_in_use),
	KUNIT_CASE(stat_of_machine_in_use),
	KUNIT_CASE(charge_of_ordinary_user),
	KUNIT_CASE(charge_with_cap_sys_resource),
	KUNIT_CASE(machine_is_charged_until_it_ends),
	KUNIT_CASE(machine_too_large_for_user),
	KUNIT_CASE_PARAM(privileged_is, privileged_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_machine",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
