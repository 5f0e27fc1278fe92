/* See server.h. */
#define _GNU_SOURCE
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096, READY_AT_ONCE = 256 };

/* What epoll hands back for the two descriptors that are no connection. */
static char listener_mark, input_mark;

int server_listen(struct server *server) {
    int yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (server->listener < 0) die_of_errno("socket");
    /* Accepted sockets inherit both (Linux), which saves a call for each. A machine whose default is BBR would pace the
     * segments by a timer, so that bytes leave when the write that is stamped has long returned. Reno sends at once. */
    setsockopt(server->listener, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    setsockopt(server->listener, IPPROTO_TCP, TCP_CONGESTION, "reno", strlen("reno"));
    if (bind(server->listener, (struct sockaddr *)&address, length)) die_of_errno("bind");
    if (listen(server->listener, BACKLOG)) die_of_errno("listen");
    if (getsockname(server->listener, (struct sockaddr *)&address, &length)) die_of_errno("getsockname");
    server->peers = calloc((size_t)server->connections, sizeof *server->peers);
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!server->peers || server->epoll < 0) die_of_errno("epoll");
    watch(server->epoll, STDIN_FILENO, EPOLLIN, &input_mark);
    watch(server->epoll, server->listener, EPOLLIN, &listener_mark);
    return ntohs(address.sin_port);
}

static void accept_waiting(struct server *server) {
    int fd;
    while ((fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
        watch(server->epoll, fd, EPOLLIN, peer_new(fd, server->tls));
    if (errno != EAGAIN && errno != ECONNABORTED) die_of_errno("accept");
}

static void answer(struct server *server, struct peer *peer) {
    if (!peer_read_request(peer)) return;
    if (peer->index >= server->connections) die("connection %d of %d", peer->index, server->connections);
    if (server->peers[peer->index]) die("two connections have the number %d", peer->index);
    server->peers[peer->index] = peer;
    server->open++;
    peer_greet(peer, server->head);
    watch(server->epoll, peer->fd, 0, NULL);
}

static void flush(struct server *server, struct peer *peer) {
    if (!peer_flush(peer, server->unit, server->truth)) return;
    server->waiting--;
    watch(server->epoll, peer->fd, 0, NULL);
}

/* As server_look; returns whether standard input said "start". */
static bool look(struct server *server, int timeout_ms) {
    struct epoll_event ready[READY_AT_ONCE];
    bool started = false;
    int count = epoll_wait(server->epoll, ready, READY_AT_ONCE, timeout_ms);
    if (count < 0 && errno != EINTR) die_of_errno("epoll_wait");
    for (int at = 0; at < count; at++) {
        void *what = ready[at].data.ptr;
        if (what == &input_mark) {
            char line[64];
            read_standard_input(line, sizeof line);
            started = !strcmp(line, "start\n");
        } else if (what == &listener_mark) {
            accept_waiting(server);
        } else if (ready[at].events & EPOLLOUT) {
            flush(server, what);
        } else {
            answer(server, what);
        }
    }
    return started;
}

void server_look(struct server *server, int timeout_ms) { look(server, timeout_ms); }

void server_accept_all(struct server *server) {
    while (server->open < server->connections) server_look(server, -1);
    watch(server->epoll, server->listener, 0, NULL);
}

void server_wait_for_start(struct server *server) {
    while (!look(server, -1)) continue;
}

void server_write(struct server *server, struct peer *peer, const char *data, size_t length) {
    bool waited = bytes_length(&peer->pending);
    if (peer_write(peer, data, length, server->unit, server->truth)) return;
    server->blocked++;
    if (waited) return;
    server->waiting++;
    watch(server->epoll, peer->fd, EPOLLOUT, peer);
}

void server_drain(struct server *server) {
    while (server->waiting) server_look(server, -1);
    for (int connection = 0; connection < server->connections; connection++)
        while (!peer_settle(server->peers[connection], server->unit, server->truth)) server_look(server, 1);
}
