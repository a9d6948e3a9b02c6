// SPDX-License-Identifier: GPL-2.0
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "records.h"
#include "words.h"

#define FIELD(record, member, form, ...) \
	FIELD_OF((*(struct shmswap_##record *)0).member, #member, form, ##__VA_ARGS__)
#define COUNT(record, member)		FIELD(record, member, FIELD_DECIMAL)
#define ENUM(record, member, table)	FIELD(record, member, FIELD_ENUM, .names = table)
#define BITS(record, member, table)	FIELD(record, member, FIELD_BITS, .names = table)
#define DS(member, form, ...) \
	FIELD_OF((*(struct shmswap_seg *)0).ds.member, #member, form, ##__VA_ARGS__)

const struct field seg_record[] = {
	FIELD(seg, shmid, FIELD_SIGNED),
	COUNT(seg, index),
	DS(key, FIELD_HEX),
	DS(mode, FIELD_OCTAL),
	DS(uid, FIELD_DECIMAL),
	DS(gid, FIELD_DECIMAL, .rare = true),
	DS(cuid, FIELD_DECIMAL, .rare = true),
	DS(cgid, FIELD_DECIMAL, .rare = true),
	DS(seq, FIELD_DECIMAL, .rare = true),
	DS(cpid, FIELD_SIGNED, .rare = true),
	DS(lpid, FIELD_SIGNED, .rare = true),
	DS(segsz, FIELD_DECIMAL),
	DS(nattch, FIELD_DECIMAL),
	DS(atime, FIELD_SIGNED, .rare = true),
	DS(dtime, FIELD_SIGNED, .rare = true),
	DS(ctime, FIELD_SIGNED, .rare = true),
	DS(rss, FIELD_DECIMAL),
	DS(swp, FIELD_DECIMAL),
	{ }
};

const struct field vma_record[] = {
	FIELD(vma, start, FIELD_HEX),
	FIELD(vma, end, FIELD_HEX),
	COUNT(vma, pgoff),
	BITS(vma, flags, vm_flags),
	FIELD(vma, shmid, FIELD_SIGNED),
	COUNT(vma, pid),
	ENUM(vma, kind, vma_kinds),
	FIELD(vma, ino, FIELD_DECIMAL, .rare = true),
	FIELD(vma, dev, FIELD_DECIMAL, .rare = true),
	{ }
};

const struct field pte_record[] = {
	FIELD(pte, where, FIELD_HEX),
	FIELD(pte, pte, FIELD_HEX),
	ENUM(pte, kind, pte_kinds),
	COUNT(pte, a),
	COUNT(pte, b),
	{ }
};

const struct field page_record[] = {
	COUNT(page, pfn),
	COUNT(page, count),
	BITS(page, flags, pg_flags),
	COUNT(page, pins),
	COUNT(page, age),
	COUNT(page, order),
	FIELD(page, shmid, FIELD_SIGNED),
	COUNT(page, index),
	COUNT(page, area),
	COUNT(page, slot),
	COUNT(page, ino),
	{ }
};

const struct field free_record[] = {
	COUNT(free, order),
	COUNT(free, nr_blocks),
	{ }
};

const struct field area_record[] = {
	COUNT(area, type),
	ENUM(area, kind, area_kinds),
	FIELD(area, prio, FIELD_SIGNED),
	COUNT(area, max),
	COUNT(area, pages),
	COUNT(area, inuse),
	COUNT(area, ino),
	FIELD(area, dev, FIELD_HEX),
	{ }
};

const struct field slot_record[] = {
	COUNT(slot, slot),
	FIELD(slot, count, FIELD_DECIMAL, .names = slot_counts),
	{ }
};

const struct field clock_record[] = {
	COUNT(clock, swap_id),
	COUNT(clock, swap_idx),
	COUNT(clock, swap_attempts),
	COUNT(clock, swap_successes),
	COUNT(clock, mmap_hand),
	COUNT(clock, swap_task),
	ENUM(clock, method, reclaim_methods),
	{ }
};

const struct field proc_record[] = {
	COUNT(proc, pid),
	FIELD(proc, creator, FIELD_SIGNED),
	COUNT(proc, rss),
	COUNT(proc, min_flt),
	COUNT(proc, maj_flt),
	FIELD(proc, swap_address, FIELD_HEX),
	COUNT(proc, swap_cnt),
	COUNT(proc, nr_vmas),
	BITS(proc, flags, proc_flags),
	{ }
};

const struct field stat_record[] = {
	COUNT(stat, nr_free_pages),
	COUNT(stat, nr_swap_pages),
	COUNT(stat, nr_swapcache),
	COUNT(stat, nr_table_bytes),
	COUNT(stat, shm_tot),
	COUNT(stat, shm_rss),
	COUNT(stat, shm_swp),
	COUNT(stat, swap_attempts),
	COUNT(stat, swap_successes),
	COUNT(stat, pgalloc),
	COUNT(stat, pgfree),
	COUNT(stat, pgfault),
	COUNT(stat, pgmajfault),
	COUNT(stat, pgzero),
	COUNT(stat, pswpin),
	COUNT(stat, pswpout),
	COUNT(stat, swap_read_errors),
	COUNT(stat, swap_write_errors),
	COUNT(stat, pgunmap),
	COUNT(stat, pgaged),
	COUNT(stat, tlb_flush_page),
	COUNT(stat, tlb_flush_range),
	COUNT(stat, kswapd_wake),
	COUNT(stat, kswapd_freed),
	COUNT(stat, reclaim_stall),
	COUNT(stat, tlb_flush_mm),
	COUNT(stat, tlb_hit),
	COUNT(stat, tlb_miss),
	COUNT(stat, pgcow),
	COUNT(stat, pgscan),
	COUNT(stat, pgsteal),
	COUNT(stat, pgdiscard),
	COUNT(stat, pgpgin),
	COUNT(stat, pgpgout),
	COUNT(stat, file_read_errors),
	COUNT(stat, file_write_errors),
	COUNT(stat, swap_cache_add),
	COUNT(stat, swap_cache_del),
	COUNT(stat, swap_cache_find),
	COUNT(stat, swap_cache_hit),
	COUNT(stat, swap_ra),
	COUNT(stat, nr_file_pages),
	{ }
};

const struct field info_record[] = {
	BITS(info, out_flags, machine_flags),
	COUNT(info, out_abi_version),
	COUNT(info, out_page_size),
	COUNT(info, out_nr_frames),
	COUNT(info, out_pid),
	COUNT(info, out_nr_processes),
	COUNT(info, out_owner),
	COUNT(info, out_rss),
	COUNT(info, out_min_flt),
	COUNT(info, out_maj_flt),
	COUNT(info, out_live_pid),
	COUNT(info, out_machine),
	{ }
};

const struct field control_record[] = {
	BITS(control, flags, machine_flags),
	COUNT(control, freepages_min),
	COUNT(control, freepages_low),
	COUNT(control, freepages_high),
	COUNT(control, kswapd_interval),
	COUNT(control, kswapd_maxpages),
	COUNT(control, max_page_age),
	COUNT(control, page_advance),
	COUNT(control, page_decline),
	COUNT(control, page_initial_age),
	COUNT(control, shmmni),
	COUNT(control, shmmax),
	COUNT(control, shmall),
	COUNT(control, age_cluster_fract),
	COUNT(control, age_cluster_min),
	COUNT(control, pageout_weight),
	COUNT(control, page_cluster),
	{ }
};

const struct field reclaim_record[] = {
	ENUM(reclaim, method, reclaim_methods),
	COUNT(reclaim, level),
	COUNT(reclaim, count),
	COUNT(reclaim, out_calls),
	COUNT(reclaim, out_freed),
	COUNT(reclaim, out_attempts),
	{ }
};

const struct field check_record[] = {
	ENUM(check, out_what, check_whats),
	FIELD(check, out_where, FIELD_HEX),
	COUNT(check, out_expected),
	COUNT(check, out_found),
	{ }
};

const struct field *field_find(const struct field *record, const char *name)
{
	for (; record->name; record++) {
		if (!strcmp(record->name, name))
			return record;
	}
	return NULL;
}

/* All fields are of 4 or 8 bytes. */
__u64 field_get(const struct field *field, const void *data)
{
	const char *p = (const char *)data + field->offset;
	__u64 wide;
	__u32 word;

	if (field->size == sizeof(wide)) {
		memcpy(&wide, p, sizeof(wide));
		return wide;
	}
	memcpy(&word, p, sizeof(word));
	return field->form == FIELD_SIGNED ? (__u64)(__s32)word : word;
}

void field_set(const struct field *field, void *data, __u64 value)
{
	char *p = (char *)data + field->offset;
	__u32 word = value;

	if (field->size == sizeof(value))
		memcpy(p, &value, sizeof(value));
	else
		memcpy(p, &word, sizeof(word));
}

void field_format(const struct field *field, __u64 value, char buf[FIELD_TEXT_MAX])
{
	const char *name = NULL;

	if (field->names && field->form != FIELD_BITS)
		name = name_of(field->names, value);

	if (name)
		snprintf(buf, FIELD_TEXT_MAX, "%s", name);
	else if (field->form == FIELD_BITS)
		names_of_bits(field->names, value, buf, FIELD_TEXT_MAX);
	else if (field->form == FIELD_SIGNED)
		snprintf(buf, FIELD_TEXT_MAX, "%lld", (long long)value);
	else if (field->form == FIELD_HEX)
		snprintf(buf, FIELD_TEXT_MAX, "%#llx", value);
	else if (field->form == FIELD_OCTAL)
		snprintf(buf, FIELD_TEXT_MAX, "%#llo", value);
	else
		snprintf(buf, FIELD_TEXT_MAX, "%llu", value);
}

static int parse_signed(const char *what, const char *word, __u64 *value)
{
	__u64 number;

	if (word_is_number(word + (*word == '-'), &number) && number <= INT_MAX) {
		*value = *word == '-' ? -number : number;
		return CTL_OK;
	}
	ctl_error("%s: '%s' is not a number from -%d to %d", what, word, INT_MAX, INT_MAX);
	return CTL_USAGE;
}

int field_parse(const char *what, const struct field *field, const char *word, __u64 *value)
{
	if (field->form == FIELD_SIGNED)
		return parse_signed(what, word, value);
	if (field->form == FIELD_ENUM &&
	    (name_value(field->names, word, value) ||
	     (word_is_number(word, value) && name_of(field->names, *value))))
		return CTL_OK;
	if (field->form == FIELD_BITS && bits_of_names(field->names, word, value))
		return CTL_OK;
	if (field->form == FIELD_DECIMAL && field->names && name_value(field->names, word, value))
		return CTL_OK;
	if (field->form != FIELD_ENUM && field->form != FIELD_BITS)
		return word_number(what, word, 0, field->size == 4 ? UINT_MAX : ULLONG_MAX, value);
	ctl_error("%s: '%s' is not %s", what, word, names_listed(field->names));
	return CTL_USAGE;
}
