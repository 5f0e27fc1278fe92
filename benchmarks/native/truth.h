/* When each event was written, in a file: CLOCK_REALTIME in ns before the write that carried its last byte, and when
 * that byte had left. That is right after the write, unless TCP still held it back (its congestion window, its
 * pacing).
 *
 * The file is a raw array int64[connection][sequence][2] in the machine's byte order; 0, 0 where nothing was
 * written. */
#ifndef BENCH_TRUTH_H
#define BENCH_TRUTH_H

#include "common.h"

struct truth {
    int64_t *stamps; /* NULL when nobody asked for a file */
    int events;
};

/* Make the file anew; `path` may be NULL. */
static inline struct truth truth_open(const char *path, int connections, int events) {
    size_t stamps = (size_t)connections * (size_t)events * 2;
    return (struct truth){.stamps = path ? numbers_kept(path, stamps) : NULL, .events = events};
}

/* Where the pair of an event lies. */
static inline int64_t *truth_pair(const struct truth *truth, int connection, int event) {
    return truth->stamps + ((int64_t)connection * truth->events + event) * 2;
}

/* Events [from, to) of a connection were not written before `before_ns`. */
static inline void truth_not_before(const struct truth *truth, int connection, int from, int to, int64_t before_ns) {
    for (int event = from; event < to; event++) truth_pair(truth, connection, event)[0] = before_ns;
}

/* Events [from, to) of a connection had left at `after_ns`. */
static inline void truth_left_by(const struct truth *truth, int connection, int from, int to, int64_t after_ns) {
    for (int event = from; event < to; event++) truth_pair(truth, connection, event)[1] = after_ns;
}

#endif
