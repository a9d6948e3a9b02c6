// SPDX-License-Identifier: GPL-2.0
/*
 * A sample as JSON. What is hidden from the caller is left out.
 */
#include <errno.h>

#include <json.h>

#include "ctl.h"
#include "output.h"
#include "records.h"
#include "watch.h"

static void add_bool(struct json_object *object, const char *name, bool value)
{
	json_add(object, name, json_object_new_boolean(value));
}

static struct json_object *cell_json(__u64 index, const struct watch_cell *cell)
{
	struct json_object *object = json_new_object();

	json_add_number(object, "index", index);
	json_add_text(object, "state", watch_state_name(cell->state));
	if (cell->state == WATCH_RESIDENT || cell->state == WATCH_CACHED)
		json_add_number(object, "pfn", cell->pfn);
	if (cell->age_known)
		json_add_number(object, "age", cell->age);
	if (cell->slot) {
		json_add_number(object, "area", cell->area);
		json_add_number(object, "slot", cell->slot);
	}
	return object;
}

/* The touched pages among those that were looked at. */
static void add_pages(struct json_object *object, const struct watch_segment *seg)
{
	struct json_object *array = json_new_array();
	const struct watch_row *row;
	unsigned int i, cell;
	__u64 looked_at = 0;

	for (i = 0; i < seg->nr_rows; i++) {
		row = &seg->rows[i];
		looked_at += row->nr;
		for (cell = 0; cell < row->nr; cell++) {
			if (row->cells[cell].state != WATCH_UNTOUCHED)
				json_append(array, cell_json(row->first + cell,
							     &row->cells[cell]));
		}
	}
	json_add_number(object, "looked_at", looked_at);
	json_add(object, "page_list", array);
}

static struct json_object *segments_json(const struct watch_map *map)
{
	struct json_object *array = json_new_array(), *object;
	unsigned int i;

	for (i = 0; i < map->nr_segs; i++) {
		object = json_record(seg_record, &map->segs[i].seg);
		json_add_number(object, "pages", map->segs[i].npages);
		if (!map->segs[i].err)
			add_pages(object, &map->segs[i]);
		json_append(array, object);
	}
	return array;
}

static struct json_object *sharer_json(const struct watch_sharer *sharer)
{
	struct json_object *object = json_new_object();
	char entry[WATCH_ENTRY_MAX];

	json_add_number(object, "pid", sharer->pid);
	if (sharer->address)
		json_add_number(object, "address", sharer->address);
	json_add_text(object, "entry", watch_entry_name(sharer, entry, sizeof(entry)));
	if (sharer->err)
		return object;
	add_bool(object, "present", sharer->pte.kind == SHMSWAP_PTE_PRESENT);
	if (sharer->pte.kind != SHMSWAP_PTE_PRESENT)
		return object;
	add_bool(object, "young", sharer->pte.pte & SHMSWAP_PTE_ACCESSED);
	add_bool(object, "dirty", sharer->pte.pte & SHMSWAP_PTE_DIRTY);
	return object;
}

static struct json_object *page_json(const struct watch_view *view, const struct watch_page *page)
{
	struct json_object *object = cell_json(view->page, &page->cell);
	struct json_object *array = json_new_array();
	unsigned int i;

	json_add_number(object, "segment", view->seg);
	if (page->frame_known)
		json_add(object, "frame", json_record(page_record, &page->frame));
	if (page->users)
		json_add_number(object, "users", page->users);
	for (i = 0; i < page->nr_sharers; i++)
		json_append(array, sharer_json(&page->sharers[i]));
	json_add_number(object, "nr_sharers", page->all_sharers);
	json_add(object, "sharers", array);
	return object;
}

int watch_print_json(const struct watch_view *view, const struct watch_sample *sample)
{
	struct json_object *object = json_new_object();
	const struct watch_machine *machine = &sample->now;

	json_add(object, "info", json_record(info_record, &machine->info));
	json_add(object, "control", json_record(control_record, &machine->control));
	json_add(object, "stat", json_record(stat_record, &machine->stat));
	json_add(object, "areas", json_records(area_record, machine->areas, machine->nr_areas,
					       sizeof(machine->areas[0])));
	if (!machine->hands_hidden)
		json_add(object, "clock", json_record(clock_record, &machine->clock));
	json_add_number(object, "nr_segments", machine->nr_segments);
	json_add(object, "segments", segments_json(&sample->map));
	if (sample->map.selected && !sample->page.err)
		json_add(object, "page", page_json(view, &sample->page));
	return output_json(object);
}
