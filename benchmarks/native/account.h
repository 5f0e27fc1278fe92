/* Which events a reader got, and how late. */
#ifndef BENCH_ACCOUNT_H
#define BENCH_ACCOUNT_H

#include "common.h"
#include "histogram.h"

/* When the bytes of a read came: the kernel's stamp of the last one, or the time after the read where there is none. */
struct moment {
    int64_t stamp_ns;
    bool from_kernel;
};

/* As benchmarks/ledger.py counts: `delivered` different events, `duplicated` further arrivals of one, `reordered` those
 * that came after a later one of their connection. */
struct account {
    int connections, events; /* expected of each connection, numbered from 0 */
    int64_t delivered, duplicated, reordered, coalesced, kernel_stamps;
    struct histogram *reported; /* stamp - time of writing, of the events that say it */
    int *next;                  /* of each connection: one more than the greatest number that came */
    int64_t *stamps;            /* of each event as [connection][sequence], 0 for those that have not come */
};

/* The stamps are kept in the file `stamps`, int64 in the machine's byte order, unless it is NULL. */
struct account account_new(int connections, int events, const char *stamps);
/* Account for one block; false when it has no data and so is no event. Dies when it is not the benchmark's, or another
 * connection's. */
bool account_take(struct account *account, int connection, const char *block, size_t length, struct moment moment);
/* How many of the events expected have not come. */
int64_t account_lost(const struct account *account);
/* Print what it counted as members of a JSON object, each with a comma behind it. */
void account_say(const struct account *account);

#endif
