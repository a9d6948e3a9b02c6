// SPDX-License-Identifier: GPL-2.0
/*
 * The commands that change the machine: swap areas, reclaim, settings; and its self-check.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin.h"
#include "ctl.h"
#include "message.h"
#include "output.h"
#include "records.h"
#include "script.h"
#include "show.h"
#include "words.h"

static int print_area(__u32 type)
{
	struct json_object *object;

	if (!ctl_json) {
		printf("area %u\n", type);
		return CTL_OK;
	}
	object = json_new_object();
	json_add_number(object, "out_type", type);
	return output_json(object);
}

int admin_swapon(const char *command, struct shmswap_swapon *on)
{
	int err, fd = ctl_fd();

	if (fd < 0)
		return CTL_ERROR;
	err = ctl_call(fd, SHMSWAP_IOC_SWAPON, on);
	return err ? ctl_failed(err, "%s", command) : print_area(on->out_type);
}

static int swapon_path(const char *path, struct shmswap_swapon *on)
{
	int status;

	on->fd = open(path, O_RDWR | O_CLOEXEC);
	if (on->fd < 0)
		return ctl_failed(errno, "swapon: %s", path);
	status = admin_swapon("swapon", on);
	close(on->fd);
	return status;
}

static int run_swapon(int argc, char **argv)
{
	struct shmswap_swapon on = { .size = sizeof(on), .fd = -1 };
	__u64 prio = 0, slots;
	struct option_word options[] = {
		NUMBER_OPTION("prio", &prio, 0, 32767),
		{ }
	};
	int status;

	if (argc < 2)
		return ctl_misused(argv[0]);
	status = words_options(argv[0], argc - 2, argv + 2, options);
	if (status)
		return status;
	on.prio = prio;
	on.flags = options[0].given ? SHMSWAP_SWAPON_PREFER : 0;
	if (strncmp(argv[1], "ram=", 4))
		return swapon_path(argv[1], &on);
	status = word_number("ram", argv[1] + 4, 1, SHMSWAP_MAX_SLOTS - 1, &slots);
	if (status)
		return status;
	on.slots = slots;
	on.flags |= SHMSWAP_SWAPON_RAM;
	return admin_swapon(argv[0], &on);
}

const struct ctl_command ctl_swapon = {
	.name = "swapon",
	.usage = "PATH|ram=SLOTS [prio=P]",
	.help = "swap to a file or device made by mkswap(8), or to memory",
	.run = run_swapon,
};

/* The file that is listed in a line of the swap table, with its octal escapes, is @path. */
static bool line_is_about(const char *line, const char *path)
{
	while (*path) {
		unsigned int c = (unsigned char)*line++;

		if (c == '\\' && sscanf(line, "%3o", &c) == 1)
			line += 3;
		if (c != (unsigned char)*path++)
			return false;
	}
	return *line == ' ' || *line == '\t';
}

/* The number of the line about @path in the swap table, not counting its head; -1: none. */
static int line_of_path(int fd, const char *path)
{
	struct shmswap_table table = {
		.size = sizeof(table), .which = SHMSWAP_TABLE_SWAPS,
		.flags = SHMSWAP_TABLE_CLOEXEC,
	};
	int err = ctl_call(fd, SHMSWAP_IOC_TABLE, &table), nr;
	FILE *file = err ? NULL : fdopen(table.out_fd, "r");
	bool found = false;
	char *line = NULL;
	size_t size = 0;

	if (!file)
		return -1;
	for (nr = -1; !found && getline(&line, &size, file) > 0; nr++)
		found = nr >= 0 && line_is_about(line, path);
	free(line);
	fclose(file);
	return found ? nr - 1 : -1;
}

/* The area that is the file, or the device, @path; UINT_MAX after a message. */
static __u32 area_of_path(int fd, const char *path)
{
	char *real = realpath(path, NULL);
	struct shmswap_area *areas;
	__u32 type = UINT_MAX;
	int line;
	long nr;

	if (!real) {
		ctl_failed(errno, "swapoff: %s", path);
		return type;
	}
	line = line_of_path(fd, real);
	free(real);
	nr = show_query(SHMSWAP_QUERY_SWAPS, 0, 0, (void **)&areas, sizeof(*areas), "swapoff");
	if (nr < 0)
		return type;
	if (line >= 0 && line < nr)
		type = areas[line].type;
	else
		ctl_failed(EINVAL, "swapoff: %s", path);
	free(areas);
	return type;
}

static int remove_area(const char *word)
{
	struct shmswap_swapoff off = { .size = sizeof(off) };
	int err, fd = ctl_fd();
	__u64 type;

	if (fd < 0)
		return CTL_ERROR;
	if (!word_is_number(word, &type))
		type = area_of_path(fd, word);
	else if (type >= UINT_MAX)
		return word_number("swapoff", word, 0, UINT_MAX - 1, &type);
	if (type == UINT_MAX)
		return CTL_ERROR;
	off.type = type;
	err = ctl_call(fd, SHMSWAP_IOC_SWAPOFF, &off);
	return err ? ctl_failed(err, "swapoff: %s", word) : CTL_OK;
}

static int run_swapoff(int argc, char **argv)
{
	int i, status = CTL_OK;

	if (argc < 2)
		return ctl_misused(argv[0]);
	for (i = 1; i < argc && !status; i++)
		status = remove_area(argv[i]);
	return status;
}

const struct ctl_command ctl_swapoff = {
	.name = "swapoff",
	.usage = "AREA|PATH...",
	.help = "read everything back from swap areas, and stop using them",
	.run = run_swapoff,
};

/* All calls, so many at a time that no event is lost. */
static int reclaim_in_steps(int fd, struct shmswap_reclaim *all)
{
	__u32 count = all->count;
	int err, status;

	do {
		struct shmswap_reclaim part = {
			.size = sizeof(part), .method = all->method, .level = all->level,
			.count = script_step(count - all->out_calls),
		};

		err = ctl_call(fd, SHMSWAP_IOC_RECLAIM, &part);
		if (err)
			return ctl_failed(err, "reclaim");
		all->out_calls += part.out_calls;
		all->out_freed += part.out_freed;
		all->out_attempts += part.out_attempts;
		status = script_drain();
		if (!part.out_calls)
			break;
	} while (!status && all->out_calls < count);
	return status;
}

static int print_reclaim(const struct shmswap_reclaim *arg)
{
	if (ctl_json)
		return output_record(reclaim_record, arg);
	printf("%u calls freed %u pages, the clock looked at %llu\n", arg->out_calls,
	       arg->out_freed, arg->out_attempts);
	return CTL_OK;
}

static int run_reclaim(int argc, char **argv)
{
	__u64 count = 1, level = 0, method;
	bool counted = argc > 1 && word_is_number(argv[1], &count);
	const char *name = "try";
	struct option_word options[] = {
		NUMBER_OPTION("level", &level, 0, SHMSWAP_MAX_LEVEL),
		TEXT_OPTION("method", &name),
		{ }
	};
	struct shmswap_reclaim arg = { .size = sizeof(arg) };
	int fd, status = CTL_OK;

	if (counted)
		status = word_number(argv[0], argv[1], 1, UINT_MAX, &count);
	if (!status)
		status = words_options(argv[0], argc - 1 - counted, argv + 1 + counted, options);
	if (status)
		return status;
	if (!name_value(reclaim_methods, name, &method)) {
		ctl_error("method: '%s' is not %s", name, names_listed(reclaim_methods));
		return CTL_USAGE;
	}
	arg.method = method;
	arg.level = level;
	arg.count = count;
	fd = ctl_fd();
	if (fd < 0)
		return CTL_ERROR;
	status = reclaim_in_steps(fd, &arg);
	return status ? status : print_reclaim(&arg);
}

const struct ctl_command ctl_reclaim = {
	.name = "reclaim",
	.usage = "[CALLS] [level=L] [method=try|clock|mmap|scan]",
	.help = "let kswapd reclaim: one call of try_to_free_page() at level 0, or what is said",
	.run = run_reclaim,
};

/* The fields that SHMSWAP_CONTROL_* stand for: from the first to the last one. */
static const struct {
	__u32 set;
	size_t first;
	size_t last;
} control_groups[] = {
#define GROUP(set, first, last) \
	{ set, offsetof(struct shmswap_control, first), offsetof(struct shmswap_control, last) }
	GROUP(SHMSWAP_CONTROL_FLAGS, flags, flags),
	GROUP(SHMSWAP_CONTROL_FREEPAGES, freepages_min, freepages_high),
	GROUP(SHMSWAP_CONTROL_KSWAPD, kswapd_interval, kswapd_maxpages),
	GROUP(SHMSWAP_CONTROL_SWAPCTL, max_page_age, page_initial_age),
	GROUP(SHMSWAP_CONTROL_LIMITS, shmmni, shmmni),
	GROUP(SHMSWAP_CONTROL_LIMITS, shmmax, shmall),
	GROUP(SHMSWAP_CONTROL_SCAN, age_cluster_fract, pageout_weight),
	GROUP(SHMSWAP_CONTROL_PAGE_CLUSTER, page_cluster, page_cluster),
#undef GROUP
};

static __u32 control_group(const struct field *field)
{
	size_t i;

	for (i = 0; i < sizeof(control_groups) / sizeof(*control_groups); i++) {
		if (field->offset >= control_groups[i].first &&
		    field->offset <= control_groups[i].last)
			return control_groups[i].set;
	}
	return 0;
}

/* Puts KEY=VALUE into @control. */
static int set_control(char *word, struct shmswap_control *control)
{
	char *value = strchr(word, '=');
	const struct field *field;
	__u64 number;
	int status;

	if (!value) {
		ctl_error("control: '%s' is not KEY=VALUE", word);
		return CTL_USAGE;
	}
	*value++ = '\0';
	field = field_find(control_record, word);
	if (!field) {
		ctl_error("control: there is no setting '%s'", word);
		return CTL_USAGE;
	}
	status = field_parse(word, field, value, &number);
	if (status)
		return status;
	field_set(field, control, number);
	control->set |= control_group(field);
	return CTL_OK;
}

static int run_control(int argc, char **argv)
{
	struct shmswap_control control = { .size = sizeof(control) };
	int err, fd, i, status = CTL_OK;

	fd = ctl_fd();
	if (fd < 0)
		return CTL_ERROR;
	err = ctl_call(fd, SHMSWAP_IOC_CONTROL, &control);
	if (err)
		return ctl_failed(err, "control");
	for (i = 1; i < argc && !status; i++)
		status = set_control(argv[i], &control);
	if (status || argc == 1)
		return status ? status : output_record(control_record, &control);
	err = ctl_call(fd, SHMSWAP_IOC_CONTROL, &control);
	return err ? ctl_failed(err, "control") : CTL_OK;
}

const struct ctl_command ctl_control = {
	.name = "control",
	.usage = "[KEY=VALUE...]",
	.help = "show the settings, or change some of them",
	.run = run_control,
};

static int run_check(int argc, char **argv)
{
	struct shmswap_check check = { .size = sizeof(check) };
	const char *what;
	int err, fd;

	if (argc != 1)
		return ctl_misused(argv[0]);
	fd = ctl_fd();
	if (fd < 0)
		return CTL_ERROR;
	err = ctl_call(fd, SHMSWAP_IOC_CHECK, &check);
	if (err && err != -EUCLEAN)
		return ctl_failed(err, "check");
	if (ctl_json)
		output_record(check_record, &check);
	else if (!err)
		puts("all counts agree");
	if (!err)
		return CTL_OK;
	what = name_of(check_whats, check.out_what);
	message_verdict("check: %s at %#llx: it is %llu, not %llu", what ? what : "?",
			check.out_where, check.out_found, check.out_expected);
	return CTL_FAILED;
}

const struct ctl_command ctl_check = {
	.name = "check",
	.usage = "",
	.help = "have the module recompute every count",
	.run = run_check,
};
