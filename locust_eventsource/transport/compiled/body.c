#include "body.h"

#include <stdlib.h>
#include <string.h>

void body_init(struct body *body, bool chunked, size_t limit)
{
    memset(body, 0, sizeof *body);
    body->chunked = chunked;
    body->limit = limit;
}

void body_clear(struct body *body)
{
    free(body->held);
    body->held = NULL;
    body->held_length = body->held_room = 0;
}

bool body_hands_over(const struct body *body, size_t taken, size_t length)
{
    return taken < length || body->held_length > body->limit;
}

/* Without memory there is no way on that keeps every event, so the process ends here as it would in Python. */
static void *need(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

#define LEAST_ROOM 256

static void hold(struct body *body, const char *start, size_t length)
{
    if (body->held_length + length > body->held_room) {
        size_t room = 2 * (body->held_length + length) + LEAST_ROOM;
        body->held = need(realloc(body->held, room));
        body->held_room = room;
    }
    memcpy(body->held + body->held_length, start, length);
    body->held_length += length;
}

/* A blank line has come: what is held and [start, end) are a block, with the LF of its last line, or nothing at all. */
static void finish_block(struct body *body, const char *start, const char *end, block_sink sink, void *context)
{
    size_t length = (size_t)(end - start);
    if (body->held_length && length)
        hold(body, start, length);
    if (body->held_length) {
        start = body->held;
        length = body->held_length;
    }
    body->ends_with_block = length > 1;
    if (length > 1)
        sink(context, start, length - 1);
    body_clear(body);
}

static void cut_at_lf(struct body *body, const char *start, const char *end, block_sink sink, void *context)
{
    const char *line = start, *lf;
    while ((lf = memchr(line, '\n', (size_t)(end - line)))) {
        bool blank = lf == line && !body->in_line;
        line = lf + 1;
        body->in_line = false;
        if (blank) {
            finish_block(body, start, lf, sink, context);
            start = line;
        }
    }
    if (line < end)
        body->in_line = true;
    if (start < end) {
        body->ends_with_block = false;
        hold(body, start, (size_t)(end - start));
    }
}

static void cut_at_any_end(struct body *body, const char *at, const char *end, block_sink sink, void *context)
{
    for (; at < end; at++) {
        bool swallowed = body->after_cr && *at == '\n';
        body->after_cr = *at == '\r';
        if (swallowed)
            continue;
        if (*at != '\r' && *at != '\n') {
            body->in_line = true;
            body->ends_with_block = false;
            hold(body, at, 1);
        } else if (body->in_line) {
            body->in_line = false;
            hold(body, "\n", 1);
        } else {
            finish_block(body, at, at, sink, context);
        }
    }
}

static void cut(struct body *body, const char *at, size_t length, block_sink sink, void *context)
{
    if (body->after_cr || memchr(at, '\r', length))
        cut_at_any_end(body, at, at + length, sink, context);
    else
        cut_at_lf(body, at, at + length, sink, context);
}

static int hex_digit(char character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    character |= 0x20;
    return character >= 'a' && character <= 'f' ? character - 'a' + 10 : -1;
}

/* The size that a whole line of hexadecimal digits and CR names; 0 when it is anything else, or the last chunk. */
static uint64_t size_of(const char *line, size_t length)
{
    uint64_t size = 0;
    if (length < 2 || length > 15 || line[length - 1] != '\r')
        return 0;
    for (size_t i = 0; i + 1 < length; i++) {
        int digit = hex_digit(line[i]);
        if (digit < 0)
            return 0;
        size = size << 4 | (uint64_t)digit;
    }
    return size;
}

/* Whether more bytes can make a size line of it that is understood here. */
static bool may_be_size(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (hex_digit(line[i]) < 0 && !(line[i] == '\r' && i > 0 && i + 1 == length))
            return false;
    return true;
}

/* Returns where the data begins, `end` while the line is not whole, NULL to hand over; then nothing was taken. */
static const char *take_size_line(struct body *body, const char *at, const char *end)
{
    const char *lf = memchr(at, '\n', (size_t)(end - at));
    size_t length = (size_t)((lf ? lf : end) - at), held = body->size_length;
    if (held + length > SIZE_LINE_ROOM)
        return NULL;
    if (!lf || held) {
        memcpy(body->size_line + held, at, length);
        if (!lf) {
            if (!may_be_size(body->size_line, held + length))
                return NULL;
            body->size_length = (uint8_t)(held + length);
            return end;
        }
        body->remaining = size_of(body->size_line, held + length);
    } else {
        body->remaining = size_of(at, length);
    }
    if (!body->remaining)
        return NULL;
    body->size_length = 0;
    body->state = IN_DATA;
    return lf + 1;
}

static const char *take_data(struct body *body, const char *at, const char *end, block_sink sink, void *context)
{
    size_t length = (size_t)(end - at);
    if (length >= body->remaining) {
        length = (size_t)body->remaining;
        body->state = AT_CR;
    }
    body->remaining -= length;
    cut(body, at, length, sink, context);
    return at + length;
}

size_t body_feed(struct body *body, const char *input, size_t length, block_sink sink, void *context)
{
    const char *at = input, *end = input + length;
    if (!body->chunked) {
        cut(body, input, length, sink, context);
        return length;
    }
    while (at < end && body->held_length <= body->limit) {
        if (body->state == AT_SIZE) {
            const char *data = take_size_line(body, at, end);
            body->ends_with_block = false;
            if (!data)
                break;
            at = data;
        } else if (body->state == IN_DATA) {
            at = take_data(body, at, end, sink, context);
        } else if (*at == (body->state == AT_CR ? '\r' : '\n')) {
            body->state = body->state == AT_CR ? AT_LF : AT_SIZE;
            at++;
        } else {
            break;
        }
    }
    return (size_t)(at - input);
}
