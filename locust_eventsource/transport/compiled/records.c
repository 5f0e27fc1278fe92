#include "records.h"

#include <stdlib.h>
#include <string.h>

#define LEAST_ROOM 65536
#define ALIGNMENT sizeof(uint64_t)

static size_t size_of_record(size_t length)
{
    return (sizeof(struct record) + length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static void make_room(struct batch *batch, size_t size)
{
    if (batch->used + size <= batch->room)
        return;
    size_t room = 2 * (batch->used + size) + LEAST_ROOM;
    char *bytes = realloc(batch->bytes, room);
    if (!bytes)
        abort(); /* as the interpreter does when a record of what has happened cannot be kept */
    batch->bytes = bytes;
    batch->room = room;
}

struct record *batch_append(struct batch *batch, const struct record *record, const char *first, size_t first_length,
                            const char *second, size_t second_length)
{
    size_t size = size_of_record(first_length + second_length);
    make_room(batch, size);
    struct record *kept = (struct record *)(batch->bytes + batch->used);
    *kept = *record;
    kept->length = (uint32_t)(first_length + second_length);
    char *bytes = (char *)(kept + 1);
    if (first_length)
        memcpy(bytes, first, first_length);
    if (second_length)
        memcpy(bytes + first_length, second, second_length);
    batch->used += size;
    return kept;
}

struct record *batch_next(const struct batch *batch, size_t *offset)
{
    if (*offset >= batch->used)
        return NULL;
    struct record *record = (struct record *)(batch->bytes + *offset);
    *offset += size_of_record(record->length);
    return record;
}

const char *record_bytes(const struct record *record)
{
    return (const char *)(record + 1);
}

static uint64_t word_at(const char *bytes, size_t length)
{
    uint64_t word = 0;
    memcpy(&word, bytes, length);
    return word;
}

uint64_t hash_bytes(const char *bytes, size_t length)
{
    const uint64_t odd = 0x9E3779B97F4A7C15u; /* 2^64 divided by the golden ratio */
    uint64_t hash = length * odd;
    for (; length >= sizeof hash; bytes += sizeof hash, length -= sizeof hash) {
        hash = (hash ^ word_at(bytes, sizeof hash)) * odd;
        hash ^= hash >> 32;
    }
    hash = (hash ^ word_at(bytes, length)) * odd;
    return hash ^ hash >> 32;
}
