/*
 * A thread that reads sockets as soon as they are readable, whatever the rest of the process does: it never needs Python's
 * interpreter lock. It takes the kernel's receive stamps, cuts bodies into blocks, and queues records that its owner takes
 * in batches.
 *
 * Every function is for the owner, which is one thread. One mutex guards all that the two threads share; the poller holds
 * it while it reads one socket, never while it waits.
 */
#ifndef EVENTSOURCE_POLLER_H
#define EVENTSOURCE_POLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "body.h"
#include "records.h"

/* A connection is read once as soon as it is readable, always, or always with its body cut into blocks. */
enum reading { ONCE, ALWAYS, BLOCKS };

struct poller;

struct connection {
    struct poller *poller;
    void *owner;            /* whatever the owner wants to find with a record */
    struct connection *next_closed;
    int64_t empty_ns;       /* when the socket was last seen empty, CLOCK_REALTIME */
    int64_t watched_ns;     /* a wait that began later and did not report it found it empty, CLOCK_REALTIME */
    int64_t heard_ns;       /* when bytes came last, CLOCK_MONOTONIC */
    uint32_t fresh;         /* bytes read that no record has told of */
    int fd;
    enum reading reading;
    bool closed;
    struct body body;
};

/* NULL with errno set when the system has no thread or descriptor left. */
struct poller *poller_start(void);

/* Ends the thread (unless the process has forked since: then there is none) and frees the poller. */
void poller_stop(struct poller *poller);

/* Readable when records wait for an owner that asked to be woken, or cannot go on without it. */
int poller_wakeup_fd(const struct poller *poller);

/* Begins to read `fd`, which stays the caller's and brings nothing older than `since_ns`. NULL with errno set. */
struct connection *poller_add(struct poller *poller, int fd, enum reading reading, int64_t since_ns, void *owner);

/* Reads on. For BLOCKS the body must have been set up by `body_init`, at the start of a chunk and of a block. */
int poller_read(struct connection *connection, enum reading reading);

/* Nothing more is told but GONE, with which the owner frees the connection. Afterwards the fd may be closed. */
void poller_close(struct connection *connection);

/* Frees a connection whose GONE has come. */
void poller_free(struct connection *connection);

/* Gives all records that wait in exchange for `batch`, which is emptied and whose memory is used again. */
void poller_take(struct poller *poller, struct batch *batch);

/* Asks to be woken by the next record; false when some wait already. */
bool poller_wake_me(struct poller *poller);

/* When bytes last came on the connection, CLOCK_MONOTONIC. */
int64_t poller_heard_ns(struct connection *connection);

#endif
