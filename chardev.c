// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/shmswap: an open file is a process, an ioctl a system call of its, and
 * pread() and pwrite() are its loads and stores. What concerns the machine alone
 * can be had through a file that is no process yet.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "sim.h"

/* Accesses of a batch that are copied in and done at a time. */
#define TOUCH_CHUNK	512

static const struct file_operations shmswap_fops;

/* The process that a file is, or NULL if it did nothing so far. */
static struct sim_mm *file_mm(struct file *file)
{
	/* Pairs with the cmpxchg() in set_file_mm(): it is complete. */
	return smp_load_acquire(&file->private_data);
}

/* Make @mm the file's process; false if it has one already. */
static bool set_file_mm(struct file *file, struct sim_mm *mm)
{
	return !cmpxchg(&file->private_data, NULL, mm);
}

/* The file's process; the first use of it creates it on the default machine. */
static struct sim_mm *get_file_mm(struct file *file)
{
	struct sim_mm *mm = file_mm(file);

	if (likely(mm))
		return mm;
	mm = sim_mm_create(shmswap_default_machine());
	if (IS_ERR(mm) || set_file_mm(file, mm))
		return mm;
	/* Another thread was faster. */
	sim_mm_exit(mm);
	return file_mm(file);
}

static int shmswap_open(struct inode *inode, struct file *file)
{
	/* misc_open() left the device here. */
	file->private_data = NULL;
	return 0;
}

static int shmswap_release(struct inode *inode, struct file *file)
{
	struct sim_mm *mm = file_mm(file);

	if (mm)
		sim_mm_exit(mm);
	return 0;
}

static loff_t shmswap_llseek(struct file *file, loff_t offset, int whence)
{
	return fixed_size_llseek(file, offset, whence, SHMSWAP_TASK_SIZE);
}

static ssize_t access_iter(struct kiocb *iocb, struct iov_iter *iter, bool write)
{
	struct sim_mm *mm = get_file_mm(iocb->ki_filp);
	ssize_t ret;

	if (IS_ERR(mm))
		return PTR_ERR(mm);
	ret = sim_access(mm, iocb->ki_pos, iter, write);
	if (ret > 0)
		iocb->ki_pos += ret;
	return ret;
}

static ssize_t shmswap_read_iter(struct kiocb *iocb, struct iov_iter *iter)
{
	return access_iter(iocb, iter, false);
}

static ssize_t shmswap_write_iter(struct kiocb *iocb, struct iov_iter *iter)
{
	return access_iter(iocb, iter, true);
}

/**
 * struct call - an ioctl under way
 * @file: file that it was called on
 * @m: its machine
 * @mm: its process, NULL if it is none and the call does not need one
 * @new_file: file that it makes, or NULL
 * @new_fd: descriptor for it, given out when nothing can fail any more
 */
struct call {
	struct file *file;
	struct sim_machine *m;
	struct sim_mm *mm;
	struct file *new_file;
	int new_fd;
};

union call_arg {
	struct shmswap_create create;
	struct shmswap_info info;
	struct shmswap_fork fork;
	struct shmswap_shmget shmget;
	struct shmswap_shmat shmat;
	struct shmswap_shmdt shmdt;
	struct shmswap_shmctl shmctl;
	struct shmswap_touch touch;
	struct shmswap_swapon swapon;
	struct shmswap_swapoff swapoff;
	struct shmswap_reclaim reclaim;
	struct shmswap_control control;
	struct shmswap_stat stat;
	struct shmswap_query query;
	struct shmswap_table table;
	struct shmswap_check check;
	struct shmswap_mmap mmap;
	struct shmswap_munmap munmap;
	struct shmswap_mprotect mprotect;
	struct shmswap_msync msync;
	struct shmswap_mlock mlock;
	struct shmswap_munlock munlock;
	struct shmswap_events events;
};

/* Reserve a descriptor for @file; on failure @file is dropped. */
static int set_new_file(struct call *call, struct file *file, bool cloexec)
{
	int fd = get_unused_fd_flags(cloexec ? O_CLOEXEC : 0);

	if (fd < 0) {
		fput(file);
		return fd;
	}
	call->new_file = file;
	call->new_fd = fd;
	return 0;
}

static int ioctl_create(struct call *call, union call_arg *arg)
{
	const struct sim_config config = {
		.flags = arg->create.flags,
		.nr_frames = arg->create.nr_frames,
		.ram_swap = arg->create.ram_swap,
		.shmmax = arg->create.shmmax,
		.shmall = arg->create.shmall,
		.shmmni = arg->create.shmmni,
		.max_tables = arg->create.max_tables,
	};
	struct sim_machine *m;
	struct sim_mm *mm;

	if (file_mm(call->file))
		return -EBUSY;
	m = sim_machine_create(&config);
	if (IS_ERR(m))
		return PTR_ERR(m);
	mm = sim_mm_create(m);
	/* From here on the process alone keeps the machine. */
	sim_machine_put(m);
	if (IS_ERR(mm))
		return PTR_ERR(mm);
	if (!set_file_mm(call->file, mm)) {
		sim_mm_exit(mm);
		return -EBUSY;
	}
	return 0;
}

static int ioctl_info(struct call *call, union call_arg *arg)
{
	struct sim_mm *mm = call->mm;
	struct sim_machine *m = call->m;

	arg->info = (struct shmswap_info) {
		.size = arg->info.size,
		.out_flags = READ_ONCE(m->flags) |
			     (m->is_default ? SHMSWAP_INFO_DEFAULT : 0) |
			     (sim_machine_privileged(m) ? SHMSWAP_INFO_PRIVILEGED : 0),
		.out_abi_version = SHMSWAP_ABI_VERSION,
		.out_page_size = PAGE_SIZE,
		.out_nr_frames = m->nr_frames,
		.out_pid = mm->pid,
		.out_nr_processes = atomic_read(&m->nr_mms),
		.out_owner = from_kuid_munged(current_user_ns(), m->owner),
		.out_rss = atomic_long_read(&mm->rss),
		.out_min_flt = atomic64_read(&mm->min_flt),
		.out_maj_flt = atomic64_read(&mm->maj_flt),
		.out_live_pid = sim_live_pid(m),
		.out_machine = m->number,
	};
	return 0;
}

static int ioctl_fork(struct call *call, union call_arg *arg)
{
	struct file *file;
	struct sim_mm *mm;

	if (arg->fork.flags & ~(SHMSWAP_FORK_EXEC | SHMSWAP_FORK_CLOEXEC))
		return -EINVAL;
	if (arg->fork.flags & SHMSWAP_FORK_EXEC)
		mm = sim_mm_create(call->m);
	else
		mm = sim_mm_fork(call->mm);
	if (IS_ERR(mm))
		return PTR_ERR(mm);
	arg->fork.out_pid = mm->pid;
	file = anon_inode_getfile("[shmswap]", &shmswap_fops, mm, O_RDWR);
	if (IS_ERR(file)) {
		sim_mm_exit(mm);
		return PTR_ERR(file);
	}
	file->f_mode |= FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE;
	return set_new_file(call, file, arg->fork.flags & SHMSWAP_FORK_CLOEXEC);
}

static int ioctl_shmget(struct call *call, union call_arg *arg)
{
	return sim_shmget(call->m, &arg->shmget);
}

/* What a call does to the file's process, or else to the caller itself. */
static int need_process(struct call *call)
{
	call->mm = get_file_mm(call->file);
	return PTR_ERR_OR_ZERO(call->mm);
}

static int ioctl_shmat(struct call *call, union call_arg *arg)
{
	int err;

	if (arg->shmat.flags & SHMSWAP_SHMAT_MAP)
		return sim_live_shmat(call->m, &arg->shmat);
	err = need_process(call);
	return err ?: sim_shmat(call->mm, &arg->shmat);
}

static int ioctl_shmdt(struct call *call, union call_arg *arg)
{
	int err;

	if (arg->shmdt.flags & ~SHMSWAP_SHMDT_MAP)
		return -EINVAL;
	if (arg->shmdt.flags & SHMSWAP_SHMDT_MAP)
		return sim_live_shmdt(call->m, arg->shmdt.addr);
	err = need_process(call);
	return err ?: sim_shmdt(call->mm, arg->shmdt.addr);
}

static int ioctl_shmctl(struct call *call, union call_arg *arg)
{
	return sim_shmctl(call->m, &arg->shmctl);
}

static int touch_chunk(struct sim_mm *mm, struct shmswap_touch *t, u64 *buf)
{
	const u64 __user *accesses = u64_to_user_ptr(t->accesses);
	u32 nr = min_t(u32, t->count - t->out_done, TOUCH_CHUNK);

	if (fatal_signal_pending(current))
		return -EINTR;
	if (copy_from_user(buf, accesses + t->out_done, nr * sizeof(*buf)))
		return -EFAULT;
	return sim_touch(mm, buf, nr, t);
}

static int ioctl_touch(struct call *call, union call_arg *arg)
{
	struct shmswap_touch *t = &arg->touch;
	int err = 0;
	u64 *buf;

	t->out_done = 0;
	t->out_min_flt = 0;
	t->out_maj_flt = 0;
	if (t->flags)
		return -EINVAL;
	buf = kmalloc_array(TOUCH_CHUNK, sizeof(*buf), GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	while (!err && t->out_done < t->count) {
		err = touch_chunk(call->mm, t, buf);
		cond_resched();
	}
	kfree(buf);
	return err;
}

static int ioctl_swapon(struct call *call, union call_arg *arg)
{
	if (!sim_machine_privileged(call->m))
		return -EPERM;
	return sim_swapon(call->m, &arg->swapon);
}

static int ioctl_swapoff(struct call *call, union call_arg *arg)
{
	if (!sim_machine_privileged(call->m))
		return -EPERM;
	return sim_swapoff(call->m, arg->swapoff.type);
}

static int ioctl_reclaim(struct call *call, union call_arg *arg)
{
	struct shmswap_reclaim *r = &arg->reclaim;
	struct sim_reclaim_result result;
	int err;

	if (r->method > SHMSWAP_RECLAIM_SWAP_OUT || r->level > SHMSWAP_MAX_LEVEL)
		return -EINVAL;
	if (!sim_machine_privileged(call->m))
		return -EPERM;
	err = sim_reclaim(call->m,
			  array_index_nospec(r->method, SHMSWAP_RECLAIM_SWAP_OUT + 1),
			  r->level, r->count, &result);
	if (err)
		return err;
	r->out_calls = result.calls;
	r->out_freed = result.freed;
	r->out_attempts = result.attempts;
	return 0;
}

static int ioctl_control(struct call *call, union call_arg *arg)
{
	return sim_machine_control(call->m, &arg->control);
}

static int ioctl_stat(struct call *call, union call_arg *arg)
{
	if (arg->stat.reserved)
		return -EINVAL;
	sim_machine_stat(call->m, &arg->stat);
	return 0;
}

static int ioctl_query(struct call *call, union call_arg *arg)
{
	int err = 0;

	if (sim_query_needs_process(&arg->query))
		err = need_process(call);
	return err ?: sim_query(call->m, call->mm, &arg->query);
}

static int ioctl_table(struct call *call, union call_arg *arg)
{
	struct file *file;
	int err;

	if (arg->table.flags & ~SHMSWAP_TABLE_CLOEXEC)
		return -EINVAL;
	if (arg->table.which == SHMSWAP_TABLE_MAPS) {
		err = need_process(call);
		if (err)
			return err;
	}
	file = sim_table_file(call->m, call->mm, arg->table.which);
	if (IS_ERR(file))
		return PTR_ERR(file);
	return set_new_file(call, file, arg->table.flags & SHMSWAP_TABLE_CLOEXEC);
}

static int ioctl_check(struct call *call, union call_arg *arg)
{
	if (!sim_machine_privileged(call->m))
		return -EPERM;
	return sim_check(call->m, &arg->check);
}

static int ioctl_mmap(struct call *call, union call_arg *arg)
{
	return sim_mmap(call->mm, &arg->mmap);
}

static int ioctl_munmap(struct call *call, union call_arg *arg)
{
	return sim_do_munmap(call->mm, &arg->munmap);
}

static int ioctl_mprotect(struct call *call, union call_arg *arg)
{
	return sim_mprotect(call->mm, &arg->mprotect);
}

static int ioctl_msync(struct call *call, union call_arg *arg)
{
	return sim_msync(call->mm, &arg->msync);
}

static int ioctl_mlock(struct call *call, union call_arg *arg)
{
	return sim_mlock(call->mm, &arg->mlock);
}

static int ioctl_munlock(struct call *call, union call_arg *arg)
{
	return sim_munlock(call->mm, &arg->munlock);
}

static int ioctl_events(struct call *call, union call_arg *arg)
{
	struct file *file;

	if (!sim_machine_privileged(call->m))
		return -EPERM;
	file = sim_events_file(call->m, &arg->events);
	if (IS_ERR(file))
		return PTR_ERR(file);
	return set_new_file(call, file, arg->events.flags & SHMSWAP_EVENTS_CLOEXEC);
}

/**
 * struct call_op - how an ioctl is served
 * @fn: does it
 * @min_size: size of its struct when it was first released
 * @size: size of its struct
 * @fd_offset: where the struct has the descriptor of the new file, or 0
 * @of_machine: the file need not be a process
 * @out_on_error: its struct is written back even if it fails
 */
struct call_op {
	int (*fn)(struct call *call, union call_arg *arg);
	u16 min_size;
	u16 size;
	u16 fd_offset;
	bool of_machine;
	bool out_on_error;
};

#define CALL(cmd, name, last, ...)						\
	[_IOC_NR(cmd)] = {							\
		.fn = ioctl_##name,						\
		.min_size = offsetofend(struct shmswap_##name, last),		\
		.size = sizeof(struct shmswap_##name) +				\
			BUILD_BUG_ON_ZERO(sizeof(struct shmswap_##name) % sizeof(u64)), \
		##__VA_ARGS__							\
	}

static const struct call_op calls[] = {
	CALL(SHMSWAP_IOC_CREATE, create, max_tables, .of_machine = true),
	CALL(SHMSWAP_IOC_INFO, info, out_maj_flt),
	CALL(SHMSWAP_IOC_FORK, fork, out_pid,
	     .fd_offset = offsetof(struct shmswap_fork, out_fd)),
	CALL(SHMSWAP_IOC_SHMGET, shmget, out_shmid, .of_machine = true),
	CALL(SHMSWAP_IOC_SHMAT, shmat, out_addr, .of_machine = true),
	CALL(SHMSWAP_IOC_SHMDT, shmdt, addr, .of_machine = true),
	CALL(SHMSWAP_IOC_SHMCTL, shmctl, ds, .of_machine = true),
	CALL(SHMSWAP_IOC_TOUCH, touch, out_maj_flt, .out_on_error = true),
	CALL(SHMSWAP_IOC_SWAPON, swapon, out_type, .of_machine = true),
	CALL(SHMSWAP_IOC_SWAPOFF, swapoff, type, .of_machine = true),
	CALL(SHMSWAP_IOC_RECLAIM, reclaim, out_attempts, .of_machine = true),
	CALL(SHMSWAP_IOC_CONTROL, control, shmall, .of_machine = true),
	CALL(SHMSWAP_IOC_STAT, stat, reclaim_stall, .of_machine = true),
	CALL(SHMSWAP_IOC_QUERY, query, reserved, .of_machine = true),
	CALL(SHMSWAP_IOC_TABLE, table, out_fd,
	     .fd_offset = offsetof(struct shmswap_table, out_fd), .of_machine = true),
	CALL(SHMSWAP_IOC_CHECK, check, out_found, .of_machine = true, .out_on_error = true),
	CALL(SHMSWAP_IOC_MMAP, mmap, out_addr),
	CALL(SHMSWAP_IOC_MUNMAP, munmap, len),
	CALL(SHMSWAP_IOC_MPROTECT, mprotect, len),
	CALL(SHMSWAP_IOC_MSYNC, msync, len),
	CALL(SHMSWAP_IOC_MLOCK, mlock, len),
	CALL(SHMSWAP_IOC_MUNLOCK, munlock, len),
	CALL(SHMSWAP_IOC_EVENTS, events, out_fd,
	     .fd_offset = offsetof(struct shmswap_events, out_fd), .of_machine = true),
};

/* Give out the descriptor of a new file, or, after an error, take it back. */
static noinline void finish_new_file(struct call *call, int err)
{
	if (!err) {
		fd_install(call->new_fd, call->new_file);
		return;
	}
	put_unused_fd(call->new_fd);
	fput(call->new_file);
}

/* Copy in a struct of an older or a newer size than ours. */
static noinline int copy_arg_in_sized(union call_arg *arg, void __user *user, u32 *size,
				      const struct call_op *op)
{
	int err;

	if (get_user(*size, (u32 __user *)user))
		return -EFAULT;
	if (*size < op->min_size)
		return -EINVAL;
	if (*size > PAGE_SIZE)
		return -E2BIG;
	err = copy_struct_from_user(arg, op->size, user, *size);
	if (err)
		return err;
	*size = min_t(u32, *size, op->size);
	return copy_to_user(user, arg, *size) ? -EFAULT : 0;
}

/*
 * Copy the struct in, and write it back, for what cannot be written back must
 * not be done in the first place. One of our size is copied word by word: the
 * checks of a copy of variable size would cost more than a small call.
 */
static int copy_arg_in(union call_arg *arg, void __user *user, u32 *size,
		       const struct call_op *op)
{
	u64 __user *from = user;
	u64 *to = (u64 *)arg;
	u32 i;

	if (!user_access_begin(from, op->size))
		return copy_arg_in_sized(arg, user, size, op);
	for (i = 0; i < op->size / sizeof(*to); i++) {
		unsafe_get_user(to[i], &from[i], other);
		if (*(u32 *)arg != op->size)
			goto other;
		unsafe_put_user(to[i], &from[i], other);
	}
	user_access_end();
	*size = op->size;
	return 0;
other:
	user_access_end();
	return copy_arg_in_sized(arg, user, size, op);
}

static int copy_arg_out(void __user *user, const union call_arg *arg, u32 size,
			const struct call_op *op)
{
	const u64 *from = (const u64 *)arg;
	u64 __user *to = user;
	u32 i;

	if (size != op->size)
		return copy_to_user(user, arg, size) ? -EFAULT : 0;
	if (!user_write_access_begin(to, size))
		return -EFAULT;
	for (i = 0; i < size / sizeof(*to); i++)
		unsafe_put_user(from[i], &to[i], fault);
	user_write_access_end();
	return 0;
fault:
	user_write_access_end();
	return -EFAULT;
}

static int do_call(struct call *call, const struct call_op *op, union call_arg *arg,
		   void __user *user, u32 size)
{
	int err = op->fn(call, arg);

	if (!err && op->fd_offset)
		*(s32 *)((void *)arg + op->fd_offset) = call->new_fd;
	if ((!err || op->out_on_error) && copy_arg_out(user, arg, size, op))
		err = -EFAULT;
	if (call->new_file)
		finish_new_file(call, err);
	return err;
}

static long shmswap_ioctl(struct file *file, unsigned int cmd, unsigned long argp)
{
	void __user *user = (void __user *)argp;
	struct call call = { .file = file };
	const struct call_op *op;
	union call_arg arg;
	u32 size;
	int err;

	cmd -= _IO(SHMSWAP_IOC_MAGIC, 0);
	if (cmd >= ARRAY_SIZE(calls))
		return -ENOTTY;
	op = &calls[array_index_nospec(cmd, ARRAY_SIZE(calls))];
	err = copy_arg_in(&arg, user, &size, op);
	if (err)
		return err;
	call.mm = op->of_machine ? file_mm(file) : get_file_mm(file);
	if (IS_ERR(call.mm))
		return PTR_ERR(call.mm);
	call.m = call.mm ? call.mm->m : shmswap_default_machine();
	return do_call(&call, op, &arg, user, size);
}

static const struct file_operations shmswap_fops = {
	.owner = THIS_MODULE,
	.open = shmswap_open,
	.release = shmswap_release,
	.llseek = shmswap_llseek,
	.read_iter = shmswap_read_iter,
	.write_iter = shmswap_write_iter,
	.unlocked_ioctl = shmswap_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice shmswap_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "shmswap",
	.fops = &shmswap_fops,
	.mode = 0666,
};

/**
 * shmswap_chardev_init() - let programs in
 *
 * Context: may sleep; all else is ready.
 * Return: 0 or -errno.
 */
int shmswap_chardev_init(void)
{
	return misc_register(&shmswap_misc);
}

/**
 * shmswap_chardev_exit() - no more programs
 *
 * Context: may sleep.
 */
void shmswap_chardev_exit(void)
{
	misc_deregister(&shmswap_misc);
}
