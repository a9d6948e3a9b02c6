// SPDX-License-Identifier: GPL-2.0
/*
 * System V shared memory: segments, keys, permissions, shmget(2) and shmctl(2).
 *
 * The calls behave as their man pages say today; what happens to their pages is
 * that of Linux 2.0.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/ipc.h>
#include <linux/ipc_namespace.h>
#include <linux/nsproxy.h>
#include <linux/pid.h>
#include <linux/rhashtable.h>
#include <linux/sched/signal.h>
#include <uapi/linux/shm.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/user_namespace.h>

#include "sim.h"

#define SHMGET_FLAGS	(0777 | IPC_CREAT | IPC_EXCL | SHM_NORESERVE | SHM_HUGETLB)

/* Saves the call of memcmp() that a comparison of keys else is. */
static int compare_key(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct sim_shmid *seg = obj;

	return seg->key != *(const s32 *)arg->key;
}

static const struct rhashtable_params key_params = {
	.head_offset = offsetof(struct sim_shmid, hash),
	.key_offset = offsetof(struct sim_shmid, key),
	.key_len = sizeof_field(struct sim_shmid, key),
	.obj_cmpfn = compare_key,
	.automatic_shrinking = true,
};

/* ----------------------------------------------------------- permissions */

/**
 * sim_shm_permitted() - does the caller have permissions for a segment?
 * @seg: segment
 * @flag: mode bits; a permission that any class of them has is asked for
 *
 * Mirrors ipcperms(): the caller's own class decides, then CAP_IPC_OWNER.
 *
 * Context: seg->lock or shm_lock held.
 * Return: true if all of them are granted.
 */
bool sim_shm_permitted(const struct sim_shmid *seg, u32 flag)
{
	kuid_t euid = current_euid();
	u32 requested = flag >> 6 | flag >> 3 | flag;
	u32 granted = seg->mode;

	lockdep_assert(lockdep_is_held(&seg->lock) || lockdep_is_held(&seg->m->shm_lock));
	if (uid_eq(euid, seg->cuid) || uid_eq(euid, seg->uid))
		granted >>= 6;
	else if (in_group_p(seg->cgid) || in_group_p(seg->gid))
		granted >>= 3;
	return !(requested & ~granted & 7) || ns_capable(seg->m->user_ns, CAP_IPC_OWNER);
}

static bool owns(const struct sim_shmid *seg)
{
	kuid_t euid = current_euid();

	return uid_eq(euid, seg->cuid) || uid_eq(euid, seg->uid);
}

/**
 * sim_shm_readable() - may the caller see the segment?
 * @seg: segment
 *
 * Context: seg->lock held.
 * Return: true if IPC_STAT would be allowed.
 */
bool sim_shm_readable(const struct sim_shmid *seg)
{
	return sim_shm_permitted(seg, 0444);
}

/* ------------------------------------------------------ the segment table */

/**
 * sim_shm_find() - the segment with an identifier
 * @m: machine
 * @id: identifier
 *
 * A stale identifier, whose sequence number is not the segment's, finds
 * nothing: shmat(2) and shmctl(2) fail with EINVAL for it, as in Linux today.
 *
 * Context: any.
 * Return: the segment with a reference, or NULL.
 */
struct sim_shmid *sim_shm_find(struct sim_machine *m, s32 id)
{
	struct sim_shmid *seg;

	if (id < 0)
		return NULL;
	rcu_read_lock();
	seg = xa_load(&m->shm_segs, sim_shm_index(id));
	if (seg && (seg->id != id || !refcount_inc_not_zero(&seg->ref)))
		seg = NULL;
	rcu_read_unlock();
	return seg;
}

/**
 * sim_shm_next() - walk shm_segs
 * @m: machine
 * @index: where to start; set to the index of the segment that was found
 *
 * Context: any.
 * Return: the segment with the lowest index from @index on, with a reference,
 * or NULL.
 */
struct sim_shmid *sim_shm_next(struct sim_machine *m, unsigned long *index)
{
	struct sim_shmid *seg;

	rcu_read_lock();
	seg = xa_load(&m->shm_segs, *index);
	if (!seg)
		seg = xa_find(&m->shm_segs, index, ULONG_MAX, XA_PRESENT);
	while (seg && !refcount_inc_not_zero(&seg->ref))
		seg = xa_find_after(&m->shm_segs, index, ULONG_MAX, XA_PRESENT);
	rcu_read_unlock();
	return seg;
}

/**
 * sim_shm_put() - drop a reference to a segment
 * @seg: segment
 *
 * Context: any.
 */
void sim_shm_put(struct sim_shmid *seg)
{
	if (!refcount_dec_and_test(&seg->ref))
		return;
	put_pid(seg->cprid);
	put_pid(seg->lprid);
	kfree_rcu(seg, rcu);
}

/* From now on the key finds nothing. */
static void unhash(struct sim_shmid *seg)
{
	lockdep_assert_held(&seg->m->shm_lock);
	if (seg->key == IPC_PRIVATE)
		return;
	rhashtable_remove_fast(&seg->m->shm_keys, &seg->hash, key_params);
	WRITE_ONCE(seg->key, IPC_PRIVATE);
}

static struct sim_shmid *seg_alloc(struct sim_machine *m, const struct shmswap_shmget *arg)
{
	struct sim_shmid *seg = kzalloc(sizeof(*seg), GFP_KERNEL_ACCOUNT);

	if (!seg)
		return NULL;
	seg->m = m;
	refcount_set(&seg->ref, 1);
	mutex_init(&seg->lock);
	seg->key = arg->key;
	seg->mode = arg->shmflg & 0777;
	current_euid_egid(&seg->cuid, &seg->cgid);
	seg->uid = seg->cuid;
	seg->gid = seg->cgid;
	seg->segsz = arg->segsz;
	seg->npages = DIV_ROUND_UP_ULL(arg->segsz, PAGE_SIZE);
	seg->cprid = get_pid(task_tgid(current));
	seg->ctime = ktime_get_real_seconds();
	return seg;
}

struct limits {
	u64 shmmax;
	u64 shmall;
	u32 shmmni;
};

/* Programs expect of the default machine that kernel.shmmax and the like limit it. */
static struct limits get_limits(const struct sim_machine *m)
{
	struct limits limits = { m->shmmax, m->shmall, m->shmmni };
#ifdef CONFIG_SYSVIPC
	const struct ipc_namespace *ns = current->nsproxy ? current->nsproxy->ipc_ns : NULL;

	if (m->is_default && ns) {
		limits.shmmax = min_t(u64, limits.shmmax, READ_ONCE(ns->shm_ctlmax));
		limits.shmall = min_t(u64, limits.shmall, READ_ONCE(ns->shm_ctlall));
		limits.shmmni = min_t(u32, limits.shmmni, READ_ONCE(ns->shm_ctlmni));
	}
#endif
	return limits;
}

/* Give @seg an index, an identifier and its key. */
static int add_seg(struct sim_shmid *seg)
{
	struct sim_machine *m = seg->m;
	struct limits limits;
	u32 index;
	int err;

	lockdep_assert_held(&m->shm_lock);
	limits = get_limits(m);
	if (m->shm_used >= limits.shmmni || m->shm_tot + seg->npages > limits.shmall)
		return -ENOSPC;
	err = xa_alloc(&m->shm_segs, &index, NULL, XA_LIMIT(0, SHMSWAP_MAX_SEGMENTS - 1),
		       GFP_KERNEL_ACCOUNT);
	if (err)
		return err == -EBUSY ? -ENOSPC : err;
	seg->id = m->shm_seq * SHMSWAP_MAX_SEGMENTS + index;
	if (seg->key != IPC_PRIVATE)
		err = rhashtable_insert_fast(&m->shm_keys, &seg->hash, key_params);
	if (err) {
		xa_erase(&m->shm_segs, index);
		return -ENOMEM;
	}
	down_read(&m->state_lock);
	/* As soon as it can be found, it can be attached. */
	sim_event(segment, seg, SHMSWAP_SEGMENT_CREATE, NULL, 0);
	xa_store(&m->shm_segs, index, seg, 0);
	m->shm_used++;
	m->shm_tot += seg->npages;
	m->shm_max_id = max(m->shm_max_id, index);
	up_read(&m->state_lock);
	return 0;
}

static u64 max_segsz(const struct sim_machine *m)
{
	return min_t(u64, get_limits(m).shmmax, SHMSWAP_MAX_SEGSZ);
}

/* Mirrors newseg() of Linux 2.0. */
static noinline int newseg(struct sim_machine *m, struct shmswap_shmget *arg)
{
	struct sim_shmid *seg;
	int err;

	lockdep_assert_held(&m->shm_lock);
	/* Frames have one size. */
	if (!arg->segsz || arg->segsz > max_segsz(m) || (arg->shmflg & SHM_HUGETLB))
		return -EINVAL;
	seg = seg_alloc(m, arg);
	if (!seg)
		return -ENOMEM;
	err = add_seg(seg);
	if (err) {
		sim_shm_put(seg);
		return err;
	}
	arg->out_shmid = seg->id;
	return 0;
}

/**
 * sim_shm_create_anonymous() - a segment for a shared anonymous region
 * @m: machine
 * @len: bytes
 *
 * It goes when the last attach does, nobody can find it, and unless its owner
 * changes the mode nobody but CAP_IPC_OWNER can attach it.
 *
 * Context: may sleep; takes shm_lock.
 * Return: the segment, with a reference, kept until sim_shm_end_attach();
 * ERR_PTR(-ENOMEM).
 */
struct sim_shmid *sim_shm_create_anonymous(struct sim_machine *m, u64 len)
{
	const struct shmswap_shmget arg = { .key = IPC_PRIVATE, .segsz = len };
	struct sim_shmid *seg;
	int err;

	seg = seg_alloc(m, &arg);
	if (!seg)
		return ERR_PTR(-ENOMEM);
	seg->mode = SIM_SHM_DEST;
	seg->attaching = 1;
	mutex_lock(&m->shm_lock);
	err = len <= max_segsz(m) ? add_seg(seg) : -ENOSPC;
	if (!err)
		refcount_inc(&seg->ref);
	mutex_unlock(&m->shm_lock);
	if (err) {
		sim_shm_put(seg);
		return ERR_PTR(-ENOMEM);
	}
	return seg;
}

/* shmget() of a segment that exists */
static int oldseg(const struct sim_shmid *seg, struct shmswap_shmget *arg)
{
	if ((arg->shmflg & IPC_CREAT) && (arg->shmflg & IPC_EXCL))
		return -EEXIST;
	if (arg->segsz > seg->segsz)
		return -EINVAL;
	if (!sim_shm_permitted(seg, arg->shmflg & 0777))
		return -EACCES;
	arg->out_shmid = seg->id;
	return 0;
}

/* The segment with a key, or NULL. In the table, it stays while we look. */
static struct sim_shmid *find_key(struct sim_machine *m, s32 key)
{
	struct sim_shmid *seg;

	lockdep_assert_held(&m->shm_lock);
	seg = rhashtable_lookup_fast(&m->shm_keys, &key, key_params);
	/* One that is being destroyed is as good as gone. */
	if (seg && READ_ONCE(seg->removed)) {
		unhash(seg);
		seg = NULL;
	}
	return seg;
}

/**
 * sim_shmget() - shmget(2)
 * @m: machine
 * @arg: see there
 *
 * Context: may sleep; no lock held.
 * Return: 0 or the errno of shmget(2), -EINVAL for an unknown flag.
 */
int sim_shmget(struct sim_machine *m, struct shmswap_shmget *arg)
{
	struct sim_shmid *seg = NULL;
	int err;

	if (arg->shmflg & ~SHMGET_FLAGS)
		return -EINVAL;
	mutex_lock(&m->shm_lock);
	if (arg->key != IPC_PRIVATE)
		seg = find_key(m, arg->key);
	if (seg)
		err = oldseg(seg, arg);
	else if (arg->key != IPC_PRIVATE && !(arg->shmflg & IPC_CREAT))
		err = -ENOENT;
	else
		err = newseg(m, arg);
	mutex_unlock(&m->shm_lock);
	return err;
}

/* ----------------------------------------------------- locked into memory */

/*
 * RLIMIT_MEMLOCK limits what a user has locked in this machine, be it by SHM_LOCK
 * or by mlock(2): every open file is another process.
 */
static int charge_locked(struct sim_machine *m, kuid_t uid, unsigned long pages)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	unsigned long key = __kuid_val(uid);

	lockdep_assert_held(&m->shm_lock);
	pages += xa_to_value(xa_load(&m->shm_locked, key) ?: xa_mk_value(0));
	if (rlimit(RLIMIT_MEMLOCK) != RLIM_INFINITY && pages > limit && !capable(CAP_IPC_LOCK))
		return -ENOMEM;
	return xa_err(xa_store(&m->shm_locked, key, xa_mk_value(pages), GFP_KERNEL_ACCOUNT));
}

static void uncharge_locked(struct sim_machine *m, kuid_t uid, unsigned long pages)
{
	unsigned long key = __kuid_val(uid);
	unsigned long left = xa_to_value(xa_load(&m->shm_locked, key)) - pages;

	lockdep_assert_held(&m->shm_lock);
	if (left)
		xa_store(&m->shm_locked, key, xa_mk_value(left), GFP_KERNEL);
	else
		xa_erase(&m->shm_locked, key);
}

/**
 * sim_mm_charge_locked() - count pages that a process locks
 * @mm: process, on account of who made it
 * @pages: how many more
 *
 * Context: may sleep; takes shm_lock.
 * Return: 0; -ENOMEM if RLIMIT_MEMLOCK would be exceeded, or there is no memory.
 */
int sim_mm_charge_locked(struct sim_mm *mm, unsigned long pages)
{
	int err;

	mutex_lock(&mm->m->shm_lock);
	err = pages ? charge_locked(mm->m, mm->uid, pages) : 0;
	mutex_unlock(&mm->m->shm_lock);
	return err;
}

/**
 * sim_mm_uncharge_locked() - pages of a process are not locked any more
 * @mm: process
 * @pages: how many
 *
 * Context: may sleep; takes shm_lock.
 */
void sim_mm_uncharge_locked(struct sim_mm *mm, unsigned long pages)
{
	mutex_lock(&mm->m->shm_lock);
	if (pages)
		uncharge_locked(mm->m, mm->uid, pages);
	mutex_unlock(&mm->m->shm_lock);
}

/* ------------------------------------------------------------ destruction */

/**
 * sim_shm_begin_destroy() - is it time to destroy a segment?
 * @seg: segment
 *
 * It is if it was removed, or on a machine with SHMSWAP_MACHINE_RMID_FORCED if
 * the last attach is gone, and nobody is attached nor about to be.
 *
 * Context: seg->lock held.
 * Return: true for one caller: who drops the locks and calls sim_shm_destroy().
 */
bool sim_shm_begin_destroy(struct sim_shmid *seg)
{
	lockdep_assert_held(&seg->lock);
	if (seg->removed || seg->nattch || seg->attaching)
		return false;
	if (!(seg->mode & SIM_SHM_DEST) && !seg->orphaned)
		return false;
	WRITE_ONCE(seg->removed, true);
	return true;
}

/**
 * sim_shm_destroy() - destroy a segment
 * @seg: segment for which sim_shm_begin_destroy() was true
 *
 * Mirrors killseg() of Linux 2.0.
 *
 * Context: may sleep; no lock held but mmap_lock.
 */
void sim_shm_destroy(struct sim_shmid *seg)
{
	struct sim_machine *m = seg->m;

	mutex_lock(&m->shm_lock);
	unhash(seg);
	if (seg->mode & SIM_SHM_LOCKED)
		uncharge_locked(m, seg->locker, seg->npages);
	down_read(&m->state_lock);
	/* As soon as it is gone, its index is another's. */
	sim_event(segment, seg, SHMSWAP_SEGMENT_DESTROY, NULL, 0);
	xa_erase(&m->shm_segs, sim_shm_index(seg->id));
	m->shm_used--;
	m->shm_tot -= seg->npages;
	m->shm_seq++;
	while (m->shm_max_id && !xa_load(&m->shm_segs, m->shm_max_id))
		m->shm_max_id--;
	mutex_unlock(&m->shm_lock);
	mutex_lock(&seg->lock);
	sim_shm_free_pages(seg);
	mutex_unlock(&seg->lock);
	up_read(&m->state_lock);
	sim_shm_put(seg);
}

/* ----------------------------------------------------------------- shmctl */

/**
 * sim_shm_fill_ds() - a segment as shmctl(2) shows it
 * @seg: segment
 * @ds: result
 *
 * Context: seg->lock held.
 */
void sim_shm_fill_ds(const struct sim_shmid *seg, struct shmswap_shmid_ds *ds)
{
	struct user_namespace *ns = current_user_ns();

	lockdep_assert_held(&seg->lock);
	*ds = (struct shmswap_shmid_ds) {
		.key = seg->key,
		.mode = seg->mode,
		.uid = from_kuid_munged(ns, seg->uid),
		.gid = from_kgid_munged(ns, seg->gid),
		.cuid = from_kuid_munged(ns, seg->cuid),
		.cgid = from_kgid_munged(ns, seg->cgid),
		.seq = seg->id / SHMSWAP_MAX_SEGMENTS,
		.cpid = pid_vnr(seg->cprid),
		.lpid = pid_vnr(seg->lprid),
		.segsz = seg->segsz,
		.nattch = seg->nattch,
		.atime = seg->atime,
		.dtime = seg->dtime,
		.ctime = seg->ctime,
		.rss = seg->rss,
		.swp = seg->swp,
	};
}

static void ipc_info(struct sim_machine *m, struct shmswap_shmctl *arg)
{
	struct limits limits;

	mutex_lock(&m->shm_lock);
	limits = get_limits(m);
	arg->info = (struct shmswap_shminfo) {
		.shmmax = limits.shmmax,
		.shmmin = 1,
		.shmmni = limits.shmmni,
		.shmseg = limits.shmmni,
		.shmall = limits.shmall,
	};
	arg->out_ret = m->shm_max_id;
	mutex_unlock(&m->shm_lock);
}

static void shm_info(struct sim_machine *m, struct shmswap_shmctl *arg)
{
	mutex_lock(&m->shm_lock);
	arg->shm_info = (struct shmswap_shm_info) {
		.used_ids = m->shm_used,
		.shm_tot = m->shm_tot,
		.shm_rss = atomic_long_read(&m->shm_rss),
		.shm_swp = atomic_long_read(&m->shm_swp),
		.swap_attempts = atomic64_read(&m->events[SIM_SWAP_ATTEMPTS]),
		.swap_successes = atomic64_read(&m->events[SIM_SWAP_SUCCESSES]),
	};
	arg->out_ret = m->shm_max_id;
	mutex_unlock(&m->shm_lock);
}

static int shm_stat(struct sim_shmid *seg, struct shmswap_shmctl *arg)
{
	int err = 0;

	mutex_lock(&seg->lock);
	if (arg->cmd != SHM_STAT_ANY && !sim_shm_readable(seg))
		err = -EACCES;
	else
		sim_shm_fill_ds(seg, &arg->ds);
	mutex_unlock(&seg->lock);
	if (!err && arg->cmd != IPC_STAT)
		arg->out_ret = seg->id;
	return err;
}

static int ipc_set(struct sim_shmid *seg, const struct shmswap_shmid_ds *ds)
{
	kuid_t uid = make_kuid(current_user_ns(), ds->uid);
	kgid_t gid = make_kgid(current_user_ns(), ds->gid);

	lockdep_assert_held(&seg->lock);
	if (!owns(seg) && !ns_capable(seg->m->user_ns, CAP_SYS_ADMIN))
		return -EPERM;
	if (!uid_valid(uid) || !gid_valid(gid) || ds->reserved)
		return -EINVAL;
	seg->uid = uid;
	seg->gid = gid;
	seg->mode = (seg->mode & ~0777) | (ds->mode & 0777);
	seg->ctime = ktime_get_real_seconds();
	return 0;
}

static int ipc_rmid(struct sim_shmid *seg)
{
	lockdep_assert_held(&seg->lock);
	if (!owns(seg) && !ns_capable(seg->m->user_ns, CAP_SYS_ADMIN))
		return -EPERM;
	seg->mode |= SIM_SHM_DEST;
	unhash(seg);
	sim_event(segment, seg, SHMSWAP_SEGMENT_REMOVE, NULL, 0);
	return 0;
}

static int may_lock(struct sim_shmid *seg, u32 cmd)
{
	if (ns_capable(seg->m->user_ns, CAP_IPC_LOCK))
		return 0;
	if (!owns(seg) || (cmd == SHM_LOCK && !rlimit(RLIMIT_MEMLOCK)))
		return -EPERM;
	return 0;
}

static int shm_lock(struct sim_shmid *seg, u32 cmd)
{
	bool locked = seg->mode & SIM_SHM_LOCKED;
	bool lock = cmd == SHM_LOCK;
	int err = may_lock(seg, cmd);

	lockdep_assert_held(&seg->lock);
	if (err || lock == locked)
		return err;
	if (!lock) {
		uncharge_locked(seg->m, seg->locker, seg->npages);
		seg->mode &= ~SIM_SHM_LOCKED;
		sim_event(segment, seg, SHMSWAP_SEGMENT_UNLOCK, NULL, 0);
		return 0;
	}
	err = charge_locked(seg->m, current_uid(), seg->npages);
	if (!err) {
		seg->locker = current_uid();
		seg->mode |= SIM_SHM_LOCKED;
		sim_event(segment, seg, SHMSWAP_SEGMENT_LOCK, NULL, 0);
	}
	return err;
}

/* The commands that change a segment, with m->shm_lock held. */
static int shm_change(struct sim_shmid *seg, struct shmswap_shmctl *arg)
{
	bool last = false;
	int err;

	mutex_lock(&seg->m->shm_lock);
	mutex_lock(&seg->lock);
	if (seg->removed)
		err = -EIDRM;
	else if (arg->cmd == IPC_SET)
		err = ipc_set(seg, &arg->ds);
	else if (arg->cmd == IPC_RMID)
		err = ipc_rmid(seg);
	else
		err = shm_lock(seg, arg->cmd);
	if (!err)
		last = sim_shm_begin_destroy(seg);
	mutex_unlock(&seg->lock);
	mutex_unlock(&seg->m->shm_lock);
	if (last)
		sim_shm_destroy(seg);
	return err;
}

/* As in the kernel, of an identifier only the index counts. */
static struct sim_shmid *find_index(struct sim_machine *m, s32 id)
{
	unsigned long index = sim_shm_index(id);
	struct sim_shmid *seg = id < 0 ? NULL : sim_shm_next(m, &index);

	if (!seg || index == sim_shm_index(id))
		return seg;
	sim_shm_put(seg);
	return NULL;
}

static int shmctl_seg(struct sim_machine *m, struct shmswap_shmctl *arg)
{
	bool by_index = arg->cmd == SHM_STAT || arg->cmd == SHM_STAT_ANY;
	struct sim_shmid *seg;
	int err;

	if (by_index)
		seg = find_index(m, arg->shmid);
	else
		seg = sim_shm_find(m, arg->shmid);
	if (!seg)
		return -EINVAL;
	if (by_index || arg->cmd == IPC_STAT)
		err = shm_stat(seg, arg);
	else
		err = shm_change(seg, arg);
	sim_shm_put(seg);
	return err;
}

/**
 * sim_shmctl() - shmctl(2)
 * @m: machine
 * @arg: see there
 *
 * Context: may sleep; no lock held.
 * Return: 0 or the errno of shmctl(2).
 */
int sim_shmctl(struct sim_machine *m, struct shmswap_shmctl *arg)
{
	arg->out_ret = 0;
	if (arg->shmid < 0)
		return -EINVAL;
	switch (arg->cmd) {
	case IPC_INFO:
		ipc_info(m, arg);
		return 0;
	case SHM_INFO:
		shm_info(m, arg);
		return 0;
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
	case IPC_SET:
	case IPC_RMID:
	case SHM_LOCK:
	case SHM_UNLOCK:
		return shmctl_seg(m, arg);
	default:
		return -EINVAL;
	}
}

/**
 * sim_shm_init() - prepare a machine for segments
 * @m: machine
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int sim_shm_init(struct sim_machine *m)
{
	mutex_init(&m->shm_lock);
	xa_init_flags(&m->shm_segs, XA_FLAGS_ALLOC | XA_FLAGS_ACCOUNT);
	xa_init_flags(&m->shm_locked, XA_FLAGS_ACCOUNT);
	return rhashtable_init(&m->shm_keys, &key_params);
}

/**
 * sim_shm_exit() - destroy all segments
 * @m: machine without processes
 *
 * Context: may sleep.
 */
void sim_shm_exit(struct sim_machine *m)
{
	struct sim_shmid *seg;
	unsigned long index;
	bool last;

	for (index = 0; (seg = sim_shm_next(m, &index)); index++) {
		mutex_lock(&seg->lock);
		seg->mode |= SIM_SHM_DEST;
		last = sim_shm_begin_destroy(seg);
		mutex_unlock(&seg->lock);
		if (!WARN_ON(!last))
			sim_shm_destroy(seg);
		sim_shm_put(seg);
	}
	rhashtable_destroy(&m->shm_keys);
	xa_destroy(&m->shm_segs);
	xa_destroy(&m->shm_locked);
}
