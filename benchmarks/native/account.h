/* Which events a reader got, and how late. */
#ifndef BENCH_ACCOUNT_H
#define BENCH_ACCOUNT_H

#include "common.h"
#include "histogram.h"

/* When the bytes of a read came: the kernel's stamp of its last byte, and the time after the read. */
struct moment {
    int64_t stamp_ns, read_ns;
    bool from_kernel; /* else stamp_ns is read_ns */
};

/* As benchmarks/ledger.py counts: `delivered` different events, `duplicated` further arrivals of one, `reordered` those
 * that came after a later one of their connection. */
struct account {
    int connections, events; /* expected of each connection, numbered from 0 */
    int64_t delivered, duplicated, reordered, coalesced, kernel_stamps;
    struct histogram *reported, *user_space;
    int *next;     /* of each connection: one more than the greatest number that came */
    uint8_t *seen; /* a bit for each event */
};

struct account account_new(int connections, int events);
/* Account for one event's block. Dies when it is not the benchmark's, or another connection's. */
void account_take(struct account *account, int connection, const char *block, size_t length, struct moment moment);
/* How many of the events expected have not come. */
int64_t account_lost(const struct account *account);
/* Print what it counted as members of a JSON object, each with a comma behind it. */
void account_say(const struct account *account);

#endif
