// SPDX-License-Identifier: GPL-2.0
/*
 * A reference string on the independent model, tests/clock_model.c. No device is needed.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "clock_model.h"
#include "ctl.h"
#include "replay.h"

static_assert(MODEL_PROCS == TRACE_MAX_PROCESSES, "the model has room for all processes");

static int too_large(const struct replay *what)
{
	if (what->trace.nr_pages > MODEL_PAGES)
		ctl_error("%s: it has %u pages, but the model at most %u", what->name,
			  what->trace.nr_pages, MODEL_PAGES);
	else if (what->nr_slots > MODEL_SLOTS)
		ctl_error("%s: the model's swap area has at most %u slots", what->name,
			  MODEL_SLOTS);
	else
		return CTL_OK;
	return CTL_ERROR;
}

static void set_up(struct clock_model *m, const struct replay *what)
{
	__u32 process;
	int id;

	clock_model_init(m, what->nr_frames, what->free_frames);
	if (what->nr_slots)
		clock_model_swapon(m, what->nr_slots, 0);
	id = clock_model_shmget(m, what->trace.nr_pages);
	for (process = 0; process < what->nr_processes; process++) {
		clock_model_process(m, process);
		clock_model_shmat(m, process, id, 0, false, false);
	}
}

static int make_accesses(struct clock_model *m, const struct replay *what)
{
	struct clock_model_word *word;
	size_t at;

	for (at = 0; at < what->trace.nr; at++) {
		const struct trace_ref *ref = &what->trace.refs[at];
		int err = clock_model_access(m, ref->process - 1, ref->page, ref->write, &word);

		if (err)
			return replay_failed(what, at, err);
	}
	return CTL_OK;
}

static void get_counters(const struct clock_model *m, struct replay_result *result)
{
	int process;

	*result = (struct replay_result) {
		.zeroed = m->zeroed,
		.reads = m->reads,
		.writes = m->writes,
		.attempts = m->attempts,
		.successes = m->successes,
		.aged = m->aged,
		.unmapped = m->unmapped,
		.stalls = m->stalls,
		.rss = clock_model_rss(m),
		.swp = clock_model_swp(m),
	};
	for (process = 0; process < MODEL_PROCS; process++) {
		result->min_flt += m->proc[process].min_flt;
		result->maj_flt += m->proc[process].maj_flt;
	}
}

/**
 * replay_on_model() - make the references on the model
 * @what: what is to be done, without kswapd
 * @result: set to what came of it
 *
 * Return: exit status; a message said why if it is not CTL_OK.
 */
int replay_on_model(const struct replay *what, struct replay_result *result)
{
	struct clock_model *m;
	int status = too_large(what);

	if (status)
		return status;
	m = malloc(sizeof(*m));
	if (!m)
		return ctl_failed(ENOMEM, "%s", what->name);
	set_up(m, what);
	status = make_accesses(m, what);
	if (!status)
		get_counters(m, result);
	free(m);
	return status;
}
