/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names of the values and bits of shmswap.h, and the Alpha's page table entry.
 */
#ifndef _NAMES_H
#define _NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

/* A value, or a bit, and its name. Tables of them end with a NULL. */
struct name {
	__u64 value;
	const char *name;
};

extern const struct name vma_kinds[], vm_flags[], pg_flags[], area_kinds[], pte_kinds[],
	machine_flags[], proc_flags[], reclaim_methods[], check_whats[], segment_modes[],
	pte_bits[], page_states[], slot_counts[], yes_no[];

/* NULL if the value has none. */
const char *name_of(const struct name *names, __u64 value);
bool name_value(const struct name *names, const char *name, __u64 *value);
/* Bits as "one,two", or "-" if none is set; what has no name as a number. */
void names_of_bits(const struct name *names, __u64 bits, char *buf, size_t size);
bool bits_of_names(const struct name *names, const char *list, __u64 *bits);
/* "one, two or three": all of them, for messages. */
const char *names_listed(const struct name *names);

/* A field of an entry that is not valid, or the PFN and GH of one that is. */
struct pte_field {
	const char *name;
	__u64 value;
};

#define PTE_MAX_FIELDS	13

/* Takes an entry apart, bit by bit, as its kind demands. Returns the number of fields. */
unsigned int pte_fields(__u64 pte, struct pte_field fields[PTE_MAX_FIELDS]);

#endif /* _NAMES_H */
