/* The source's connections: accepts them, answers their requests, and sees to those whose socket was full. */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include "peer.h"

struct server {
    int epoll, listener;
    int connections, open; /* expected, and answered so far */
    struct peer **peers;   /* by the number that the reader gave */
    struct tls_server *tls;
    const char *head;
    struct unit unit;
    const struct truth *truth;
    int waiting;     /* connections that have something pending */
    int64_t blocked; /* writes that did not fit at once */
};

/* Listen on a free port of 127.0.0.1 and return it. All fields but those that count are the caller's to fill. */
int server_listen(struct server *server);
/* Accept and answer until all connections are open. */
void server_accept_all(struct server *server);
/* Wait for the line "start". */
void server_wait_for_start(struct server *server);
/* See to whoever is ready, after at most `timeout_ms` (negative: no limit). */
void server_look(struct server *server, int timeout_ms);
/* Write to one connection; what does not fit is written later. */
void server_write(struct server *server, struct peer *peer, const char *data, size_t length);
/* Return when everything that was written has left. */
void server_drain(struct server *server);

#endif
