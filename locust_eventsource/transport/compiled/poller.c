#define _GNU_SOURCE
#include "poller.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MOST_EVENTS 512
#define READ_BYTES 65536
#define NS_PER_S 1000000000
#define SHORT_TURN_NS 100000 /* the least that the kernel grants */
/* Beyond this much waiting for the owner the poller stops reading, and TCP makes the peers wait: nothing is lost. */
#define MOST_QUEUED ((size_t)256 << 20)

struct poller {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t taken;
    struct batch queue;
    struct connection *closed; /* to be told as GONE */
    bool asked;                /* the owner wants to be woken */
    bool woken;                /* and has been */
    bool stopping;
    pid_t process;
    int epoll;
    int wakeup; /* wakes the owner */
    int kick;   /* wakes the thread */

    /* The thread's own. */
    int64_t now_ns;
    int64_t swept_ns; /* sockets that the last complete wait did not report were empty then */
    char buffer[READ_BYTES];
};

/* One read on its way into records. */
struct arrival {
    struct poller *poller;
    struct record record;
    size_t blocks;     /* told so far */
    size_t last_block; /* the place of the last one in the queue */
};

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void signal_fd(int fd)
{
    const uint64_t one = 1;
    ssize_t written = write(fd, &one, sizeof one);
    (void)written; /* an eventfd refuses only when it is signalled already */
}

static void clear_fd(int fd)
{
    uint64_t count;
    ssize_t got = read(fd, &count, sizeof count);
    (void)got; /* nothing to read: nobody has signalled */
}

static void wake_owner(struct poller *poller, bool urgent)
{
    if (poller->woken || !(urgent || poller->asked))
        return;
    poller->woken = true;
    signal_fd(poller->wakeup);
}

static void tell(struct poller *poller, const struct record *record, const char *bytes, size_t length, bool urgent)
{
    batch_append(&poller->queue, record, bytes, length, NULL, 0);
    wake_owner(poller, urgent);
}

static int watch(struct connection *connection, int operation)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (connection->reading == ONCE)
        event.events |= EPOLLONESHOT;
    return epoll_ctl(connection->poller->epoll, operation, connection->fd, &event);
}

/* ---- the thread: reading ---- */

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
    if (!connection->behind && poller->swept_ns > empty_ns)
        empty_ns = poller->swept_ns;
    record->earliest_ns = empty_ns < record->at_ns ? empty_ns : record->at_ns;
    connection->empty_ns = size < READ_BYTES ? before_ns : empty_ns;
    connection->behind = size == READ_BYTES || connection->reading == ONCE;
    errno = error;
    return size;
}

static void tell_block(void *context, const char *block, size_t length)
{
    struct arrival *arrival = context;
    struct record *record = &arrival->record;
    record->kind = BLOCK;
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
    if (arrival.blocks && body->ends_with_block && body->state != IN_DATA) {
        struct record *last = (struct record *)(poller->queue.bytes + arrival.last_block);
        last->last_in_read = true;
    }
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

static void read_connection(struct connection *connection)
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
    connection->heard_ns = clock_ns(CLOCK_MONOTONIC_COARSE);
    if (connection->reading == BLOCKS) {
        take_blocks(connection, &record, (size_t)size);
    } else {
        record.kind = RAW;
        tell(poller, &record, poller->buffer, (size_t)size, true);
    }
}

/* ---- the thread: waiting ---- */

static void tell_closed(struct poller *poller)
{
    clear_fd(poller->kick);
    pthread_mutex_lock(&poller->lock);
    struct connection *connection = poller->closed;
    poller->closed = NULL;
    while (connection) {
        struct record record = {.connection = connection, .kind = GONE};
        connection = connection->next_closed;
        tell(poller, &record, NULL, 0, false);
    }
    pthread_mutex_unlock(&poller->lock);
}

static void serve(struct connection *connection)
{
    struct poller *poller = connection->poller;
    pthread_mutex_lock(&poller->lock);
    while (poller->queue.used > MOST_QUEUED && !poller->stopping)
        pthread_cond_wait(&poller->taken, &poller->lock);
    if (!connection->closed)
        read_connection(connection);
    pthread_mutex_unlock(&poller->lock);
}

static bool stopping(struct poller *poller)
{
    pthread_mutex_lock(&poller->lock);
    bool stopping = poller->stopping;
    pthread_mutex_unlock(&poller->lock);
    return stopping;
}

/*
 * Linux 6.12 and newer give a task with a short time slice its turn sooner (EEVDF; sched(7), sched_setattr(2)): the poller
 * needs little time, but at once. Older ones refuse or ignore it.
 */
static void ask_for_short_turns(void)
{
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } wish = {.size = sizeof wish};
    if (!syscall(SYS_sched_getattr, 0, &wish, sizeof wish, 0) && wish.policy == SCHED_OTHER) {
        wish.size = sizeof wish;
        wish.runtime = SHORT_TURN_NS;
        syscall(SYS_sched_setattr, 0, &wish, 0);
    }
}

static void *run(void *context)
{
    struct poller *poller = context;
    struct epoll_event events[MOST_EVENTS];
    bool kicked = true;
    ask_for_short_turns();
    while (!kicked || !stopping(poller)) {
        kicked = false;
        int64_t began_ns = poller->now_ns = clock_ns(CLOCK_REALTIME);
        int ready = epoll_wait(poller->epoll, events, MOST_EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.ptr)
                serve(events[i].data.ptr);
            else
                kicked = true;
        }
        if (ready >= 0 && ready < MOST_EVENTS)
            poller->swept_ns = began_ns;
        /* Only now, when no event of this wait can name them any more. */
        if (kicked)
            tell_closed(poller);
    }
    return NULL;
}

/* ---- the owner ---- */

static int start_thread(struct poller *poller)
{
    sigset_t all, before;
    sigfillset(&all);
    /* Signals are the owner's: Python handles them in its main thread. */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&poller->thread, NULL, run, poller);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

static void release(struct poller *poller)
{
    if (poller->epoll >= 0)
        close(poller->epoll);
    if (poller->wakeup >= 0)
        close(poller->wakeup);
    if (poller->kick >= 0)
        close(poller->kick);
    pthread_mutex_destroy(&poller->lock);
    pthread_cond_destroy(&poller->taken);
    free(poller->queue.bytes);
    free(poller);
}

struct poller *poller_start(void)
{
    struct poller *poller = calloc(1, sizeof *poller);
    if (!poller)
        return NULL;
    pthread_mutex_init(&poller->lock, NULL);
    pthread_cond_init(&poller->taken, NULL);
    poller->process = getpid();
    poller->asked = true;
    poller->epoll = epoll_create1(EPOLL_CLOEXEC);
    poller->wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    poller->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event kicked = {.events = EPOLLIN};
    int error = 0;
    if (poller->epoll < 0 || poller->wakeup < 0 || poller->kick < 0 ||
        epoll_ctl(poller->epoll, EPOLL_CTL_ADD, poller->kick, &kicked))
        error = errno;
    if (!error)
        error = start_thread(poller);
    if (error) {
        release(poller);
        errno = error;
        return NULL;
    }
    return poller;
}

void poller_stop(struct poller *poller)
{
    if (poller->process == getpid()) {
        pthread_mutex_lock(&poller->lock);
        poller->stopping = true;
        pthread_cond_signal(&poller->taken);
        pthread_mutex_unlock(&poller->lock);
        signal_fd(poller->kick);
        pthread_join(poller->thread, NULL);
    }
    release(poller);
}

int poller_wakeup_fd(const struct poller *poller)
{
    return poller->wakeup;
}

struct connection *poller_add(struct poller *poller, int fd, enum reading reading, int64_t since_ns, void *owner)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        return NULL;
    connection->poller = poller;
    connection->owner = owner;
    connection->fd = fd;
    connection->reading = reading;
    connection->empty_ns = since_ns;
    connection->behind = true;
    connection->heard_ns = clock_ns(CLOCK_MONOTONIC_COARSE);
    if (watch(connection, EPOLL_CTL_ADD)) {
        free(connection);
        return NULL;
    }
    return connection;
}

int poller_read(struct connection *connection, enum reading reading)
{
    pthread_mutex_lock(&connection->poller->lock);
    connection->reading = reading;
    int result = connection->closed ? 0 : watch(connection, EPOLL_CTL_MOD);
    pthread_mutex_unlock(&connection->poller->lock);
    return result;
}

void poller_close(struct connection *connection)
{
    struct poller *poller = connection->poller;
    pthread_mutex_lock(&poller->lock);
    connection->closed = true;
    epoll_ctl(poller->epoll, EPOLL_CTL_DEL, connection->fd, NULL);
    bool first = !poller->closed;
    connection->next_closed = poller->closed;
    poller->closed = connection;
    pthread_mutex_unlock(&poller->lock);
    if (first)
        signal_fd(poller->kick);
}

void poller_free(struct connection *connection)
{
    body_clear(&connection->body);
    free(connection);
}

void poller_take(struct poller *poller, struct batch *batch)
{
    batch->used = 0;
    pthread_mutex_lock(&poller->lock);
    struct batch waiting = poller->queue;
    poller->queue = *batch;
    *batch = waiting;
    if (poller->woken)
        clear_fd(poller->wakeup);
    poller->woken = poller->asked = false;
    pthread_cond_signal(&poller->taken);
    pthread_mutex_unlock(&poller->lock);
}

bool poller_wake_me(struct poller *poller)
{
    pthread_mutex_lock(&poller->lock);
    bool empty = !poller->queue.used;
    poller->asked = empty;
    pthread_mutex_unlock(&poller->lock);
    return empty;
}

int64_t poller_heard_ns(struct connection *connection)
{
    pthread_mutex_lock(&connection->poller->lock);
    int64_t heard_ns = connection->heard_ns;
    pthread_mutex_unlock(&connection->poller->lock);
    return heard_ns;
}
