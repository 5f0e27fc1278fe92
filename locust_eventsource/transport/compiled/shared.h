/* What the poller's thread and its owner share, for the files that make the poller. */
#ifndef EVENTSOURCE_SHARED_H
#define EVENTSOURCE_SHARED_H

#include <pthread.h>
#include <sys/types.h>
#include <time.h>

#include "poller.h"

#define READ_BYTES 65536
#define NS_PER_S 1000000000

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
    int64_t busy_ns;  /* when a wait brought something last */
    bool hurried;     /* the last wait was over at once and brought little */
    char buffer[READ_BYTES];
};

int64_t clock_ns(clockid_t clock);

void signal_fd(int fd);

/* Puts a record behind the others and wakes an owner that asked for it, or at once if it is urgent. Holds the lock. */
void tell(struct poller *poller, const struct record *record, const char *bytes, size_t length, bool urgent);

/* Wakes the owner if it asked, or if the record just told is urgent. Holds the lock. */
void wake_owner(struct poller *poller, bool urgent);

/* Has epoll report the connection as its way of reading wants. `operation` is epoll_ctl's. */
int watch(struct connection *connection, int operation);

/* Reads one connection that is readable, and tells what came. `closing`: the peer has closed already. Holds the lock. */
void read_connection(struct connection *connection, bool closing);

#endif
