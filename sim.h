/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine: its objects, its locks, and what each file offers the others.
 *
 * Locks, outermost first; a lock may be taken while any of those above it is
 * held and none of those below:
 *
 *	mmap_lock of a real process	what it has really mapped; see live.c
 *	  files_lock			the files of really mapped segments
 *	m->reclaim_lock			one reclaim or self-check at a time; the
 *					clock's hands
 *	  mm->mmap_lock			a process's areas
 *	    m->mapping_lock		which files have a page cache
 *	    m->shm_lock			which segments and keys exist, shm_tot
 *	      m->state_lock		read: one step from a consistent state of
 *					the machine to the next. write: the
 *					self-check and snapshots
 *	        seg->lock		a segment: its fields, its attach list, its
 *					page list, and its pages' PTEs in all
 *					processes, so that the clock needs no
 *					mm lock
 *	        mm->page_table_lock	all other PTEs of a process
 *	          page lock		(trylock) a page that moves; it may be kept
 *					while all of those above are let go and
 *					taken again
 *	            lock of a struct page	memory that is about to be really mapped
 *					(trylock), or to forget that it was
 *	            m->swap_lock	swap areas, slots and their counts
 *	              m->free_lock	(spin) free_area
 *	              m->cache_lock	(spin) the swap cache's hash
 *	              xa_lock of pages	(spin) a file's page cache
 *	                m->event_lock	(spin) what is in the rings of events
 *
 * Four rules: no user memory is faulted in under any of them: a load or a store
 * pins the page and copies with page faults off. No I/O happens under any but
 * the page lock: the page sits locked in a cache, and whoever needs it waits
 * there, holding nothing (a RAM area only copies memory, which is no I/O). Nor
 * is a frame waited for: if none is free, let go of the locks, get one, lock,
 * look again. (The first lock is the real kernel's: a fault may have to do all of
 * this under it, so nothing that it waits for may want it.) And whoever expects a
 * lock to be held says so with lockdep_assert_held().
 */
#ifndef _SIM_H
#define _SIM_H

#include <linux/completion.h>
#include <linux/hashtable.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/maple_tree.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "events.h"
#include "pte.h"

/* A suite can put functions of its own in the place of some of ours. */
#if IS_ENABLED(CONFIG_SHMSWAP_KUNIT_TEST)
#include <kunit/static_stub.h>
#else
#define KUNIT_STATIC_STUB_REDIRECT(...)	do { } while (0)
#endif

struct file;
struct inode;
struct iov_iter;
struct mem_cgroup;
struct pid;
struct seq_file;
struct sim_machine;
struct sim_mapping;
struct sim_mm;
struct sim_shmid;
struct sim_swap_info;
struct sim_vma;
struct swap_info_struct;
struct task_struct;
struct user_namespace;
struct workqueue_struct;

/* ------------------------------------------------------------- counters */

/*
 * What happens is counted here, and read through SHMSWAP_IOC_STAT and the
 * vmstat table: in the order of struct shmswap_stat, from its swap_attempts on.
 */
enum sim_event {
	SIM_SWAP_ATTEMPTS,
	SIM_SWAP_SUCCESSES,
	SIM_PGALLOC,
	SIM_PGFREE,
	SIM_PGFAULT,
	SIM_PGMAJFAULT,
	SIM_PGZERO,
	SIM_PSWPIN,
	SIM_PSWPOUT,
	SIM_SWAP_READ_ERRORS,
	SIM_SWAP_WRITE_ERRORS,
	SIM_PGUNMAP,
	SIM_PGAGED,
	SIM_TLB_FLUSH_PAGE,
	SIM_TLB_FLUSH_RANGE,
	SIM_KSWAPD_WAKE,
	SIM_KSWAPD_FREED,
	SIM_RECLAIM_STALL,
	SIM_TLB_FLUSH_MM,
	SIM_TLB_HIT,
	SIM_TLB_MISS,
	SIM_PGCOW,
	SIM_PGSCAN,
	SIM_PGSTEAL,
	SIM_PGDISCARD,
	SIM_PGPGIN,
	SIM_PGPGOUT,
	SIM_FILE_READ_ERRORS,
	SIM_FILE_WRITE_ERRORS,
	SIM_SWAP_CACHE_ADD,
	SIM_SWAP_CACHE_DEL,
	SIM_SWAP_CACHE_FIND,
	SIM_SWAP_CACHE_HIT,
	SIM_SWAP_RA,
	SIM_NR_EVENTS
};

/* --------------------------------------------------------------- frames */

#define SIM_NR_ORDERS	6	/* NR_MEM_LISTS of Linux 2.0 */

/* Bits of sim_page.flags, where Linux 2.0 had them if it did. */
enum sim_page_flag {
	SIM_PG_LOCKED,		/* under I/O, or about to move */
	SIM_PG_REFERENCED = 2,	/* shrink_mmap() spares it once */
	SIM_PG_BUDDY = 8,	/* first frame of a free block */
	SIM_PG_SWAPCACHE = 9,	/* in the swap cache under @entry */
	SIM_PG_FILE = 10,	/* in the page cache of @mapping */
	SIM_PG_DIRTY = 11,	/* newer than the slot or the file */
	SIM_PG_LIVE = 12,	/* its memory was, and may be, really mapped */
	SIM_PG_RESERVED = 31,	/* never swapped */
};

/*
 * The references that keep a page in place come in two kinds, in one counter:
 * those that the page tables, page lists and the caches account for, and
 * pins, by operations under way. The self-check can tell them apart.
 */
#define SIM_PIN			BIT_ULL(32)

/**
 * struct sim_page - a physical frame, mem_map_t of Linux 2.0
 * @flags: bits of enum sim_page_flag
 * @count: references, and SIM_PIN for each pin; 0: free
 * @page: the memory, allocated when the frame is first used
 * @list: in free_area while free
 * @hash: in the swap cache while SIM_PG_SWAPCACHE
 * @entry: slot while SIM_PG_SWAPCACHE
 * @seg: segment that the page belongs to, or NULL
 * @mapping: file that it belongs to (SIM_PG_FILE)
 * @index: page index in @seg or @mapping
 * @bytes: how much of it is the file's (SIM_PG_FILE)
 * @age: page age, see struct sim_swap_control
 * @order: order of the free block that starts here (SIM_PG_BUDDY)
 *
 * @seg and @index are stable under the segment's lock while its page list
 * or the swap cache refers to the frame, @mapping and @index as long as the page
 * is locked. Those of another page may change at any time.
 */
struct sim_page {
	unsigned long flags;
	atomic64_t count;
	struct page *page;
	union {
		struct list_head list;
		struct hlist_node hash;
	};
	sim_swp_entry_t entry;
	union {
		struct sim_shmid *seg;
		struct sim_mapping *mapping;
	};
	u32 index;
	u16 bytes;
	u8 age;
	u8 order;
};

/**
 * struct sim_free_area - the free blocks of one order
 * @list: first frames of the blocks
 * @nr_blocks: length of @list
 * @map: a bit per pair of buddies: set if exactly one of them is free
 */
struct sim_free_area {
	struct list_head list;
	u32 nr_blocks;
	unsigned long *map;
};

/**
 * struct sim_freepages - watermarks, in frames
 * @min: a fault may take a frame while more than these are free
 * @low: kswapd wakes at once below
 * @high: kswapd is content above
 */
struct sim_freepages {
	u32 min;
	u32 low;
	u32 high;
};

/* ------------------------------------------------------------ processes */

#define SIM_MAX_MAP_COUNT	65530	/* as sysctl_max_map_count */

/* What a fault handler needs before it can go on, see sim_fault_prepare(). */
enum sim_fault_need {
	SIM_FAULT_DONE,
	SIM_FAULT_FRAME,	/* a free frame with its memory in @frame */
	SIM_FAULT_WAIT,		/* somebody's I/O on @page to end */
	SIM_FAULT_READ,		/* @page read, by @read */
	SIM_FAULT_MEMORY,	/* a lock of its memory, see live.c */
};

/**
 * struct sim_fault - an access that is being resolved
 * @m: machine
 * @mm: process
 * @address: where, page-aligned
 * @write: the access is a store
 * @force: whatever the area's protection
 * @hit: the page was mapped already: no fault after all
 * @major: a frame was filled for it
 * @swapped_in: it was filled from swap
 * @looked: the swap cache was asked, and that was counted
 * @locked: mmap_lock is held for reading
 * @how: SHMSWAP_FAULT_*
 * @pfn: frame that was mapped in the end, into a real process
 * @frame: a free frame, perhaps without memory, that was taken for it, or NULL
 * @page: pinned page: the one that I/O was or is under way on, in the end the
 *	one that was mapped; or NULL
 * @read: how to read @page, which is locked and in a cache; drops that lock
 * @seg: segment that @page belongs to, with a reference, or NULL
 * @mapping: file that it belongs to, with a reference, or NULL
 * @index: page index in @seg or @mapping
 * @entry: slot that @page is read from
 */
struct sim_fault {
	struct sim_machine *m;
	struct sim_mm *mm;
	u64 address;
	bool write;
	bool force;
	bool hit;
	bool major;
	bool swapped_in;
	bool looked;
	bool locked;
	u8 how;
	u32 pfn;
	struct sim_page *frame;
	struct sim_page *page;
	int (*read)(struct sim_fault *f);
	struct sim_shmid *seg;
	struct sim_mapping *mapping;
	pgoff_t index;
	sim_swp_entry_t entry;
};

/**
 * struct sim_vm_operations - what a kind of area does its own way
 * @open: the area was added to a process, empty; or NULL
 * @shrink: the area keeps [@start, @end) and @tail, if not NULL, what is behind
 *	its vm_start; what is left goes
 * @extend: the area gets what the next one, @next, has; that is empty then, and
 *	goes without being closed
 * @close: the area was removed, its PTEs are still there
 * @nopage: map the page at fault->address, whose PTE is @ptep: none, or what
 *	this kind of area put there. Called with state_lock held for reading and
 *	the PTEs' lock. Returns an enum sim_fault_need or -errno; needs are met
 *	with no lock held, then the fault is looked at anew.
 * @swapout: save a locked, dirty page where it belongs; NULL: to swap. Called with
 *	no other lock. Returns 0 or -errno.
 */
struct sim_vm_operations {
	void (*open)(struct sim_vma *vma);
	void (*shrink)(struct sim_vma *vma, u64 start, u64 end, struct sim_vma *tail);
	void (*extend)(struct sim_vma *vma, struct sim_vma *next);
	void (*close)(struct sim_vma *vma);
	int (*nopage)(struct sim_vma *vma, struct sim_fault *fault, sim_pte_t *ptep);
	int (*swapout)(struct sim_mapping *mapping, struct sim_page *page);
};

/**
 * struct sim_vma - an area of a process, vm_area_struct of Linux 2.0
 * @vm_mm: process
 * @vm_start: first address
 * @vm_end: first address behind it
 * @vm_flags: SHMSWAP_VM_*
 * @vm_pgoff: page index in @vm_seg or @vm_mapping of the page at @vm_start
 * @vm_ops: its kind
 * @vm_seg: segment, with a reference, or NULL
 * @vm_mapping: file, with a reference, or NULL
 * @vm_next_shared: next attach on the segment's circular list
 * @vm_prev_shared: previous attach
 * @removed: on the list of areas that are being removed together
 * @origin: area that this one, of a real process, was split from a moment ago
 *
 * The list pointers are protected by the segment's lock, all else by the
 * process's mmap_lock; @vm_start, @vm_end and @vm_pgoff change under both.
 */
struct sim_vma {
	struct sim_mm *vm_mm;
	u64 vm_start;
	u64 vm_end;
	u32 vm_flags;
	pgoff_t vm_pgoff;
	const struct sim_vm_operations *vm_ops;
	struct sim_shmid *vm_seg;
	struct sim_mapping *vm_mapping;
	struct sim_vma *vm_next_shared;
	struct sim_vma *vm_prev_shared;
	union {
		struct list_head removed;
		struct sim_vma *origin;
	};
};

#define SIM_TLB_ENTRIES	64

/**
 * struct sim_mm - a process, that is, an address space
 * @m: machine; the process holds a reference until it exits
 * @ref: the process itself holds one, whoever looks at it for a moment one
 * @rcu: lookups by number are under RCU
 * @pid: number within the machine
 * @creator: the real process that made it
 * @self: the real process that it is, as soon as that is known, or NULL
 * @mmap_lock: protects the areas
 * @mt: areas by address
 * @map_count: number of areas
 * @uid: who is charged for what is locked
 * @locked_vm: pages of those that are SHMSWAP_VM_LOCKED
 * @page_table_lock: protects the PTEs that no segment's lock does
 * @pgd: top of the page tables, see pte.c
 * @tlb: see tlb.c
 * @rss: mapped pages
 * @min_flt: faults that found the page in memory, or copied it
 * @maj_flt: faults that filled a frame
 * @real: address space of the real process that it is, with a reference, or NULL:
 *	its areas are those that are really mapped, see live.c
 * @live: in m->live, if @real
 * @shmdt_lock: one shmdt() of @real at a time
 * @swappable: the process scan may look at it
 * @swap_cnt: turns that it has left in the process scan; by reclaim_lock
 * @swap_address: where the process scan goes on; by reclaim_lock
 */
struct sim_mm {
	struct sim_machine *m;
	refcount_t ref;
	struct rcu_head rcu;
	u32 pid;
	struct pid *creator;
	struct pid *self;
	struct rw_semaphore mmap_lock;
	struct maple_tree mt;
	u32 map_count;
	kuid_t uid;
	unsigned long locked_vm;
	struct mutex page_table_lock;	/* PTEs of private memory and files */
	void *pgd;
	u64 tlb[SIM_TLB_ENTRIES];
	atomic_long_t rss;
	atomic64_t min_flt;
	atomic64_t maj_flt;
	struct mm_struct *real;
	struct rb_node live;
	struct mutex shmdt_lock;	/* one shmdt() at a time */
	bool swappable;
	u32 swap_cnt;
	u64 swap_address;
};

/* ---------------------------------------------------------------- files */

/**
 * struct sim_mapping - the page cache of a file
 * @m: machine
 * @node: in m->mappings
 * @ref: every area holds one, every user for a moment one
 * @inode: file
 * @file: open for reading
 * @wfile: open for writing, or NULL as long as no shared area may be writable
 * @pages: pages by index; the cache has a reference to each
 * @sync_lock: whoever writes all dirty pages; taken with no other lock held, and
 *	kept while each is locked and written
 * @dirty: there may be some
 */
struct sim_mapping {
	struct sim_machine *m;
	struct hlist_node node;
	refcount_t ref;
	struct inode *inode;
	struct file *file;
	struct file *wfile;
	struct xarray pages;
	struct mutex sync_lock;	/* one sim_mapping_sync() at a time */
	bool dirty;
};

/* ------------------------------------------------------------- segments */

#define SIM_SHM_DEST		01000	/* destroyed on the last detach */
#define SIM_SHM_LOCKED		02000	/* not swapped */

/**
 * struct sim_shmid - a segment, shmid_ds of Linux 2.0
 * @m: machine
 * @ref: the table holds one, every attach one, every user for a moment one
 * @rcu: lookups by identifier are under RCU
 * @hash: in m->shm_keys, unless the key is IPC_PRIVATE
 * @id: identifier: sequence number * SHMSWAP_MAX_SEGMENTS + index
 * @lock: protects what follows
 * @removed: it is being destroyed
 * @key: key
 * @mode: permissions, SIM_SHM_DEST, SIM_SHM_LOCKED
 * @uid: owner
 * @gid: owner's group
 * @cuid: creator
 * @cgid: creator's group
 * @segsz: size in bytes
 * @npages: size in pages
 * @cprid: process that created it
 * @lprid: process that attached or detached last
 * @atime: last attach, seconds
 * @dtime: last detach
 * @ctime: creation or last IPC_SET
 * @locker: who locked it into memory, while SIM_SHM_LOCKED
 * @nattch: attaches
 * @attaching: operations that are about to attach
 * @orphaned: the last attach went on a machine where that destroys it
 * @attaches: first area on the circular list, or NULL
 * @nr_files: files that are open for attaches that are really mapped; see live.c
 * @inode: theirs, or NULL
 * @nr_shown: resident pages whose memory says that it is of @inode
 * @shm_pages: page list: leaves by page index / SIM_PTRS_PER_TABLE, a missing
 *	one was never touched; NULL: none was. A word in a leaf is none (never
 *	touched), present (resident) or a swap entry
 * @rss: resident pages
 * @swp: swapped pages
 */
struct sim_shmid {
	struct sim_machine *m;
	refcount_t ref;
	struct rcu_head rcu;
	struct rhash_head hash;
	s32 id;

	struct mutex lock;	/* all below */
	bool removed;
	s32 key;
	u32 mode;
	kuid_t uid;
	kgid_t gid;
	kuid_t cuid;
	kgid_t cgid;
	u64 segsz;
	pgoff_t npages;
	struct pid *cprid;
	struct pid *lprid;
	time64_t atime;
	time64_t dtime;
	time64_t ctime;
	kuid_t locker;
	unsigned long nattch;
	unsigned long attaching;
	bool orphaned;
	struct sim_vma *attaches;
	unsigned long nr_files;
	struct inode *inode;
	unsigned long nr_shown;
	sim_pte_t **shm_pages;
	unsigned long rss;
	unsigned long swp;
};

/* --------------------------------------------------------- swap and aging */

#define SIM_MAX_IO	32	/* pages that are read or written together */

/**
 * struct sim_swap_ops - how an area stores a page
 * @read: fill @nr @pages from as many slots, from @slot on; 0 or -errno
 * @write: store @nr @pages in as many slots; 0, or -errno and any of them may have
 *	been stored
 * @synchronous: they only copy memory, so they may be called with the segment's
 *	lock held and no page need wait in the swap cache meanwhile
 *
 * May sleep; called without any lock but the page's unless @synchronous.
 */
struct sim_swap_ops {
	int (*read)(struct sim_swap_info *si, u32 slot, struct page **pages, u32 nr);
	int (*write)(struct sim_swap_info *si, u32 slot, struct page **pages, u32 nr);
	bool synchronous;
};

/* Flags of an area, as in Linux 2.0: writable implies used. */
#define SIM_SWP_USED		1
#define SIM_SWP_WRITEOK		3

#define SIM_SWAP_MAP_MAX	0xfffe
#define SIM_SWAP_MAP_BAD	SHMSWAP_SLOT_BAD

#define SIM_SLOTS_PER_CHUNK	1019	/* a chunk is 2 KiB */

/**
 * struct sim_swap_chunk - neighbouring slots
 * @ram: their memory if the area is in RAM: SIM_SLOTS_PER_CHUNK pages, or NULL
 * @nr_free: slots with count 0
 * @count: use counts, SIM_SWAP_MAP_BAD for a slot that is never used
 */
struct sim_swap_chunk {
	struct page **ram;
	u16 nr_free;
	u16 count[SIM_SLOTS_PER_CHUNK];
};

/**
 * struct sim_swap_info - a swap area
 * @m: machine
 * @list: in m->swap_list, by descending priority
 * @type: index into m->swap_info
 * @kind: SHMSWAP_AREA_*
 * @flags: SIM_SWP_*
 * @prio: priority
 * @max: slots, with the header and bad ones
 * @pages: usable slots
 * @inuse_pages: slots with a count
 * @lowest_bit: no slot below is free
 * @highest_bit: no slot above is free
 * @cluster_next: where the current cluster goes on
 * @cluster_nr: slots left in it
 * @map: chunks by slot / SIM_SLOTS_PER_CHUNK; a missing one is all free
 * @ops: how it stores pages
 * @file: backing file, or NULL
 * @claim: proof that the block device is ours, see sim_bdev_claim(), or NULL
 * @busy: in the list of inodes that are in use as swap
 * @extents: where it lies on a block device, as far as that is known, or NULL
 * @charged: pages charged to user_pages
 * @private: for @ops
 *
 * Protected by m->swap_lock but for what never changes: @m, @type, @kind, @max,
 * @ops and what belongs to the backing.
 */
struct sim_swap_info {
	struct sim_machine *m;
	struct list_head list;
	u32 type;
	u32 kind;
	u32 flags;
	s32 prio;
	u32 max;
	u32 pages;
	u32 inuse_pages;
	u32 lowest_bit;
	u32 highest_bit;
	u32 cluster_next;
	u32 cluster_nr;
	struct sim_swap_chunk **map;
	const struct sim_swap_ops *ops;
	struct file *file;
	void *claim;
	struct list_head busy;
	struct swap_info_struct *extents;
	unsigned long charged;
	void *private;
};

/**
 * struct sim_swap_geometry - what a header says
 * @max: slots, with the header and bad ones
 * @nr_bad: number of bad slots
 * @bad: bad slots
 */
struct sim_swap_geometry {
	u32 max;
	u32 nr_bad;
	u32 bad[];
};

/**
 * struct sim_swap_control - how pages age, swap_control of Linux 2.0
 * @max_page_age: highest age
 * @page_advance: what a touched page's age grows by
 * @page_decline: what an untouched page's age shrinks by
 * @page_initial_age: age of a new page
 * @age_cluster_fract: 1024ths of a process's pages that it is scanned for in turn
 * @age_cluster_min: but not fewer turns
 * @pageout_weight: turns of a scan for each process, see struct shmswap_control
 */
struct sim_swap_control {
	u8 max_page_age;
	u8 page_advance;
	u8 page_decline;
	u8 page_initial_age;
	u32 age_cluster_fract;
	u32 age_cluster_min;
	u32 pageout_weight;
};

/**
 * struct sim_clock - the two hands
 * @swap_id: index into shm_segs of the segment that is being swapped
 * @swap_idx: its page that is looked at next
 */
struct sim_clock {
	u32 swap_id;
	pgoff_t swap_idx;
};

/**
 * struct sim_victim - a page that the clock took away and that is to be written
 * @entry: slot
 * @page: page, locked, in the swap cache under @entry
 * @seg: its segment
 */
struct sim_victim {
	sim_swp_entry_t entry;
	struct sim_page *page;
	struct sim_shmid *seg;
};

/**
 * struct sim_write_out - pages that wait to be written
 * @together: several are wanted before they are
 * @nr: how many there are
 * @kept: pages that could not be freed
 * @victims: the pages; they hold references to their segments
 */
struct sim_write_out {
	bool together;
	u32 nr;
	u32 kept;
	struct sim_victim victims[SIM_MAX_IO];
};

/**
 * struct sim_reclaim_result - what a reclaim request did
 * @calls: calls made
 * @freed: calls that freed a page
 * @attempts: pages that the clock looked at
 */
struct sim_reclaim_result {
	u32 calls;
	u32 freed;
	u64 attempts;
};

/**
 * struct sim_kswapd - the machine's swap daemon
 * @task: its thread
 * @wait: it sleeps here
 * @lock: protects @requests
 * @requests: struct sim_reclaim_request to serve, oldest first
 * @kicked: it is to look at the watermarks
 * @low: fewer than freepages.low frames were free when it last looked
 * @armed: it will look again by itself
 * @last: when it last balanced, jiffies
 * @interval: time between two runs, milliseconds
 * @maxpages: pages that a run tries to free
 * @resting: it sleeps, and that was told
 * @awake: it balances, rather than that it serves a request; by reclaim_lock
 */
struct sim_kswapd {
	struct task_struct *task;
	wait_queue_head_t wait;
	spinlock_t lock;	/* requests */
	struct list_head requests;
	bool kicked;
	bool low;
	bool armed;
	unsigned long last;
	u32 interval;
	u32 maxpages;
	bool resting;
	bool awake;
};

/* -------------------------------------------------------------- machine */

/**
 * struct sim_config - what a machine is made of; see struct shmswap_create
 * @flags: SHMSWAP_MACHINE_*
 * @nr_frames: frames
 * @ram_swap: slots of the RAM swap area to begin with
 * @shmmax: largest segment, bytes
 * @shmall: pages of all segments
 * @shmmni: number of segments
 * @max_tables: limit for page tables and page lists, pages
 *
 * 0 stands for the default, see sim_machine_create().
 */
struct sim_config {
	u32 flags;
	u32 nr_frames;
	u32 ram_swap;
	u64 shmmax;
	u64 shmall;
	u32 shmmni;
	u32 max_tables;
};

/**
 * struct sim_machine - everything
 * @ref: processes, tables that are being read, the module (default machine)
 * @destroy: the teardown
 * @destroyed: it is over
 * @memory: who still looks at this struct then
 * @flags: SHMSWAP_MACHINE_*
 * @is_default: the default machine: controlled by CAP_SYS_ADMIN alone
 * @owner: who made it
 * @user_ns: whose capabilities count
 * @memcg: who pays for what kswapd allocates
 * @charged: pages charged to user_pages
 * @reclaim_lock: see the top of this file
 * @state_lock: see the top of this file
 * @events: counters
 * @number: what tells it from other machines in the tracepoints
 * @event_mask: kinds of events that some ring wants
 * @event_lock: protects what follows, and what is in the rings
 * @rings: see events.c
 * @nr_rings: how many
 *
 * @mem_map: all frames
 * @nr_frames: their number
 * @free_lock: protects @free_area, @nr_free_pages
 * @free_area: free blocks by order
 * @nr_free_pages: free frames
 * @freepages: watermarks
 * @swap_control: page aging
 *
 * @table_bytes: memory of page tables and page lists
 * @max_table_bytes: its limit
 *
 * @mms: processes by number
 * @nr_mms: how many
 * @live_lock: protects @live
 * @live: those that are real processes, by address space
 *
 * @mapping_lock: protects @mappings
 * @mappings: files that have a page cache, by inode
 * @nr_file_pages: pages in there
 *
 * @shm_lock: protects membership of @shm_segs and @shm_keys, @shm_used,
 *	@shm_tot, @shm_seq, @shm_max_id, the limits, and, with the segment's lock,
 *	changes of a segment's key, owner and permissions
 * @shm_segs: segments by index
 * @shm_keys: segments by key
 * @shm_used: number of segments
 * @shm_max_id: highest used index, 0 if there is none (max_shmid)
 * @shm_seq: sequence number of the next identifier
 * @shm_tot: pages of all segments
 * @shm_rss: resident pages
 * @shm_swp: swapped pages
 * @shm_locked: pages locked per user, by user id, by SHM_LOCK and mlock(2)
 * @shmmax: limit
 * @shmall: limit
 * @shmmni: limit
 * @clock: protected by @reclaim_lock
 * @write_out: pages that wait to be written; by @reclaim_lock
 * @reclaim_method: where try_to_free_page() goes on; by @reclaim_lock
 * @mmap_hand: frame that shrink_mmap() looks at next; by @reclaim_lock
 * @swap_task: process that swap_out() looks at next; by @reclaim_lock
 * @kswapd: the swap daemon
 *
 * @swap_lock: protects the areas, their slots and what follows
 * @swap_info: areas by type
 * @swap_list: active areas by descending priority
 * @swap_next: area to take the next slot from, or NULL
 * @nr_swap_pages: free slots of active areas
 * @least_priority: last priority given without SHMSWAP_SWAPON_PREFER
 * @swap_reserved: slot that was taken and is not yet written
 * @page_cluster: log2 of the slots that are read together
 * @cache_lock: protects @swap_cache
 * @swap_cache: hash of the pages in the swap cache
 * @cache_bits: log2 of its size
 * @nr_swapcache: pages in it
 */
struct sim_machine {
	struct kref ref;
	struct work_struct destroy;
	struct completion destroyed;
	refcount_t memory;
	u32 flags;
	bool is_default;
	kuid_t owner;
	struct user_namespace *user_ns;
	struct mem_cgroup *memcg;
	unsigned long charged;
	struct mutex reclaim_lock;	/* hands, reclaim_method, turns of processes */
	struct rw_semaphore state_lock;
	atomic64_t events[SIM_NR_EVENTS];
	u32 number;
	u64 event_mask;
	spinlock_t event_lock;	/* rings, nr_rings, changes of event_mask */
	struct list_head rings;
	u32 nr_rings;

	struct sim_page *mem_map;
	u32 nr_frames;
	spinlock_t free_lock;	/* free_area, nr_free_pages */
	struct sim_free_area free_area[SIM_NR_ORDERS];
	u32 nr_free_pages;
	struct sim_freepages freepages;
	struct sim_swap_control swap_control;

	atomic_long_t table_bytes;
	unsigned long max_table_bytes;

	struct xarray mms;
	atomic_t nr_mms;
	spinlock_t live_lock;	/* live */
	struct rb_root live;

	struct mutex mapping_lock;	/* mappings */
	DECLARE_HASHTABLE(mappings, 6);
	atomic_t nr_file_pages;

	struct mutex shm_lock;	/* shm_segs to shm_tot, shm_locked, limits */
	struct xarray shm_segs;
	struct rhashtable shm_keys;
	u32 shm_used;
	u32 shm_max_id;
	u16 shm_seq;
	u64 shm_tot;
	atomic_long_t shm_rss;
	atomic_long_t shm_swp;
	struct xarray shm_locked;
	u64 shmmax;
	u64 shmall;
	u32 shmmni;
	struct sim_clock clock;
	struct sim_write_out write_out;
	u32 reclaim_method;
	u32 mmap_hand;
	unsigned long swap_task;
	struct sim_kswapd kswapd;

	struct mutex swap_lock;	/* swap_info to swap_reserved */
	struct sim_swap_info *swap_info[SHMSWAP_MAX_SWAPFILES];
	struct list_head swap_list;
	struct sim_swap_info *swap_next;
	u64 nr_swap_pages;
	s32 least_priority;
	sim_swp_entry_t swap_reserved;
	u32 page_cluster;
	spinlock_t cache_lock;	/* swap_cache */
	struct hlist_head *swap_cache;
	u32 cache_bits;
	atomic_t nr_swapcache;
};

static inline void sim_count_event(struct sim_machine *m, enum sim_event event)
{
	atomic64_inc(&m->events[event]);
}

static inline void sim_count_events(struct sim_machine *m, enum sim_event event, u64 n)
{
	atomic64_add(n, &m->events[event]);
}

/* shmswap.c */
struct sim_machine *shmswap_default_machine(void);

/* machine.c */
extern struct workqueue_struct *sim_workqueue;
extern struct workqueue_struct *sim_read_workqueue;
int sim_machine_init(unsigned long user_pages);
void sim_machine_exit(void);
struct sim_machine *sim_machine_create(const struct sim_config *config);
void sim_machine_get(struct sim_machine *m);
void sim_machine_put(struct sim_machine *m);
void sim_machine_put_later(struct sim_machine *m);
bool sim_machine_privileged(const struct sim_machine *m);
void sim_machine_stat(struct sim_machine *m, struct shmswap_stat *st);
int sim_machine_control(struct sim_machine *m, struct shmswap_control *c);
int sim_user_pages_charge(unsigned long pages, unsigned long *charged);
void sim_user_pages_uncharge(unsigned long charged);

/* page_alloc.c */
int sim_mem_init(struct sim_machine *m, u32 nr_frames);
void sim_mem_free(struct sim_machine *m);
struct sim_page *sim_rmqueue(struct sim_machine *m, u32 order, u32 reserve);
void sim_free_pages(struct sim_machine *m, struct sim_page *page, u32 order);
struct sim_page *sim_get_free_page(struct sim_machine *m);
int sim_back_page(struct sim_page *page);
void sim_put_page(struct sim_machine *m, struct sim_page *page);
void sim_unpin_page(struct sim_machine *m, struct sim_page *page);
void sim_default_freepages(u32 nr_frames, struct sim_freepages *freepages);

static inline u32 sim_page_pfn(const struct sim_machine *m, const struct sim_page *page)
{
	return page - m->mem_map;
}

static inline struct sim_page *sim_pfn_page(const struct sim_machine *m, u32 pfn)
{
	return &m->mem_map[pfn];
}

static inline u32 sim_page_count(const struct sim_page *page)
{
	return atomic64_read(&page->count);
}

static inline void sim_get_page(struct sim_page *page)
{
	atomic64_inc(&page->count);
}

/* Pin @page; the caller holds a lock that keeps a reference in place. */
static inline void sim_pin_page(struct sim_page *page)
{
	atomic64_add(SIM_PIN, &page->count);
}

bool sim_trylock_page(struct sim_page *page);
void sim_unlock_page(struct sim_page *page);
int sim_wait_on_page_locked(struct sim_page *page);

void sim_lock_page(struct sim_page *page);

/* pte.c */
#define SIM_PTRS_PER_TABLE	512

void *sim_table_alloc(struct sim_machine *m, size_t bytes);
void sim_table_free(struct sim_machine *m, void *table, size_t bytes);
sim_pte_t *sim_pte_offset(struct sim_mm *mm, u64 address);
sim_pte_t *sim_pte_alloc(struct sim_mm *mm, u64 address);
sim_pte_t *sim_pte_next(struct sim_mm *mm, u64 *address, u64 end);

/* The first address behind those whose PTEs are in the same table as @address's. */
static inline u64 sim_pte_table_end(u64 address)
{
	return round_up(address + 1, (u64)SIM_PTRS_PER_TABLE << PAGE_SHIFT);
}

void sim_free_pgtables(struct sim_mm *mm, u64 start, u64 end, u64 floor, u64 ceiling);
size_t sim_mm_table_bytes(struct sim_mm *mm);

/* tlb.c */
#define SIM_TLB_VPN_SHIFT	29

void sim_tlb_fill(struct sim_mm *mm, u64 address, const sim_pte_t *ptep, sim_pte_t pte);
struct sim_page *sim_tlb_pin(struct sim_mm *mm, u64 address, bool write);
void sim_tlb_invalidate(struct sim_mm *mm, u64 start, u64 end);
void sim_flush_tlb_range(struct sim_mm *mm, u64 start, u64 end);
void sim_flush_tlb_mm(struct sim_mm *mm);
bool sim_tlb_check(struct sim_mm *mm, u64 *address);

static inline u64 *sim_tlb_slot(struct sim_mm *mm, u64 address)
{
	return &mm->tlb[(address >> PAGE_SHIFT) % SIM_TLB_ENTRIES];
}

/* Drop the translation of one page, if there is one, after a change of its PTE. */
static inline void sim_tlb_drop(struct sim_mm *mm, u64 address)
{
	/* Pairs with the one in sim_tlb_fill(). */
	smp_mb__after_atomic();
	if (READ_ONCE(*sim_tlb_slot(mm, address)) >> SIM_TLB_VPN_SHIFT == address >> PAGE_SHIFT)
		sim_tlb_invalidate(mm, address, address + PAGE_SIZE);
}

/*
 * Mirrors flush_tlb_page(): one PTE was taken away or changed. Called wherever
 * Linux 2.0 did, and counted.
 */
static inline void sim_flush_tlb_page(struct sim_mm *mm, u64 address)
{
	sim_count_event(mm->m, SIM_TLB_FLUSH_PAGE);
	sim_event(tlb_flush, mm, SHMSWAP_FLUSH_PAGE, address, address + PAGE_SIZE);
	sim_tlb_drop(mm, address);
}

/* mmap.c */
struct sim_mm *sim_mm_create(struct sim_machine *m);
struct sim_mm *sim_mm_fork(struct sim_mm *parent);
struct sim_mm *sim_mm_create_live(struct sim_machine *m, struct mm_struct *real, bool forked);
void sim_mm_exit(struct sim_mm *mm);
void sim_mm_exit_live(struct sim_mm *mm);
void sim_mm_name(struct sim_mm *mm);
pid_t sim_mm_creator(struct sim_mm *mm);
struct sim_mm *sim_mm_next(struct sim_machine *m, unsigned long *pid);
struct sim_mm *sim_mm_next_resident(struct sim_machine *m, unsigned long *pid);
void sim_mm_mark_resident(struct sim_mm *mm);

/* A page was mapped. */
static inline void sim_inc_rss(struct sim_mm *mm)
{
	if (atomic_long_inc_return(&mm->rss) == 1)
		sim_mm_mark_resident(mm);
}

/* The index, in its segment or file, of the page at @address in @vma. */
static inline pgoff_t sim_linear_page_index(const struct sim_vma *vma, u64 address)
{
	return vma->vm_pgoff + ((address - vma->vm_start) >> PAGE_SHIFT);
}

void sim_mm_put(struct sim_mm *mm);
struct sim_vma *sim_find_vma(struct sim_mm *mm, u64 address);
struct sim_vma *sim_find_vma_intersection(struct sim_mm *mm, u64 start, u64 end);
u64 sim_get_unmapped_area(struct sim_mm *mm, u64 len);
struct sim_vma *sim_vma_alloc(struct sim_mm *mm, u64 start, u64 len);
void sim_vma_free(struct sim_vma *vma);
void sim_free_vmas(struct list_head *removed);
struct sim_vma *sim_vma_dup(struct sim_vma *vma, struct sim_mm *mm, gfp_t gfp);
void sim_link_vma(struct sim_vma *vma);
void sim_rejoin_vma(struct sim_vma *vma, struct sim_vma *split_off);
void sim_unlink_vma(struct sim_vma *vma);
int sim_insert_vma(struct sim_vma *vma, struct list_head *removed);
int sim_split_vma(struct sim_vma *vma, u64 address);
void sim_merge_vmas(struct sim_mm *mm, u64 start, u64 end);
int sim_munmap(struct sim_mm *mm, u64 start, u64 end, struct list_head *removed);

/* regions.c */
int sim_mmap(struct sim_mm *mm, struct shmswap_mmap *arg);
int sim_do_munmap(struct sim_mm *mm, const struct shmswap_munmap *arg);
int sim_mprotect(struct sim_mm *mm, const struct shmswap_mprotect *arg);
int sim_msync(struct sim_mm *mm, const struct shmswap_msync *arg);
int sim_mlock(struct sim_mm *mm, const struct shmswap_mlock *arg);
int sim_munlock(struct sim_mm *mm, const struct shmswap_munlock *arg);

/* page_range.c */
void sim_lock_ptes(struct sim_vma *vma);
void sim_unlock_ptes(struct sim_vma *vma);
void sim_zap_ptes(struct sim_vma *vma, u64 start, u64 end);
void sim_private_shrink(struct sim_vma *vma, u64 start, u64 end, struct sim_vma *tail);
void sim_private_extend(struct sim_vma *vma, struct sim_vma *next);
void sim_private_close(struct sim_vma *vma);
int sim_copy_ptes(struct sim_vma *new, struct sim_vma *vma);
void sim_change_protection(struct sim_vma *vma);
void sim_clean_ptes(struct sim_vma *vma, u64 start, u64 end);

/* memory.c */
extern const struct sim_vm_operations sim_anon_vm_ops;
bool sim_fault_have_frame(struct sim_fault *f);
void sim_fault_hold(struct sim_fault *f, struct sim_page *page);
void sim_fault_map_frame(struct sim_vma *vma, struct sim_fault *f, sim_pte_t *ptep);
int sim_fault_prepare(struct sim_fault *f, int need);
void sim_fault_finish(struct sim_fault *f);
int sim_fault_in(struct sim_fault *f);
void sim_count_fault(struct sim_fault *f);
int sim_handle_mm_fault(struct sim_fault *f);
int sim_touch(struct sim_mm *mm, const u64 *accesses, u32 nr, struct shmswap_touch *t);
ssize_t sim_access(struct sim_mm *mm, u64 address, struct iov_iter *iter, bool write);

/* swapin.c */
void sim_count_lookup(struct sim_fault *f, bool hit);
void sim_swap_read_around(struct sim_machine *m, sim_swp_entry_t entry);
int sim_do_swap_page(struct sim_vma *vma, struct sim_fault *f, sim_pte_t *ptep);
int sim_unuse_processes(struct sim_machine *m, u32 type);

/* filemap.c */
struct sim_mapping *sim_mapping_get(struct sim_machine *m, struct file *file, bool write);
void sim_mapping_put(struct sim_mapping *mapping);
int sim_mapping_sync(struct sim_mapping *mapping);
void sim_vma_set_mapping(struct sim_vma *vma, struct sim_mapping *mapping);
int sim_filemap_writepage(struct sim_mapping *mapping, struct sim_page *page);
bool sim_filemap_release(struct sim_page *page);
void sim_set_page_dirty(struct sim_page *page);
bool sim_file_may_hang(struct file *file);

/* shm.c */
int sim_shm_init(struct sim_machine *m);
void sim_shm_exit(struct sim_machine *m);
int sim_shmget(struct sim_machine *m, struct shmswap_shmget *arg);
int sim_shmctl(struct sim_machine *m, struct shmswap_shmctl *arg);
int sim_mm_charge_locked(struct sim_mm *mm, unsigned long pages);
void sim_mm_uncharge_locked(struct sim_mm *mm, unsigned long pages);
struct sim_shmid *sim_shm_create_anonymous(struct sim_machine *m, u64 len);
struct sim_shmid *sim_shm_find(struct sim_machine *m, s32 id);
struct sim_shmid *sim_shm_next(struct sim_machine *m, unsigned long *index);
void sim_shm_put(struct sim_shmid *seg);
bool sim_shm_permitted(const struct sim_shmid *seg, u32 flag);
bool sim_shm_readable(const struct sim_shmid *seg);
void sim_shm_fill_ds(const struct sim_shmid *seg, struct shmswap_shmid_ds *ds);
bool sim_shm_begin_destroy(struct sim_shmid *seg);
void sim_shm_destroy(struct sim_shmid *seg);

static inline u32 sim_shm_index(s32 id)
{
	return id % SHMSWAP_MAX_SEGMENTS;
}

/* shmat.c */
int sim_live_shmat(struct sim_machine *m, struct shmswap_shmat *arg);
int sim_shmat(struct sim_mm *mm, struct shmswap_shmat *arg);
struct sim_vma *sim_shmdt_next(struct sim_mm *mm, u64 address, const struct sim_shmid **seg,
			       u64 *next);
int sim_shmdt(struct sim_mm *mm, u64 address);
int sim_shm_begin_attach(struct sim_shmid *seg, u32 need);
void sim_shm_attach(struct sim_vma *vma, struct sim_vma *split_from);
void sim_shm_rejoin(struct sim_vma *vma, struct sim_vma *split_off);
void sim_vma_set_segment(struct sim_vma *vma, struct sim_shmid *seg);
void sim_shm_end_attach(struct sim_shmid *seg);

/* shm_pages.c */
size_t sim_shm_list_bytes(const struct sim_shmid *seg);
sim_pte_t *sim_shm_word(struct sim_shmid *seg, pgoff_t index);
sim_pte_t *sim_shm_next_word(struct sim_shmid *seg, pgoff_t *index);
void sim_shm_set_resident(struct sim_shmid *seg, pgoff_t index, sim_pte_t *word,
			  struct sim_page *page);
void sim_shm_set_swapped(struct sim_shmid *seg, sim_pte_t *word, sim_swp_entry_t entry);
void sim_shm_free_pages(struct sim_shmid *seg);
bool sim_shm_add_to_swap(struct sim_machine *m, struct sim_page *page);
int sim_shm_getpage(struct sim_shmid *seg, pgoff_t index, struct sim_fault *f,
		    struct sim_page **pagep);
bool sim_shm_release_cached(struct sim_machine *m, struct sim_page *page);
int sim_shm_unuse(struct sim_machine *m, u32 type);

/* live.c */
int sim_live_map(struct sim_shmid *seg, u64 *address, u32 shmflg);
int sim_live_shmdt(struct sim_machine *m, u64 address);
bool sim_live_visible_to(const struct sim_mm *mm, kuid_t uid);
bool sim_live_visible(const struct sim_mm *mm);
u32 sim_live_pid(struct sim_machine *m);
void sim_live_update(struct sim_mm *mm);
bool sim_live_trylock(struct sim_page *page);
void sim_live_unlock(struct sim_page *page);
void sim_live_zap(struct sim_shmid *seg, pgoff_t index);
void sim_live_hide(struct sim_shmid *seg, struct sim_page *page);
bool sim_live_busy(const struct sim_page *page);
void sim_live_forget(struct sim_page *page);

/* clock.c */
int sim_shm_swap(struct sim_machine *m, int prio);

/* Both hands in one number, as in struct shmswap_event. */
static inline u64 sim_clock_hand(const struct sim_machine *m)
{
	return (u64)m->clock.swap_id << 32 | m->clock.swap_idx;
}

/* shrink_mmap.c */
void sim_touch_page(struct sim_machine *m, struct sim_page *page);
void sim_age_page(struct sim_machine *m, struct sim_page *page);
bool sim_release_page(struct sim_machine *m, struct sim_page *page);
int sim_shrink_mmap(struct sim_machine *m, int level);

/* swap_out.c */
int sim_swap_out(struct sim_machine *m, int level);
int sim_swap_out_keep(struct sim_machine *m, int level);

/* vmscan.c */
int sim_try_to_free_page(struct sim_machine *m, int stop);
int sim_reclaim(struct sim_machine *m, u32 method, u32 level, u32 count,
		struct sim_reclaim_result *result);
int sim_reclaim_frame(struct sim_machine *m, bool *freed);
void sim_wakeup_kswapd(struct sim_machine *m);
int sim_kswapd_run(struct sim_machine *m);
void sim_kswapd_stop(struct sim_machine *m);

/* swapfile.c */
int sim_swap_header_check(void *header, u64 bytes, struct sim_swap_geometry **geometry);
int sim_swapon(struct sim_machine *m, struct shmswap_swapon *arg);
int sim_swapoff(struct sim_machine *m, u32 type);
bool sim_inode_is_swap(const struct inode *inode);
struct sim_swap_info *sim_swap_area_alloc(struct sim_machine *m);
int sim_swap_area_add(struct sim_swap_info *si, const struct sim_swap_geometry *geometry,
		      s32 prio);
void sim_swap_area_free(struct sim_swap_info *si);
void sim_swap_exit(struct sim_machine *m);

/* swap_map.c */
int sim_swap_map_init(struct sim_swap_info *si, const struct sim_swap_geometry *g);
void sim_swap_map_free(struct sim_swap_info *si);
void sim_swap_enable(struct sim_swap_info *si);
void sim_swap_disable(struct sim_swap_info *si);
sim_swp_entry_t sim_get_swap_page(struct sim_machine *m);
void sim_swap_settle(struct sim_machine *m, sim_swp_entry_t entry);
int sim_swap_duplicate(struct sim_machine *m, sim_swp_entry_t entry);
bool sim_swap_read_ahead(struct sim_machine *m, sim_swp_entry_t entry, bool take);
u32 sim_swap_free(struct sim_machine *m, sim_swp_entry_t entry, u32 nr);
void sim_swap_reject(struct sim_machine *m, sim_swp_entry_t entry, int err);
u32 sim_swap_users(struct sim_machine *m, sim_swp_entry_t entry);
bool sim_swap_full(struct sim_machine *m);
u32 sim_swap_next_used(struct sim_swap_info *si, u64 *slot);
u32 sim_swap_count(struct sim_machine *m, sim_swp_entry_t entry);

static inline struct sim_swap_chunk *sim_swap_chunk(const struct sim_swap_info *si, u32 slot)
{
	return READ_ONCE(si->map[slot / SIM_SLOTS_PER_CHUNK]);
}

/*
 * Is a locked page that a lookup found still the one of that slot? If a read
 * failed it is not, and has undefined contents.
 */
static inline bool sim_page_caches(const struct sim_page *page, sim_swp_entry_t entry)
{
	return test_bit(SIM_PG_SWAPCACHE, &page->flags) && page->entry.val == entry.val;
}

/* swap_state.c */
int sim_swap_cache_init(struct sim_machine *m);
void sim_swap_cache_exit(struct sim_machine *m);
bool sim_add_to_swap_cache(struct sim_machine *m, struct sim_page *page, sim_swp_entry_t entry);
bool sim_add_to_swap(struct sim_machine *m, struct sim_page *page);
int sim_swap_cache_writepage(struct sim_machine *m, struct sim_page *page);
void sim_delete_from_swap_cache(struct sim_machine *m, struct sim_page *page);
struct sim_page *sim_lookup_swap_cache(struct sim_machine *m, sim_swp_entry_t entry);
bool sim_release_swap_cache(struct sim_machine *m, struct sim_page *page);
bool sim_exclusive_swap_page(struct sim_machine *m, struct sim_page *page, u32 users);
void sim_free_page_and_swap_cache(struct sim_machine *m, struct sim_page *page);
void sim_free_swap_and_cache(struct sim_machine *m, sim_swp_entry_t entry);
void sim_swap_cache_unuse(struct sim_machine *m, u32 type);

/* swap_extents.c */
void sim_swap_extents_open(struct sim_swap_info *si, u32 max);
void sim_swap_extents_close(struct sim_swap_info *si);

/* write_out.c */
bool sim_write_out(struct sim_machine *m, const struct sim_victim *victim);
u32 sim_write_out_all(struct sim_machine *m);

/* page_io.c */

extern const struct sim_swap_ops sim_swap_ram_ops;
extern const struct sim_swap_ops sim_swap_file_ops;
int sim_file_rw(struct file *file, loff_t pos, struct page **pages, size_t len, bool write,
		rwf_t flags);
bool sim_swap_synchronous(struct sim_machine *m, sim_swp_entry_t entry);
bool sim_swap_locks_inode(struct sim_machine *m, sim_swp_entry_t entry);
int sim_swap_readpages(struct sim_machine *m, sim_swp_entry_t entry, struct sim_page **pages,
		       u32 nr);
int sim_swap_writepages(struct sim_machine *m, sim_swp_entry_t entry, struct sim_page **pages,
			u32 nr);

/* query.c */
bool sim_query_needs_process(const struct shmswap_query *q);
int sim_query(struct sim_machine *m, struct sim_mm *mm, struct shmswap_query *q);

/* check.c */
int sim_check(struct sim_machine *m, struct shmswap_check *check);

/* procfs.c */
struct file *sim_table_file(struct sim_machine *m, struct sim_mm *mm, u32 which);
int shmswap_procfs_init(void);
void shmswap_procfs_exit(void);

/* chardev.c */
int shmswap_chardev_init(void);
void shmswap_chardev_exit(void);

#endif /* _SIM_H */
