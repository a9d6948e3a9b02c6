// SPDX-License-Identifier: GPL-2.0
/*
 * Script commands: segments, attaches, and other memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#include "device.h"
#include "machines.h"
#include "script.h"
#include "words.h"

#define MOST_PAGES	(SHMSWAP_TASK_SIZE / DEVICE_PAGE)

static int run_segment(int argc, char **argv)
{
	__u64 pages, key = IPC_PRIVATE, mode = 0600;
	struct option_word options[] = {
		NUMBER_OPTION("key", &key, 0, UINT_MAX),
		NUMBER_OPTION("mode", &mode, 0, 0777),
		{ }
	};
	struct shmswap_shmget get = { .size = sizeof(get) };
	int err, fd, status;

	if (argc < 3)
		return ctl_misused(argv[0]);
	if (!name_is_free(argv[0], argv[1]))
		return CTL_USAGE;
	status = word_number("PAGES", argv[2], 0, MOST_PAGES, &pages);
	if (!status)
		status = words_options(argv[0], argc - 3, argv + 3, options);
	if (status)
		return status;
	fd = ctl_fd();
	if (fd < 0)
		return CTL_ERROR;
	get.key = key;
	get.segsz = pages * DEVICE_PAGE;
	get.shmflg = IPC_CREAT | mode;
	err = ctl_call(fd, SHMSWAP_IOC_SHMGET, &get);
	if (err)
		return ctl_failed(err, "segment %s", argv[1]);
	return memory_add(argv[1], get.out_shmid, pages) ? CTL_OK : CTL_ERROR;
}

const struct ctl_command script_segment = {
	.name = "segment",
	.usage = "NAME PAGES [key=K] [mode=0600]",
	.help = "make a segment, or find the one with the key",
	.run = run_segment,
};

static int attach_segment(struct process *process, struct memory *segment, __u64 addr,
			  int shmflg)
{
	struct shmswap_shmat at = {
		.size = sizeof(at), .shmid = segment->shmid, .addr = addr, .shmflg = shmflg,
	};
	int err = ctl_call(process->fd, SHMSWAP_IOC_SHMAT, &at);

	if (err)
		return ctl_failed(err, "attach %s %s", process->name, segment->name);
	return mapping_add(process, segment, at.out_addr);
}

static int run_attach(int argc, char **argv)
{
	bool ro = false, rnd = false, remap = false;
	__u64 addr = 0;
	struct option_word options[] = {
		NUMBER_OPTION("at", &addr, 0, ULLONG_MAX),
		FLAG_OPTION("ro", &ro),
		FLAG_OPTION("rnd", &rnd),
		FLAG_OPTION("remap", &remap),
		{ }
	};
	struct process *process;
	struct memory *segment;
	int status;

	if (argc < 3)
		return ctl_misused(argv[0]);
	process = process_own(argv[0], argv[1]);
	segment = process ? segment_find(argv[0], argv[2]) : NULL;
	if (!segment)
		return CTL_USAGE;
	status = words_options(argv[0], argc - 3, argv + 3, options);
	if (status)
		return status;
	return attach_segment(process, segment, addr,
			      (ro ? SHM_RDONLY : 0) | (rnd ? SHM_RND : 0) |
			      (remap ? SHM_REMAP : 0));
}

const struct ctl_command script_attach = {
	.name = "attach",
	.usage = "PROCESS SEGMENT [at=ADDR] [ro] [rnd] [remap]",
	.help = "attach a segment, as shmat(2)",
	.run = run_attach,
};

/* The process and the memory that the first two words name, and where it is. */
static int find_mapping(int argc, char **argv, int most, struct process **process,
			struct memory **memory, __u64 *addr)
{
	if (argc < 3 || argc > most)
		return ctl_misused(argv[0]);
	*process = process_own(argv[0], argv[1]);
	*memory = *process ? memory_find(argv[0], argv[2]) : NULL;
	if (!*memory || !mapping_address(argv[0], *process, *memory, 0, addr))
		return CTL_USAGE;
	return CTL_OK;
}

static int run_detach(int argc, char **argv)
{
	struct shmswap_shmdt dt = { .size = sizeof(dt) };
	struct process *process;
	struct memory *segment;
	__u64 addr;
	int err, status;

	status = find_mapping(argc, argv, 3, &process, &segment, &addr);
	if (status)
		return status;
	dt.addr = addr;
	err = ctl_call(process->fd, SHMSWAP_IOC_SHMDT, &dt);
	if (err)
		return ctl_failed(err, "detach %s %s", argv[1], argv[2]);
	mapping_remove(process, segment);
	return CTL_OK;
}

const struct ctl_command script_detach = {
	.name = "detach",
	.usage = "PROCESS SEGMENT",
	.help = "detach what was attached last, as shmdt(2)",
	.run = run_detach,
};

static int unmap(const char *command, struct process *process, __u64 addr, __u64 pages)
{
	struct shmswap_munmap arg = {
		.size = sizeof(arg), .addr = addr, .len = pages * DEVICE_PAGE,
	};
	int err = ctl_call(process->fd, SHMSWAP_IOC_MUNMAP, &arg);

	return err ? ctl_failed(err, "%s %s", command, process->name) : CTL_OK;
}

static int run_unmap(int argc, char **argv)
{
	__u64 addr, first, nr = 1;
	struct process *process;
	struct memory *memory;
	int status;

	if (argc < 4)
		return ctl_misused(argv[0]);
	status = find_mapping(argc, argv, 5, &process, &memory, &addr);
	if (!status)
		status = word_number("FIRST", argv[3], 0, MOST_PAGES, &first);
	if (!status && argc == 5)
		status = word_number("NR", argv[4], 1, MOST_PAGES, &nr);
	return status ? status : unmap(argv[0], process, addr + first * DEVICE_PAGE, nr);
}

const struct ctl_command script_unmap = {
	.name = "unmap",
	.usage = "PROCESS SEGMENT FIRST [NR]",
	.help = "take pages out of an attach or region, as munmap(2)",
	.run = run_unmap,
};

/* The segment that a shared region is; -1 if it is none. */
static int segment_at(int fd, __u64 addr)
{
	struct shmswap_vma vma = { .shmid = -1 };
	struct shmswap_query query = {
		.size = sizeof(query), .what = SHMSWAP_QUERY_VMAS, .start = addr, .count = 1,
		.buf = (unsigned long)&vma,
	};

	return ctl_call(fd, SHMSWAP_IOC_QUERY, &query) ? -1 : vma.shmid;
}

/* What the words of mmap say. */
struct region {
	bool ro;
	bool shared;
	const char *path;
	__u64 addr;
};

static int map_file(struct process *process, const char *name, __u64 pages,
		    const struct region *region, int file)
{
	struct shmswap_mmap arg = {
		.size = sizeof(arg), .len = pages * DEVICE_PAGE, .addr = region->addr,
		.prot = PROT_READ | (region->ro ? 0 : PROT_WRITE),
		.flags = (region->shared ? MAP_SHARED : MAP_PRIVATE) |
			 (region->addr ? MAP_FIXED_NOREPLACE : 0) |
			 (file < 0 ? MAP_ANONYMOUS : 0),
		.fd = file,
	};
	struct memory *memory;
	int err = ctl_call(process->fd, SHMSWAP_IOC_MMAP, &arg);

	if (err)
		return ctl_failed(err, "mmap %s %s", process->name, name);
	memory = memory_add(name, segment_at(process->fd, arg.out_addr), pages);
	return memory ? mapping_add(process, memory, arg.out_addr) : CTL_ERROR;
}

static int map(struct process *process, const char *name, __u64 pages,
	       const struct region *region)
{
	bool writable = region->shared && !region->ro;
	int file, status;

	if (!region->path)
		return map_file(process, name, pages, region, -1);
	file = open(region->path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (file < 0)
		return ctl_failed(errno, "mmap: %s", region->path);
	status = map_file(process, name, pages, region, file);
	close(file);
	return status;
}

static int run_mmap(int argc, char **argv)
{
	struct region region = { };
	struct option_word options[] = {
		FLAG_OPTION("ro", &region.ro),
		FLAG_OPTION("shared", &region.shared),
		TEXT_OPTION("file", &region.path),
		NUMBER_OPTION("at", &region.addr, 1, ULLONG_MAX),
		{ }
	};
	struct process *process;
	__u64 pages;
	int status;

	if (argc < 4)
		return ctl_misused(argv[0]);
	process = process_own(argv[0], argv[1]);
	if (!process || !name_is_free(argv[0], argv[2]))
		return CTL_USAGE;
	status = word_number("PAGES", argv[3], 1, MOST_PAGES, &pages);
	if (!status)
		status = words_options(argv[0], argc - 4, argv + 4, options);
	return status ? status : map(process, argv[2], pages, &region);
}

const struct ctl_command script_mmap = {
	.name = "mmap",
	.usage = "PROCESS NAME PAGES [at=ADDR] [ro] [shared] [file=PATH]",
	.help = "map private memory, shared memory, or a file",
	.run = run_mmap,
};

static int run_munmap(int argc, char **argv)
{
	struct process *process;
	struct memory *memory;
	__u64 addr;
	int status;

	status = find_mapping(argc, argv, 3, &process, &memory, &addr);
	if (!status && !memory->pages) {
		ctl_error("munmap: %s was not made by mmap", argv[2]);
		return CTL_USAGE;
	}
	if (!status)
		status = unmap(argv[0], process, addr, memory->pages);
	if (!status)
		mapping_remove(process, memory);
	return status;
}

const struct ctl_command script_munmap = {
	.name = "munmap",
	.usage = "PROCESS NAME",
	.help = "unmap all of what mmap or attach mapped",
	.run = run_munmap,
};

static int control_segment(int argc, char **argv, __u32 cmd)
{
	struct shmswap_shmctl arg = { .size = sizeof(arg), .cmd = cmd };
	struct memory *segment;
	int err, fd;

	if (argc != 2)
		return ctl_misused(argv[0]);
	segment = segment_find(argv[0], argv[1]);
	if (!segment)
		return CTL_USAGE;
	fd = ctl_fd();
	if (fd < 0)
		return CTL_ERROR;
	arg.shmid = segment->shmid;
	err = ctl_call(fd, SHMSWAP_IOC_SHMCTL, &arg);
	if (err)
		return ctl_failed(err, "%s %s", argv[0], argv[1]);
	segment->removed |= cmd == IPC_RMID;
	return CTL_OK;
}

static int run_lock(int argc, char **argv)
{
	return control_segment(argc, argv, SHM_LOCK);
}

const struct ctl_command script_lock = {
	.name = "lock",
	.usage = "SEGMENT",
	.help = "keep a segment in memory, as SHM_LOCK",
	.run = run_lock,
};

static int run_unlock(int argc, char **argv)
{
	return control_segment(argc, argv, SHM_UNLOCK);
}

const struct ctl_command script_unlock = {
	.name = "unlock",
	.usage = "SEGMENT",
	.help = "let a segment be swapped again, as SHM_UNLOCK",
	.run = run_unlock,
};

static int run_remove(int argc, char **argv)
{
	return control_segment(argc, argv, IPC_RMID);
}

const struct ctl_command script_remove = {
	.name = "remove",
	.usage = "SEGMENT",
	.help = "remove a segment, as IPC_RMID: it goes with its last attach",
	.run = run_remove,
};
