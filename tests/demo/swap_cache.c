// SPDX-License-Identifier: GPL-2.0
/*
 * Follows a page that two processes share through the swap cache: a table of
 * the four stages of "Understanding the Linux Kernel", figure 16-3, and of how
 * the page comes back, for a page that is copied on write and for a segment's.
 *
 * usage: swap_cache
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "libstages.h"

static int must(int ret, const char *what)
{
	if (ret < 0) {
		errno = -ret;
		err(1, "%s", what);
	}
	return ret;
}

static const char *describe_pte(const struct shmswap_pte *pte, char text[24])
{
	if (pte->kind == SHMSWAP_PTE_PRESENT)
		sprintf(text, "frame %u", pte->a);
	else if (pte->kind == SHMSWAP_PTE_SWAP)
		sprintf(text, "swap %u:%llu", pte->a, pte->b);
	else
		sprintf(text, "none");
	return text;
}

static const char *where_it_is(const struct page_state *state)
{
	if (!state->frame.count)
		return "in swap";
	if (!state->slot.count)
		return "in memory";
	return "in memory and in swap";
}

static void print_stage(const char *stage, const struct shared_page *p)
{
	char a[24], b[24];
	struct page_state state;

	must(stages_look(p, &state), stage);
	printf("%-34s %5u %5u  %-9s %-9s %s\n", stage, state.frame.count, state.slot.count,
	       describe_pte(&state.a, a), describe_pte(&state.b, b), where_it_is(&state));
}

static void print_heading(const char *title)
{
	printf("%s\n\n", title);
	printf("%-34s %5s %5s\n", "", "page", "slot");
	printf("%-34s %5s %5s  %-9s %-9s %s\n", "stage", "count", "count", "A's PTE", "B's PTE",
	       "where the page is");
}

static void print_io(int fd)
{
	struct shmswap_stat stat;

	must(sm_stat(fd, &stat), "SHMSWAP_IOC_STAT");
	printf("\nPages written to swap: %llu; read from it: %llu.\n\n", stat.pswpout, stat.pswpin);
}

static void walk(const struct shared_page *p)
{
	print_stage("(a) both map it", p);
	must(stages_swap_out(p, p->a, p->b), "swap-out from A");
	print_stage("(b) swapped out from A", p);
	must(stages_swap_out(p, p->b, p->a), "swap-out from B");
	print_stage("(c) swapped out from A and B", p);
	must(stages_free_frame(p), "shrink_mmap");
	print_stage("(d) its frame is free again", p);
	must(sm_verify_pages(p->a, p->addr, 1, 1), "load by A");
	print_stage("    A reads it: a major fault", p);
	must(sm_verify_pages(p->b, p->addr, 1, 1), "load by B");
	print_stage("    B reads it: no input or output", p);
	print_io(p->a);
	must(sm_check(p->a), "SHMSWAP_IOC_CHECK");
}

static void demonstrate(const char *title, uint32_t flags,
			int (*share)(struct shared_page *p, int fd))
{
	int fd = stages_machine(flags);
	struct shared_page p;

	if (fd == -ENOENT || fd == -ENXIO)
		errx(1, "there is no /dev/shmswap: the module is not loaded");
	must(fd, "/dev/shmswap");
	must(share(&p, fd), "a page to share");
	print_heading(title);
	walk(&p);
	close(p.a);
	close(p.b);
}

int main(void)
{
	puts("\"swap 0:1\" is an entry for slot 1 of swap area 0.\n");
	demonstrate("A page of private memory that A and B share after fork(2), copy-on-write:",
		    0, stages_share_private);
	demonstrate("A page of a segment that A and B have attached; the segment counts as well:",
		    SHMSWAP_MACHINE_SHM_PROCESS, stages_share_segment);
	return 0;
}
