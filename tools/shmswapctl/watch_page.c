// SPDX-License-Identifier: GPL-2.0
/*
 * The selected page: its frame, its slot, and what each process has of it.
 */
#include <errno.h>
#include <stdio.h>

#include "ctl.h"
#include "watch.h"

const char *watch_state_name(enum watch_state state)
{
	static const char * const names[] = {
		[WATCH_UNTOUCHED] = "untouched",
		[WATCH_RESIDENT] = "resident",
		[WATCH_SWAPPED] = "swapped",
		[WATCH_CACHED] = "in the swap cache",
	};

	return names[state];
}

const char *watch_entry_name(const struct watch_sharer *sharer, char *text, size_t size)
{
	const struct shmswap_pte *pte = &sharer->pte;

	if (sharer->err)
		return sharer->err == -EPERM ? "hidden" : "gone";
	switch (pte->kind) {
	case SHMSWAP_PTE_PRESENT:
		snprintf(text, size, "present %s %s",
			 pte->pte & SHMSWAP_PTE_ACCESSED ? "young" : "old",
			 pte->pte & SHMSWAP_PTE_DIRTY ? "dirty" : "clean");
		return text;
	case SHMSWAP_PTE_SWAP:
		snprintf(text, size, "slot %u:%llu", pte->a, pte->b);
		return text;
	case SHMSWAP_PTE_SHM:
		return "signature";
	default:
		return "none";
	}
}

/* From the sample's rows, which are what the selected page is marked in. */
static bool find_cell(const struct watch_segment *seg, __u64 page, struct watch_cell *cell)
{
	unsigned int i;

	for (i = 0; i < seg->nr_rows; i++) {
		const struct watch_row *row = &seg->rows[i];

		if (page >= row->first && page < row->first + row->nr) {
			*cell = row->cells[page - row->first];
			return true;
		}
	}
	return false;
}

/* The frame may have been given to another page since the cell was made. */
static bool is_frame_of(const struct shmswap_page *frame, const struct watch_cell *cell,
			__s32 shmid, __u64 index)
{
	if (frame->pfn != cell->pfn || !cell->age_known)
		return false;
	if (cell->state == WATCH_CACHED)
		return frame->area == cell->area && frame->slot == cell->slot;
	return frame->shmid == shmid && frame->index == index;
}

static int read_frame(int fd, __s32 shmid, __u64 index, struct watch_page *page)
{
	long got;

	if (page->cell.state != WATCH_RESIDENT && page->cell.state != WATCH_CACHED)
		return 0;
	got = watch_query(fd, SHMSWAP_QUERY_MEM_MAP, 0, page->cell.pfn, &page->frame, 1);
	page->frame_known = got > 0 && is_frame_of(&page->frame, &page->cell, shmid, index);
	return got < 0 && got != -EPERM ? got : 0;
}

static int read_users(int fd, struct watch_page *page)
{
	struct shmswap_slot slot;
	long got;

	if (!page->cell.slot)
		return 0;
	got = watch_query(fd, SHMSWAP_QUERY_SWAP_MAP, page->cell.area, page->cell.slot, &slot, 1);
	if (got > 0 && slot.slot == page->cell.slot)
		page->users = slot.count;
	/* The area may be gone by now. */
	return got < 0 && got != -EPERM && got != -EINVAL ? got : 0;
}

/* The entry of one process; -EPERM and -ESRCH are for the screen. */
static int read_entry(int fd, const struct watch_machine *machine, struct watch_sharer *sharer)
{
	__s32 id = sharer->pid == machine->info.out_pid ? 0 : sharer->pid;
	long got;

	got = watch_query(fd, SHMSWAP_QUERY_PTES, id, sharer->address, &sharer->pte, 1);
	if (got == 0 || (got > 0 && sharer->pte.where != sharer->address))
		sharer->pte = (struct shmswap_pte){ 0 };
	sharer->err = got < 0 ? got : 0;
	return got < 0 && got != -EPERM && got != -ESRCH ? got : 0;
}

static int add_sharer(int fd, const struct watch_machine *machine, const struct shmswap_vma *vma,
		      __u64 index, struct watch_page *page, unsigned int room)
{
	__u64 offset = (index - vma->pgoff) * machine->info.out_page_size;
	struct watch_sharer *sharer;

	if (index < vma->pgoff || offset >= vma->end - vma->start)
		return 0;
	if (page->all_sharers++ >= room)
		return 0;
	sharer = &page->sharers[page->nr_sharers++];
	*sharer = (struct watch_sharer){ .pid = vma->pid };
	/* Where another user's real process has it is nobody else's business. */
	if (!vma->start) {
		sharer->err = -EPERM;
		return 0;
	}
	sharer->address = vma->start + offset;
	return read_entry(fd, machine, sharer);
}

static int read_sharers(int fd, const struct watch_machine *machine, __s32 shmid, __u64 index,
			struct watch_page *page, unsigned int room)
{
	struct shmswap_vma vmas[WATCH_MAX_SHARERS];
	long got, i;
	int err = 0;

	got = watch_query(fd, SHMSWAP_QUERY_SHARERS, shmid, 0, vmas, WATCH_MAX_SHARERS);
	if (got == -EACCES || got == -EINVAL) {
		page->err = got;
		return 0;
	}
	for (i = 0; i < got && !err; i++)
		err = add_sharer(fd, machine, &vmas[i], index, page, room);
	page->more_sharers = got == WATCH_MAX_SHARERS;
	return got < 0 ? got : err;
}

int watch_read_page(int fd, const struct watch_view *view, const struct watch_layout *layout,
		    const struct watch_machine *machine, const struct watch_map *map,
		    struct watch_page *page)
{
	const struct watch_segment *seg = map->selected;
	int err;

	*page = (struct watch_page){ 0 };
	if (!seg)
		return 0;
	page->err = seg->err;
	if (page->err || !find_cell(seg, view->page, &page->cell))
		return 0;
	err = read_frame(fd, seg->seg.shmid, view->page, page);
	if (!err)
		err = read_users(fd, page);
	if (!err)
		err = read_sharers(fd, machine, seg->seg.shmid, view->page, page,
				   watch_sharer_room(layout));
	return err;
}
