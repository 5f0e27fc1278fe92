/* The benchmark's events as bytes: the C side of benchmarks/payload.py. */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EVENT_BYTES = 300, LONGEST_ON_WIRE = EVENT_BYTES + 8 };

/* How long an event is on the wire: alone, or as one chunk of a chunked body (RFC 9112 section 7.1). */
size_t wire_length(bool chunked);

/* Put one event at `to` and return its length on the wire. A negative `connection` makes the event of all connections,
 * whose data has "-" in that place. */
size_t wire_event(char *to, bool chunked, int64_t sent_ns, int connection, int sequence);

/* The head of the answer to a reader's request. */
const char *wire_head(bool chunked);

#endif
