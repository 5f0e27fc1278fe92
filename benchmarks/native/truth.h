/* When each event was written, in a file: CLOCK_REALTIME in ns before and after the write that carried its last byte.
 *
 * The file is a raw array int64[connection][sequence][2] in the machine's byte order; 0, 0 where nothing was written. */
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

/* Events [from, to) of a connection were written between the two stamps. */
static inline void truth_stamp(const struct truth *truth, int connection, int from, int to, int64_t before_ns,
                               int64_t after_ns) {
    if (!truth->stamps) return;
    int64_t *pair = truth->stamps + ((int64_t)connection * truth->events + from) * 2;
    for (int event = from; event < to; event++, pair += 2) {
        pair[0] = before_ns;
        pair[1] = after_ns;
    }
}

#endif
