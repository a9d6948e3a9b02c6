// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "libbench.h"

int64_t must(int64_t ret, const char *what)
{
	if (ret < 0) {
		errno = -ret;
		err(1, "%s", what);
	}
	return ret;
}

int64_t must_real(int64_t ret, const char *what)
{
	if (ret < 0)
		err(1, "%s", what);
	return ret;
}

/*
 * Measuring
 */

static bool microseconds;
static double started;

void count_microseconds(void)
{
	microseconds = true;
}

static double now(void)
{
	struct timespec ts;

	if (!microseconds)
		return __rdtsc();
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

void start(void)
{
	started = now();
}

double stop(double ops)
{
	return (now() - started) / ops;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double median(double *values, int nr)
{
	qsort(values, nr, sizeof(*values), compare);
	return values[nr / 2];
}

double measure(double (*run)(void *arg), void *arg)
{
	double values[REPEATS];
	int i;

	for (i = 0; i < REPEATS; i++)
		values[i] = run(arg);
	return median(values, REPEATS);
}

double in_child(double (*run)(void *arg), void *arg)
{
	double *result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	double value;
	int status;
	pid_t pid;

	if (result == MAP_FAILED)
		err(1, "mmap");
	pid = must_real(fork(), "fork");
	if (!pid) {
		*result = run(arg);
		_exit(0);
	}
	must_real(waitpid(pid, &status, 0), "waitpid");
	if (status)
		errx(1, "a child ended with status %#x", status);
	value = *result;
	munmap(result, sizeof(*result));
	return value;
}

/*
 * Tables
 */

void heading(const char *title)
{
	printf("\n%-44s %12s %12s %7s %5s\n", title,
	       microseconds ? "microseconds" : "instructions", "kernel's own", "ratio", "goal");
}

void row(const char *name, double ours, double kernel, double goal)
{
	printf("%-44s %12.0f ", name, ours);
	if (kernel)
		printf("%12.0f %7.2f", kernel, ours / kernel);
	else
		printf("%12s %7s", "-", "-");
	if (goal)
		printf(" %5.2f", goal);
	printf("\n");
	fflush(stdout);
}
