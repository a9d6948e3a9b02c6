// SPDX-License-Identifier: GPL-2.0
/*
 * Rings of events, each read through a file of its own.
 *
 * A machine records an event in every ring that wants it, under one spinlock, so
 * all rings have the same order. A ring that is full takes nothing more until its
 * reader made room: what is in it is never overwritten, so it is read without that
 * lock, and what was dropped is one gap, whose size is told.
 *
 * A ring does not keep its machine. Which of the two goes first is settled under
 * rings_lock.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include "sim.h"
#include "trace.h"

#define DEFAULT_EVENTS	4096
#define ALL_EVENTS	(BIT_ULL(SHMSWAP_NR_EVENT_TYPES) - 1 - BIT_ULL(SHMSWAP_EVENT_LOST))

/**
 * struct sim_ring - events that wait for a reader
 * @m: machine, NULL when it is gone; by rings_lock
 * @list: in m->rings
 * @mask: kinds of events to record
 * @uid: who made it
 * @sees_all: who may trace everybody's real processes
 * @charged: pages charged to user_pages
 * @capacity: room for events, a power of two
 * @events: the events
 * @head: events that were put in; by event_lock
 * @tail: events that were taken out; by @read_lock
 * @seq: number of the next event; by event_lock
 * @lost: events that were dropped since the last one in the ring; by event_lock
 * @recorded: events that were put in, those about lost ones left out; by event_lock
 * @dropped: events that were dropped; by event_lock
 * @watermark: wake readers when that many wait
 * @wait: they sleep here
 * @read_lock: one reader at a time
 */
struct sim_ring {
	struct sim_machine *m;
	struct list_head list;
	u64 mask;
	kuid_t uid;
	bool sees_all;
	unsigned long charged;
	u32 capacity;
	struct shmswap_event *events;
	u32 head;
	u32 tail;
	u64 seq;
	u64 lost;
	u64 recorded;
	u64 dropped;
	u32 watermark;
	wait_queue_head_t wait;
	struct mutex read_lock;	/* tail */
};

static DEFINE_MUTEX(rings_lock);

/* ------------------------------------------------------------- recording */

/* How many wait; who holds no lock may see some that were read just now. */
static u32 pending(const struct sim_ring *ring)
{
	/* In this order the difference is never negative. Pairs with read_events(). */
	u32 tail = smp_load_acquire(&ring->tail);

	/* Pairs with put(). */
	return smp_load_acquire(&ring->head) - tail;
}

/* Is it time to wake readers? They must hear of losses soon, lest more is lost. */
static bool wakes(const struct sim_ring *ring)
{
	return READ_ONCE(ring->lost) || pending(ring) >= READ_ONCE(ring->watermark);
}

static void wake_readers(struct sim_ring *ring)
{
	if (wakes(ring) && wq_has_sleeper(&ring->wait))
		wake_up_interruptible_poll(&ring->wait, EPOLLIN | EPOLLRDNORM);
}

static void put(struct sim_ring *ring, const struct shmswap_event *event, u64 seq, u64 time)
{
	struct shmswap_event *to = &ring->events[ring->head & (ring->capacity - 1)];

	*to = *event;
	to->seq = seq;
	to->time = time;
	/* The reader sees the event as soon as it sees that there is one. */
	smp_store_release(&ring->head, ring->head + 1);
}

/* Tell how many were dropped, with the number of the first. */
static void put_lost(struct sim_ring *ring, u64 time)
{
	const struct shmswap_event lost = {
		.type = SHMSWAP_EVENT_LOST,
		.from = ring->lost,
	};

	put(ring, &lost, ring->seq - ring->lost, time);
	WRITE_ONCE(ring->lost, 0);
}

/* The addresses of another's real process say where its memory is. */
static void put_hidden(struct sim_ring *ring, const struct shmswap_event *event, u64 time)
{
	struct shmswap_event hidden = *event;

	hidden.address = 0;
	if (event->type == SHMSWAP_EVENT_TLB_FLUSH) {
		hidden.from = 0;
		hidden.to = 0;
	}
	put(ring, &hidden, ring->seq, time);
}

static void record(struct sim_ring *ring, const struct sim_mm *mm,
		   const struct shmswap_event *event, u64 time)
{
	u32 room = ring->capacity - pending(ring);

	/* A ring that has lost something has to say so first. */
	if (room < 1 + !!ring->lost) {
		ring->seq++;
		ring->dropped++;
		WRITE_ONCE(ring->lost, ring->lost + 1);
		wake_readers(ring);
		return;
	}
	if (ring->lost)
		put_lost(ring, time);
	if (!mm || ring->sees_all || sim_live_visible_to(mm, ring->uid))
		put(ring, event, ring->seq, time);
	else
		put_hidden(ring, event, time);
	ring->seq++;
	ring->recorded++;
	wake_readers(ring);
}

/**
 * sim_record() - put an event into the rings that want it
 * @m: machine
 * @mm: process that it is about, or NULL
 * @event: the event, without its number and time
 *
 * Context: any but interrupts; takes event_lock, the innermost of all.
 */
void sim_record(struct sim_machine *m, const struct sim_mm *mm, const struct shmswap_event *event)
{
	u64 type = BIT_ULL(event->type);
	struct sim_ring *ring;
	u64 time;

	if (!(READ_ONCE(m->event_mask) & type))
		return;
	spin_lock(&m->event_lock);
	time = ktime_get_ns();
	list_for_each_entry(ring, &m->rings, list) {
		if (ring->mask & type)
			record(ring, mm, event, time);
	}
	spin_unlock(&m->event_lock);
}

/* -------------------------------------------------------------- the file */

static void tell_lost(struct sim_ring *ring)
{
	if (ring->lost && !pending(ring))
		put_lost(ring, ktime_get_ns());
}

/* The last that were dropped have no event behind them that would tell. */
static void settle_lost(struct sim_ring *ring)
{
	struct sim_machine *m;

	mutex_lock(&rings_lock);
	m = ring->m;
	if (m) {
		spin_lock(&m->event_lock);
		tell_lost(ring);
		spin_unlock(&m->event_lock);
	} else {
		tell_lost(ring);
	}
	mutex_unlock(&rings_lock);
}

static bool readable(const struct sim_ring *ring)
{
	return pending(ring) || READ_ONCE(ring->lost) || !READ_ONCE(ring->m);
}

/* Copy what is there, as far as it fits and does not wrap; returns bytes. */
static ssize_t read_events(struct sim_ring *ring, char __user *buf, size_t len)
{
	u32 first, nr;

	lockdep_assert_held(&ring->read_lock);
	if (!pending(ring))
		settle_lost(ring);
	first = ring->tail & (ring->capacity - 1);
	nr = min3(pending(ring), ring->capacity - first,
		  (u32)min_t(size_t, len / sizeof(*ring->events), U32_MAX));
	if (copy_to_user(buf, &ring->events[first], nr * sizeof(*ring->events)))
		return -EFAULT;
	/* Only what was copied may be overwritten. */
	smp_store_release(&ring->tail, ring->tail + nr);
	return nr * sizeof(*ring->events);
}

/* As read_events(), twice if the ring wraps; what fails the second time will fail again. */
static ssize_t read_all(struct sim_ring *ring, char __user *buf, size_t len)
{
	ssize_t done;

	if (mutex_lock_interruptible(&ring->read_lock))
		return -ERESTARTSYS;
	done = read_events(ring, buf, len);
	if (done > 0 && pending(ring) && len - done >= sizeof(*ring->events)) {
		ssize_t more = read_events(ring, buf + done, len - done);

		if (more > 0)
			done += more;
	}
	mutex_unlock(&ring->read_lock);
	return done;
}

static ssize_t ring_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct sim_ring *ring = file->private_data;
	ssize_t done;

	if (len < sizeof(*ring->events))
		return -EINVAL;
	for (;;) {
		bool gone = !READ_ONCE(ring->m);

		done = read_all(ring, buf, len);
		if (done || gone)
			return done;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(ring->wait, readable(ring)))
			return -ERESTARTSYS;
	}
}

static __poll_t ring_poll(struct file *file, poll_table *wait)
{
	struct sim_ring *ring = file->private_data;
	__poll_t mask = 0;

	poll_wait(file, &ring->wait, wait);
	/* Pairs with that in wq_has_sleeper(). */
	smp_mb();
	if (wakes(ring))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (!READ_ONCE(ring->m))
		mask |= EPOLLIN | EPOLLRDNORM | EPOLLHUP;
	return mask;
}

static void fill_state(const struct sim_ring *ring, struct shmswap_ring *arg)
{
	arg->out_capacity = ring->capacity;
	arg->out_pending = pending(ring);
	arg->out_recorded = ring->recorded;
	arg->out_dropped = ring->dropped;
}

static int ring_state(struct sim_ring *ring, struct shmswap_ring *arg)
{
	struct sim_machine *m;

	if (arg->watermark > ring->capacity)
		return -EINVAL;
	if (arg->watermark) {
		WRITE_ONCE(ring->watermark, arg->watermark);
		/* Pairs with those of who is about to sleep. */
		smp_mb();
		wake_readers(ring);
	}
	mutex_lock(&rings_lock);
	m = ring->m;
	if (m) {
		spin_lock(&m->event_lock);
		fill_state(ring, arg);
		spin_unlock(&m->event_lock);
	} else {
		fill_state(ring, arg);
	}
	mutex_unlock(&rings_lock);
	return 0;
}

static long ring_ioctl(struct file *file, unsigned int cmd, unsigned long argp)
{
	void __user *user = (void __user *)argp;
	struct shmswap_ring arg;
	u32 size;
	int err;

	if (cmd != SHMSWAP_IOC_RING)
		return -ENOTTY;
	if (get_user(size, (u32 __user *)user))
		return -EFAULT;
	if (size < sizeof(arg))
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	err = copy_struct_from_user(&arg, sizeof(arg), user, size);
	if (err)
		return err;
	arg.size = size;
	/* What cannot be written back must not be done. */
	if (copy_to_user(user, &arg, sizeof(arg)))
		return -EFAULT;
	err = ring_state(file->private_data, &arg);
	if (err)
		return err;
	return copy_to_user(user, &arg, sizeof(arg)) ? -EFAULT : 0;
}

/* What any ring of the machine wants. */
static void update_mask(struct sim_machine *m)
{
	struct sim_ring *ring;
	u64 mask = 0;

	lockdep_assert_held(&m->event_lock);
	list_for_each_entry(ring, &m->rings, list)
		mask |= ring->mask;
	WRITE_ONCE(m->event_mask, mask);
}

static void ring_free(struct sim_ring *ring)
{
	kvfree(ring->events);
	sim_user_pages_uncharge(ring->charged);
	kfree(ring);
}

static void ring_del(struct sim_ring *ring)
{
	struct sim_machine *m = ring->m;

	spin_lock(&m->event_lock);
	list_del(&ring->list);
	m->nr_rings--;
	update_mask(m);
	spin_unlock(&m->event_lock);
	WRITE_ONCE(ring->m, NULL);
}

static int ring_release(struct inode *inode, struct file *file)
{
	struct sim_ring *ring = file->private_data;

	mutex_lock(&rings_lock);
	if (ring->m)
		ring_del(ring);
	mutex_unlock(&rings_lock);
	sim_unlisten_later();
	ring_free(ring);
	return 0;
}

static const struct file_operations ring_fops = {
	.owner = THIS_MODULE,
	.read = ring_read,
	.poll = ring_poll,
	.unlocked_ioctl = ring_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = ring_release,
};

static struct sim_ring *ring_alloc(struct sim_machine *m, u32 capacity)
{
	struct sim_ring *ring = kzalloc(sizeof(*ring), GFP_KERNEL_ACCOUNT);
	size_t bytes = array_size(capacity, sizeof(*ring->events));
	int err = -ENOMEM;

	if (!ring)
		return ERR_PTR(err);
	err = sim_user_pages_charge(DIV_ROUND_UP(bytes, PAGE_SIZE), &ring->charged);
	if (!err) {
		ring->events = kvzalloc(bytes, GFP_KERNEL_ACCOUNT);
		err = ring->events ? 0 : -ENOMEM;
	}
	if (err) {
		ring_free(ring);
		return ERR_PTR(err);
	}
	ring->capacity = capacity;
	ring->uid = current_euid();
	ring->sees_all = ns_capable_noaudit(&init_user_ns, CAP_SYS_PTRACE);
	ring->watermark = 1;
	init_waitqueue_head(&ring->wait);
	mutex_init(&ring->read_lock);
	return ring;
}

static int ring_add(struct sim_machine *m, struct sim_ring *ring)
{
	int err = -EBUSY;

	spin_lock(&m->event_lock);
	if (m->nr_rings < SHMSWAP_MAX_RINGS) {
		ring->m = m;
		list_add_tail(&ring->list, &m->rings);
		m->nr_rings++;
		update_mask(m);
		err = 0;
	}
	spin_unlock(&m->event_lock);
	return err;
}

/**
 * sim_events_file() - a file to read a machine's events from
 * @m: machine
 * @arg: what to record
 *
 * Recording starts at once.
 *
 * Context: may sleep; something keeps the machine.
 * Return: the file; ERR_PTR() of what struct shmswap_events lists, but EPERM.
 */
struct file *sim_events_file(struct sim_machine *m, const struct shmswap_events *arg)
{
	int flags = O_RDONLY | (arg->flags & SHMSWAP_EVENTS_NONBLOCK ? O_NONBLOCK : 0);
	struct sim_ring *ring;
	struct file *file;
	int err;

	if ((arg->flags & ~(SHMSWAP_EVENTS_CLOEXEC | SHMSWAP_EVENTS_NONBLOCK)) ||
	    (arg->mask & ~ALL_EVENTS) || arg->count > SHMSWAP_MAX_EVENTS)
		return ERR_PTR(-EINVAL);
	ring = ring_alloc(m, roundup_pow_of_two(arg->count ?: DEFAULT_EVENTS));
	if (IS_ERR(ring))
		return ERR_CAST(ring);
	ring->mask = arg->mask ?: ALL_EVENTS;
	sim_listen();
	err = ring_add(m, ring);
	if (err) {
		sim_unlisten_later();
		ring_free(ring);
		return ERR_PTR(err);
	}
	file = anon_inode_getfile("[shmswap-events]", &ring_fops, ring, flags);
	if (IS_ERR(file)) {
		ring_del(ring);
		sim_unlisten_later();
		ring_free(ring);
		return file;
	}
	stream_open(file_inode(file), file);
	return file;
}

/**
 * sim_events_init() - prepare a machine for rings
 * @m: machine
 *
 * Context: any.
 */
void sim_events_init(struct sim_machine *m)
{
	spin_lock_init(&m->event_lock);
	INIT_LIST_HEAD(&m->rings);
}

/**
 * sim_events_exit() - let go of the rings: nothing more will happen
 * @m: machine
 *
 * Their readers get what is left, and then the end of the file.
 *
 * Context: may sleep.
 */
void sim_events_exit(struct sim_machine *m)
{
	struct sim_ring *ring, *next;

	mutex_lock(&rings_lock);
	list_for_each_entry_safe(ring, next, &m->rings, list) {
		ring_del(ring);
		wake_up_interruptible_poll(&ring->wait, EPOLLIN | EPOLLHUP);
	}
	mutex_unlock(&rings_lock);
}
