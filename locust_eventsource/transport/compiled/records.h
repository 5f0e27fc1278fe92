/* What the poller tells its owner: records, one behind the other in one growing piece of memory. */
#ifndef EVENTSOURCE_RECORDS_H
#define EVENTSOURCE_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connection;

enum record_kind {
    BLOCK,     /* one block of an event stream */
    RAW,       /* the bytes of one read */
    HAND_OVER, /* the body hands over: `held` bytes of an unfinished block, then bytes not yet de-framed */
    END,       /* the peer closed */
    BROKEN,    /* `detail` is the errno */
    GONE       /* the last record of a connection that was closed */
};

/* Times are ns of CLOCK_REALTIME. `length` bytes follow the record. */
struct record {
    struct connection *connection;
    int64_t at_ns;       /* the kernel's stamp of the last byte of the read, or without one the time of reading */
    int64_t earliest_ns; /* the bytes came no earlier */
    int64_t read_ns;
    uint64_t hash;       /* BLOCK: of its bytes */
    uint64_t remaining;  /* HAND_OVER: bytes that the chunk still has */
    uint32_t length;
    uint32_t held;       /* HAND_OVER: how many of the bytes are an unfinished block */
    uint32_t fresh;      /* bytes read from the socket that no earlier record has told of */
    int32_t detail;      /* BROKEN: errno; HAND_OVER: enum chunk_state */
    uint8_t kind;
    bool kernel;         /* the stamp is the kernel's */
    bool last_in_read;   /* the stamp is that of the record's last byte: nothing came behind it in the same read */
};

struct batch {
    char *bytes;
    size_t used;
    size_t room;
};

/* Appends a copy of `record` and its bytes, in two parts. The answer holds until the next call. */
struct record *batch_append(struct batch *batch, const struct record *record, const char *first, size_t first_length,
                            const char *second, size_t second_length);

/* The record at `*offset`, which moves behind it; NULL at the end. */
struct record *batch_next(const struct batch *batch, size_t *offset);

const char *record_bytes(const struct record *record);

/* Good enough to find equal blocks; whoever relies on equality compares the bytes. */
uint64_t hash_bytes(const char *bytes, size_t length);

#endif
