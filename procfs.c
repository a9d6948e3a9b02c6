// SPDX-License-Identifier: GPL-2.0
/*
 * The machine's tables as text, in the formats of the files in /proc that they
 * are named after: for the default machine below /proc/shmswap, for any machine
 * from a file that SHMSWAP_IOC_TABLE returns.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/pid.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "sim.h"

/**
 * struct table - an open table
 * @m: machine, with a reference
 * @mm: process, with a reference; NULL below /proc
 */
struct table {
	struct sim_machine *m;
	struct sim_mm *mm;
};

static int show_shm(struct seq_file *s, void *unused)
{
	struct sim_machine *m = ((struct table *)s->private)->m;
	struct shmswap_shmid_ds ds;
	struct sim_shmid *seg;
	unsigned long index;

	seq_puts(s, "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap\n");
	for (index = 0; (seg = sim_shm_next(m, &index)); index++) {
		mutex_lock(&seg->lock);
		sim_shm_fill_ds(seg, &ds);
		mutex_unlock(&seg->lock);
		seq_printf(s, "%10d %10d  %4o %21llu %5u %5u  %5llu %5u %5u %5u %5u %10llu %10llu %10llu %21llu %21llu\n",
			   ds.key, seg->id, ds.mode, ds.segsz, ds.cpid, ds.lpid, ds.nattch,
			   ds.uid, ds.gid, ds.cuid, ds.cgid, ds.atime, ds.dtime, ds.ctime,
			   ds.rss << PAGE_SHIFT, ds.swp << PAGE_SHIFT);
		sim_shm_put(seg);
	}
	return 0;
}

static void show_swap(struct seq_file *s, const struct sim_swap_info *si)
{
	static const char * const kinds[] = {
		[SHMSWAP_AREA_RAM] = "ram",
		[SHMSWAP_AREA_FILE] = "file",
		[SHMSWAP_AREA_PARTITION] = "partition",
	};
	size_t start = s->count;

	if (si->file)
		seq_file_path(s, si->file, " \t\n\\");
	else
		seq_printf(s, "ram%u", si->type);
	seq_printf(s, "%*s%-15s %10llu\t%10llu\t%d\n",
		   max_t(int, 40 - (int)(s->count - start), 1), " ", kinds[si->kind],
		   (u64)si->pages << (PAGE_SHIFT - 10),
		   (u64)si->inuse_pages << (PAGE_SHIFT - 10), si->prio);
}

static int show_swaps(struct seq_file *s, void *unused)
{
	struct sim_machine *m = ((struct table *)s->private)->m;
	int type;

	seq_puts(s, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	mutex_lock(&m->swap_lock);
	for (type = 0; type < SHMSWAP_MAX_SWAPFILES; type++) {
		if (m->swap_info[type])
			show_swap(s, m->swap_info[type]);
	}
	mutex_unlock(&m->swap_lock);
	return 0;
}

/* The fields of struct shmswap_stat, in order. */
static const char * const stat_names[] = {
	"nr_free_pages",
	"nr_swap_pages",
	"nr_swapcache",
	"nr_table_bytes",
	"shm_tot",
	"shm_rss",
	"shm_swp",
	"swap_attempts",
	"swap_successes",
	"pgalloc",
	"pgfree",
	"pgfault",
	"pgmajfault",
	"pgzero",
	"pswpin",
	"pswpout",
	"swap_read_errors",
	"swap_write_errors",
	"pgunmap",
	"pgaged",
	"tlb_flush_page",
	"tlb_flush_range",
	"kswapd_wake",
	"kswapd_freed",
	"reclaim_stall",
	"tlb_flush_mm",
	"tlb_hit",
	"tlb_miss",
	"pgcow",
	"pgscan",
	"pgsteal",
	"pgdiscard",
	"pgpgin",
	"pgpgout",
	"file_read_errors",
	"file_write_errors",
	"swap_cache_add",
	"swap_cache_del",
	"swap_cache_find",
	"swap_cache_hit",
	"swap_ra",
	"nr_file_pages",
};

static int show_vmstat(struct seq_file *s, void *unused)
{
	struct shmswap_stat st;
	const __aligned_u64 *values = &st.nr_free_pages;
	size_t i;

	static_assert(offsetof(struct shmswap_stat, nr_free_pages) +
		      ARRAY_SIZE(stat_names) * sizeof(*values) == sizeof(st));

	sim_machine_stat(((struct table *)s->private)->m, &st);
	for (i = 0; i < ARRAY_SIZE(stat_names); i++)
		seq_printf(s, "%s %llu\n", stat_names[i], values[i]);
	return 0;
}

static int show_buddyinfo(struct seq_file *s, void *unused)
{
	struct sim_machine *m = ((struct table *)s->private)->m;
	u32 nr_blocks[SIM_NR_ORDERS];
	int order;

	spin_lock(&m->free_lock);
	for (order = 0; order < SIM_NR_ORDERS; order++)
		nr_blocks[order] = m->free_area[order].nr_blocks;
	spin_unlock(&m->free_lock);
	seq_puts(s, "Node 0, zone   Normal ");
	for (order = 0; order < SIM_NR_ORDERS; order++)
		seq_printf(s, "%6u ", nr_blocks[order]);
	seq_putc(s, '\n');
	return 0;
}

/* An attach is like one of the kernel's own: the name is the key, the inode the id. */
static void show_vma(struct seq_file *s, const struct sim_vma *vma)
{
	const struct inode *inode = vma->vm_mapping ? vma->vm_mapping->inode : NULL;
	dev_t dev = inode ? inode->i_sb->s_dev : vma->vm_seg ? MKDEV(0, 1) : 0;
	u64 ino = inode ? inode->i_ino : vma->vm_seg ? vma->vm_seg->id : 0;
	u32 flags = vma->vm_flags;

	seq_setwidth(s, 25 + sizeof(void *) * 6 - 1);
	seq_printf(s, "%08llx-%08llx %c%c%c%c %08llx %02x:%02x %llu ", vma->vm_start, vma->vm_end,
		   flags & SHMSWAP_VM_READ ? 'r' : '-', flags & SHMSWAP_VM_WRITE ? 'w' : '-',
		   flags & SHMSWAP_VM_EXEC ? 'x' : '-', flags & SHMSWAP_VM_SHARED ? 's' : 'p',
		   (u64)vma->vm_pgoff << PAGE_SHIFT, MAJOR(dev), MINOR(dev), ino);
	if (inode || vma->vm_seg)
		seq_pad(s, ' ');
	if (inode)
		seq_file_path(s, vma->vm_mapping->file, "\n");
	else if (vma->vm_seg)
		seq_printf(s, "/SYSV%08x", READ_ONCE(vma->vm_seg->key));
	seq_putc(s, '\n');
}

static int show_mm(struct seq_file *s, struct sim_mm *mm)
{
	MA_STATE(mas, &mm->mt, 0, 0);
	struct sim_vma *vma;

	sim_live_update(mm);
	if (down_read_killable(&mm->mmap_lock))
		return -EINTR;
	mas_for_each(&mas, vma, SHMSWAP_TASK_SIZE - 1)
		show_vma(s, vma);
	up_read(&mm->mmap_lock);
	return 0;
}

static int show_maps(struct seq_file *s, void *unused)
{
	struct table *table = s->private;
	struct sim_mm *mm;
	unsigned long pid;
	int err = 0;

	if (table->mm)
		return show_mm(s, table->mm);
	for (pid = 1; !err && (mm = sim_mm_next(table->m, &pid)); pid++) {
		seq_printf(s, "process %u of pid %d\n", mm->pid, sim_mm_creator(mm));
		err = show_mm(s, mm);
		sim_mm_put(mm);
	}
	return err;
}

static int show_swapctl(struct seq_file *s, void *unused)
{
	struct shmswap_control c = { .size = sizeof(c) };
	int err = sim_machine_control(((struct table *)s->private)->m, &c);

	if (err)
		return err;
	seq_printf(s, "freepages %u %u %u\n", c.freepages_min, c.freepages_low,
		   c.freepages_high);
	seq_printf(s, "kswapd_interval %u\nkswapd_maxpages %u\n", c.kswapd_interval,
		   c.kswapd_maxpages);
	seq_printf(s, "max_page_age %u\npage_advance %u\npage_decline %u\npage_initial_age %u\n",
		   c.max_page_age, c.page_advance, c.page_decline, c.page_initial_age);
	seq_printf(s, "age_cluster_fract %u\nage_cluster_min %u\npageout_weight %u\n",
		   c.age_cluster_fract, c.age_cluster_min, c.pageout_weight);
	seq_printf(s, "page_cluster %u\nshm_reclaim %s\n", c.page_cluster,
		   c.flags & SHMSWAP_MACHINE_SHM_PROCESS ? "process" : "clock");
	return 0;
}

static int show_procs(struct seq_file *s, void *unused)
{
	struct sim_machine *m = ((struct table *)s->private)->m;
	struct sim_mm *mm;
	unsigned long pid;

	if (mutex_lock_killable(&m->reclaim_lock))
		return -EINTR;
	seq_printf(s, "%6s %8s %8s %8s %8s %12s %8s\n", "pid", "creator", "rss", "min_flt",
		   "maj_flt", "swap_address", "swap_cnt");
	for (pid = 1; (mm = sim_mm_next(m, &pid)); pid++) {
		seq_printf(s, "%6u %8d %8ld %8lld %8lld %12llx %8u\n", mm->pid,
			   sim_mm_creator(mm), atomic_long_read(&mm->rss),
			   atomic64_read(&mm->min_flt), atomic64_read(&mm->maj_flt),
			   sim_live_visible(mm) ? mm->swap_address : 0, mm->swap_cnt);
		sim_mm_put(mm);
	}
	mutex_unlock(&m->reclaim_lock);
	return 0;
}

/*
 * By SHMSWAP_TABLE_*. Below /proc, maps shows what all processes do. What others
 * do is for who controls the machine.
 */
static const struct {
	const char *name;
	umode_t mode;
	int (*show)(struct seq_file *s, void *unused);
	bool privileged;
} tables[] = {
	[SHMSWAP_TABLE_SHM] = { "shm", 0444, show_shm },
	[SHMSWAP_TABLE_SWAPS] = { "swaps", 0444, show_swaps },
	[SHMSWAP_TABLE_VMSTAT] = { "vmstat", 0444, show_vmstat },
	[SHMSWAP_TABLE_BUDDYINFO] = { "buddyinfo", 0444, show_buddyinfo },
	[SHMSWAP_TABLE_MAPS] = { "maps", 0400, show_maps },
	[SHMSWAP_TABLE_SWAPCTL] = { "swapctl", 0444, show_swapctl },
	[SHMSWAP_TABLE_PROCS] = { "procs", 0400, show_procs, .privileged = true },
};

static int open_table(struct file *file, struct sim_machine *m, struct sim_mm *mm, u32 which)
{
	struct table *table = kmalloc(sizeof(*table), GFP_KERNEL_ACCOUNT);
	int err;

	if (!table)
		return -ENOMEM;
	table->m = m;
	table->mm = mm;
	err = single_open(file, tables[which].show, table);
	if (err) {
		kfree(table);
		return err;
	}
	sim_machine_get(m);
	if (mm)
		refcount_inc(&mm->ref);
	return 0;
}

static int table_release(struct inode *inode, struct file *file)
{
	struct seq_file *s = file->private_data;
	struct table *table = s ? s->private : NULL;

	/* A file whose open_table() failed has nothing to release. */
	if (!table)
		return 0;
	if (table->mm)
		sim_mm_put(table->mm);
	sim_machine_put(table->m);
	kfree(table);
	return single_release(inode, file);
}

static const struct file_operations table_fops = {
	.owner = THIS_MODULE,
	.read_iter = seq_read_iter,
	.llseek = seq_lseek,
	.release = table_release,
};

/**
 * sim_table_file() - a file to read a table from
 * @m: machine
 * @mm: process whose areas SHMSWAP_TABLE_MAPS shows; NULL will do for others
 * @which: SHMSWAP_TABLE_*
 *
 * The file keeps the machine: it can be read after all processes are gone.
 *
 * Context: may sleep.
 * Return: the file; ERR_PTR(-EINVAL) no such table, ERR_PTR(-EPERM), or another
 * error.
 */
struct file *sim_table_file(struct sim_machine *m, struct sim_mm *mm, u32 which)
{
	struct file *file;
	int err;

	if (which >= ARRAY_SIZE(tables))
		return ERR_PTR(-EINVAL);
	which = array_index_nospec(which, ARRAY_SIZE(tables));
	if (tables[which].privileged && !sim_machine_privileged(m))
		return ERR_PTR(-EPERM);
	file = anon_inode_getfile("[shmswap-table]", &table_fops, NULL, O_RDONLY);
	if (IS_ERR(file))
		return file;
	file->f_mode |= FMODE_LSEEK | FMODE_PREAD;
	err = open_table(file, m, mm, which);
	if (err) {
		fput(file);
		return ERR_PTR(err);
	}
	return file;
}

static int proc_table_open(struct inode *inode, struct file *file)
{
	return open_table(file, shmswap_default_machine(), NULL, (uintptr_t)pde_data(inode));
}

static const struct proc_ops table_proc_ops = {
	.proc_open = proc_table_open,
	.proc_read_iter = seq_read_iter,
	.proc_lseek = seq_lseek,
	.proc_release = table_release,
};

/**
 * shmswap_procfs_init() - make /proc/shmswap
 *
 * Context: may sleep; the default machine exists.
 * Return: 0 or -ENOMEM.
 */
int shmswap_procfs_init(void)
{
	struct proc_dir_entry *dir = proc_mkdir("shmswap", NULL);
	uintptr_t i;

	if (!dir)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		if (!proc_create_data(tables[i].name, tables[i].mode, dir, &table_proc_ops,
				      (void *)i)) {
			proc_remove(dir);
			return -ENOMEM;
		}
	}
	return 0;
}

/**
 * shmswap_procfs_exit() - remove /proc/shmswap
 *
 * Context: may sleep.
 */
void shmswap_procfs_exit(void)
{
	remove_proc_subtree("shmswap", NULL);
}
