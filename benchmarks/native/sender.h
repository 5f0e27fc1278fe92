/* Sends a run's events in their order and at their times.
 *
 * Even: every write has its own place in time, so that the whole rate is even. Fan-out: all connections are written
 * to one right after the other, as a server does that sends an event to all its subscribers. */
#ifndef BENCH_SENDER_H
#define BENCH_SENDER_H

#include "histogram.h"
#include "server.h"

struct plan {
    int events;     /* of each connection, a multiple of `burst` */
    int burst;      /* events of a connection in one write */
    double rate;    /* events a second over all connections; 0: as fast as the slowest socket takes them */
    bool even;      /* or fan-out */
    bool broadcast; /* identical bytes to all connections, or each event stamped right before its own write */
    bool chunked;
};

struct outcome {
    struct histogram *behind; /* how late each write (of a fan-out the first) came after its place in the schedule */
    int64_t took_ns;          /* from the start to the last write */
    int64_t busy_cpu_ns;      /* CPU time in it, without that of waiting for places in the schedule */
};

/* Returns when everything has left. With TLS it sets the server's unit: its size is what OpenSSL makes of it. */
struct outcome send_all_events(struct server *server, const struct plan *plan);

#endif
