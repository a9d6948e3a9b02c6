/* SPDX-License-Identifier: GPL-2.0 */
/* The model's limits in a replay: one segment and one area, which two have room for. */
#ifndef _MODEL_SIZES_H
#define _MODEL_SIZES_H

#define MODEL_SEGS	2
#define MODEL_PAGES	65536
#define MODEL_PROCS	64
#define MODEL_ATTACHES	MODEL_PROCS
#define MODEL_AREAS	2
#define MODEL_SLOTS	MODEL_PAGES
#define MODEL_TASK	MODEL_PAGES

#endif /* _MODEL_SIZES_H */
