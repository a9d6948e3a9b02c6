/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * shmswap - the swapping of System V shared memory, simulated.
 *
 * This header is the whole interface of /dev/shmswap; a test program needs
 * nothing else. Documentation/abi.md explains each call with an example.
 */
#ifndef _SHMSWAP_H
#define _SHMSWAP_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: The ABI in general
 *
 * An open file of /dev/shmswap is a process of the default machine; the first
 * operation that needs one creates it, its last close is its exit.
 * SHMSWAP_IOC_CREATE before that puts it on a new machine of its own instead.
 *
 * pread(2) and pwrite(2) are loads and stores: the file offset is the virtual
 * address. Addresses that no area covers, and accesses that the area's protection
 * forbids, fail with EFAULT; a transfer that fails half way returns what it had moved.
 *
 * Every ioctl takes a struct that starts with @size, which the caller sets to
 * sizeof the struct. The kernel accepts a larger struct if the part that it
 * does not know is zero, and a smaller one down to the struct's first released
 * size, so old and new programs and modules work together.
 *
 * Errors that every ioctl can return:
 *
 * - ENOTTY: unknown command
 * - EINVAL: @size is too small, an unknown flag, a reserved field that is not 0
 * - E2BIG: @size is larger than the kernel's and the excess is not zero, or it is
 *   larger than a page
 * - EFAULT: the struct, or a buffer that it points to, cannot be accessed
 * - ENOMEM: no kernel memory, or a limit of the machine
 * - EINTR: a fatal signal arrived while waiting
 * - EAGAIN: SHMSWAP_MAX_PROCESSES exist, so the file cannot become a process
 *
 * A call that fails has changed nothing, unless its description says how far
 * it got. Flag and command values of shmget(2), shmat(2) and shmctl(2) are
 * those of <sys/shm.h>, those of mmap(2) and mprotect(2) of <sys/mman.h>.
 */

#define SHMSWAP_ABI_VERSION	4

#define SHMSWAP_IOC_MAGIC	0xC7

#define SHMSWAP_IOC_CREATE	_IO(SHMSWAP_IOC_MAGIC, 0x00)
#define SHMSWAP_IOC_INFO	_IO(SHMSWAP_IOC_MAGIC, 0x01)
#define SHMSWAP_IOC_FORK	_IO(SHMSWAP_IOC_MAGIC, 0x02)
#define SHMSWAP_IOC_SHMGET	_IO(SHMSWAP_IOC_MAGIC, 0x03)
#define SHMSWAP_IOC_SHMAT	_IO(SHMSWAP_IOC_MAGIC, 0x04)
#define SHMSWAP_IOC_SHMDT	_IO(SHMSWAP_IOC_MAGIC, 0x05)
#define SHMSWAP_IOC_SHMCTL	_IO(SHMSWAP_IOC_MAGIC, 0x06)
#define SHMSWAP_IOC_TOUCH	_IO(SHMSWAP_IOC_MAGIC, 0x07)
#define SHMSWAP_IOC_SWAPON	_IO(SHMSWAP_IOC_MAGIC, 0x08)
#define SHMSWAP_IOC_SWAPOFF	_IO(SHMSWAP_IOC_MAGIC, 0x09)
#define SHMSWAP_IOC_RECLAIM	_IO(SHMSWAP_IOC_MAGIC, 0x0a)
#define SHMSWAP_IOC_CONTROL	_IO(SHMSWAP_IOC_MAGIC, 0x0b)
#define SHMSWAP_IOC_STAT	_IO(SHMSWAP_IOC_MAGIC, 0x0c)
#define SHMSWAP_IOC_QUERY	_IO(SHMSWAP_IOC_MAGIC, 0x0d)
#define SHMSWAP_IOC_TABLE	_IO(SHMSWAP_IOC_MAGIC, 0x0e)
#define SHMSWAP_IOC_CHECK	_IO(SHMSWAP_IOC_MAGIC, 0x0f)
#define SHMSWAP_IOC_MMAP	_IO(SHMSWAP_IOC_MAGIC, 0x10)
#define SHMSWAP_IOC_MUNMAP	_IO(SHMSWAP_IOC_MAGIC, 0x11)
#define SHMSWAP_IOC_MPROTECT	_IO(SHMSWAP_IOC_MAGIC, 0x12)
#define SHMSWAP_IOC_MSYNC	_IO(SHMSWAP_IOC_MAGIC, 0x13)
#define SHMSWAP_IOC_MLOCK	_IO(SHMSWAP_IOC_MAGIC, 0x14)
#define SHMSWAP_IOC_MUNLOCK	_IO(SHMSWAP_IOC_MAGIC, 0x15)
#define SHMSWAP_IOC_EVENTS	_IO(SHMSWAP_IOC_MAGIC, 0x16)
#define SHMSWAP_IOC_RING	_IO(SHMSWAP_IOC_MAGIC, 0x17)

/* Limits of every machine. */
#define SHMSWAP_MIN_FRAMES	16
#define SHMSWAP_MAX_FRAMES	(1U << 20)
#define SHMSWAP_MAX_SEGMENTS	32768
#define SHMSWAP_MAX_PROCESSES	65536
#define SHMSWAP_MAX_SWAPFILES	32
#define SHMSWAP_MAX_SLOTS	(1U << 31)
#define SHMSWAP_MAX_SEGSZ	(1ULL << 38)
#define SHMSWAP_TASK_SIZE	(1ULL << 47)

/* shmswap_create.flags, shmswap_info.out_flags */
#define SHMSWAP_MACHINE_KSWAPD		(1U << 0) /* periodic and watermark wake-ups */
#define SHMSWAP_MACHINE_RMID_FORCED	(1U << 1) /* the last detach destroys */
#define SHMSWAP_MACHINE_SHM_PROCESS	(1U << 2) /* the process scan takes shared pages */

/**
 * struct shmswap_create - SHMSWAP_IOC_CREATE: a private machine for this file
 * @size: sizeof(struct shmswap_create)
 * @flags: SHMSWAP_MACHINE_*; without SHMSWAP_MACHINE_KSWAPD reclaim happens
 *	only when a fault needs a frame or SHMSWAP_IOC_RECLAIM asks for it, and
 *	a run is repeatable to the event. With SHMSWAP_MACHINE_SHM_PROCESS the
 *	pages of segments are taken by the process scan, from one process after
 *	the other through the swap cache, and not by the clock
 * @nr_frames: physical memory in page frames, SHMSWAP_MIN_FRAMES to
 *	SHMSWAP_MAX_FRAMES; 0: 1024
 * @ram_swap: slots of a RAM swap area that is enabled at once; 0: none
 * @shmmax: largest segment in bytes; 0: as large as SHMSWAP_MAX_SEGSZ
 * @shmall: pages of all segments together; 0: no limit
 * @shmmni: number of segments, at most SHMSWAP_MAX_SEGMENTS; 0: 4096
 * @max_tables: limit of the memory for page tables and segments' page lists,
 *	in pages; 0: 1024 + (@nr_frames + @ram_swap) / 4
 *
 * The caller's effective user id becomes the machine's owner.
 *
 * Errors: EBUSY the file already did something; EINVAL a value out of range;
 * ENOSPC the unprivileged users' machines would together hold more pages than
 * the module parameter user_pages allows (CAP_SYS_RESOURCE is exempt).
 */
struct shmswap_create {
	__u32 size;
	__u32 flags;
	__u32 nr_frames;
	__u32 ram_swap;
	__aligned_u64 shmmax;
	__aligned_u64 shmall;
	__u32 shmmni;
	__u32 max_tables;
};

/* shmswap_info.out_flags beside SHMSWAP_MACHINE_* */
#define SHMSWAP_INFO_DEFAULT	(1U << 30) /* this is the default machine */
#define SHMSWAP_INFO_PRIVILEGED	(1U << 31) /* the caller may control it */

/**
 * struct shmswap_info - SHMSWAP_IOC_INFO: what this process runs on
 * @size: sizeof(struct shmswap_info)
 * @out_flags: SHMSWAP_MACHINE_* and SHMSWAP_INFO_*
 * @out_abi_version: SHMSWAP_ABI_VERSION of the module
 * @out_page_size: bytes in a page and in a frame
 * @out_nr_frames: frames of the machine
 * @out_pid: number of this process within its machine
 * @out_nr_processes: processes of the machine
 * @out_owner: user id of the machine's owner
 * @out_rss: pages that this process has mapped
 * @out_min_flt: other faults of this process: the page was in memory, or was
 *	copied on write
 * @out_maj_flt: faults of this process that zero-filled or read a frame
 * @out_live_pid: number of the process that the calling process itself is because
 *	of its really mapped attaches; 0: it has none here
 * @out_machine: number of the machine, as in the tracepoints; the default one's is 0
 */
struct shmswap_info {
	__u32 size;
	__u32 out_flags;
	__u32 out_abi_version;
	__u32 out_page_size;
	__u32 out_nr_frames;
	__u32 out_pid;
	__u32 out_nr_processes;
	__u32 out_owner;
	__aligned_u64 out_rss;
	__aligned_u64 out_min_flt;
	__aligned_u64 out_maj_flt;
	__u32 out_live_pid;
	__u32 out_machine;
};

/* shmswap_fork.flags */
#define SHMSWAP_FORK_EXEC	(1U << 0) /* empty address space, as after execve(2) */
#define SHMSWAP_FORK_CLOEXEC	(1U << 1) /* close the new file on execve(2) */

/**
 * struct shmswap_fork - SHMSWAP_IOC_FORK: a child process of the machine
 * @size: sizeof(struct shmswap_fork)
 * @flags: SHMSWAP_FORK_*
 * @out_fd: new file that is the child. It inherits every region: attaches with
 *	nothing mapped yet, private memory copy-on-write; none is locked
 * @out_pid: number of the child within its machine
 *
 * Errors: EAGAIN SHMSWAP_MAX_PROCESSES exist; EMFILE, ENFILE no file left.
 */
struct shmswap_fork {
	__u32 size;
	__u32 flags;
	__s32 out_fd;
	__u32 out_pid;
};

/**
 * struct shmswap_shmget - SHMSWAP_IOC_SHMGET: shmget(2)
 * @size: sizeof(struct shmswap_shmget)
 * @key: key, or IPC_PRIVATE (0)
 * @segsz: size in bytes
 * @shmflg: IPC_CREAT, IPC_EXCL, SHM_NORESERVE (no effect), SHM_HUGETLB and the mode
 *	bits
 * @out_shmid: identifier
 *
 * Errors: as shmget(2). EINVAL includes a new segment with SHM_HUGETLB: frames
 * have one size.
 */
struct shmswap_shmget {
	__u32 size;
	__s32 key;
	__aligned_u64 segsz;
	__u32 shmflg;
	__s32 out_shmid;
};

/* shmswap_shmat.flags, shmswap_shmdt.flags */
#define SHMSWAP_SHMAT_MAP	(1U << 0) /* map it really, into the caller */
#define SHMSWAP_SHMDT_MAP	(1U << 0) /* an attach that was really mapped */

/**
 * struct shmswap_shmat - SHMSWAP_IOC_SHMAT: shmat(2)
 * @size: sizeof(struct shmswap_shmat)
 * @shmid: identifier
 * @addr: wanted address; 0: a free area is found
 * @shmflg: SHM_RDONLY, SHM_RND, SHM_REMAP, SHM_EXEC
 * @flags: SHMSWAP_SHMAT_*
 * @out_addr: address of the attach
 *
 * With SHMSWAP_SHMAT_MAP the calling process itself gets the attach, at a real
 * address: it loads and stores there, and its processor faults. What it
 * does to the mapping (fork(2), exec, exit, munmap(2), mprotect(2), mremap(2),
 * MAP_FIXED over it) it does to the attach. The real process is a process of the
 * machine as long as it has such attaches, apart from the one that the file is.
 *
 * Errors: as shmat(2). With SHMSWAP_SHMAT_MAP also ENFILE no file left; EPERM
 * SHM_EXEC or the address is refused; EINTR.
 */
struct shmswap_shmat {
	__u32 size;
	__s32 shmid;
	__aligned_u64 addr;
	__u32 shmflg;
	__u32 flags;
	__aligned_u64 out_addr;
};

/**
 * struct shmswap_shmdt - SHMSWAP_IOC_SHMDT: shmdt(2)
 * @size: sizeof(struct shmswap_shmdt)
 * @flags: SHMSWAP_SHMDT_*
 * @addr: address that SHMSWAP_IOC_SHMAT returned
 *
 * Without SHMSWAP_SHMDT_MAP it is an attach of the process that the file is.
 *
 * Errors: EINVAL no segment is attached at @addr; ENOMEM for an attach that is in
 * pieces: some of them may be detached already.
 */
struct shmswap_shmdt {
	__u32 size;
	__u32 flags;
	__aligned_u64 addr;
};

/**
 * struct shmswap_shmid_ds - a segment as shmctl(2) shows it
 * @key: key
 * @mode: permissions, SHM_DEST (01000), SHM_LOCKED (02000)
 * @uid: owner's user id
 * @gid: owner's group id
 * @cuid: creator's user id
 * @cgid: creator's group id
 * @seq: sequence number within the identifier
 * @cpid: process id of the creator
 * @lpid: process id of the last attach or detach
 * @reserved: 0
 * @segsz: size in bytes
 * @nattch: number of attaches
 * @atime: time of the last attach, in seconds since the epoch
 * @dtime: time of the last detach
 * @ctime: time of the creation or of the last change by IPC_SET
 * @rss: resident pages
 * @swp: swapped pages
 */
struct shmswap_shmid_ds {
	__s32 key;
	__u32 mode;
	__u32 uid;
	__u32 gid;
	__u32 cuid;
	__u32 cgid;
	__u32 seq;
	__s32 cpid;
	__s32 lpid;
	__u32 reserved;
	__aligned_u64 segsz;
	__aligned_u64 nattch;
	__aligned_s64 atime;
	__aligned_s64 dtime;
	__aligned_s64 ctime;
	__aligned_u64 rss;
	__aligned_u64 swp;
};

/**
 * struct shmswap_shminfo - limits of the machine, for IPC_INFO
 * @shmmax: largest segment in bytes
 * @shmmin: smallest segment in bytes
 * @shmmni: number of segments
 * @shmseg: attaches per process (as @shmmni; not enforced)
 * @shmall: pages of all segments together
 */
struct shmswap_shminfo {
	__aligned_u64 shmmax;
	__aligned_u64 shmmin;
	__aligned_u64 shmmni;
	__aligned_u64 shmseg;
	__aligned_u64 shmall;
};

/**
 * struct shmswap_shm_info - use of the machine's resources, for SHM_INFO
 * @used_ids: number of segments
 * @shm_tot: pages of all segments, touched or not
 * @shm_rss: resident pages
 * @shm_swp: swapped pages
 * @swap_attempts: pages that the clock looked at
 * @swap_successes: pages that the clock swapped out
 */
struct shmswap_shm_info {
	__aligned_u64 used_ids;
	__aligned_u64 shm_tot;
	__aligned_u64 shm_rss;
	__aligned_u64 shm_swp;
	__aligned_u64 swap_attempts;
	__aligned_u64 swap_successes;
};

/**
 * struct shmswap_shmctl - SHMSWAP_IOC_SHMCTL: shmctl(2)
 * @size: sizeof(struct shmswap_shmctl)
 * @shmid: identifier; an index into shm_segs for SHM_STAT and SHM_STAT_ANY
 * @cmd: IPC_RMID, IPC_SET, IPC_STAT, IPC_INFO, SHM_LOCK, SHM_UNLOCK, SHM_STAT,
 *	SHM_INFO, SHM_STAT_ANY
 * @out_ret: what shmctl(2) returns: an identifier for SHM_STAT and
 *	SHM_STAT_ANY, the highest used index for IPC_INFO and SHM_INFO, else 0
 * @ds: read by IPC_SET (@uid, @gid, @mode), written by IPC_STAT, SHM_STAT and
 *	SHM_STAT_ANY
 * @info: written by IPC_INFO
 * @shm_info: written by SHM_INFO
 *
 * Errors: as shmctl(2).
 */
struct shmswap_shmctl {
	__u32 size;
	__s32 shmid;
	__u32 cmd;
	__s32 out_ret;
	union {
		struct shmswap_shmid_ds ds;
		struct shmswap_shminfo info;
		struct shmswap_shm_info shm_info;
	};
};

/* shmswap_mmap.flags beside MAP_*: never swapped; for who controls the machine */
#define SHMSWAP_MAP_RESERVED	(1U << 31)

/**
 * struct shmswap_mmap - SHMSWAP_IOC_MMAP: mmap(2)
 * @size: sizeof(struct shmswap_mmap)
 * @prot: PROT_NONE, or PROT_READ, PROT_WRITE, PROT_EXEC
 * @addr: wanted address; 0: the machine finds room. Only a hint without
 *	MAP_FIXED or MAP_FIXED_NOREPLACE
 * @len: length in bytes, rounded up to pages
 * @offset: where in the file the region starts, page-aligned; 0 if anonymous
 * @flags: one of MAP_SHARED and MAP_PRIVATE; MAP_ANONYMOUS, MAP_FIXED,
 *	MAP_FIXED_NOREPLACE, MAP_NORESERVE (no effect), SHMSWAP_MAP_RESERVED
 *	(private anonymous regions only)
 * @fd: regular file; -1 if anonymous
 * @out_addr: address of the region
 *
 * A shared anonymous region is a segment that is not found by a key: it is among
 * the segments, with SHM_DEST and mode 0, has their limits, and goes with its last
 * region.
 * A file must be open for reading, and for writing too if a shared region of it
 * is to be writable. Its pages are read when they are touched, and kept by the
 * machine as long as a region of it exists; what stores to shared ones changed
 * is in the file at the latest when SHMSWAP_IOC_MSYNC returns or the last such
 * region is gone. The file is not extended.
 *
 * Errors: EINVAL @len 0, a bad combination of flags, @offset or a fixed @addr not
 * page-aligned, a range beyond SHMSWAP_TASK_SIZE; EEXIST MAP_FIXED_NOREPLACE and
 * something is there; EBADF no such file; EACCES it is not open for what @prot
 * needs, or append-only and to be written; ENODEV not a regular file, or one that
 * cannot be mapped; ETXTBSY a swap file, or an executable that runs and is to be
 * written; EOVERFLOW @offset + @len exceeds 2^32 pages; EPERM SHMSWAP_MAP_RESERVED
 * as SHMSWAP_IOC_SWAPON, or a file to be written that is sealed (F_SEAL_WRITE) or,
 * without CAP_SYS_ADMIN, of FUSE; ENOMEM no room, too many regions, or a limit of
 * the segments.
 */
struct shmswap_mmap {
	__u32 size;
	__u32 prot;
	__aligned_u64 addr;
	__aligned_u64 len;
	__aligned_u64 offset;
	__u32 flags;
	__s32 fd;
	__aligned_u64 out_addr;
};

/**
 * struct shmswap_munmap - SHMSWAP_IOC_MUNMAP: munmap(2)
 * @size: sizeof(struct shmswap_munmap)
 * @flags: 0
 * @addr: first address, page-aligned
 * @len: length in bytes, rounded up to pages
 *
 * Removes whatever there is, attaches too, whole or in part.
 *
 * Errors: EINVAL as SHMSWAP_IOC_MMAP; ENOMEM too many regions after a split.
 */
struct shmswap_munmap {
	__u32 size;
	__u32 flags;
	__aligned_u64 addr;
	__aligned_u64 len;
};

/**
 * struct shmswap_mprotect - SHMSWAP_IOC_MPROTECT: mprotect(2)
 * @size: sizeof(struct shmswap_mprotect)
 * @prot: PROT_NONE, or PROT_READ, PROT_WRITE, PROT_EXEC
 * @addr: first address, page-aligned
 * @len: length in bytes, rounded up to pages; 0: nothing is done
 *
 * Errors: EINVAL unknown @prot, or as SHMSWAP_IOC_MMAP; ENOMEM no region covers a
 * part of the range, or too many regions after a split; EACCES a read-only attach,
 * or a shared region of a file that is not open for writing, cannot become
 * writable.
 */
struct shmswap_mprotect {
	__u32 size;
	__u32 prot;
	__aligned_u64 addr;
	__aligned_u64 len;
};

/**
 * struct shmswap_msync - SHMSWAP_IOC_MSYNC: msync(2) with MS_SYNC
 * @size: sizeof(struct shmswap_msync)
 * @flags: 0
 * @addr: first address, page-aligned
 * @len: length in bytes, rounded up to pages
 *
 * Writes what this process changed in shared regions of files.
 *
 * Errors: EINVAL @addr not page-aligned, or a range beyond SHMSWAP_TASK_SIZE;
 * ENOMEM no region covers a part of the range: what is before that was written;
 * EIO a page cannot be written: it stays in memory.
 */
struct shmswap_msync {
	__u32 size;
	__u32 flags;
	__aligned_u64 addr;
	__aligned_u64 len;
};

/**
 * struct shmswap_mlock - SHMSWAP_IOC_MLOCK: mlock(2)
 * @size: sizeof(struct shmswap_mlock)
 * @flags: 0
 * @addr: first address, rounded down to a page
 * @len: length in bytes, rounded up to pages
 *
 * Brings the range into memory and keeps the process scan off it. The clock
 * minds SHM_LOCK alone, as in Linux 2.0.
 *
 * Errors: EINVAL a range beyond SHMSWAP_TASK_SIZE; ENOMEM no region covers a part
 * of it, too many regions after a split, or RLIMIT_MEMLOCK would be exceeded by
 * what the user who made the process has locked on the machine, by SHM_LOCK too
 * (CAP_IPC_LOCK is exempt); EPERM RLIMIT_MEMLOCK is 0. EFAULT, EIO and ENOMEM as
 * SHMSWAP_IOC_TOUCH: the range is locked, but not all of it is in memory.
 */
struct shmswap_mlock {
	__u32 size;
	__u32 flags;
	__aligned_u64 addr;
	__aligned_u64 len;
};

/**
 * struct shmswap_munlock - SHMSWAP_IOC_MUNLOCK: munlock(2)
 * @size: sizeof(struct shmswap_munlock)
 * @flags: 0
 * @addr: first address, rounded down to a page
 * @len: length in bytes, rounded up to pages
 *
 * Errors: EINVAL, ENOMEM as SHMSWAP_IOC_MLOCK.
 */
struct shmswap_munlock {
	__u32 size;
	__u32 flags;
	__aligned_u64 addr;
	__aligned_u64 len;
};

/* An access in the array of SHMSWAP_IOC_TOUCH: an address and this flag. */
#define SHMSWAP_TOUCH_WRITE	1ULL

/**
 * struct shmswap_touch - SHMSWAP_IOC_TOUCH: a batch of accesses without data
 * @size: sizeof(struct shmswap_touch)
 * @flags: 0
 * @accesses: pointer to @count __u64, each a page-aligned address, or'ed with
 *	SHMSWAP_TOUCH_WRITE if the access is a store
 * @count: number of accesses
 * @out_done: accesses done; if the call failed, the index of the one that did
 * @out_min_flt: faults that found the page in memory, or copied it
 * @out_maj_flt: faults that zero-filled a frame or read it
 *
 * The out fields are written whether the call fails or not. As no data is moved,
 * the accesses walk the page tables and leave the TLB alone.
 *
 * Errors: EINVAL an access is not page-aligned; EFAULT no area, or its protection
 * forbids the access, or @accesses cannot be read; EIO the page cannot be read
 * from swap or from its file, or is behind the file's end; ENOMEM no frame can
 * be freed, or the page tables' limit.
 */
struct shmswap_touch {
	__u32 size;
	__u32 flags;
	__aligned_u64 accesses;
	__u32 count;
	__u32 out_done;
	__aligned_u64 out_min_flt;
	__aligned_u64 out_maj_flt;
};

/* shmswap_swapon.flags */
#define SHMSWAP_SWAPON_PREFER	(1U << 0) /* use @prio; else one below all others */
#define SHMSWAP_SWAPON_RAM	(1U << 1) /* an area of @slots pages of memory */

/**
 * struct shmswap_swapon - SHMSWAP_IOC_SWAPON: swapon(2)
 * @size: sizeof(struct shmswap_swapon)
 * @flags: SHMSWAP_SWAPON_*
 * @fd: regular file or block device, opened for reading and writing and
 *	formatted by mkswap(8); -1 with SHMSWAP_SWAPON_RAM
 * @prio: 0 to 32767, higher is used first; 0 without SHMSWAP_SWAPON_PREFER
 * @slots: usable slots with SHMSWAP_SWAPON_RAM, 1 to SHMSWAP_MAX_SLOTS - 1;
 *	otherwise 0
 * @out_type: number of the area
 *
 * Errors: EPERM the caller is neither the machine's owner nor has
 * CAP_SYS_ADMIN, SHMSWAP_MAX_SWAPFILES areas are active, or the file is
 * append-only, immutable, or (without CAP_SYS_ADMIN) one of FUSE; EBADF @fd is
 * not open for reading and writing; EBUSY the file or device is in use as swap
 * or (a device) mounted; EINVAL neither file nor device, or no valid header;
 * ENOSPC user_pages, see struct shmswap_create, or no room to preallocate the
 * file.
 */
struct shmswap_swapon {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__s32 prio;
	__u32 slots;
	__u32 out_type;
};

/**
 * struct shmswap_swapoff - SHMSWAP_IOC_SWAPOFF: swapoff(2)
 * @size: sizeof(struct shmswap_swapoff)
 * @type: number of the area
 *
 * Brings every page of the area back into memory (others may go out to other
 * areas meanwhile). If that fails the area stays in use, and what was brought
 * back stays in memory.
 *
 * Errors: EPERM as SHMSWAP_IOC_SWAPON; EINVAL no such area; ENOMEM not enough
 * memory; EIO a page cannot be read; EBUSY another swapoff of it is under way.
 */
struct shmswap_swapoff {
	__u32 size;
	__u32 type;
};

/* shmswap_reclaim.method */
#define SHMSWAP_RECLAIM_TRY	0 /* try_to_free_page(): all methods in rotation */
#define SHMSWAP_RECLAIM_SHM	1 /* shm_swap(): the clock */
#define SHMSWAP_RECLAIM_MMAP	2 /* shrink_mmap(): unmapped pages of the caches */
#define SHMSWAP_RECLAIM_SWAP_OUT 3 /* swap_out(): the process scan */

/* The reclaim levels: 6 is gentle, 0 looks at everything. */
#define SHMSWAP_MAX_LEVEL	6

/**
 * struct shmswap_reclaim - SHMSWAP_IOC_RECLAIM: let kswapd reclaim now
 * @size: sizeof(struct shmswap_reclaim)
 * @method: SHMSWAP_RECLAIM_*
 * @level: 0 to SHMSWAP_MAX_LEVEL: the priority that a single method is called
 *	with, the last level that SHMSWAP_RECLAIM_TRY goes down to
 * @count: how often to call it
 * @out_calls: calls made
 * @out_freed: calls that freed a page
 * @out_attempts: pages that the clock looked at
 *
 * SHMSWAP_RECLAIM_SWAP_OUT counts a page as freed that is left in the swap cache
 * alone, where SHMSWAP_RECLAIM_MMAP finds it: so each stage can be looked at.
 * SHMSWAP_RECLAIM_TRY takes both steps at once.
 *
 * Errors: EPERM as SHMSWAP_IOC_SWAPON; EINVAL unknown method or level.
 */
struct shmswap_reclaim {
	__u32 size;
	__u32 method;
	__u32 level;
	__u32 count;
	__u32 out_calls;
	__u32 out_freed;
	__aligned_u64 out_attempts;
};

/* shmswap_control.set: which fields to change */
#define SHMSWAP_CONTROL_FLAGS		(1U << 0) /* @flags */
#define SHMSWAP_CONTROL_FREEPAGES	(1U << 1) /* @freepages_* */
#define SHMSWAP_CONTROL_KSWAPD		(1U << 2) /* @kswapd_* */
#define SHMSWAP_CONTROL_SWAPCTL		(1U << 3) /* @max_page_age to @page_initial_age */
#define SHMSWAP_CONTROL_LIMITS		(1U << 4) /* @shmmni, @shmmax, @shmall */
#define SHMSWAP_CONTROL_SCAN		(1U << 5) /* @age_cluster_* and @pageout_weight */
#define SHMSWAP_CONTROL_PAGE_CLUSTER	(1U << 6) /* @page_cluster */

/**
 * struct shmswap_control - SHMSWAP_IOC_CONTROL: read and change the settings
 * @size: sizeof(struct shmswap_control)
 * @set: SHMSWAP_CONTROL_*, the groups of fields to change; 0 only reads
 * @flags: SHMSWAP_MACHINE_*; SHMSWAP_MACHINE_SHM_PROCESS cannot change
 * @freepages_min: a fault may take a frame while more than these are free
 * @freepages_low: kswapd wakes at once when fewer are free
 * @freepages_high: kswapd goes on at intervals until these are free;
 *	@freepages_min <= @freepages_low <= @freepages_high < number of frames
 * @kswapd_interval: milliseconds between two runs, 1 to 60000
 * @kswapd_maxpages: pages that a run tries to free, 1 to 65536
 * @max_page_age: highest age, 1 to 255
 * @page_advance: what a touched page's age grows by, 1 to @max_page_age
 * @page_decline: what an untouched page's age shrinks by, 1 to @max_page_age
 * @page_initial_age: age of a new page, 0 to @max_page_age
 * @shmmni: as in struct shmswap_create, 1 to SHMSWAP_MAX_SEGMENTS
 * @reserved: 0
 * @shmmax: largest segment in bytes; at most SHMSWAP_MAX_SEGSZ matters
 * @shmall: pages of all segments together
 * @age_cluster_fract: pages of a process that are scanned in turn, in 1024ths of
 *	those that it has in memory, 1 to 1024
 * @age_cluster_min: but not fewer than these, 1 to 65536
 * @pageout_weight: turns of a scan: this times the number of processes (at most
 *	512), divided by 2^level and by 1024, at levels 3 to 1 by 512, at level 0 by
 *	256; 1 to 65536
 * @page_cluster: log2 of the slots that swap-in reads together, 0 to 5; 0: no
 *	read-ahead
 *
 * All fields are written back with what is in force afterwards. Existing
 * segments are not touched by new limits.
 *
 * Errors: EPERM @set is not 0 and the caller is neither the machine's owner
 * nor has CAP_SYS_ADMIN; EINVAL a value out of range: nothing was changed.
 */
struct shmswap_control {
	__u32 size;
	__u32 set;
	__u32 flags;
	__u32 freepages_min;
	__u32 freepages_low;
	__u32 freepages_high;
	__u32 kswapd_interval;
	__u32 kswapd_maxpages;
	__u32 max_page_age;
	__u32 page_advance;
	__u32 page_decline;
	__u32 page_initial_age;
	__u32 shmmni;
	__u32 reserved;
	__aligned_u64 shmmax;
	__aligned_u64 shmall;
	__u32 age_cluster_fract;
	__u32 age_cluster_min;
	__u32 pageout_weight;
	__u32 page_cluster;
};

/**
 * struct shmswap_stat - SHMSWAP_IOC_STAT: counters of the machine
 * @size: sizeof(struct shmswap_stat)
 * @reserved: 0
 * @nr_free_pages: free frames
 * @nr_swap_pages: free slots of all active areas
 * @nr_swapcache: frames in the swap cache
 * @nr_table_bytes: memory of the page tables and segments' page lists
 * @shm_tot: pages of all segments, touched or not
 * @shm_rss: resident pages of all segments
 * @shm_swp: swapped pages of all segments
 * @swap_attempts: pages that the clock looked at
 * @swap_successes: pages that the clock swapped out
 * @pgalloc: frames handed out
 * @pgfree: frames given back
 * @pgfault: faults
 * @pgmajfault: faults that zero-filled or read a frame
 * @pgzero: frames zero-filled
 * @pswpin: pages read from swap
 * @pswpout: pages written to swap
 * @swap_read_errors: reads that failed
 * @swap_write_errors: writes that failed; unless memory was all that lacked,
 *	their slots are never used again
 * @pgunmap: PTEs that the clock took away
 * @pgaged: PTEs that the clock made old
 * @tlb_flush_page: flushes of one page
 * @tlb_flush_range: flushes of an area
 * @kswapd_wake: times that kswapd woke up to balance
 * @kswapd_freed: pages that it freed then
 * @reclaim_stall: faults that waited for kswapd
 * @tlb_flush_mm: flushes of an address space
 * @tlb_hit: pages of loads and stores that the TLB translated
 * @tlb_miss: those for which the page tables were walked
 * @pgcow: pages copied on write
 * @pgscan: PTEs that the process scan looked at
 * @pgsteal: PTEs that it took away
 * @pgdiscard: frames freed whose contents are in a file
 * @pgpgin: file pages read
 * @pgpgout: file pages written
 * @file_read_errors: reads that failed
 * @file_write_errors: writes that failed
 * @swap_cache_add: pages that came into the swap cache
 * @swap_cache_del: pages that left it
 * @swap_cache_find: faults that looked for a page in it
 * @swap_cache_hit: faults that found it there
 * @swap_ra: pages read ahead
 * @nr_file_pages: frames in the files' page cache
 */
struct shmswap_stat {
	__u32 size;
	__u32 reserved;
	__aligned_u64 nr_free_pages;
	__aligned_u64 nr_swap_pages;
	__aligned_u64 nr_swapcache;
	__aligned_u64 nr_table_bytes;
	__aligned_u64 shm_tot;
	__aligned_u64 shm_rss;
	__aligned_u64 shm_swp;
	__aligned_u64 swap_attempts;
	__aligned_u64 swap_successes;
	__aligned_u64 pgalloc;
	__aligned_u64 pgfree;
	__aligned_u64 pgfault;
	__aligned_u64 pgmajfault;
	__aligned_u64 pgzero;
	__aligned_u64 pswpin;
	__aligned_u64 pswpout;
	__aligned_u64 swap_read_errors;
	__aligned_u64 swap_write_errors;
	__aligned_u64 pgunmap;
	__aligned_u64 pgaged;
	__aligned_u64 tlb_flush_page;
	__aligned_u64 tlb_flush_range;
	__aligned_u64 kswapd_wake;
	__aligned_u64 kswapd_freed;
	__aligned_u64 reclaim_stall;
	__aligned_u64 tlb_flush_mm;
	__aligned_u64 tlb_hit;
	__aligned_u64 tlb_miss;
	__aligned_u64 pgcow;
	__aligned_u64 pgscan;
	__aligned_u64 pgsteal;
	__aligned_u64 pgdiscard;
	__aligned_u64 pgpgin;
	__aligned_u64 pgpgout;
	__aligned_u64 file_read_errors;
	__aligned_u64 file_write_errors;
	__aligned_u64 swap_cache_add;
	__aligned_u64 swap_cache_del;
	__aligned_u64 swap_cache_find;
	__aligned_u64 swap_cache_hit;
	__aligned_u64 swap_ra;
	__aligned_u64 nr_file_pages;
};

/* shmswap_query.what, the record that it yields, and what @start counts */
#define SHMSWAP_QUERY_SEGS	0 /* struct shmswap_seg; index into shm_segs */
#define SHMSWAP_QUERY_PAGES	1 /* struct shmswap_pte; page index in segment @id */
#define SHMSWAP_QUERY_SHARERS	2 /* struct shmswap_vma; position in segment @id's list */
#define SHMSWAP_QUERY_VMAS	3 /* struct shmswap_vma; address, in process @id, 0: own */
#define SHMSWAP_QUERY_PTES	4 /* struct shmswap_pte; address, in process @id, 0: own */
#define SHMSWAP_QUERY_MEM_MAP	5 /* struct shmswap_page; frame number */
#define SHMSWAP_QUERY_FREE_AREA	6 /* struct shmswap_free; order */
#define SHMSWAP_QUERY_SWAPS	7 /* struct shmswap_area; area number */
#define SHMSWAP_QUERY_SWAP_MAP	8 /* struct shmswap_slot; slot of area @id */
#define SHMSWAP_QUERY_CLOCK	9 /* struct shmswap_clock; 0 */
#define SHMSWAP_QUERY_PROCS	10 /* struct shmswap_proc; process number */

#define SHMSWAP_QUERY_END	(~0ULL)

/**
 * struct shmswap_query - SHMSWAP_IOC_QUERY: records of one kind, in order
 * @size: sizeof(struct shmswap_query)
 * @what: SHMSWAP_QUERY_*
 * @id: segment identifier or area number where @what needs one; for the areas and
 *	entries of another process its number; else 0
 * @count: records that @buf has room for
 * @start: where to start; 0 is the beginning
 * @buf: pointer to the records
 * @out_next: where to go on, SHMSWAP_QUERY_END when there is no more
 * @out_count: records written
 * @reserved: 0
 *
 * Untouched pages, empty page table entries and free slots yield no record.
 * Records that came from one call are one snapshot as long as they fit into a
 * page; use a machine without kswapd for more.
 *
 * Errors: EINVAL unknown @what, no such segment or area; ESRCH no such process;
 * EACCES no read permission for the segment; EPERM the mem_map, swap maps, clock
 * and processes of a machine are for its owner and CAP_SYS_ADMIN, but for the process
 * that the caller itself is (out_live_pid of struct shmswap_info); those of another
 * real process moreover for who may trace it: CAP_SYS_PTRACE, or the same user.
 * To others a real process's attach among the sharers begins at 0.
 */
struct shmswap_query {
	__u32 size;
	__u32 what;
	__s32 id;
	__u32 count;
	__aligned_u64 start;
	__aligned_u64 buf;
	__aligned_u64 out_next;
	__u32 out_count;
	__u32 reserved;
};

/**
 * struct shmswap_seg - a segment
 * @shmid: identifier
 * @index: index into shm_segs
 * @ds: what SHM_STAT_ANY says: like /proc/sysvipc/shm, it is for everybody
 */
struct shmswap_seg {
	__s32 shmid;
	__u32 index;
	struct shmswap_shmid_ds ds;
};

/*
 * Page table entries: the Alpha AXP layout. An entry that is not valid is
 * either a swap entry or, in a process, the signature of a shared page.
 */
#define SHMSWAP_PTE_VALID	(1ULL << 0)
#define SHMSWAP_PTE_FOR		(1ULL << 1)	/* fault on read */
#define SHMSWAP_PTE_FOW		(1ULL << 2)	/* fault on write */
#define SHMSWAP_PTE_FOE		(1ULL << 3)	/* fault on execute */
#define SHMSWAP_PTE_ASM		(1ULL << 4)	/* address space match */
#define SHMSWAP_PTE_GH		(3ULL << 5)	/* granularity hint */
#define SHMSWAP_PTE_KRE		(1ULL << 8)	/* kernel read enable */
#define SHMSWAP_PTE_URE		(1ULL << 9)	/* user read enable */
#define SHMSWAP_PTE_KWE		(1ULL << 12)	/* kernel write enable */
#define SHMSWAP_PTE_UWE		(1ULL << 13)	/* user write enable */
#define SHMSWAP_PTE_DIRTY	(1ULL << 17)
#define SHMSWAP_PTE_ACCESSED	(1ULL << 18)
#define SHMSWAP_PTE_PFN_SHIFT	32

/* shmswap_pte.kind */
#define SHMSWAP_PTE_PRESENT	1 /* @a: frame number */
#define SHMSWAP_PTE_SWAP	2 /* @a: area number, @b: slot */
#define SHMSWAP_PTE_SHM		3 /* @a: index into shm_segs, @b: page index */

/**
 * struct shmswap_pte - a page table entry, raw and decoded
 * @where: address or page index
 * @pte: the entry
 * @kind: SHMSWAP_PTE_PRESENT, SHMSWAP_PTE_SWAP or SHMSWAP_PTE_SHM
 * @a: see there
 * @b: see there
 */
struct shmswap_pte {
	__aligned_u64 where;
	__aligned_u64 pte;
	__u32 kind;
	__u32 a;
	__aligned_u64 b;
};

/* shmswap_vma.flags */
#define SHMSWAP_VM_READ		(1U << 0)
#define SHMSWAP_VM_WRITE	(1U << 1)
#define SHMSWAP_VM_EXEC		(1U << 2)
#define SHMSWAP_VM_SHARED	(1U << 3)
#define SHMSWAP_VM_MAYWRITE	(1U << 4)	/* mprotect(2) can make it writable */
#define SHMSWAP_VM_LOCKED	(1U << 5)	/* by mlock(2) */
#define SHMSWAP_VM_RESERVED	(1U << 6)	/* SHMSWAP_MAP_RESERVED */

/* shmswap_vma.kind */
#define SHMSWAP_VMA_SHM		0 /* attach, or shared anonymous memory */
#define SHMSWAP_VMA_ANON	1 /* private anonymous memory */
#define SHMSWAP_VMA_FILE	2

/**
 * struct shmswap_vma - a region of a process
 * @start: first address
 * @end: first address behind it
 * @pgoff: page index in the segment or file of the page at @start
 * @flags: SHMSWAP_VM_*
 * @shmid: identifier of the segment; -1: none
 * @pid: number of the process within its machine
 * @kind: SHMSWAP_VMA_*
 * @ino: inode number of the file, or 0
 * @dev: device number of its file system, or 0
 */
struct shmswap_vma {
	__aligned_u64 start;
	__aligned_u64 end;
	__aligned_u64 pgoff;
	__u32 flags;
	__s32 shmid;
	__u32 pid;
	__u32 kind;
	__aligned_u64 ino;
	__aligned_u64 dev;
};

/* shmswap_page.flags, bits as in Linux 2.0 where it had them */
#define SHMSWAP_PG_LOCKED	(1U << 0)
#define SHMSWAP_PG_REFERENCED	(1U << 2)	/* spared once by shrink_mmap() */
#define SHMSWAP_PG_BUDDY	(1U << 8)	/* first frame of a free block */
#define SHMSWAP_PG_SWAPCACHE	(1U << 9)	/* in the swap cache */
#define SHMSWAP_PG_FILE		(1U << 10)	/* in a file's page cache */
#define SHMSWAP_PG_DIRTY	(1U << 11)	/* newer than its slot or file */
#define SHMSWAP_PG_LIVE		(1U << 12)	/* was, and may be, really mapped */
#define SHMSWAP_PG_RESERVED	(1U << 31)	/* never swapped */

/**
 * struct shmswap_page - a frame, from mem_map
 * @pfn: frame number
 * @count: references by page tables, page lists and the caches; 0: free
 * @flags: SHMSWAP_PG_*
 * @pins: references by operations under way
 * @age: age
 * @order: order of the free block that starts here
 * @shmid: identifier of the segment that the page belongs to; -1: none
 * @index: page index in it, or in the file
 * @area: area of the slot that the page has in the swap cache
 * @slot: that slot; 0: none
 * @ino: inode number of the file that the page belongs to; 0: none
 */
struct shmswap_page {
	__u32 pfn;
	__u32 count;
	__u32 flags;
	__u32 pins;
	__u32 age;
	__u32 order;
	__s32 shmid;
	__u32 index;
	__u32 area;
	__u32 slot;
	__aligned_u64 ino;
};

/**
 * struct shmswap_free - free blocks of one order
 * @order: block size, as a power of two
 * @nr_blocks: number of blocks
 */
struct shmswap_free {
	__u32 order;
	__u32 nr_blocks;
};

/* shmswap_area.kind */
#define SHMSWAP_AREA_RAM	0
#define SHMSWAP_AREA_FILE	1
#define SHMSWAP_AREA_PARTITION	2

/**
 * struct shmswap_area - a swap area
 * @type: number of the area
 * @kind: SHMSWAP_AREA_*
 * @prio: priority
 * @max: slots with the header and bad ones
 * @pages: usable slots
 * @inuse: slots in use
 * @ino: inode number of the file, 0 for RAM
 * @dev: device number: of the file's file system, or of the block device
 */
struct shmswap_area {
	__u32 type;
	__u32 kind;
	__s32 prio;
	__u32 max;
	__u32 pages;
	__u32 inuse;
	__aligned_u64 ino;
	__aligned_u64 dev;
};

/* shmswap_slot.count of a slot that is never used */
#define SHMSWAP_SLOT_BAD	0xffff

/**
 * struct shmswap_slot - a slot that is in use or bad
 * @slot: number of the slot
 * @count: users, SHMSWAP_SLOT_BAD
 */
struct shmswap_slot {
	__u32 slot;
	__u32 count;
};

/**
 * struct shmswap_clock - the clock's two hands, and where the other methods are
 * @swap_id: index into shm_segs
 * @swap_idx: page index of the page that is looked at next
 * @swap_attempts: pages looked at
 * @swap_successes: pages swapped out
 * @mmap_hand: frame that shrink_mmap() looks at next
 * @swap_task: process that the process scan looks at next
 * @method: method that try_to_free_page() goes on with, SHMSWAP_RECLAIM_*
 * @reserved: 0
 */
struct shmswap_clock {
	__aligned_u64 swap_id;
	__aligned_u64 swap_idx;
	__aligned_u64 swap_attempts;
	__aligned_u64 swap_successes;
	__u32 mmap_hand;
	__u32 swap_task;
	__u32 method;
	__u32 reserved;
};

/* shmswap_proc.flags */
#define SHMSWAP_PROC_LIVE	(1U << 0) /* a real process with really mapped attaches */

/**
 * struct shmswap_proc - a process
 * @pid: number within its machine
 * @creator: real process that made it, or that it is; 0 if it is in another pid
 *	namespace
 * @rss: mapped pages
 * @min_flt: see struct shmswap_info
 * @maj_flt: see struct shmswap_info
 * @swap_address: where the process scan goes on
 * @swap_cnt: turns that it has left; 0: it is counted anew
 * @nr_vmas: regions
 * @flags: SHMSWAP_PROC_*
 * @reserved: 0
 */
struct shmswap_proc {
	__u32 pid;
	__s32 creator;
	__aligned_u64 rss;
	__aligned_u64 min_flt;
	__aligned_u64 maj_flt;
	__aligned_u64 swap_address;
	__u32 swap_cnt;
	__u32 nr_vmas;
	__u32 flags;
	__u32 reserved;
};

/* shmswap_table.which */
#define SHMSWAP_TABLE_SHM	0 /* like /proc/sysvipc/shm */
#define SHMSWAP_TABLE_SWAPS	1 /* like /proc/swaps */
#define SHMSWAP_TABLE_VMSTAT	2 /* like /proc/vmstat */
#define SHMSWAP_TABLE_BUDDYINFO	3 /* like /proc/buddyinfo */
#define SHMSWAP_TABLE_MAPS	4 /* like /proc/PID/maps, of this process */
#define SHMSWAP_TABLE_SWAPCTL	5 /* the settings, as struct shmswap_control */
#define SHMSWAP_TABLE_PROCS	6 /* struct shmswap_proc of each process */

/* shmswap_table.flags */
#define SHMSWAP_TABLE_CLOEXEC	(1U << 0) /* close the new file on execve(2) */

/**
 * struct shmswap_table - SHMSWAP_IOC_TABLE: a file to read a table from
 * @size: sizeof(struct shmswap_table)
 * @which: SHMSWAP_TABLE_*
 * @flags: SHMSWAP_TABLE_CLOEXEC
 * @out_fd: new file; each read from offset 0 is made anew
 *
 * The default machine's tables are also below /proc/shmswap.
 *
 * Errors: EINVAL unknown table; EPERM SHMSWAP_TABLE_PROCS is for the machine's
 * owner and CAP_SYS_ADMIN; EMFILE, ENFILE no file left.
 */
struct shmswap_table {
	__u32 size;
	__u32 which;
	__u32 flags;
	__s32 out_fd;
};

/* shmswap_check.out_what: what disagreed; the meaning of @out_where */
#define SHMSWAP_CHECK_OK		0
#define SHMSWAP_CHECK_FRAME_COUNT	1 /* a frame's count; frame number */
#define SHMSWAP_CHECK_FRAME_TWICE	2 /* a frame of two pages; frame number */
#define SHMSWAP_CHECK_FREE_PAGES	3 /* the number of free frames; 0 */
#define SHMSWAP_CHECK_FREE_AREA		4 /* a pair bit; order << 32 | frame number */
#define SHMSWAP_CHECK_SLOT_COUNT	5 /* a slot's count; area << 32 | slot */
#define SHMSWAP_CHECK_SWAP_PAGES	6 /* free or used slots; area, ~0: all */
#define SHMSWAP_CHECK_SHM_TOT		7 /* the machine's shm_tot; 0 */
#define SHMSWAP_CHECK_SHM_RSS		8 /* resident pages; shmid, ~0: all */
#define SHMSWAP_CHECK_SHM_SWP		9 /* swapped pages; shmid, ~0: all */
#define SHMSWAP_CHECK_NATTCH		10 /* attaches; shmid */
#define SHMSWAP_CHECK_PTE		11 /* a PTE that no rule explains; address */
#define SHMSWAP_CHECK_RSS		12 /* a process's PTEs and rss; process number */
#define SHMSWAP_CHECK_TABLES		13 /* the memory of page tables; 0 */
#define SHMSWAP_CHECK_CACHE		14 /* a page in a cache; frame number, ~0: how many */
#define SHMSWAP_CHECK_TLB		15 /* a TLB entry that its PTE does not allow; address */
#define SHMSWAP_CHECK_LIVE		16 /* more real PTEs than PTEs allow; frame number */

/**
 * struct shmswap_check - SHMSWAP_IOC_CHECK: recompute every count
 * @size: sizeof(struct shmswap_check)
 * @out_what: SHMSWAP_CHECK_*
 * @out_where: where
 * @out_expected: what the page tables say
 * @out_found: what was recorded
 *
 * The machine stands still meanwhile.
 *
 * Errors: EUCLEAN something disagrees: the out fields say what was found
 * first; EPERM as SHMSWAP_IOC_SWAPON.
 */
struct shmswap_check {
	__u32 size;
	__u32 out_what;
	__aligned_u64 out_where;
	__aligned_u64 out_expected;
	__aligned_u64 out_found;
};

/* shmswap_events.flags */
#define SHMSWAP_EVENTS_CLOEXEC	(1U << 0) /* close the new file on execve(2) */
#define SHMSWAP_EVENTS_NONBLOCK	(1U << 1) /* as O_NONBLOCK */

#define SHMSWAP_MAX_EVENTS	(1U << 20)	/* capacity of a ring */
#define SHMSWAP_MAX_RINGS	8		/* of a machine */

/**
 * struct shmswap_events - SHMSWAP_IOC_EVENTS: a file to read a machine's events from
 * @size: sizeof(struct shmswap_events)
 * @flags: SHMSWAP_EVENTS_*
 * @mask: 1ULL << SHMSWAP_EVENT_* of those to record, but not of LOST; 0: all
 * @count: events that wait for the reader at most, up to SHMSWAP_MAX_EVENTS; it is
 *	rounded up to a power of two; 0: 4096
 * @out_fd: new file: read(2) returns whole struct shmswap_event, poll(2) works
 *
 * From here on what happens is recorded in a ring of the file's own. What
 * finds it full is dropped, and counted: see SHMSWAP_EVENT_LOST. The file does not
 * keep the machine: when that is gone, read(2) returns what is left and then 0.
 *
 * Errors: EPERM as SHMSWAP_IOC_SWAPON; EINVAL an unknown event or flag, or too many
 * events; EBUSY the machine has SHMSWAP_MAX_RINGS; ENOSPC user_pages; EMFILE,
 * ENFILE no file left. Of read(2): EINVAL the buffer is smaller than an event,
 * EAGAIN there is none and the file does not block, EINTR.
 */
struct shmswap_events {
	__u32 size;
	__u32 flags;
	__aligned_u64 mask;
	__u32 count;
	__s32 out_fd;
};

/**
 * struct shmswap_ring - SHMSWAP_IOC_RING, on a file of SHMSWAP_IOC_EVENTS
 * @size: sizeof(struct shmswap_ring)
 * @watermark: wake readers when that many events wait, or one was dropped; 0: leave it
 *	as it is, and it is 1 to begin with. A reader that finds at least one does not wait
 * @out_capacity: events that it has room for
 * @out_pending: events that wait
 * @out_recorded: events that were put in
 * @out_dropped: events that found it full
 *
 * Errors: EINVAL @watermark is greater than the capacity.
 */
struct shmswap_ring {
	__u32 size;
	__u32 watermark;
	__u32 out_capacity;
	__u32 out_pending;
	__aligned_u64 out_recorded;
	__aligned_u64 out_dropped;
};

/*
 * shmswap_event.type. Each but the first is a tracepoint too: shmswap:shmswap_fault
 * and so on. What they fill in beside @seq, @time, @type and, if there is a list of
 * reasons for it below, @why:
 *
 * - LOST: @from: events that were dropped just here; @seq is the number of the first
 * - FAULT: a fault was resolved, or could not be. @pid, @address, @shmid, @index, @pfn,
 *   @count; @value: 1 a store; @from: errno. A real process's fault may be told as soon
 *   as the page is in memory, before its entry
 * - SWAP_OUT: a page was written to its slot. @shmid, @index, @pfn, @area, @slot; @from:
 *   errno
 * - SWAP_IN: a page was read. As SWAP_OUT; what is read ahead has no @shmid
 * - CLOCK_BEGIN: a run of the clock. @value: level; @to: budget; @from: hand; @area and
 *   @slot: reserved for the victim
 * - CLOCK_STEP: the hand moved from @from to @to. @shmid: segment that it came to, at
 *   its end or if it is locked the one that it left; @index, @pfn, @count; @value:
 *   sharers where the page was young, and is old now; @value2: those that lost it
 * - CLOCK_END: @from and @to: hand before and after the run; @value: attempts
 * - PTE: a page table entry of a process changed. @pid, @address, @shmid, @index; @from
 *   and @to: the entry
 * - TLB_FLUSH: @pid; @from and @to: addresses
 * - SLOT: the count of a slot changed. @area, @slot, @count
 * - FRAME: a block of frames was taken or given back. @pfn; @value: order; @to: free
 *   frames now
 * - AGE: a page's age changed. @pfn; @from, @to
 * - CACHE: a page entered or left the swap cache. @pfn, @count, @area, @slot
 * - SCAN: the process scan looked at a page. @pid, @address, @shmid, @index, @pfn,
 *   @count
 * - MMAP: shrink_mmap() looked at a page. @pfn, @count; @value: of frames that are in
 *   use (SHMSWAP_SCAN_USED) how many in a row, of which @pfn is the last; else 1
 * - RECLAIM_BEGIN: a request is served. @why: SHMSWAP_RECLAIM_*; @value: level
 * - RECLAIM_END: it was. @why as there; @value: pages that were freed
 * - KSWAPD: @value: free frames; @to: pages that the run freed
 * - SEGMENT: a segment's life. @pid, @address, @shmid; @value: attaches; @to: pages
 */
#define SHMSWAP_EVENT_LOST	0
#define SHMSWAP_EVENT_FAULT	1
#define SHMSWAP_EVENT_SWAP_OUT	2
#define SHMSWAP_EVENT_SWAP_IN	3
#define SHMSWAP_EVENT_CLOCK_BEGIN 4
#define SHMSWAP_EVENT_CLOCK_STEP 5
#define SHMSWAP_EVENT_CLOCK_END	6
#define SHMSWAP_EVENT_PTE	7
#define SHMSWAP_EVENT_TLB_FLUSH	8
#define SHMSWAP_EVENT_SLOT	9
#define SHMSWAP_EVENT_FRAME	10
#define SHMSWAP_EVENT_AGE	11
#define SHMSWAP_EVENT_CACHE	12
#define SHMSWAP_EVENT_SCAN	13
#define SHMSWAP_EVENT_MMAP	14
#define SHMSWAP_EVENT_RECLAIM_BEGIN 15
#define SHMSWAP_EVENT_RECLAIM_END 16
#define SHMSWAP_EVENT_KSWAPD	17
#define SHMSWAP_EVENT_SEGMENT	18
#define SHMSWAP_NR_EVENT_TYPES	19

/* @why of a fault: where the page was */
#define SHMSWAP_FAULT_MINOR	0 /* in memory */
#define SHMSWAP_FAULT_ZERO	1 /* nowhere: a frame was cleared */
#define SHMSWAP_FAULT_SWAP	2 /* in a slot */
#define SHMSWAP_FAULT_FILE	3 /* in a file */
#define SHMSWAP_FAULT_COW	4 /* in memory; it was copied, as it may be from elsewhere, too */
#define SHMSWAP_FAULT_ERROR	5 /* it could not be resolved: see @from */

/* @why of a clock step: what the hand found */
#define SHMSWAP_STEP_UNUSED	0 /* entries of shm_segs that are no segment */
#define SHMSWAP_STEP_WRAP	1 /* the last segment: on with the first */
#define SHMSWAP_STEP_LOCKED	2 /* a segment locked by SHM_LOCK, or being removed */
#define SHMSWAP_STEP_END	3 /* the end of the segment */
#define SHMSWAP_STEP_ABSENT	4 /* pages that are not present, the last at @index */
#define SHMSWAP_STEP_BUSY	5 /* a page that is locked: under I/O, or being mapped */
#define SHMSWAP_STEP_BUDGET	6 /* a page, but the budget is spent */
#define SHMSWAP_STEP_YOUNG	7 /* a page that some sharers keep: it was young there */
#define SHMSWAP_STEP_PINNED	8 /* a page that somebody else holds */
#define SHMSWAP_STEP_VICTIM	9 /* a page that is to be swapped out */

/* @why of the end of a run */
#define SHMSWAP_CLOCK_FREED	0 /* a page was swapped out, or will be */
#define SHMSWAP_CLOCK_FAILED	1 /* there was a victim, but its write failed, or it was wanted */
#define SHMSWAP_CLOCK_BUDGET	2 /* the budget was spent */
#define SHMSWAP_CLOCK_WRAPPED	3 /* the hand came to the last segment a second time */
#define SHMSWAP_CLOCK_IDLE	4 /* the budget was 0 from the start */
#define SHMSWAP_CLOCK_NO_SLOT	5 /* there is no free slot */

/* @why of a change of an entry */
#define SHMSWAP_PTE_MAP		0 /* a fault mapped a page */
#define SHMSWAP_PTE_ACCESS	1 /* an access made it young, or dirty */
#define SHMSWAP_PTE_AGE		2 /* reclaim made it old */
#define SHMSWAP_PTE_UNMAP	3 /* reclaim took the page away */
#define SHMSWAP_PTE_ZAP		4 /* the process detached, unmapped, or exited */
#define SHMSWAP_PTE_CLEAN	5 /* the page is about to be written, or was not after all */
#define SHMSWAP_PTE_PROTECT	6 /* protection changed, or a store was let through */
#define SHMSWAP_PTE_FORK	7 /* a child has it, or it became read-only for that */

/* @why of a flush */
#define SHMSWAP_FLUSH_PAGE	0
#define SHMSWAP_FLUSH_RANGE	1
#define SHMSWAP_FLUSH_MM	2

/* @why of a slot, a frame, the swap cache */
#define SHMSWAP_SLOT_GET	0
#define SHMSWAP_SLOT_DUPLICATE	1
#define SHMSWAP_SLOT_FREE	2
#define SHMSWAP_SLOT_REJECT	3 /* it is never used again: @count is SHMSWAP_SLOT_BAD */
#define SHMSWAP_FRAME_ALLOC	0
#define SHMSWAP_FRAME_FREE	1
#define SHMSWAP_CACHE_ADD	0
#define SHMSWAP_CACHE_DELETE	1

/* @why of an age */
#define SHMSWAP_AGE_INITIAL	0 /* the page is new */
#define SHMSWAP_AGE_TOUCH	1 /* it was used */
#define SHMSWAP_AGE_DECLINE	2 /* it was not */

/* @why of a look of the process scan, or of shrink_mmap() */
#define SHMSWAP_SCAN_RESERVED	0 /* reserved, or locked: under I/O (process scan) */
#define SHMSWAP_SCAN_YOUNG	1 /* it was used */
#define SHMSWAP_SCAN_AGE	2 /* it is not old enough */
#define SHMSWAP_SCAN_BUSY	3 /* it is held or locked, or there is no slot for it */
#define SHMSWAP_SCAN_TAKE	4 /* it is to be taken away */
#define SHMSWAP_SCAN_USED	5 /* somebody has it, and not only a cache (shrink_mmap) */

/* @why of a request beside SHMSWAP_RECLAIM_TRY and so on */
#define SHMSWAP_RECLAIM_FAULT	16 /* a fault found no frame */

/* @why of kswapd */
#define SHMSWAP_KSWAPD_WAKE	0 /* frames are getting few */
#define SHMSWAP_KSWAPD_BALANCE	1 /* a run is over */
#define SHMSWAP_KSWAPD_SLEEP	2

/* @why of a segment */
#define SHMSWAP_SEGMENT_CREATE	0
#define SHMSWAP_SEGMENT_ATTACH	1
#define SHMSWAP_SEGMENT_DETACH	2
#define SHMSWAP_SEGMENT_LOCK	3
#define SHMSWAP_SEGMENT_UNLOCK	4
#define SHMSWAP_SEGMENT_REMOVE	5 /* IPC_RMID */
#define SHMSWAP_SEGMENT_DESTROY	6

/* A hand of the clock in @from and @to: index into shm_segs << 32 | page index. */
#define SHMSWAP_HAND_ID(hand)	((__u32)((hand) >> 32))
#define SHMSWAP_HAND_IDX(hand)	((__u32)(hand))

/**
 * struct shmswap_event - something that happened
 * @seq: its number among those that the ring was to record, from 0: where it jumps,
 *	events are missing
 * @time: nanoseconds of CLOCK_MONOTONIC; never less than that of the event before it
 * @type: SHMSWAP_EVENT_*
 * @why: see @type
 * @pid: number of the process within the machine
 * @shmid: identifier of the segment; -1: none
 * @index: page index in the segment or file; of private memory, in its region
 * @pfn: frame number
 * @count: references to the page, pins left out, or users of the slot
 * @area: number of the swap area
 * @slot: slot; 0: none
 * @value: see @type
 * @value2: see @type
 * @address: virtual address; 0 of a real process that who made the ring may not trace
 * @from: see @type
 * @to: see @type
 *
 * Fields that the type does not fill in are 0.
 */
struct shmswap_event {
	__aligned_u64 seq;
	__aligned_u64 time;
	__u16 type;
	__u16 why;
	__u32 pid;
	__s32 shmid;
	__u32 index;
	__u32 pfn;
	__u32 count;
	__u32 area;
	__u32 slot;
	__u32 value;
	__u32 value2;
	__aligned_u64 address;
	__aligned_u64 from;
	__aligned_u64 to;
};

#endif /* _SHMSWAP_H */
