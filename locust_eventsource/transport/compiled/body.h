/*
 * The body of an event stream, cut into blocks: chunked framing (RFC 9112 section 7.1) taken off, line ends made LF, and
 * the text between two blank lines handed out as soon as the second has come (WHATWG HTML 9.2.5, 9.2.6).
 *
 * Only what nearly every byte of nearly every stream looks like is done here. At anything else - the last chunk, a chunk
 * extension, a malformed size, a block beyond the limit - the body says that it hands over, and the Python decoders, which
 * know the whole of both standards and word their errors, go on from exactly that point.
 */
#ifndef EVENTSOURCE_BODY_H
#define EVENTSOURCE_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum chunk_state { AT_SIZE, IN_DATA, AT_CR, AT_LF };

#define SIZE_LINE_ROOM 20

struct body {
    char *held; /* the beginning of a block that an earlier read has brought, line ends made LF */
    size_t held_length;
    size_t held_room;
    size_t limit;       /* a block longer than this is handed over */
    uint64_t remaining; /* bytes that the chunk still has */
    enum chunk_state state;
    bool chunked;
    bool in_line;  /* the last line has bytes and no end yet */
    bool after_cr; /* an LF that comes next belongs to the CR before it */
    bool ends_with_block; /* nothing but the CRLF of its chunk has come after the last block */
    uint8_t size_length;
    char size_line[SIZE_LINE_ROOM]; /* the beginning of a size line that an earlier read has brought */
};

/* Takes a block without the blank line and without the end of its last line. */
typedef void (*block_sink)(void *context, const char *block, size_t length);

void body_init(struct body *body, bool chunked, size_t limit);

/* Frees what the body holds. */
void body_clear(struct body *body);

/*
 * Takes what a read has brought. Returns how many bytes were taken: all, unless the body hands over. Then the first byte
 * not taken is the one to go on with, in `body->state`; the caller puts `body->size_line` before it.
 */
size_t body_feed(struct body *body, const char *input, size_t length, block_sink sink, void *context);

/* True once `body_feed` took less than it was given, or a block has passed the limit. */
bool body_hands_over(const struct body *body, size_t taken, size_t length);

#endif
