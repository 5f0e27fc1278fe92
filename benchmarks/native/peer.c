/* See peer.h. */
#define _GNU_SOURCE
#include "peer.h"

#include <errno.h>
#include <limits.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define END_OF_HEAD "\r\n\r\n"

enum { MOST_OF_A_REQUEST = 16384 };

struct peer *peer_new(int fd, struct tls_server *server) {
    struct peer *peer = calloc(1, sizeof *peer);
    if (!peer) die("no memory for a connection");
    peer->fd = fd;
    peer->index = -1;
    if (server) peer->tls = tls_new(server);
    return peer;
}

/* Send without waiting for room; returns how much the socket took. */
static size_t send_some(int fd, const char *data, size_t length) {
    ssize_t sent = send(fd, data, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return (size_t)sent;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
    if (errno == EPIPE || errno == ECONNRESET) die("the reader closed a connection before the end of the run");
    die_of_errno("send");
}

/* What comes before the events is so short that a new socket has room for it. */
static void send_all(struct peer *peer, const char *data, size_t length) {
    if (!length) return;
    if (send_some(peer->fd, data, length) != length) die("a new connection has no room for the answer's head");
}

static int index_in(const char *request) {
    const char *line_end = strstr(request, "\r\n");
    const char *number = strstr(request, "?c=");
    if (strncmp(request, "GET ", 4) || !number || number > line_end) die("a reader sent no GET with ?c=<connection>");
    char *rest;
    long index = strtol(number + strlen("?c="), &rest, 10);
    if (*rest != ' ' || index < 0 || index > INT_MAX) die("a reader gave its connection no number from 0");
    return (int)index;
}

/* Take what came; with TLS the handshake's answers go back at once. */
static void take(struct peer *peer, const char *data, size_t length) {
    if (!peer->tls) {
        bytes_add(&peer->request, data, length);
        return;
    }
    struct bytes answer = {0};
    tls_take(peer->tls, data, length, &peer->request, &answer);
    send_all(peer, bytes_front(&answer), bytes_length(&answer));
    bytes_free(&answer);
}

/* A GET has no body, so its head's end is its own. */
static bool request_is_whole(const struct bytes *request) {
    size_t length = bytes_length(request), end_length = strlen(END_OF_HEAD);
    if (length < end_length) return false;
    return !memcmp(bytes_front(request) + length - end_length, END_OF_HEAD, end_length);
}

bool peer_read_request(struct peer *peer) {
    char data[4096];
    ssize_t length = recv(peer->fd, data, sizeof data, MSG_DONTWAIT);
    if (length < 0 && errno == EAGAIN) return false;
    if (length <= 0) die("a reader closed a connection before its request was whole");
    take(peer, data, (size_t)length);
    if (bytes_length(&peer->request) > MOST_OF_A_REQUEST) die("a reader's request does not end");
    if (!request_is_whole(&peer->request)) return false;
    bytes_add(&peer->request, "", 1); /* ends the text */
    peer->index = index_in(bytes_front(&peer->request));
    bytes_free(&peer->request);
    return true;
}

void peer_greet(struct peer *peer, const char *head) {
    if (!peer->tls) {
        send_all(peer, head, strlen(head));
        return;
    }
    struct bytes sealed = {0};
    tls_seal(peer->tls, head, strlen(head), &sealed);
    send_all(peer, bytes_front(&sealed), bytes_length(&sealed));
    bytes_free(&sealed);
}

static int events_in(uint64_t bytes, struct unit unit) { return (int)(bytes / unit.size) * unit.events; }

bool peer_settle(struct peer *peer, struct unit unit, const struct truth *truth) {
    if (!truth->stamps) return true;
    /* Asked before the clock, so that what has not left after the write cannot pass for it. */
    int unsent = 0;
    if (ioctl(peer->fd, SIOCOUTQNSD, &unsent)) die_of_errno("SIOCOUTQNSD");
    int64_t after_ns = real_ns();
    int left = events_in(peer->sent - (uint64_t)unsent, unit);
    truth_left_by(truth, peer->index, peer->left, left, after_ns);
    peer->left = left;
    return left == peer->written;
}

int peer_retransmits(const struct peer *peer) {
    struct tcp_info info;
    socklen_t length = sizeof info;
    if (getsockopt(peer->fd, IPPROTO_TCP, TCP_INFO, &info, &length)) die_of_errno("TCP_INFO");
    return (int)info.tcpi_total_retrans - (int)info.tcpi_dsack_dups;
}

/* One write between its two stamps; returns how much of it the kernel took. */
static size_t stamped_send(struct peer *peer, const char *data, size_t length, struct unit unit,
                           const struct truth *truth) {
    int64_t before_ns = real_ns();
    size_t sent = send_some(peer->fd, data, length);
    peer->sent += sent;
    int written = events_in(peer->sent, unit);
    if (truth->stamps) truth_not_before(truth, peer->index, peer->written, written, before_ns);
    peer->written = written;
    if (!peer_settle(peer, unit, truth)) peer->held++;
    return sent;
}

bool peer_write(struct peer *peer, const char *data, size_t length, struct unit unit, const struct truth *truth) {
    size_t sent = 0;
    /* What waits goes first, and epoll says when there is room for it. */
    if (!bytes_length(&peer->pending)) sent = stamped_send(peer, data, length, unit, truth);
    if (sent == length) return true;
    bytes_add(&peer->pending, data + sent, length - sent);
    return false;
}

bool peer_flush(struct peer *peer, struct unit unit, const struct truth *truth) {
    bytes_take(&peer->pending,
               stamped_send(peer, bytes_front(&peer->pending), bytes_length(&peer->pending), unit, truth));
    return !bytes_length(&peer->pending);
}
