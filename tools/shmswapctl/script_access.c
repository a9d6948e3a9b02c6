// SPDX-License-Identifier: GPL-2.0
/*
 * Script commands: loads and stores.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "machines.h"
#include "message.h"
#include "output.h"
#include "script.h"
#include "words.h"

#define MOST_PAGES	(SHMSWAP_TASK_SIZE / DEVICE_PAGE)
#define MOST_BYTES	(1U << 20)	/* of a load */

/* What the words say: PROCESS SEGMENT PAGE. */
static int find_page(char **argv, struct process **process, __u64 *addr)
{
	struct memory *memory;
	__u64 page;

	*process = process_own(argv[0], argv[1]);
	memory = *process ? memory_find(argv[0], argv[2]) : NULL;
	if (!memory || word_number("PAGE", argv[3], 0, MOST_PAGES, &page) ||
	    !mapping_address(argv[0], *process, memory, page, addr))
		return CTL_USAGE;
	return CTL_OK;
}

/* As far as the first NUL, unless so many bytes were asked for. */
static int print_data(char *data, size_t len, bool all)
{
	char *text = message_escape(data, all ? len : strnlen(data, len));

	if (!text)
		return ctl_failed(ENOMEM, "read");
	if (ctl_json)
		output_json(json_text(text));
	else
		puts(text);
	free(text);
	return CTL_OK;
}

static int load(const struct process *process, __u64 addr, size_t len, bool all)
{
	char *data = malloc(len + 1);
	ssize_t done;
	int status;

	if (!data)
		return ctl_failed(ENOMEM, "read %s", process->name);
	done = pread(process->fd, data, len, addr);
	if (done < 0)
		status = ctl_failed(errno, "read %s", process->name);
	else
		status = print_data(data, done, all);
	free(data);
	return status;
}

static int run_read(int argc, char **argv)
{
	__u64 addr, offset = 0, len;
	struct process *process;
	int status;

	if (argc < 4 || argc > 6)
		return ctl_misused(argv[0]);
	status = find_page(argv, &process, &addr);
	if (!status && argc > 4)
		status = word_number("OFFSET", argv[4], 0, DEVICE_PAGE - 1, &offset);
	len = DEVICE_PAGE - offset;
	if (!status && argc > 5)
		status = word_number("LENGTH", argv[5], 1, MOST_BYTES, &len);
	return status ? status : load(process, addr + offset, len, argc > 5);
}

const struct ctl_command script_read = {
	.name = "read",
	.usage = "PROCESS SEGMENT PAGE [OFFSET [LENGTH]]",
	.help = "load, and print, a text that ends with a NUL, or LENGTH bytes",
	.run = run_read,
};

static int run_write(int argc, char **argv)
{
	__u64 addr, offset = 0;
	struct process *process;
	ssize_t done;
	int status;

	if (argc < 5 || argc > 6)
		return ctl_misused(argv[0]);
	status = find_page(argv, &process, &addr);
	if (!status && argc > 5)
		status = word_number("OFFSET", argv[5], 0, DEVICE_PAGE - 1, &offset);
	if (status)
		return status;
	done = pwrite(process->fd, argv[4], strlen(argv[4]), addr + offset);
	if (done < 0)
		return ctl_failed(errno, "write %s", process->name);
	if ((size_t)done < strlen(argv[4])) {
		ctl_error("write %s: only %zd bytes of %zu could be stored", process->name, done,
			  strlen(argv[4]));
		return CTL_ERROR;
	}
	return CTL_OK;
}

const struct ctl_command script_write = {
	.name = "write",
	.usage = "PROCESS SEGMENT PAGE TEXT [OFFSET]",
	.help = "store a text",
	.run = run_write,
};

#define BATCH	1024U

/* Accesses @nr pages, at most BATCH. */
static int touch_some(const struct process *process, __u64 addr, unsigned int nr, __u64 write)
{
	__u64 accesses[BATCH];
	struct shmswap_touch touch = {
		.size = sizeof(touch), .accesses = (uintptr_t)accesses, .count = nr,
	};
	unsigned int i;
	int err;

	for (i = 0; i < nr; i++)
		accesses[i] = (addr + i * DEVICE_PAGE) | write;
	err = ctl_call(process->fd, SHMSWAP_IOC_TOUCH, &touch);
	if (err)
		return ctl_failed(err, "touch %s at %#llx", process->name,
				  addr + touch.out_done * DEVICE_PAGE);
	return script_drain();
}

static int touch(const struct process *process, __u64 addr, __u64 nr, __u64 write)
{
	unsigned int step;
	int status = CTL_OK;
	__u64 done;

	for (done = 0; done < nr && !status; done += step) {
		step = script_step(nr - done < BATCH ? nr - done : BATCH);
		status = touch_some(process, addr + done * DEVICE_PAGE, step, write);
	}
	return status;
}

static int run_touch(int argc, char **argv)
{
	bool counted, write = false;
	struct option_word options[] = {
		FLAG_OPTION("write", &write),
		{ }
	};
	struct process *process;
	__u64 addr, nr = 1;
	int status;

	if (argc < 4)
		return ctl_misused(argv[0]);
	status = find_page(argv, &process, &addr);
	counted = argc > 4 && strcmp(argv[4], "write");
	if (!status && counted)
		status = word_number("NR", argv[4], 1, MOST_PAGES, &nr);
	if (!status)
		status = words_options(argv[0], argc - 4 - counted, argv + 4 + counted, options);
	return status ? status : touch(process, addr, nr, write ? SHMSWAP_TOUCH_WRITE : 0);
}

const struct ctl_command script_touch = {
	.name = "touch",
	.usage = "PROCESS SEGMENT FIRST [NR] [write]",
	.help = "access pages without data: load, or store",
	.run = run_touch,
};
