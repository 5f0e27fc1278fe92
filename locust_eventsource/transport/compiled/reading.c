/* One read of one socket: the kernel's stamp, how early its bytes may have come, and the records that it makes. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "shared.h"

/* One read on its way into records. */
struct arrival {
    struct poller *poller;
    struct record record;
    size_t blocks;     /* told so far */
    size_t last_block; /* the place of the last one in the queue */
};

static bool kernel_stamp(struct msghdr *message, int64_t *at_ns)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec stamp;
            memcpy(&stamp, CMSG_DATA(part), sizeof stamp);
            *at_ns = (int64_t)stamp.tv_sec * NS_PER_S + stamp.tv_nsec;
            return true;
        }
    }
    return false;
}

/*
 * The end of a stream of bytes has no byte of its own, and the kernel lets it replace the stamp of the bytes before it. It
 * can have come unreported only if the stamp is later than the wait's report. The connection's state tells; looking for
 * the next byte would take a pending error from the next read.
 */
static bool end_came_too(const struct connection *connection, const struct record *record, bool closing)
{
    uint8_t state = TCP_ESTABLISHED; /* the first byte of struct tcp_info */
    socklen_t length = sizeof state;
    if (closing || record->at_ns <= connection->poller->busy_ns)
        return closing;
    return !getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &state, &length) && state != TCP_ESTABLISHED;
}

static ssize_t receive(struct poller *poller, struct connection *connection, struct record *record)
{
    char control[CMSG_SPACE(sizeof(struct timespec))];
    struct iovec piece = {poller->buffer, READ_BYTES};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t size = recvmsg(connection->fd, &message, MSG_DONTWAIT);
    int error = errno;
    /* The time before this read, since what comes while it runs may or may not be in it. */
    int64_t before_ns = poller->now_ns;
    poller->now_ns = record->read_ns = record->at_ns = clock_ns(CLOCK_REALTIME);
    record->kernel = size > 0 && kernel_stamp(&message, &record->at_ns);
    int64_t empty_ns = connection->empty_ns;
    if (poller->swept_ns > connection->watched_ns && poller->swept_ns > empty_ns)
        empty_ns = poller->swept_ns;
    record->earliest_ns = empty_ns < record->at_ns ? empty_ns : record->at_ns;
    connection->empty_ns = size < READ_BYTES ? before_ns : empty_ns;
    if (size == READ_BYTES)
        connection->watched_ns = poller->now_ns;
    if (connection->reading == ONCE)
        connection->watched_ns = INT64_MAX;
    errno = error;
    return size;
}

static void tell_block(void *context, const char *block, size_t length)
{
    struct arrival *arrival = context;
    struct record *record = &arrival->record;
    record->kind = BLOCK;
    record->last_in_read = false;
    record->hash = hash_bytes(block, length);
    arrival->last_block = arrival->poller->queue.used;
    arrival->blocks++;
    tell(arrival->poller, record, block, length, false);
    record->fresh = 0;
}

static void hand_over(struct connection *connection, struct record *record, const char *rest, size_t length)
{
    struct body *body = &connection->body;
    char last = body->after_cr && body->held_length ? '\r' : '\n';
    size_t room = body->size_length + length;
    char *framed = malloc(room + 1);
    if (!framed)
        abort();
    memcpy(framed, body->size_line, body->size_length);
    if (length)
        memcpy(framed + body->size_length, rest, length);
    if (body->held_length && !body->in_line)
        body->held[body->held_length - 1] = last;
    record->kind = HAND_OVER;
    record->held = (uint32_t)body->held_length;
    record->detail = body->chunked ? (int32_t)body->state : -1;
    record->remaining = body->remaining;
    batch_append(&connection->poller->queue, record, body->held, body->held_length, framed, room);
    wake_owner(connection->poller, true);
    record->fresh = 0;
    free(framed);
    body_clear(body);
    connection->reading = ALWAYS;
}

static void take_blocks(struct connection *connection, struct record *record, size_t size)
{
    struct poller *poller = connection->poller;
    struct body *body = &connection->body;
    struct arrival arrival = {.poller = poller, .record = *record};
    body->ends_with_block = false;
    size_t taken = body_feed(body, poller->buffer, size, tell_block, &arrival);
    if (arrival.blocks && taken == size && body->ends_with_block && body->state != IN_DATA) {
        struct record *last = (struct record *)(poller->queue.bytes + arrival.last_block);
        last->last_in_read = record->last_in_read;
    }
    arrival.record.last_in_read = record->last_in_read;
    if (body_hands_over(body, taken, size))
        hand_over(connection, &arrival.record, poller->buffer + taken, size - taken);
    connection->fresh = arrival.record.fresh;
}

static void end(struct connection *connection, struct record *record, int error)
{
    epoll_ctl(connection->poller->epoll, EPOLL_CTL_DEL, connection->fd, NULL);
    if (connection->reading == BLOCKS)
        hand_over(connection, record, NULL, 0);
    record->kind = error ? BROKEN : END;
    record->detail = error;
    tell(connection->poller, record, NULL, 0, true);
}

void read_connection(struct connection *connection, bool closing)
{
    struct poller *poller = connection->poller;
    struct record record = {.connection = connection};
    ssize_t size = receive(poller, connection, &record);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
        if (connection->reading == ONCE)
            watch(connection, EPOLL_CTL_MOD);
        return;
    }
    record.fresh = connection->fresh + (size > 0 ? (uint32_t)size : 0);
    connection->fresh = 0;
    if (size <= 0) {
        end(connection, &record, size < 0 ? errno : 0);
        return;
    }
    /* Bytes beyond a full read may have merged with its last ones, and their stamps too. */
    record.last_in_read = size < READ_BYTES && !end_came_too(connection, &record, closing);
    connection->heard_ns = clock_ns(CLOCK_MONOTONIC_COARSE);
    if (connection->reading == BLOCKS) {
        take_blocks(connection, &record, (size_t)size);
    } else {
        record.kind = RAW;
        tell(poller, &record, poller->buffer, (size_t)size, true);
    }
}
