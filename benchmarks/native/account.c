/* See account.h. */
#define _GNU_SOURCE
#include "account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATA "data: "

/* What an event's data says. An event of all connections names none (-1), and its time is that of its first write. */
struct stamped {
    int64_t sent_ns, connection, sequence;
};

struct account account_new(int connections, int events, const char *stamps) {
    struct account account = {
        .connections = connections,
        .events = events,
        .reported = histogram_new(),
        .next = calloc((size_t)connections, sizeof *account.next),
        .stamps = numbers_kept(stamps, (size_t)connections * (size_t)events),
    };
    if (!account.next) die("no memory for %d connections", connections);
    return account;
}

/* Read a number and the space behind it; returns what follows. */
static const char *number_in(const char *at, const char *end, int64_t *number) {
    *number = 0;
    if (at < end && *at == '-') {
        *number = -1;
        at++;
    }
    for (; at < end && *at >= '0' && *at <= '9'; at++) *number = *number * 10 + (*at - '0');
    if (at == end || *at != ' ') die("an event is not the benchmark's");
    return at + 1;
}

/* The text of the block's data line, or NULL. */
static const char *data_in(const char *block, size_t length) {
    if (length > strlen(DATA) && !memcmp(block, DATA, strlen(DATA))) return block + strlen(DATA);
    const char *line_end = memmem(block, length, "\n" DATA, strlen("\n" DATA));
    return line_end ? line_end + strlen("\n" DATA) : NULL;
}

static struct stamped read_data(const char *data, const char *end) {
    struct stamped stamped;
    const char *at = number_in(data, end, &stamped.sent_ns);
    at = number_in(at, end, &stamped.connection);
    number_in(at, end, &stamped.sequence);
    return stamped;
}

static void count(struct account *account, int connection, int sequence, int64_t stamp_ns) {
    int64_t *kept = &account->stamps[(int64_t)connection * account->events + sequence];
    if (*kept) {
        account->duplicated++;
        return;
    }
    *kept = stamp_ns;
    account->delivered++;
    if (sequence < account->next[connection])
        account->reordered++;
    else
        account->next[connection] = sequence + 1;
}

bool account_take(struct account *account, int connection, const char *block, size_t length, struct moment moment) {
    const char *data = data_in(block, length);
    if (!data) return false;
    struct stamped stamped = read_data(data, block + length);
    if (stamped.connection >= 0) {
        if (stamped.connection != connection)
            die("an event of connection %ld came on %d", stamped.connection, connection);
        histogram_add(account->reported, moment.stamp_ns - stamped.sent_ns);
    }
    if (stamped.sequence < 0 || stamped.sequence >= account->events)
        die("event %ld was not expected", stamped.sequence);
    if (moment.from_kernel) account->kernel_stamps++;
    count(account, connection, (int)stamped.sequence, moment.stamp_ns);
    return true;
}

int64_t account_lost(const struct account *account) {
    return (int64_t)account->connections * account->events - account->delivered;
}

/* Without a sample of its own there is nothing to rank the lost behind. */
static double percentile_ms(const struct account *account, double percent) {
    uint64_t lost = account->reported->total ? (uint64_t)account_lost(account) : 0;
    return histogram_percentile_ms(account->reported, percent, lost);
}

void account_say(const struct account *account) {
    say_number("p50_ms", percentile_ms(account, 50));
    say_number("p99_ms", percentile_ms(account, 99));
    say_number("max_ms", histogram_max_ms(account->reported));
    printf("\"delivered\": %ld, \"lost\": %ld, ", account->delivered, account_lost(account));
    printf("\"duplicated\": %ld, \"reordered\": %ld, ", account->duplicated, account->reordered);
    printf("\"kernel_stamps\": %ld, \"coalesced\": %ld, ", account->kernel_stamps, account->coalesced);
}
