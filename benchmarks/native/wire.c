/* See wire.h. Numbers are put down by hand: printf would cost as much as the write of the event. */
#include "wire.h"

#include <string.h>

#define STEM "event: task.updated\nid: "
#define CHUNK_START "12c\r\n" /* EVENT_BYTES in hexadecimal digits */
#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"

enum { MOST_DIGITS = 20 };

static char *put_text(char *to, const char *text, size_t length) {
    memcpy(to, text, length);
    return to + length;
}

static char *put_number(char *to, uint64_t number) {
    char digits[MOST_DIGITS];
    char *first = digits + sizeof digits;
    do *--first = (char)('0' + number % 10);
    while (number /= 10);
    return put_text(to, first, (size_t)(digits + sizeof digits - first));
}

static char *put_connection(char *to, int connection) {
    return connection < 0 ? put_text(to, "-", 1) : put_number(to, (uint64_t)connection);
}

size_t wire_length(bool chunked) { return chunked ? EVENT_BYTES + strlen(CHUNK_START) + strlen("\r\n") : EVENT_BYTES; }

static void put_block(char *block, int64_t sent_ns, int connection, int sequence) {
    char *at = put_text(block, STEM, strlen(STEM));
    at = put_connection(at, connection);
    at = put_text(at, "-", 1);
    at = put_number(at, (uint64_t)sequence);
    at = put_text(at, "\ndata: ", strlen("\ndata: "));
    at = put_number(at, (uint64_t)sent_ns);
    at = put_text(at, " ", 1);
    at = put_connection(at, connection);
    at = put_text(at, " ", 1);
    at = put_number(at, (uint64_t)sequence);
    at = put_text(at, " ", 1);
    memset(at, 'x', (size_t)(block + EVENT_BYTES - 2 - at));
    memcpy(block + EVENT_BYTES - 2, "\n\n", 2);
}

size_t wire_event(char *to, bool chunked, int64_t sent_ns, int connection, int sequence) {
    if (!chunked) {
        put_block(to, sent_ns, connection, sequence);
        return EVENT_BYTES;
    }
    char *block = put_text(to, CHUNK_START, strlen(CHUNK_START));
    put_block(block, sent_ns, connection, sequence);
    put_text(block + EVENT_BYTES, "\r\n", strlen("\r\n"));
    return wire_length(true);
}

const char *wire_head(bool chunked) {
    return chunked ? HEAD "Transfer-Encoding: chunked\r\n\r\n" : HEAD "Connection: close\r\n\r\n";
}
