/* A C reader's connections to the source: made one after the other, each asked for its events by its number. */
#ifndef BENCH_OPENING_H
#define BENCH_OPENING_H

#include "body.h"

struct stream {
    int fd; /* -1 once it has ended */
    int index;
    struct body body;
};

/* Where to connect to, of an URL http://127.0.0.1:PORT/PATH. */
struct target {
    char host[64], path[256];
    int port;
};
struct target target_of(const char *url);

/* Connect, have arriving bytes stamped by the kernel, send the request. Does not wait for the answer. */
void stream_open(struct stream *stream, int index, const struct target *target);

#endif
