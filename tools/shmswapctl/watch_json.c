// SPDX-License-Identifier: GPL-2.0
/*
 * A sample as JSON. Fields have the names that they have in shmswap.h; what is
 * hidden from the caller is left out.
 */
#include <errno.h>
#include <stdio.h>

#include <json-c/json.h>

#include "ctl.h"
#include "watch.h"

static void add_int(struct json_object *object, const char *name, __u64 value)
{
	json_object_object_add(object, name, json_object_new_uint64(value));
}

static void add_bool(struct json_object *object, const char *name, bool value)
{
	json_object_object_add(object, name, json_object_new_boolean(value));
}

static void add_string(struct json_object *object, const char *name, const char *value)
{
	json_object_object_add(object, name, json_object_new_string(value));
}

static struct json_object *machine_json(const struct watch_machine *machine)
{
	struct json_object *object = json_object_new_object();
	const struct shmswap_info *info = &machine->info;

	add_int(object, "machine", info->out_machine);
	add_bool(object, "default", info->out_flags & SHMSWAP_INFO_DEFAULT);
	add_bool(object, "privileged", info->out_flags & SHMSWAP_INFO_PRIVILEGED);
	add_bool(object, "kswapd", info->out_flags & SHMSWAP_MACHINE_KSWAPD);
	add_bool(object, "shm_process", info->out_flags & SHMSWAP_MACHINE_SHM_PROCESS);
	add_int(object, "nr_processes", info->out_nr_processes);
	add_int(object, "nr_segments", machine->nr_segments);
	add_int(object, "nr_frames", info->out_nr_frames);
	add_int(object, "freepages_min", machine->control.freepages_min);
	add_int(object, "freepages_low", machine->control.freepages_low);
	add_int(object, "freepages_high", machine->control.freepages_high);
	return object;
}

static struct json_object *stat_json(const struct shmswap_stat *stat)
{
	struct json_object *object = json_object_new_object();

	add_int(object, "nr_free_pages", stat->nr_free_pages);
	add_int(object, "nr_swap_pages", stat->nr_swap_pages);
	add_int(object, "nr_swapcache", stat->nr_swapcache);
	add_int(object, "nr_file_pages", stat->nr_file_pages);
	add_int(object, "pgfault", stat->pgfault);
	add_int(object, "pgmajfault", stat->pgmajfault);
	add_int(object, "pswpin", stat->pswpin);
	add_int(object, "pswpout", stat->pswpout);
	add_int(object, "swap_attempts", stat->swap_attempts);
	add_int(object, "swap_successes", stat->swap_successes);
	add_int(object, "kswapd_wake", stat->kswapd_wake);
	return object;
}

static struct json_object *areas_json(const struct watch_machine *machine)
{
	struct json_object *array = json_object_new_array(), *object;
	unsigned int i;

	for (i = 0; i < machine->nr_areas; i++) {
		object = json_object_new_object();
		add_int(object, "type", machine->areas[i].type);
		add_int(object, "kind", machine->areas[i].kind);
		json_object_object_add(object, "prio", json_object_new_int(machine->areas[i].prio));
		add_int(object, "pages", machine->areas[i].pages);
		add_int(object, "inuse", machine->areas[i].inuse);
		json_object_array_add(array, object);
	}
	return array;
}

static struct json_object *clock_json(const struct shmswap_clock *clock)
{
	struct json_object *object = json_object_new_object();

	add_int(object, "swap_id", clock->swap_id);
	add_int(object, "swap_idx", clock->swap_idx);
	add_int(object, "mmap_hand", clock->mmap_hand);
	add_int(object, "swap_task", clock->swap_task);
	add_int(object, "method", clock->method);
	return object;
}

static struct json_object *cell_json(__u64 index, const struct watch_cell *cell)
{
	struct json_object *object = json_object_new_object();

	add_int(object, "index", index);
	add_string(object, "state", watch_state_name(cell->state));
	if (cell->state == WATCH_RESIDENT || cell->state == WATCH_CACHED)
		add_int(object, "pfn", cell->pfn);
	if (cell->age_known)
		add_int(object, "age", cell->age);
	if (cell->slot) {
		add_int(object, "area", cell->area);
		add_int(object, "slot", cell->slot);
	}
	return object;
}

/* The touched pages among those that were looked at. */
static struct json_object *pages_json(const struct watch_segment *seg)
{
	struct json_object *array = json_object_new_array();
	const struct watch_row *row;
	unsigned int i, cell;

	for (i = 0; i < seg->nr_rows; i++) {
		row = &seg->rows[i];
		for (cell = 0; cell < row->nr; cell++) {
			if (row->cells[cell].state != WATCH_UNTOUCHED)
				json_object_array_add(array, cell_json(row->first + cell,
								       &row->cells[cell]));
		}
	}
	return array;
}

static __u64 looked_at(const struct watch_segment *seg)
{
	unsigned int i;
	__u64 pages = 0;

	for (i = 0; i < seg->nr_rows; i++)
		pages += seg->rows[i].nr;
	return pages;
}

static struct json_object *segments_json(const struct watch_map *map)
{
	struct json_object *array = json_object_new_array(), *object;
	const struct watch_segment *seg;
	unsigned int i;

	for (i = 0; i < map->nr_segs; i++) {
		seg = &map->segs[i];
		object = json_object_new_object();
		json_object_object_add(object, "shmid", json_object_new_int(seg->seg.shmid));
		add_int(object, "index", seg->seg.index);
		json_object_object_add(object, "key", json_object_new_int(seg->seg.ds.key));
		add_int(object, "mode", seg->seg.ds.mode);
		add_int(object, "npages", seg->npages);
		add_int(object, "nattch", seg->seg.ds.nattch);
		add_int(object, "rss", seg->seg.ds.rss);
		add_int(object, "swp", seg->seg.ds.swp);
		if (!seg->err) {
			add_int(object, "looked_at", looked_at(seg));
			json_object_object_add(object, "pages", pages_json(seg));
		}
		json_object_array_add(array, object);
	}
	return array;
}

static struct json_object *sharer_json(const struct watch_sharer *sharer)
{
	struct json_object *object = json_object_new_object();
	char entry[40];

	add_int(object, "pid", sharer->pid);
	if (sharer->address)
		add_int(object, "address", sharer->address);
	add_string(object, "entry", watch_entry_name(sharer, entry, sizeof(entry)));
	if (sharer->err)
		return object;
	add_bool(object, "present", sharer->pte.kind == SHMSWAP_PTE_PRESENT);
	if (sharer->pte.kind == SHMSWAP_PTE_PRESENT) {
		add_bool(object, "young", sharer->pte.pte & SHMSWAP_PTE_ACCESSED);
		add_bool(object, "dirty", sharer->pte.pte & SHMSWAP_PTE_DIRTY);
	}
	return object;
}

static struct json_object *page_json(const struct watch_view *view, const struct watch_page *page)
{
	struct json_object *object = cell_json(view->page, &page->cell);
	struct json_object *array = json_object_new_array();
	unsigned int i;

	add_int(object, "segment", view->seg);
	if (page->frame_known) {
		add_int(object, "count", page->frame.count);
		add_int(object, "pins", page->frame.pins);
		add_int(object, "flags", page->frame.flags);
	}
	if (page->users)
		add_int(object, "users", page->users);
	for (i = 0; i < page->nr_sharers; i++)
		json_object_array_add(array, sharer_json(&page->sharers[i]));
	add_int(object, "nr_sharers", page->all_sharers);
	json_object_object_add(object, "sharers", array);
	return object;
}

static struct json_object *sample_json(const struct watch_view *view,
				       const struct watch_sample *sample)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "machine", machine_json(&sample->now));
	json_object_object_add(object, "stat", stat_json(&sample->now.stat));
	json_object_object_add(object, "areas", areas_json(&sample->now));
	if (!sample->now.hands_hidden)
		json_object_object_add(object, "clock", clock_json(&sample->now.clock));
	json_object_object_add(object, "segments", segments_json(&sample->map));
	if (sample->map.selected && !sample->page.err)
		json_object_object_add(object, "page", page_json(view, &sample->page));
	return object;
}

int watch_print_json(const struct watch_view *view, const struct watch_sample *sample)
{
	struct json_object *object = sample_json(view, sample);

	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY));
	json_object_put(object);
	return fflush(stdout) ? -errno : 0;
}
