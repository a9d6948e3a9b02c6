// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <shmswap.h>

#include "names.h"
#include "words.h"

#define END	{ 0, NULL }

const struct name vma_kinds[] = {
	{ SHMSWAP_VMA_SHM, "shm" },
	{ SHMSWAP_VMA_ANON, "anon" },
	{ SHMSWAP_VMA_FILE, "file" },
	END
};

const struct name vm_flags[] = {
	{ SHMSWAP_VM_READ, "read" },
	{ SHMSWAP_VM_WRITE, "write" },
	{ SHMSWAP_VM_EXEC, "exec" },
	{ SHMSWAP_VM_SHARED, "shared" },
	{ SHMSWAP_VM_MAYWRITE, "maywrite" },
	{ SHMSWAP_VM_LOCKED, "locked" },
	{ SHMSWAP_VM_RESERVED, "reserved" },
	END
};

const struct name pg_flags[] = {
	{ SHMSWAP_PG_LOCKED, "locked" },
	{ SHMSWAP_PG_REFERENCED, "referenced" },
	{ SHMSWAP_PG_BUDDY, "buddy" },
	{ SHMSWAP_PG_SWAPCACHE, "swapcache" },
	{ SHMSWAP_PG_FILE, "file" },
	{ SHMSWAP_PG_DIRTY, "dirty" },
	{ SHMSWAP_PG_LIVE, "live" },
	{ SHMSWAP_PG_RESERVED, "reserved" },
	END
};

const struct name area_kinds[] = {
	{ SHMSWAP_AREA_RAM, "ram" },
	{ SHMSWAP_AREA_FILE, "file" },
	{ SHMSWAP_AREA_PARTITION, "partition" },
	END
};

/* 0 is no entry: there is no record of that. */
const struct name pte_kinds[] = {
	{ 0, "none" },
	{ SHMSWAP_PTE_PRESENT, "present" },
	{ SHMSWAP_PTE_SWAP, "swap" },
	{ SHMSWAP_PTE_SHM, "shm" },
	END
};

/* The same in a page list. */
const struct name page_states[] = {
	{ 0, "untouched" },
	{ SHMSWAP_PTE_PRESENT, "resident" },
	{ SHMSWAP_PTE_SWAP, "swapped" },
	END
};

const struct name machine_flags[] = {
	{ SHMSWAP_MACHINE_KSWAPD, "kswapd" },
	{ SHMSWAP_MACHINE_RMID_FORCED, "rmid_forced" },
	{ SHMSWAP_MACHINE_SHM_PROCESS, "process_scan" },
	{ SHMSWAP_INFO_DEFAULT, "default" },
	{ SHMSWAP_INFO_PRIVILEGED, "privileged" },
	END
};

const struct name proc_flags[] = {
	{ SHMSWAP_PROC_LIVE, "live" },
	END
};

const struct name reclaim_methods[] = {
	{ SHMSWAP_RECLAIM_TRY, "try" },
	{ SHMSWAP_RECLAIM_SHM, "clock" },
	{ SHMSWAP_RECLAIM_MMAP, "mmap" },
	{ SHMSWAP_RECLAIM_SWAP_OUT, "scan" },
	END
};

const struct name check_whats[] = {
	{ SHMSWAP_CHECK_OK, "ok" },
	{ SHMSWAP_CHECK_FRAME_COUNT, "frame_count" },
	{ SHMSWAP_CHECK_FRAME_TWICE, "frame_twice" },
	{ SHMSWAP_CHECK_FREE_PAGES, "free_pages" },
	{ SHMSWAP_CHECK_FREE_AREA, "free_area" },
	{ SHMSWAP_CHECK_SLOT_COUNT, "slot_count" },
	{ SHMSWAP_CHECK_SWAP_PAGES, "swap_pages" },
	{ SHMSWAP_CHECK_SHM_TOT, "shm_tot" },
	{ SHMSWAP_CHECK_SHM_RSS, "shm_rss" },
	{ SHMSWAP_CHECK_SHM_SWP, "shm_swp" },
	{ SHMSWAP_CHECK_NATTCH, "nattch" },
	{ SHMSWAP_CHECK_PTE, "pte" },
	{ SHMSWAP_CHECK_RSS, "rss" },
	{ SHMSWAP_CHECK_TABLES, "tables" },
	{ SHMSWAP_CHECK_CACHE, "cache" },
	{ SHMSWAP_CHECK_TLB, "tlb" },
	{ SHMSWAP_CHECK_LIVE, "live" },
	END
};

/* What shmctl(2) adds to the permissions. */
const struct name segment_modes[] = {
	{ 01000, "dest" },
	{ 02000, "locked" },
	END
};

/* All others are numbers. */
const struct name slot_counts[] = {
	{ SHMSWAP_SLOT_BAD, "bad" },
	END
};

const struct name yes_no[] = {
	{ 0, "no" },
	{ 1, "yes" },
	END
};

/* As the Alpha Architecture Reference Manual calls them; GH has two bits. */
const struct name pte_bits[] = {
	{ SHMSWAP_PTE_VALID, "V" },
	{ SHMSWAP_PTE_FOR, "FOR" },
	{ SHMSWAP_PTE_FOW, "FOW" },
	{ SHMSWAP_PTE_FOE, "FOE" },
	{ SHMSWAP_PTE_ASM, "ASM" },
	{ SHMSWAP_PTE_GH, "GH" },
	{ SHMSWAP_PTE_KRE, "KRE" },
	{ SHMSWAP_PTE_URE, "URE" },
	{ SHMSWAP_PTE_KWE, "KWE" },
	{ SHMSWAP_PTE_UWE, "UWE" },
	{ SHMSWAP_PTE_DIRTY, "DIRTY" },
	{ SHMSWAP_PTE_ACCESSED, "ACCESSED" },
	END
};

const char *name_of(const struct name *names, __u64 value)
{
	for (; names->name; names++) {
		if (names->value == value)
			return names->name;
	}
	return NULL;
}

bool name_value(const struct name *names, const char *name, __u64 *value)
{
	for (; names->name; names++) {
		if (!strcmp(names->name, name)) {
			*value = names->value;
			return true;
		}
	}
	return false;
}

void names_of_bits(const struct name *names, __u64 bits, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (; names->name; names++) {
		if (bits & names->value)
			len += snprintf(buf + len, size - len, "%s%s", len ? "," : "",
					names->name);
		bits &= ~names->value;
	}
	if (bits)
		len += snprintf(buf + len, size - len, "%s%#llx", len ? "," : "", bits);
	if (!len)
		snprintf(buf, size, "-");
}

bool bits_of_names(const struct name *names, const char *list, __u64 *bits)
{
	char *copy, *next, *word;
	bool known = true;

	*bits = 0;
	if (!strcmp(list, "-") || word_is_number(list, bits))
		return true;
	copy = strdup(list);
	for (next = copy; known && next && (word = strsep(&next, ","));) {
		__u64 bit;

		known = name_value(names, word, &bit);
		*bits |= known ? bit : 0;
	}
	free(copy);
	return copy && known;
}

const char *names_listed(const struct name *names)
{
	static char list[256];
	size_t len = 0;

	for (; names->name; names++)
		len += snprintf(list + len, sizeof(list) - len, "%s%s",
				!len ? "" : names[1].name ? ", " : " or ", names->name);
	return list;
}

static __u64 bits_at(__u64 word, unsigned int shift, unsigned int width)
{
	return word >> shift & ((1ULL << width) - 1);
}

/* The fields that Linux on the Alpha put into entries that are not valid: see pte.h. */
#define TYPE_SHM	0x40

static unsigned int invalid_pte_fields(__u64 pte, struct pte_field *fields)
{
	__u64 type = bits_at(pte, 32, 8);

	fields[0] = (struct pte_field){ "V", 0 };
	fields[1] = (struct pte_field){ "TYPE", type };
	if (type == TYPE_SHM) {
		fields[2] = (struct pte_field){ "ID", bits_at(pte, 40, 7) |
						      bits_at(pte, 24, 8) << 7 };
		fields[3] = (struct pte_field){ "INDEX", bits_at(pte, 47, 15) |
							 bits_at(pte, 13, 11) << 15 };
		return 4;
	}
	fields[2] = (struct pte_field){ "OFFSET", bits_at(pte, 40, 24) |
						  bits_at(pte, 24, 7) << 24 };
	return 3;
}

unsigned int pte_fields(__u64 pte, struct pte_field fields[PTE_MAX_FIELDS])
{
	const struct name *bit;
	unsigned int nr = 0;

	if (!(pte & SHMSWAP_PTE_VALID))
		return invalid_pte_fields(pte, fields);
	for (bit = pte_bits; bit->name; bit++)
		fields[nr++] = (struct pte_field){
			bit->name, (pte & bit->value) / (bit->value & -bit->value)
		};
	fields[nr++] = (struct pte_field){ "PFN", pte >> SHMSWAP_PTE_PFN_SHIFT };
	return nr;
}
