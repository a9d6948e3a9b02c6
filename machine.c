// SPDX-License-Identifier: GPL-2.0
/*
 * Machines: creation, teardown, settings and counters.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/memcontrol.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "sim.h"

#define DEFAULT_FRAMES	1024
#define DEFAULT_SHMMNI	4096	/* SHMMNI of today's kernels */

/*
 * What a machine is charged beside its frames and tables, in pages: mostly for
 * its thread, which no limit of the user counts.
 */
#define MACHINE_PAGES	256

/* How long who cannot be killed waits for a machine's teardown. */
#define BRIEF_WAIT	HZ

/* For teardowns, and for what must be done though its caller was killed. */
struct workqueue_struct *sim_workqueue;
/* For reads that a fault waits for: those must not wait for the others. */
struct workqueue_struct *sim_read_workqueue;
static unsigned long user_pages_limit;
static atomic_long_t user_pages;
static atomic_t next_number;

/**
 * sim_user_pages_charge() - count memory that an ordinary user's machine may use
 * @pages: how much
 * @charged: what to give back later; 0 if the caller has CAP_SYS_RESOURCE
 *
 * Context: any.
 * Return: 0; -ENOSPC if all such machines together would exceed user_pages.
 */
int sim_user_pages_charge(unsigned long pages, unsigned long *charged)
{
	*charged = 0;
	if (capable(CAP_SYS_RESOURCE))
		return 0;
	if (atomic_long_add_return(pages, &user_pages) > user_pages_limit) {
		atomic_long_sub(pages, &user_pages);
		return -ENOSPC;
	}
	*charged = pages;
	return 0;
}

/**
 * sim_user_pages_uncharge() - give a charge back
 * @charged: what sim_user_pages_charge() said
 *
 * Context: any.
 */
void sim_user_pages_uncharge(unsigned long charged)
{
	atomic_long_sub(charged, &user_pages);
}

/* Fill in the defaults; -EINVAL if a value is out of range. */
static int config_check(struct sim_config *c)
{
	if (c->flags & ~(SHMSWAP_MACHINE_KSWAPD | SHMSWAP_MACHINE_RMID_FORCED |
			 SHMSWAP_MACHINE_SHM_PROCESS))
		return -EINVAL;
	c->nr_frames = c->nr_frames ?: DEFAULT_FRAMES;
	c->shmmni = c->shmmni ?: DEFAULT_SHMMNI;
	c->shmmax = c->shmmax ?: SHMSWAP_MAX_SEGSZ;
	c->shmall = c->shmall ?: U64_MAX;
	if (c->nr_frames < SHMSWAP_MIN_FRAMES || c->nr_frames > SHMSWAP_MAX_FRAMES ||
	    c->ram_swap >= SHMSWAP_MAX_SLOTS || c->shmmni > SHMSWAP_MAX_SEGMENTS)
		return -EINVAL;
	if (!c->max_tables)
		c->max_tables = 1024 + ((u64)c->nr_frames + c->ram_swap) / 4;
	return 0;
}

static void init_fields(struct sim_machine *m, const struct sim_config *c)
{
	kref_init(&m->ref);
	init_completion(&m->destroyed);
	refcount_set(&m->memory, 2);
	m->flags = c->flags;
	m->owner = current_euid();
	m->user_ns = get_user_ns(current_user_ns());
	m->memcg = get_mem_cgroup_from_mm(current->mm);
	m->number = atomic_fetch_inc(&next_number);
	sim_events_init(m);
	mutex_init(&m->reclaim_lock);
	init_rwsem(&m->state_lock);
	m->swap_control = (struct sim_swap_control) {
		.max_page_age = 20,
		.page_advance = 3,
		.page_decline = 1,
		.page_initial_age = 3,
		.age_cluster_fract = 32,
		.age_cluster_min = 4,
		.pageout_weight = 8192,
	};
	m->swap_task = 1;
	/* As Linux 2.4: less for machines of less than 16 MB. */
	m->page_cluster = c->nr_frames < SZ_16M / PAGE_SIZE ? 2 : 3;
	mutex_init(&m->mapping_lock);
	hash_init(m->mappings);
	m->max_table_bytes = (unsigned long)c->max_tables << PAGE_SHIFT;
	xa_init_flags(&m->mms, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	spin_lock_init(&m->live_lock);
	m->live = RB_ROOT;
	m->shmmax = c->shmmax;
	m->shmall = c->shmall;
	m->shmmni = c->shmmni;
	mutex_init(&m->swap_lock);
	INIT_LIST_HEAD(&m->swap_list);
}

/* The end of a machine that sim_machine_create() made, at least in part. */
static void teardown(struct sim_machine *m)
{
	u32 type;

	sim_kswapd_stop(m);
	sim_shm_exit(m);
	/* What is left in the swap cache: nobody looked when the last user went. */
	for (type = 0; type < SHMSWAP_MAX_SWAPFILES; type++) {
		if (m->swap_info[type])
			sim_swap_cache_unuse(m, type);
	}
	sim_swap_exit(m);
	sim_events_exit(m);
	sim_swap_cache_exit(m);
	sim_mem_free(m);
	xa_destroy(&m->mms);
	sim_user_pages_uncharge(m->charged);
	mem_cgroup_put(m->memcg);
	put_user_ns(m->user_ns);
}

static void free_memory(struct sim_machine *m)
{
	if (refcount_dec_and_test(&m->memory))
		kfree(m);
}

static void teardown_work(struct work_struct *work)
{
	struct sim_machine *m = container_of(work, struct sim_machine, destroy);

	teardown(m);
	/* The module's exit still waits for this work. */
	if (!m->is_default)
		module_put(THIS_MODULE);
	complete(&m->destroyed);
	free_memory(m);
}

static int start(struct sim_machine *m, const struct sim_config *c)
{
	struct shmswap_swapon ram = {
		.flags = SHMSWAP_SWAPON_RAM,
		.fd = -1,
		.slots = c->ram_swap,
	};
	int err;

	err = sim_user_pages_charge((unsigned long)c->nr_frames + c->max_tables + MACHINE_PAGES,
				    &m->charged);
	if (!err)
		err = sim_mem_init(m, c->nr_frames);
	if (!err)
		err = sim_swap_cache_init(m);
	if (!err)
		err = sim_kswapd_run(m);
	if (!err && c->ram_swap)
		err = sim_swapon(m, &ram);
	return err;
}

/**
 * sim_machine_create() - a new machine
 * @config: what it is made of; 0 stands for a default, see struct shmswap_create
 *
 * The caller's effective user id owns it and its memory cgroup pays for it.
 *
 * Context: may sleep.
 * Return: the machine; ERR_PTR(-EINVAL) a value out of range, ERR_PTR(-ENOSPC)
 * user_pages, ERR_PTR(-ENOMEM).
 */
struct sim_machine *sim_machine_create(const struct sim_config *config)
{
	struct sim_config c = *config;
	struct sim_machine *m;
	int err;

	err = config_check(&c);
	if (err)
		return ERR_PTR(err);
	m = kzalloc(sizeof(*m), GFP_KERNEL_ACCOUNT);
	if (!m)
		return ERR_PTR(-ENOMEM);
	err = sim_shm_init(m);
	if (err) {
		kfree(m);
		return ERR_PTR(err);
	}
	INIT_WORK(&m->destroy, teardown_work);
	init_fields(m, &c);
	err = start(m, &c);
	if (err) {
		teardown(m);
		kfree(m);
		return ERR_PTR(err);
	}
	return m;
}

/**
 * sim_machine_get() - take a reference
 * @m: machine
 *
 * Context: any.
 */
void sim_machine_get(struct sim_machine *m)
{
	kref_get(&m->ref);
}

static struct sim_machine *queue_teardown(struct kref *ref)
{
	struct sim_machine *m = container_of(ref, struct sim_machine, ref);

	/* The file that this is about will not keep the module much longer. */
	if (!m->is_default)
		__module_get(THIS_MODULE);
	queue_work(sim_workqueue, &m->destroy);
	return m;
}

/*
 * The teardown waits for kswapd, kswapd perhaps for a file system, and that, if
 * it is one of FUSE, perhaps for the very process that is exiting here. So the
 * work is done elsewhere, and nobody waits for it both long and unkillably.
 */
static void release(struct kref *ref)
{
	bool brief = current->flags & (PF_EXITING | PF_KTHREAD);
	long timeout = brief ? BRIEF_WAIT : MAX_SCHEDULE_TIMEOUT;
	struct sim_machine *m = queue_teardown(ref);

	wait_for_completion_killable_timeout(&m->destroyed, timeout);
	free_memory(m);
}

static void release_later(struct kref *ref)
{
	free_memory(queue_teardown(ref));
}

/**
 * sim_machine_put() - drop a reference
 * @m: machine; the last reference destroys it
 *
 * Context: may sleep; no lock held.
 */
void sim_machine_put(struct sim_machine *m)
{
	kref_put(&m->ref, release);
}

/**
 * sim_machine_put_later() - drop a reference, and wait for nothing
 * @m: machine; the last reference destroys it some time later
 *
 * Context: may sleep; no lock of the machine held, but perhaps mmap_lock of a
 * real process.
 */
void sim_machine_put_later(struct sim_machine *m)
{
	kref_put(&m->ref, release_later);
}

/**
 * sim_machine_privileged() - may the caller control the machine?
 * @m: machine
 *
 * Context: any.
 * Return: true for CAP_SYS_ADMIN in the user namespace that the machine was
 * made in, and for its owner unless it is the default machine.
 */
bool sim_machine_privileged(const struct sim_machine *m)
{
	return (!m->is_default && uid_eq(current_euid(), m->owner)) ||
	       ns_capable(m->user_ns, CAP_SYS_ADMIN);
}

/**
 * sim_machine_stat() - read the counters
 * @m: machine
 * @st: result
 *
 * Each is right; together they are a snapshot only of a machine at rest.
 *
 * Context: any.
 */
void sim_machine_stat(struct sim_machine *m, struct shmswap_stat *st)
{
	__aligned_u64 *events = &st->swap_attempts;
	int i;

	static_assert(offsetofend(struct shmswap_stat, swap_ra) -
		      offsetof(struct shmswap_stat, swap_attempts) ==
		      SIM_NR_EVENTS * sizeof(*events));

	st->nr_free_pages = READ_ONCE(m->nr_free_pages);
	st->nr_swap_pages = READ_ONCE(m->nr_swap_pages);
	st->nr_swapcache = atomic_read(&m->nr_swapcache);
	st->nr_table_bytes = atomic_long_read(&m->table_bytes);
	st->shm_tot = READ_ONCE(m->shm_tot);
	st->shm_rss = atomic_long_read(&m->shm_rss);
	st->shm_swp = atomic_long_read(&m->shm_swp);
	for (i = 0; i < SIM_NR_EVENTS; i++)
		events[i] = atomic64_read(&m->events[i]);
	st->nr_file_pages = atomic_read(&m->nr_file_pages);
}

static int control_check(const struct sim_machine *m, const struct shmswap_control *c)
{
	if ((c->set & SHMSWAP_CONTROL_FLAGS) &&
	    ((c->flags ^ m->flags) & ~(SHMSWAP_MACHINE_KSWAPD | SHMSWAP_MACHINE_RMID_FORCED)))
		return -EINVAL;
	if ((c->set & SHMSWAP_CONTROL_FREEPAGES) &&
	    (c->freepages_min > c->freepages_low || c->freepages_low > c->freepages_high ||
	     c->freepages_high >= m->nr_frames))
		return -EINVAL;
	if ((c->set & SHMSWAP_CONTROL_KSWAPD) &&
	    (!c->kswapd_interval || c->kswapd_interval > 60000 ||
	     !c->kswapd_maxpages || c->kswapd_maxpages > 65536))
		return -EINVAL;
	if ((c->set & SHMSWAP_CONTROL_SWAPCTL) &&
	    (!c->max_page_age || c->max_page_age > U8_MAX ||
	     !c->page_advance || c->page_advance > c->max_page_age ||
	     !c->page_decline || c->page_decline > c->max_page_age ||
	     c->page_initial_age > c->max_page_age))
		return -EINVAL;
	if ((c->set & SHMSWAP_CONTROL_LIMITS) && (!c->shmmni || c->shmmni > SHMSWAP_MAX_SEGMENTS))
		return -EINVAL;
	if ((c->set & SHMSWAP_CONTROL_SCAN) &&
	    (!c->age_cluster_fract || c->age_cluster_fract > 1024 ||
	     !c->age_cluster_min || c->age_cluster_min > 65536 ||
	     !c->pageout_weight || c->pageout_weight > 65536))
		return -EINVAL;
	if ((c->set & SHMSWAP_CONTROL_PAGE_CLUSTER) && c->page_cluster > ilog2(SIM_MAX_IO))
		return -EINVAL;
	return 0;
}

static void control_set(struct sim_machine *m, const struct shmswap_control *c)
{
	if (c->set & SHMSWAP_CONTROL_FLAGS)
		WRITE_ONCE(m->flags, c->flags);
	if (c->set & SHMSWAP_CONTROL_FREEPAGES) {
		WRITE_ONCE(m->freepages.min, c->freepages_min);
		WRITE_ONCE(m->freepages.low, c->freepages_low);
		WRITE_ONCE(m->freepages.high, c->freepages_high);
	}
	if (c->set & SHMSWAP_CONTROL_KSWAPD) {
		WRITE_ONCE(m->kswapd.interval, c->kswapd_interval);
		WRITE_ONCE(m->kswapd.maxpages, c->kswapd_maxpages);
	}
	if (c->set & SHMSWAP_CONTROL_SWAPCTL) {
		m->swap_control.max_page_age = c->max_page_age;
		m->swap_control.page_advance = c->page_advance;
		m->swap_control.page_decline = c->page_decline;
		m->swap_control.page_initial_age = c->page_initial_age;
	}
	if (c->set & SHMSWAP_CONTROL_SCAN) {
		m->swap_control.age_cluster_fract = c->age_cluster_fract;
		m->swap_control.age_cluster_min = c->age_cluster_min;
		m->swap_control.pageout_weight = c->pageout_weight;
	}
	if (c->set & SHMSWAP_CONTROL_PAGE_CLUSTER)
		WRITE_ONCE(m->page_cluster, c->page_cluster);
	if (c->set & SHMSWAP_CONTROL_LIMITS) {
		m->shmmni = c->shmmni;
		m->shmmax = c->shmmax;
		m->shmall = c->shmall;
	}
}

static void control_get(const struct sim_machine *m, struct shmswap_control *c)
{
	c->flags = m->flags;
	c->freepages_min = m->freepages.min;
	c->freepages_low = m->freepages.low;
	c->freepages_high = m->freepages.high;
	c->kswapd_interval = m->kswapd.interval;
	c->kswapd_maxpages = m->kswapd.maxpages;
	c->max_page_age = m->swap_control.max_page_age;
	c->page_advance = m->swap_control.page_advance;
	c->page_decline = m->swap_control.page_decline;
	c->page_initial_age = m->swap_control.page_initial_age;
	c->shmmni = m->shmmni;
	c->shmmax = m->shmmax;
	c->shmall = m->shmall;
	c->age_cluster_fract = m->swap_control.age_cluster_fract;
	c->age_cluster_min = m->swap_control.age_cluster_min;
	c->pageout_weight = m->swap_control.pageout_weight;
	c->page_cluster = m->page_cluster;
}

/**
 * sim_machine_control() - change and read the settings
 * @m: machine
 * @c: see there
 *
 * Context: sleeps; no lock held.
 * Return: 0, -EPERM, -EINVAL as struct shmswap_control says; -EINTR.
 */
int sim_machine_control(struct sim_machine *m, struct shmswap_control *c)
{
	int err;

	if ((c->set & ~(SHMSWAP_CONTROL_FLAGS | SHMSWAP_CONTROL_FREEPAGES |
			SHMSWAP_CONTROL_KSWAPD | SHMSWAP_CONTROL_SWAPCTL |
			SHMSWAP_CONTROL_LIMITS | SHMSWAP_CONTROL_SCAN |
			SHMSWAP_CONTROL_PAGE_CLUSTER)) || c->reserved)
		return -EINVAL;
	if (c->set && !sim_machine_privileged(m))
		return -EPERM;
	err = control_check(m, c);
	if (err)
		return err;
	if (mutex_lock_killable(&m->shm_lock))
		return -EINTR;
	control_set(m, c);
	control_get(m, c);
	mutex_unlock(&m->shm_lock);
	if (c->set)
		sim_wakeup_kswapd(m);
	return 0;
}

/**
 * sim_machine_init() - prepare for machines
 * @limit: pages that unprivileged users' machines may use together
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int sim_machine_init(unsigned long limit)
{
	user_pages_limit = limit;
	sim_workqueue = alloc_workqueue("shmswap", WQ_UNBOUND, 0);
	if (!sim_workqueue)
		return -ENOMEM;
	sim_read_workqueue = alloc_workqueue("shmswap_read", WQ_UNBOUND, 0);
	if (sim_read_workqueue)
		return 0;
	destroy_workqueue(sim_workqueue);
	return -ENOMEM;
}

/**
 * sim_machine_exit() - wait until the last machine is gone
 *
 * Context: sleeps.
 */
void sim_machine_exit(void)
{
	/* A read may be what keeps a machine. */
	destroy_workqueue(sim_read_workqueue);
	destroy_workqueue(sim_workqueue);
}
