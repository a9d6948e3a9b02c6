/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the benchmarks share: how they count, and the tables that they print.
 */
#ifndef _LIBBENCH_H
#define _LIBBENCH_H

#include <stdint.h>

#define REPEATS		7
#define PAGES		1024
#define CALLS		1000

/* @ret, unless it is an error: that ends the program. */
int64_t must(int64_t ret, const char *what);
/* The same for what sets errno. */
int64_t must_real(int64_t ret, const char *what);

/*
 * stop() returns what passed since start(), for each of @ops operations: in
 * instructions, or from count_microseconds() on in those.
 */
void count_microseconds(void);
void start(void);
double stop(double ops);

/* The median, which sorts the values. */
double median(double *values, int nr);
/* The median of REPEATS runs; a run returns the cost of an operation. */
double measure(double (*run)(void *arg), void *arg);
/* What @run returns, in a process of its own. */
double in_child(double (*run)(void *arg), void *arg);

/*
 * Tables: ours, the kernel's own, their ratio, and the ratio to reach. What is 0
 * is left out.
 */
void heading(const char *title);
void row(const char *name, double ours, double kernel, double goal);

#endif /* _LIBBENCH_H */
