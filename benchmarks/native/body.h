/* One answer to a GET, read piece by piece as it comes: the head, the chunks of the body (RFC 9112 section 7.1) and the
 * blocks of the events in it, wherever the reads happen to end.
 *
 * Only what the benchmark's source sends is understood: lines that end with a line feed, a body that is chunked or ends
 * with its connection. Neither the fields of an event nor its line endings are looked at here. */
#ifndef BENCH_BODY_H
#define BENCH_BODY_H

#include "common.h"

enum body_state { IN_HEAD, IN_SIZE, IN_CHUNK, AFTER_CHUNK, UNTIL_CLOSE, BODY_ENDED };

struct body {
    uint64_t left;     /* bytes of the chunk, or of what closes it, that have not come; while IN_SIZE the size so far */
    struct bytes rest; /* the head, later the event, of which only a part has come */
    uint8_t state;     /* enum body_state */
    bool in_extension; /* behind the digits of a chunk's size */
};

/* Called for each block, the blank line's line feed included. */
typedef void take_block(void *context, const char *block, size_t length);

/* Take `length` bytes that came. Dies when they are not HTTP, or the answer is not 200. */
void body_take(struct body *body, const char *data, size_t length, take_block *take, void *context);

#endif
