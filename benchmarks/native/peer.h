/* One connection of the source: its request, what waits for room in its socket, and the truth of what it was sent. */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include "common.h"
#include "tls.h"
#include "truth.h"

/* What one write carries, equal for all: `events` events that arrive as a whole in `size` bytes of the connection.
 * Without TLS that is a single event; with TLS a record, which is no use to anybody before its last byte. */
struct unit {
    size_t size;
    int events;
};

struct peer {
    int fd;
    int index;            /* the number that the reader gave it */
    int written;          /* events of which the kernel has all bytes */
    int left;             /* of those: events that are known to have left */
    int held;             /* writes after which something had not left */
    uint64_t sent;        /* bytes of events that the kernel has */
    struct tls *tls;      /* NULL without TLS */
    struct bytes request; /* what has come of the request */
    struct bytes pending; /* what did not fit the socket yet */
};

struct peer *peer_new(int fd, struct tls_server *server);

/* Read what has come; true when the request is whole, and `index` is then known. */
bool peer_read_request(struct peer *peer);
/* Send the answer's head. */
void peer_greet(struct peer *peer, const char *head);

/* Write `data`, stamped, behind what still waits; false when something has to wait. */
bool peer_write(struct peer *peer, const char *data, size_t length, struct unit unit, const struct truth *truth);
/* Stamp what has left by now; true when that is everything written. Nothing to do without a truth. */
bool peer_settle(struct peer *peer, struct unit unit, const struct truth *truth);
/* How many segments TCP had to send again, so that what was in them came later than its stamps say. Those that the
 * reader had already (a late acknowledgement makes TCP probe) do not count. */
int peer_retransmits(const struct peer *peer);

/* Write what waits, stamped; false when something still has to wait. */
bool peer_flush(struct peer *peer, struct unit unit, const struct truth *truth);

#endif
