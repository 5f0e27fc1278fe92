/* See body.h. */
#define _GNU_SOURCE
#include "body.h"

#include <string.h>

#define END_OF_HEAD "\r\n\r\n"

enum { LONGEST_REST = 1 << 20, LARGEST_CHUNK = 1 << 30 };

static void keep(struct body *body, const char *data, size_t length) {
    if (bytes_length(&body->rest) + length > LONGEST_REST) die("a head or an event is longer than 1 MiB");
    bytes_add(&body->rest, data, length);
}

/* Take the head's part of `data`; returns its length. */
static size_t take_head(struct body *body, const char *data, size_t length) {
    size_t before = bytes_length(&body->rest);
    keep(body, data, length);
    const char *head = bytes_front(&body->rest);
    const char *end = memmem(head, bytes_length(&body->rest), END_OF_HEAD, strlen(END_OF_HEAD));
    if (!end) return length;
    size_t head_length = (size_t)(end - head) + strlen(END_OF_HEAD);
    if (head_length < strlen("HTTP/1.1 200 ") || strncmp(head, "HTTP/1.1 200 ", strlen("HTTP/1.1 200 ")))
        die("the source's answer is not 200");
    const char *coding = "\r\nTransfer-Encoding: chunked\r\n";
    body->state = memmem(head, head_length, coding, strlen(coding)) ? IN_SIZE : UNTIL_CLOSE;
    bytes_free(&body->rest);
    return head_length - before;
}

static uint64_t digit(char character) {
    if (character >= '0' && character <= '9') return (uint64_t)(character - '0');
    if (character >= 'a' && character <= 'f') return (uint64_t)(character - 'a' + 10);
    if (character >= 'A' && character <= 'F') return (uint64_t)(character - 'A' + 10);
    die("a chunk's size has no hexadecimal digits");
}

/* Take a chunk's size up to its line feed or the end of `data`; returns the length taken. */
static size_t take_size(struct body *body, const char *data, size_t length) {
    for (size_t at = 0; at < length; at++) {
        if (data[at] == '\n') {
            body->in_extension = false;
            body->state = body->left ? IN_CHUNK : BODY_ENDED;
            return at + 1;
        }
        if (data[at] == ';' || data[at] == '\r') body->in_extension = true;
        if (body->in_extension) continue;
        body->left = body->left * 16 + digit(data[at]);
        if (body->left > LARGEST_CHUNK) die("a chunk is larger than 1 GiB");
    }
    return length;
}

/* How much of `data` belongs to the event that began before it: up to and with its blank line. 0 when that has not
 * come. */
static size_t end_of_begun(const struct body *body, const char *data, size_t length) {
    if (bytes_front(&body->rest)[bytes_length(&body->rest) - 1] == '\n' && data[0] == '\n') return 1;
    const char *end = memmem(data, length, "\n\n", 2);
    return end ? (size_t)(end - data) + 2 : 0;
}

/* Take a piece of the body without its framing. */
static void take_text(struct body *body, const char *data, size_t length, take_block *take, void *context) {
    const char *at = data, *end = data + length, *blank;
    if (bytes_length(&body->rest)) {
        size_t taken = end_of_begun(body, data, length);
        keep(body, data, taken ? taken : length);
        if (!taken) return;
        take(context, bytes_front(&body->rest), bytes_length(&body->rest));
        bytes_take(&body->rest, bytes_length(&body->rest));
        at += taken;
    }
    while (at < end && (blank = memmem(at, (size_t)(end - at), "\n\n", 2))) {
        take(context, at, (size_t)(blank - at) + 2);
        at = blank + 2;
    }
    if (at < end) keep(body, at, (size_t)(end - at));
}

/* Take what `data` has of a chunk; returns the length taken. */
static size_t take_chunk(struct body *body, const char *data, size_t length, take_block *take, void *context) {
    if (length > body->left) length = body->left;
    take_text(body, data, length, take, context);
    body->left -= length;
    if (!body->left) {
        body->state = AFTER_CHUNK;
        body->left = strlen("\r\n");
    }
    return length;
}

static size_t take_end_of_chunk(struct body *body, size_t length) {
    if (length > body->left) length = body->left;
    body->left -= length;
    if (!body->left) body->state = IN_SIZE;
    return length;
}

void body_take(struct body *body, const char *data, size_t length, take_block *take, void *context) {
    for (size_t at = 0, taken = 0; at < length; at += taken) {
        const char *here = data + at;
        size_t left = length - at;
        switch ((enum body_state)body->state) {
        case IN_HEAD: taken = take_head(body, here, left); break;
        case IN_SIZE: taken = take_size(body, here, left); break;
        case IN_CHUNK: taken = take_chunk(body, here, left, take, context); break;
        case AFTER_CHUNK: taken = take_end_of_chunk(body, left); break;
        case UNTIL_CLOSE: take_text(body, here, left, take, context); return;
        case BODY_ENDED: return;
        }
    }
}
