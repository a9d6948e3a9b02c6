// SPDX-License-Identifier: GPL-2.0
/*
 * Events as text: what shmswapctl writes it reads back exactly, and it accepts nothing else.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "event_log.h"
#include "ktap.h"

#define ROUNDS		2000	/* random events of each type */
#define MAX_PARTS	2

/* One line of each type, and what it says. */
static const struct example {
	const char *line;
	struct shmswap_event event;
	const char *json[MAX_PARTS];	/* its members; between them are commas */
} examples[] = {
	{ "lost events=12", { .type = SHMSWAP_EVENT_LOST, .from = 12 },
	  { "\"type\":\"lost\",\"events\":12" } },
	{ "fault pid=2 addr=0x100000000000 write=1 how=zero shmid=0 index=7 pfn=31 count=2",
	  { .type = SHMSWAP_EVENT_FAULT, .why = SHMSWAP_FAULT_ZERO, .pid = 2,
	    .address = 0x100000000000, .value = 1, .index = 7, .pfn = 31, .count = 2 },
	  { "\"type\":\"fault\",\"pid\":2,\"addr\":\"0x100000000000\",\"write\":1,\"how\":\"zero\"",
	    "\"shmid\":0,\"index\":7,\"pfn\":31,\"count\":2,\"error\":null" } },
	{ "fault pid=1 addr=0x1000 write=0 how=error shmid=-1 index=0 pfn=0 count=0 error=ENOMEM",
	  { .type = SHMSWAP_EVENT_FAULT, .why = SHMSWAP_FAULT_ERROR, .pid = 1, .address = 0x1000,
	    .shmid = -1, .from = 12 },
	  { "\"type\":\"fault\",\"pid\":1,\"addr\":\"0x1000\",\"write\":0,\"how\":\"error\"",
	    "\"shmid\":-1,\"index\":0,\"pfn\":0,\"count\":0,\"error\":\"ENOMEM\"" } },
	{ "swap_out shmid=32768 index=4 pfn=9 slot=1:17",
	  { .type = SHMSWAP_EVENT_SWAP_OUT, .shmid = 32768, .index = 4, .pfn = 9, .area = 1,
	    .slot = 17 },
	  { "\"type\":\"swap_out\",\"shmid\":32768,\"index\":4,\"pfn\":9,\"slot\":[1,17]",
	    "\"error\":null" } },
	{ "swap_in shmid=-1 index=4 pfn=9 slot=0:1 error=EIO",
	  { .type = SHMSWAP_EVENT_SWAP_IN, .shmid = -1, .index = 4, .pfn = 9, .slot = 1,
	    .from = 5 },
	  { "\"type\":\"swap_in\",\"shmid\":-1,\"index\":4,\"pfn\":9,\"slot\":[0,1]",
	    "\"error\":\"EIO\"" } },
	{ "clock_begin level=6 budget=8 hand=3:4 slot=0:1",
	  { .type = SHMSWAP_EVENT_CLOCK_BEGIN, .value = 6, .to = 8,
	    .from = 3ULL << 32 | 4, .slot = 1 },
	  { "\"type\":\"clock_begin\",\"level\":6,\"budget\":8,\"hand\":[3,4],\"slot\":[0,1]" } },
	{ "clock_step hand=0:5->0:6 why=young shmid=0 index=5 pfn=31 count=3 aged=1 unmapped=2",
	  { .type = SHMSWAP_EVENT_CLOCK_STEP, .why = SHMSWAP_STEP_YOUNG, .from = 5, .to = 6,
	    .index = 5, .pfn = 31, .count = 3, .value = 1, .value2 = 2 },
	  { "\"type\":\"clock_step\",\"hand\":{\"from\":[0,5],\"to\":[0,6]},\"why\":\"young\"",
	    "\"shmid\":0,\"index\":5,\"pfn\":31,\"count\":3,\"aged\":1,\"unmapped\":2" } },
	{ "clock_end hand=0:0->1:3 why=no_slot attempts=3",
	  { .type = SHMSWAP_EVENT_CLOCK_END, .why = SHMSWAP_CLOCK_NO_SLOT,
	    .to = 1ULL << 32 | 3, .value = 3 },
	  { "\"type\":\"clock_end\",\"hand\":{\"from\":[0,0],\"to\":[1,3]},\"why\":\"no_slot\"",
	    "\"attempts\":3" } },
	{ "pte pid=2 addr=0x2aaaaaaac000 shmid=0 index=0 why=age pte=0x1f00052301->0x1f00012301",
	  { .type = SHMSWAP_EVENT_PTE, .why = SHMSWAP_PTE_AGE, .pid = 2,
	    .address = 0x2aaaaaaac000, .from = 0x1f00052301, .to = 0x1f00012301 },
	  { "\"type\":\"pte\",\"pid\":2,\"addr\":\"0x2aaaaaaac000\",\"shmid\":0,\"index\":0",
	    "\"why\":\"age\",\"pte\":{\"from\":\"0x1f00052301\",\"to\":\"0x1f00012301\"}" } },
	{ "tlb_flush what=range pid=3 start=0x1000 end=0x3000",
	  { .type = SHMSWAP_EVENT_TLB_FLUSH, .why = SHMSWAP_FLUSH_RANGE, .pid = 3,
	    .from = 0x1000, .to = 0x3000 },
	  { "\"type\":\"tlb_flush\",\"what\":\"range\",\"pid\":3,\"start\":\"0x1000\"",
	    "\"end\":\"0x3000\"" } },
	{ "slot why=reject slot=2:8 count=65535",
	  { .type = SHMSWAP_EVENT_SLOT, .why = SHMSWAP_SLOT_REJECT, .area = 2,
	    .slot = 8, .count = SHMSWAP_SLOT_BAD },
	  { "\"type\":\"slot\",\"why\":\"reject\",\"slot\":[2,8],\"count\":65535" } },
	{ "frame why=alloc pfn=31 order=0 free=30",
	  { .type = SHMSWAP_EVENT_FRAME, .why = SHMSWAP_FRAME_ALLOC, .pfn = 31,
	    .to = 30 },
	  { "\"type\":\"frame\",\"why\":\"alloc\",\"pfn\":31,\"order\":0,\"free\":30" } },
	{ "age why=decline pfn=5 age=3->2",
	  { .type = SHMSWAP_EVENT_AGE, .why = SHMSWAP_AGE_DECLINE, .pfn = 5,
	    .from = 3, .to = 2 },
	  { "\"type\":\"age\",\"why\":\"decline\",\"pfn\":5,\"age\":{\"from\":3,\"to\":2}" } },
	{ "cache why=delete pfn=5 count=1 slot=0:9",
	  { .type = SHMSWAP_EVENT_CACHE, .why = SHMSWAP_CACHE_DELETE, .pfn = 5,
	    .count = 1, .slot = 9 },
	  { "\"type\":\"cache\",\"why\":\"delete\",\"pfn\":5,\"count\":1,\"slot\":[0,9]" } },
	{ "scan why=take pid=4 addr=0x5000 shmid=-1 index=0 pfn=6 count=1",
	  { .type = SHMSWAP_EVENT_SCAN, .why = SHMSWAP_SCAN_TAKE, .pid = 4, .address = 0x5000,
	    .shmid = -1, .pfn = 6, .count = 1 },
	  { "\"type\":\"scan\",\"why\":\"take\",\"pid\":4,\"addr\":\"0x5000\",\"shmid\":-1",
	    "\"index\":0,\"pfn\":6,\"count\":1" } },
	{ "mmap why=used pfn=6 count=2 frames=19",
	  { .type = SHMSWAP_EVENT_MMAP, .why = SHMSWAP_SCAN_USED, .pfn = 6,
	    .count = 2, .value = 19 },
	  { "\"type\":\"mmap\",\"why\":\"used\",\"pfn\":6,\"count\":2,\"frames\":19" } },
	{ "reclaim_begin method=fault level=0",
	  { .type = SHMSWAP_EVENT_RECLAIM_BEGIN, .why = SHMSWAP_RECLAIM_FAULT },
	  { "\"type\":\"reclaim_begin\",\"method\":\"fault\",\"level\":0" } },
	{ "reclaim_end method=clock freed=1",
	  { .type = SHMSWAP_EVENT_RECLAIM_END, .why = SHMSWAP_RECLAIM_SHM,
	    .value = 1 },
	  { "\"type\":\"reclaim_end\",\"method\":\"clock\",\"freed\":1" } },
	{ "reclaim_end method=scan freed=0",
	  { .type = SHMSWAP_EVENT_RECLAIM_END, .why = SHMSWAP_RECLAIM_SWAP_OUT },
	  { "\"type\":\"reclaim_end\",\"method\":\"scan\",\"freed\":0" } },
	{ "kswapd why=balance free=20 freed=4",
	  { .type = SHMSWAP_EVENT_KSWAPD, .why = SHMSWAP_KSWAPD_BALANCE,
	    .value = 20, .to = 4 },
	  { "\"type\":\"kswapd\",\"why\":\"balance\",\"free\":20,\"freed\":4" } },
	{ "segment why=attach pid=1 addr=0x2aaaaaaac000 shmid=0 nattch=1 pages=64",
	  { .type = SHMSWAP_EVENT_SEGMENT, .why = SHMSWAP_SEGMENT_ATTACH, .pid = 1,
	    .address = 0x2aaaaaaac000, .value = 1, .to = 64 },
	  { "\"type\":\"segment\",\"why\":\"attach\",\"pid\":1,\"addr\":\"0x2aaaaaaac000\"",
	    "\"shmid\":0,\"nattch\":1,\"pages\":64" } },
};

static bool same(const struct shmswap_event *a, const struct shmswap_event *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static const char *json_of(const struct example *e)
{
	static char line[EVENT_LINE_MAX];

	snprintf(line, sizeof(line), "{%s%s%s}", e->json[0], e->json[1] ? "," : "",
		 e->json[1] ? e->json[1] : "");
	return line;
}

static bool same_text(const char *found, const char *wanted)
{
	if (strcmp(found, wanted))
		ktap_fail(__FILE__, __LINE__, "\"%s\", not \"%s\"", found, wanted);
	return !strcmp(found, wanted);
}

/* Both ways by hand, so that two mistakes cannot make up for each other. */
static void each_type_has_its_line(void)
{
	bool seen[SHMSWAP_NR_EVENT_TYPES] = { false };
	struct shmswap_event event;
	char line[EVENT_LINE_MAX];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(examples); i++) {
		const struct example *e = &examples[i];

		ktap_context("%s", e->line);
		seen[e->event.type] = true;
		EXPECT_EQ(event_format(&e->event, 0, line, sizeof(line)), strlen(e->line));
		EXPECT(same_text(line, e->line));
		EXPECT_EQ(event_parse(e->line, &event), 0);
		EXPECT(same(&event, &e->event));
		EXPECT_EQ(event_format(&e->event, EVENT_JSON, line, sizeof(line)),
			  strlen(json_of(e)));
		EXPECT(same_text(line, json_of(e)));
	}
	for (i = 0; i < ARRAY_SIZE(seen); i++) {
		ktap_context("type %zu", i);
		EXPECT(seen[i]);
	}
}

static void numbers_and_times_are_at_the_end(void)
{
	struct shmswap_event event = {
		.type = SHMSWAP_EVENT_LOST, .seq = 5, .time = 12000000345,
	};
	struct shmswap_event again;
	char line[EVENT_LINE_MAX];

	event_format(&event, EVENT_SEQ | EVENT_TIME, line, sizeof(line));
	EXPECT(same_text(line, "lost events=0 seq=5 time=12.000000345"));
	EXPECT_EQ(event_parse(line, &again), 0);
	EXPECT(same(&again, &event));
	event_format(&event, EVENT_TIME, line, sizeof(line));
	EXPECT(same_text(line, "lost events=0 time=12.000000345"));
	event_format(&event, EVENT_SEQ, line, sizeof(line));
	EXPECT(same_text(line, "lost events=0 seq=5"));
	event_format(&event, EVENT_JSON | EVENT_SEQ | EVENT_TIME, line, sizeof(line));
	EXPECT(same_text(line, "{\"type\":\"lost\",\"events\":0,\"seq\":5,\"time\":12000000345}"));
}

/* ------------------------------------------------------------------- random */

/* As often small, or at an edge, as anything. */
static __u64 random_number(void)
{
	__u64 number = (__u64)random() << 42 ^ (__u64)random() << 21 ^ random();

	switch (random() % 4) {
	case 0:
		return number % 4;
	case 1:
		return number % 100000;
	case 2:
		return -(number % 3);
	default:
		return number;
	}
}

static void fill_field(struct shmswap_event *e, const struct event_field *field)
{
	void *value = (char *)e + field->offset;

	switch (field->kind) {
	case EVENT_WHY:
		e->why = random() % 8 ? random() % EVENT_MAX_WORDS : random();
		break;
	case EVENT_U32:
	case EVENT_S32:
		*(__u32 *)value = random_number();
		break;
	case EVENT_U64:
	case EVENT_HEX:
	case EVENT_HAND:
		*(__u64 *)value = random_number();
		break;
	case EVENT_SLOT:
		e->area = random_number();
		e->slot = random_number();
		break;
	case EVENT_HANDS:
	case EVENT_AGES:
	case EVENT_PTES:
		e->from = random_number();
		e->to = random_number();
		break;
	case EVENT_ERROR:
		*(__u64 *)value = random_number() % (random() % 2 ? 140 : UINT64_MAX);
		break;
	case EVENT_END:
		break;
	}
}

static void make_event(struct shmswap_event *e, unsigned int type, unsigned int flags)
{
	const struct event_field *field;

	*e = (struct shmswap_event) { .type = type };
	for (field = event_types[type].fields; field->kind != EVENT_END; field++)
		fill_field(e, field);
	if (flags & EVENT_SEQ)
		e->seq = random_number();
	if (flags & EVENT_TIME)
		e->time = random_number();
}

static void what_is_written_is_read_back(void)
{
	struct shmswap_event event, again;
	char line[EVENT_LINE_MAX];
	unsigned int i, type;

	for (type = 0; type < SHMSWAP_NR_EVENT_TYPES; type++) {
		for (i = 0; i < ROUNDS; i++) {
			unsigned int flags = i % 4;

			make_event(&event, type, flags);
			ASSERT_GT(event_format(&event, flags, line, sizeof(line)), 0);
			ktap_context("%s", line);
			ASSERT_EQ(event_parse(line, &again), 0);
			ASSERT(same(&event, &again));
		}
	}
}

/* A line that was changed somewhere is no event, or exactly the one that it says now. */
static void what_is_read_is_written_again(void)
{
	static const char alphabet[] = "0123456789abcdefxX=:->. ,+\t#E";
	char line[EVENT_LINE_MAX], again[EVENT_LINE_MAX];
	struct shmswap_event event;
	unsigned int i, accepted = 0;

	for (i = 0; i < 50 * ROUNDS; i++) {
		size_t len, at;

		make_event(&event, i % SHMSWAP_NR_EVENT_TYPES, i % 4);
		len = event_format(&event, i % 4, line, sizeof(line));
		at = random() % len;
		if (random() % 2)
			line[at] = alphabet[random() % (sizeof(alphabet) - 1)];
		else
			memmove(&line[at], &line[at + 1], len - at);
		if (event_parse(line, &event))
			continue;
		accepted++;
		event_format(&event, (strstr(line, " seq=") ? EVENT_SEQ : 0) |
			     (strstr(line, " time=") ? EVENT_TIME : 0), again, sizeof(again));
		ASSERT(same_text(again, line));
	}
	EXPECT_GT(accepted, ROUNDS);
}

static void other_lines_are_refused(void)
{
	static const char *const lines[] = {
		"", " ", "#", "# mmap why=used pfn=6 count=2 frames=9", "nonsense", "mmap", "mma",
		"mmapp", " mmap why=used pfn=6 count=2 frames=9",
		"mmap  why=used pfn=6 count=2 frames=9", "mmap why=used pfn=6 count=2 frames=9 ",
		"mmap why=used pfn=6 count=2 frames=9\n", "mmap why=used pfn=6 count=2",
		"mmap why=used pfn=6 frames=9", "mmap why=used count=2 pfn=6 frames=9",
		"mmap why=used pfn=6 count=2 count=2 frames=9",
		"mmap why=used pfn=6 count=2 frames=9 slot=0:1",
		"mmap why=odd pfn=6 count=2 frames=9", "mmap why= pfn=6 count=2 frames=9",
		"mmap why=5 pfn=6 count=2 frames=9", "mmap why=65536 pfn=6 count=2 frames=9",
		"mmap why=used pfn= count=2 frames=9", "mmap why=used pfn=06 count=2 frames=9",
		"mmap why=used pfn=+6 count=2 frames=9", "mmap why=used pfn=-6 count=2 frames=9",
		"mmap why=used pfn=4294967296 count=2 frames=9",
		"mmap why=used pfn=0x6 count=2 frames=9", "mmap why=used pfn=6. count=2 frames=9",
		"mmap why=used pfn=6 count=2 frames=9 time=5",
		"mmap why=used pfn=6 count=2 frames=9 time=5.1",
		"mmap why=used pfn=6 count=2 frames=9 time=5.1000000000",
		"mmap why=used pfn=6 count=2 frames=9 time=18446744074.000000000",
		"mmap why=used pfn=6 count=2 frames=9 time=18446744073.709551616",
		"mmap why=used pfn=6 count=2 frames=9 time=5.000000000 seq=1",
		"mmap why=used pfn=6 count=2 frames=9 seq=",
		"mmap why=used pfn=6 count=2 frames=9 seq=a",
		"mmap why=used pfn=6 count=2 frames=9 seq=18446744073709551616",
		"reclaim_end method=shm freed=1", "reclaim_end method=swap_out freed=0",
		"age why=touch pfn=5 age=3", "age why=touch pfn=5 age=3-2",
		"age why=touch pfn=5 age=3->", "clock_end hand=0->1:3 why=freed attempts=3",
		"clock_end hand=0:0->1:4294967296 why=freed attempts=3",
		"cache why=add pfn=5 count=1 slot=9", "cache why=add pfn=5 count=1 slot=0:9:1",
		"tlb_flush what=mm pid=3 start=1000 end=0x3000",
		"tlb_flush what=mm pid=3 start=0x1000 end=0X3000",
		"tlb_flush what=mm pid=3 start=0xA end=0x3000",
		"swap_in shmid=--1 index=4 pfn=9 slot=0:1",
		"swap_in shmid=-0 index=4 pfn=9 slot=0:1",
		"swap_in shmid=2147483648 index=4 pfn=9 slot=0:1",
		"swap_in shmid=-2147483649 index=4 pfn=9 slot=0:1",
		"swap_in shmid=0 index=4 pfn=9 slot=0:1 error=0",
		"swap_in shmid=0 index=4 pfn=9 slot=0:1 error=5",
		"swap_in shmid=0 index=4 pfn=9 slot=0:1 error=EIOU",
		"swap_in shmid=0 index=4 pfn=9 slot=0:1 error=",
	};
	struct shmswap_event event;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		ktap_context("\"%s\"", lines[i]);
		EXPECT_EQ(event_parse(lines[i], &event), -EINVAL);
	}
}

/* ---------------------------------------------------------- names and limits */

static void types_are_chosen_by_name(void)
{
	__u64 mask = 0;

	EXPECT_EQ(event_mask_parse("fault", &mask), 0);
	EXPECT_EQ(mask, 1 << SHMSWAP_EVENT_FAULT);
	EXPECT_EQ(event_mask_parse("slot,mmap", &mask), 0);
	EXPECT_EQ(mask, 1 << SHMSWAP_EVENT_FAULT | 1 << SHMSWAP_EVENT_SLOT |
			1 << SHMSWAP_EVENT_MMAP);
	mask = 0;
	EXPECT_EQ(event_mask_parse("clock", &mask), 0);
	EXPECT_EQ(mask, 1 << SHMSWAP_EVENT_CLOCK_BEGIN | 1 << SHMSWAP_EVENT_CLOCK_STEP |
			1 << SHMSWAP_EVENT_CLOCK_END);
	mask = 0;
	EXPECT_EQ(event_mask_parse("clock_step", &mask), 0);
	EXPECT_EQ(mask, 1 << SHMSWAP_EVENT_CLOCK_STEP);
	mask = 64;
	EXPECT_EQ(event_mask_parse("", &mask), -EINVAL);
	EXPECT_EQ(event_mask_parse(",", &mask), -EINVAL);
	EXPECT_EQ(event_mask_parse("fault,", &mask), -EINVAL);
	EXPECT_EQ(event_mask_parse("fault,,slot", &mask), -EINVAL);
	EXPECT_EQ(event_mask_parse("fault,odd", &mask), -EINVAL);
	EXPECT_EQ(event_mask_parse("clock_", &mask), -EINVAL);
	EXPECT_EQ(event_mask_parse("cloc", &mask), -EINVAL);
	EXPECT_EQ(event_mask_parse("lost", &mask), -EINVAL);
	EXPECT_EQ(mask, 64);
}

static void unknown_types_and_short_buffers_are_refused(void)
{
	struct shmswap_event event = { .type = SHMSWAP_NR_EVENT_TYPES };
	char line[EVENT_LINE_MAX];

	EXPECT_EQ(event_format(&event, 0, line, sizeof(line)), -EINVAL);
	EXPECT_EQ(event_format(&event, EVENT_JSON, line, sizeof(line)), -EINVAL);
	EXPECT_EQ(event_format(&examples[0].event, 0, line, sizeof(line) - 1), -EINVAL);
}

static const struct ktap_case cases[] = {
	KTAP_CASE(each_type_has_its_line),
	KTAP_CASE(numbers_and_times_are_at_the_end),
	KTAP_CASE(what_is_written_is_read_back),
	KTAP_CASE(what_is_read_is_written_again),
	KTAP_CASE(other_lines_are_refused),
	KTAP_CASE(types_are_chosen_by_name),
	KTAP_CASE(unknown_types_and_short_buffers_are_refused),
};

int main(int argc, char **argv)
{
	return ktap_run(argc, argv, cases, ARRAY_SIZE(cases));
}
