// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim: try_to_free_page() with its methods, and kswapd, the thread that
 * alone calls it.
 *
 * Whoever needs a frame asks kswapd and waits, holding nothing. A machine
 * without SHMSWAP_MACHINE_KSWAPD has the thread too, to serve such requests one
 * at a time, but it never wakes up by itself.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/memcontrol.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "sim.h"

/* The level that kswapd goes down to unless memory is very low. */
#define KSWAPD_STOP_LEVEL	3

/* The methods, in the order of Linux 2.0's rotation. */
static int (*const rotation[])(struct sim_machine *m, int level) = {
	sim_shrink_mmap,
	sim_shm_swap,
	sim_swap_out,
};

/* What a request can ask for, by SHMSWAP_RECLAIM_*. */
static int (*const methods[])(struct sim_machine *m, int level) = {
	[SHMSWAP_RECLAIM_TRY] = sim_try_to_free_page,
	[SHMSWAP_RECLAIM_SHM] = sim_shm_swap,
	[SHMSWAP_RECLAIM_MMAP] = sim_shrink_mmap,
	[SHMSWAP_RECLAIM_SWAP_OUT] = sim_swap_out_keep,
};

/**
 * struct sim_reclaim_request - work for kswapd
 * @list: in sim_kswapd.requests
 * @ref: the thread and the one that waits hold one each
 * @done: the work is done
 * @abandoned: nobody waits any more
 * @method: SHMSWAP_RECLAIM_*
 * @level: see struct shmswap_reclaim
 * @count: calls to make
 * @for_fault: free a frame for a fault, and perhaps some more
 * @result: what was done
 */
struct sim_reclaim_request {
	struct list_head list;
	refcount_t ref;
	struct completion done;
	bool abandoned;
	u32 method;
	u32 level;
	u32 count;
	bool for_fault;
	struct sim_reclaim_result result;
};

/**
 * sim_try_to_free_page() - free one frame
 * @m: machine
 * @stop: level to go down to from SHMSWAP_MAX_LEVEL
 *
 * Mirrors Linux 2.0 try_to_free_page(): goes on with the method that was
 * successful last, and after all have failed tries them again, harder.
 *
 * Context: sleeps; reclaim_lock held.
 * Return: 1 if a frame was freed, or will be by sim_write_out_all(); 0 if not.
 */
int sim_try_to_free_page(struct sim_machine *m, int stop)
{
	int level;

	lockdep_assert_held(&m->reclaim_lock);
	for (level = SHMSWAP_MAX_LEVEL; level >= stop; level--) {
		for (; m->reclaim_method < ARRAY_SIZE(rotation); m->reclaim_method++) {
			if (rotation[m->reclaim_method](m, level))
				return 1;
		}
		m->reclaim_method = 0;
	}
	return 0;
}

static void put_request(struct sim_reclaim_request *req)
{
	if (refcount_dec_and_test(&req->ref))
		kfree(req);
}

/*
 * A fault found no frame, and others will soon find none. That each of them waits
 * for us costs more than to free one, and a disk is waited for as long for one page
 * as for many; so on a machine where we work by ourselves some are freed together.
 */
static u32 free_for_fault(struct sim_machine *m)
{
	bool ahead = READ_ONCE(m->flags) & SHMSWAP_MACHINE_KSWAPD;
	u32 free = READ_ONCE(m->nr_free_pages);
	int stop = 0;
	u32 freed = 0;

	/* What was asked for may be done by now. */
	if (ahead && free >= m->freepages.low && free > m->freepages.min)
		return 1;
	mutex_lock(&m->reclaim_lock);
	sim_event(reclaim_begin, m, SHMSWAP_RECLAIM_FAULT, SHMSWAP_MAX_LEVEL);
	m->write_out.together = ahead;
	do {
		if (!sim_try_to_free_page(m, stop))
			break;
		stop = KSWAPD_STOP_LEVEL;
		freed++;
	} while (ahead && freed < SIM_MAX_IO && !kthread_should_stop() &&
		 READ_ONCE(m->nr_free_pages) + m->write_out.nr < m->freepages.low);
	m->write_out.together = false;
	freed -= sim_write_out_all(m);
	sim_event(reclaim_end, m, SHMSWAP_RECLAIM_FAULT, freed);
	mutex_unlock(&m->reclaim_lock);
	return freed;
}

static void call_method(struct sim_machine *m, struct sim_reclaim_request *req)
{
	struct sim_reclaim_result *result = &req->result;
	u64 attempts;
	int freed;

	mutex_lock(&m->reclaim_lock);
	sim_event(reclaim_begin, m, req->method, req->level);
	attempts = atomic64_read(&m->events[SIM_SWAP_ATTEMPTS]);
	freed = methods[req->method](m, req->level);
	result->freed += freed;
	sim_event(reclaim_end, m, req->method, freed);
	result->attempts += atomic64_read(&m->events[SIM_SWAP_ATTEMPTS]) - attempts;
	mutex_unlock(&m->reclaim_lock);
	result->calls++;
	cond_resched();
}

static void serve(struct sim_machine *m, struct sim_reclaim_request *req)
{
	if (req->for_fault && !READ_ONCE(req->abandoned))
		req->result.freed = free_for_fault(m);
	while (req->result.calls < req->count && !READ_ONCE(req->abandoned))
		call_method(m, req);
	complete(&req->done);
	put_request(req);
}

static void serve_requests(struct sim_machine *m)
{
	struct sim_kswapd *k = &m->kswapd;
	struct sim_reclaim_request *req;

	for (;;) {
		spin_lock(&k->lock);
		req = list_first_entry_or_null(&k->requests, struct sim_reclaim_request, list);
		if (req)
			list_del_init(&req->list);
		spin_unlock(&k->lock);
		if (!req)
			return;
		serve(m, req);
	}
}

/* Nobody waits for @req any more. */
static void abandon(struct sim_machine *m, struct sim_reclaim_request *req)
{
	bool queued;

	WRITE_ONCE(req->abandoned, true);
	spin_lock(&m->kswapd.lock);
	queued = !list_empty(&req->list);
	list_del_init(&req->list);
	spin_unlock(&m->kswapd.lock);
	if (queued)
		put_request(req);
}

/* Let kswapd do what @what says, and wait for it. */
static int request(struct sim_machine *m, const struct sim_reclaim_request *what,
		   struct sim_reclaim_result *result)
{
	struct sim_reclaim_request *req = kmemdup(what, sizeof(*what), GFP_KERNEL_ACCOUNT);
	int err;

	if (!req)
		return -ENOMEM;
	refcount_set(&req->ref, 2);
	init_completion(&req->done);
	spin_lock(&m->kswapd.lock);
	list_add_tail(&req->list, &m->kswapd.requests);
	spin_unlock(&m->kswapd.lock);
	wake_up(&m->kswapd.wait);
	err = wait_for_completion_killable(&req->done);
	if (err)
		abandon(m, req);
	else
		*result = req->result;
	put_request(req);
	return err ? -EINTR : 0;
}

/**
 * sim_reclaim() - let kswapd reclaim, and wait for it
 * @m: machine
 * @method: SHMSWAP_RECLAIM_*
 * @level: see struct shmswap_reclaim
 * @count: calls to make
 * @result: what was done
 *
 * Context: sleeps; no lock held, for reclaim may need any of them.
 * Return: 0; -EINTR a fatal signal arrived first; -ENOMEM.
 */
int sim_reclaim(struct sim_machine *m, u32 method, u32 level, u32 count,
		struct sim_reclaim_result *result)
{
	const struct sim_reclaim_request what = {
		.method = method,
		.level = level,
		.count = count,
	};

	return request(m, &what, result);
}

/**
 * sim_reclaim_frame() - let kswapd free a frame for a fault
 * @m: machine
 * @freed: set to whether it could
 *
 * Context: sleeps; no lock held but that of a real process's mmap_lock.
 * Return: as sim_reclaim().
 */
int sim_reclaim_frame(struct sim_machine *m, bool *freed)
{
	static const struct sim_reclaim_request what = {
		.for_fault = true,
	};
	struct sim_reclaim_result result;
	int err = request(m, &what, &result);

	*freed = !err && result.freed;
	return err;
}

/* How far below freepages.min kswapd works harder; as in Linux 2.0.40. */
static u32 kswapd_reserve(u32 min)
{
	return min < 48 ? min : min - (12 + min / 8);
}

/* One balancing run; mirrors the body of kswapd() of Linux 2.0.40. */
static void balance(struct sim_machine *m)
{
	u32 reserve = kswapd_reserve(m->freepages.min);
	u32 free = READ_ONCE(m->nr_free_pages);
	u32 tries = m->kswapd.maxpages;
	int stop = free <= m->freepages.min ? 0 : KSWAPD_STOP_LEVEL;
	u32 nr_freed = 0;
	int freed;

	if (free <= reserve)
		tries += reserve + 1 - free;
	sim_count_event(m, SIM_KSWAPD_WAKE);
	sim_event(kswapd, m, SHMSWAP_KSWAPD_WAKE, 0);
	while (tries-- && !kthread_should_stop()) {
		mutex_lock(&m->reclaim_lock);
		m->kswapd.awake = true;
		freed = sim_try_to_free_page(m, stop);
		sim_count_events(m, SIM_KSWAPD_FREED, freed);
		nr_freed += freed;
		m->kswapd.awake = false;
		mutex_unlock(&m->reclaim_lock);
		cond_resched();
	}
	sim_event(kswapd, m, SHMSWAP_KSWAPD_BALANCE, nr_freed);
	m->kswapd.last = jiffies;
	m->kswapd.resting = false;
}

/* It sleeps after a run: told once, for it also wakes up for other things. */
static void rest(struct sim_machine *m)
{
	if (m->kswapd.resting)
		return;
	m->kswapd.resting = true;
	sim_event(kswapd, m, SHMSWAP_KSWAPD_SLEEP, 0);
}

/*
 * Is it time for a run? Below freepages.low at once and then every half
 * interval, below freepages.high every interval; @timeout is set to how long
 * to sleep otherwise.
 */
static bool balance_due(struct sim_machine *m, long *timeout)
{
	struct sim_kswapd *k = &m->kswapd;
	u32 free = READ_ONCE(m->nr_free_pages);
	bool was_low = k->low;
	unsigned long next;

	WRITE_ONCE(k->low, free < m->freepages.low);
	WRITE_ONCE(k->armed, (m->flags & SHMSWAP_MACHINE_KSWAPD) && free < m->freepages.high);
	*timeout = MAX_SCHEDULE_TIMEOUT;
	if (!k->armed)
		return false;
	if (k->low && !was_low)
		return true;
	next = k->last + max(msecs_to_jiffies(k->low ? k->interval / 2 : k->interval), 1UL);
	if (time_after_eq(jiffies, next))
		return true;
	*timeout = next - jiffies;
	return false;
}

static bool kswapd_woken(struct sim_kswapd *k)
{
	return READ_ONCE(k->kicked) || !list_empty_careful(&k->requests) || kthread_should_stop();
}

static int kswapd(void *data)
{
	struct sim_machine *m = data;
	struct sim_kswapd *k = &m->kswapd;
	struct mem_cgroup *memcg = set_active_memcg(m->memcg);
	long timeout;

	while (!kthread_should_stop()) {
		serve_requests(m);
		WRITE_ONCE(k->kicked, false);
		/* Pairs with the one in sim_wakeup_kswapd(). */
		smp_mb();
		if (balance_due(m, &timeout)) {
			balance(m);
		} else {
			rest(m);
			wait_event_idle_timeout(k->wait, kswapd_woken(k), timeout);
		}
	}
	serve_requests(m);
	set_active_memcg(memcg);
	return 0;
}

/**
 * sim_wakeup_kswapd() - tell kswapd that frames are getting few
 * @m: machine with fewer than freepages.high free frames, or new settings
 *
 * Context: any.
 */
void sim_wakeup_kswapd(struct sim_machine *m)
{
	struct sim_kswapd *k = &m->kswapd;

	/* Whatever the caller changed must be seen by who clears kicked. */
	smp_mb();
	if (READ_ONCE(k->kicked))
		return;
	WRITE_ONCE(k->kicked, true);
	wake_up(&k->wait);
}

/**
 * sim_kswapd_run() - start the swap daemon
 * @m: machine
 *
 * Context: may sleep.
 * Return: 0 or -errno.
 */
int sim_kswapd_run(struct sim_machine *m)
{
	struct sim_kswapd *k = &m->kswapd;
	struct task_struct *task;

	init_waitqueue_head(&k->wait);
	spin_lock_init(&k->lock);
	INIT_LIST_HEAD(&k->requests);
	k->interval = 250;
	k->maxpages = 4;
	k->last = jiffies;
	k->resting = true;
	task = kthread_run(kswapd, m, "shmswap_kswapd");
	if (IS_ERR(task))
		return PTR_ERR(task);
	k->task = task;
	return 0;
}

/**
 * sim_kswapd_stop() - stop the swap daemon
 * @m: machine; does nothing if it was not started
 *
 * Context: sleeps until its run, and any I/O, is over.
 */
void sim_kswapd_stop(struct sim_machine *m)
{
	if (m->kswapd.task)
		kthread_stop(m->kswapd.task);
}
