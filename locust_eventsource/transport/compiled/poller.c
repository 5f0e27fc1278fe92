#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shared.h"

#define MOST_EVENTS 512
#define LOOK_EVERY_MS 10
#define STAY_AWAKE_NS NS_PER_S
#define ENOUGH_EVENTS 16
#define AT_ONCE_NS 500000 /* a wait this short means that events keep coming */
#define GATHER_NS 250000
#define SHORT_TURN_NS 100000 /* the least that the kernel grants */
/* Beyond this much waiting for the owner the poller stops reading, and TCP makes the peers wait: nothing is lost. */
#define MOST_QUEUED ((size_t)256 << 20)

int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

void signal_fd(int fd)
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

void wake_owner(struct poller *poller, bool urgent)
{
    if (poller->woken || !(urgent || poller->asked))
        return;
    poller->woken = true;
    signal_fd(poller->wakeup);
}

void tell(struct poller *poller, const struct record *record, const char *bytes, size_t length, bool urgent)
{
    batch_append(&poller->queue, record, bytes, length, NULL, 0);
    wake_owner(poller, urgent);
}

int watch(struct connection *connection, int operation)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = connection};
    if (connection->reading == ONCE)
        event.events |= EPOLLONESHOT;
    return epoll_ctl(connection->poller->epoll, operation, connection->fd, &event);
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

static void serve(struct connection *connection, uint32_t happened)
{
    struct poller *poller = connection->poller;
    pthread_mutex_lock(&poller->lock);
    while (poller->queue.used > MOST_QUEUED && !poller->stopping)
        pthread_cond_wait(&poller->taken, &poller->lock);
    if (!connection->closed)
        read_connection(connection, happened & EPOLLRDHUP);
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

/*
 * While events come, sockets are looked at again and again even if nothing happens: events that share a read came after
 * the last look, so the looks bound how uncertain their arrival is. When all is quiet the thread sleeps.
 */
static int patience_ms(const struct poller *poller)
{
    return poller->now_ns - poller->busy_ns < STAY_AWAKE_NS ? LOOK_EVERY_MS : -1;
}

/*
 * In a burst, waking up for each socket costs more than reading it. So when two waits in a row were over at once and
 * brought little, the next sockets get a moment to become ready together. No stamp moves: they are the kernel's.
 */
static void let_gather(struct poller *poller, bool hurried)
{
    const struct timespec moment = {.tv_nsec = GATHER_NS};
    if (hurried && poller->hurried)
        nanosleep(&moment, NULL);
    poller->hurried = hurried;
}

static void *run(void *context)
{
    struct poller *poller = context;
    struct epoll_event events[MOST_EVENTS];
    bool kicked = true;
    ask_for_short_turns();
    prctl(PR_SET_TIMERSLACK, 1);
    while (!kicked || !stopping(poller)) {
        kicked = false;
        int64_t began_ns = poller->now_ns = clock_ns(CLOCK_REALTIME);
        int ready = epoll_wait(poller->epoll, events, MOST_EVENTS, patience_ms(poller));
        poller->now_ns = clock_ns(CLOCK_REALTIME);
        bool hurried = poller->now_ns - began_ns < AT_ONCE_NS && ready < ENOUGH_EVENTS;
        if (ready > 0)
            poller->busy_ns = poller->now_ns;
        for (int i = 0; i < ready; i++) {
            if (events[i].data.ptr)
                serve(events[i].data.ptr, events[i].events);
            else
                kicked = true;
        }
        if (ready >= 0 && ready < MOST_EVENTS)
            poller->swept_ns = began_ns;
        /* Only now, when no event of this wait can name them any more. */
        if (kicked)
            tell_closed(poller);
        let_gather(poller, hurried);
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

static int begin_to_watch(struct connection *connection, int operation)
{
    int failed = watch(connection, operation);
    connection->watched_ns = clock_ns(CLOCK_REALTIME);
    return failed;
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
    connection->watched_ns = INT64_MAX;
    connection->heard_ns = clock_ns(CLOCK_MONOTONIC_COARSE);
    pthread_mutex_lock(&poller->lock);
    int failed = begin_to_watch(connection, EPOLL_CTL_ADD);
    pthread_mutex_unlock(&poller->lock);
    if (failed) {
        free(connection);
        return NULL;
    }
    return connection;
}

int poller_read(struct connection *connection, enum reading reading)
{
    pthread_mutex_lock(&connection->poller->lock);
    connection->reading = reading;
    int result = connection->closed ? 0 : begin_to_watch(connection, EPOLL_CTL_MOD);
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
