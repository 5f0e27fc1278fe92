/* The benchmark's lower limit: a reader of one thread that does nothing but what every reader must do.
 *
 * One epoll_wait after another, one recvmsg for each readiness with the kernel's receive stamp, the chunks taken off,
 * the events found by their blank line, each accounted for by its number. No tricks that trade delay for fewer
 * calls. */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "account.h"
#include "opening.h"

#define USAGE "usage: epoll_reader --url URL --connections N --events N_OF_EACH [--core C] [--stamps FILE]\n"
/* A reader that fell behind is given time as long as events come; after this much silence the rest is lost. */
#define QUIET_NS (3 * NS_PER_S)

enum { READY_AT_ONCE = 256, READ_ROOM = 65536, LOOK_EVERY_MS = 100, ANSWERS_OWED = 1000 };
enum { MOST_CONNECTIONS = 100000, MOST_EVENTS = 100000000, MOST_CORES = 1023 };

struct reader {
    int epoll, connections, open, broken;
    struct account account;
    struct stream *streams;
    char data[READ_ROOM];
};

/* What taking the events of one read needs to know. */
struct reading {
    struct reader *reader;
    int connection;
    int64_t events;
    struct moment moment;
};

static char input_mark; /* what epoll hands back for standard input */

static void take_block_of_read(void *context, const char *block, size_t length) {
    struct reading *reading = context;
    reading->events += account_take(&reading->reader->account, reading->connection, block, length, reading->moment);
}

static void end_stream(struct reader *reader, struct stream *stream) {
    close(stream->fd);
    stream->fd = -1;
    bytes_free(&stream->body.rest);
    reader->broken++;
}

static struct moment moment_of(struct msghdr *message) {
    struct moment moment = {0};
    for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control)) {
        if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_TIMESTAMPNS) continue;
        struct timespec stamp;
        memcpy(&stamp, CMSG_DATA(control), sizeof stamp);
        moment.stamp_ns = stamp.tv_sec * NS_PER_S + stamp.tv_nsec;
        moment.from_kernel = true;
    }
    if (!moment.from_kernel) moment.stamp_ns = real_ns();
    return moment;
}

static void read_stream(struct reader *reader, struct stream *stream) {
    char control[CMSG_SPACE(sizeof(struct timespec))];
    struct iovec place = {.iov_base = reader->data, .iov_len = READ_ROOM};
    struct msghdr message = {
        .msg_iov = &place, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t length = recvmsg(stream->fd, &message, 0);
    if (length < 0 && errno == EAGAIN) return;
    if (length <= 0) {
        end_stream(reader, stream);
        return;
    }
    bool was_open = stream->body.state != IN_HEAD;
    struct reading reading = {.reader = reader, .connection = stream->index, .moment = moment_of(&message)};
    body_take(&stream->body, reader->data, (size_t)length, take_block_of_read, &reading);
    if (reading.events) reader->account.coalesced += reading.events - 1;
    if (!was_open && stream->body.state != IN_HEAD) reader->open++;
}

static void look(struct reader *reader, int timeout_ms) {
    struct epoll_event ready[READY_AT_ONCE];
    int count = epoll_wait(reader->epoll, ready, READY_AT_ONCE, timeout_ms);
    if (count < 0 && errno != EINTR) die_of_errno("epoll_wait");
    for (int at = 0; at < count; at++) {
        char ignored[64];
        if (ready[at].data.ptr == &input_mark)
            read_standard_input(ignored, sizeof ignored);
        else
            read_stream(reader, ready[at].data.ptr);
    }
}

/* Open all connections, with a limited number of answers owed: more would not fit the source's queue. */
static void open_streams(struct reader *reader, const struct target *target) {
    for (int index = 0; index < reader->connections; index++) {
        struct stream *stream = &reader->streams[index];
        stream_open(stream, index, target);
        watch(reader->epoll, stream->fd, EPOLLIN, stream);
        while (index + 1 - reader->open >= ANSWERS_OWED) look(reader, -1);
    }
    while (reader->open < reader->connections && !reader->broken) look(reader, -1);
    if (reader->broken) die("a connection could not be opened");
}

/* Read until all events have come, no connection is left, or events have stopped coming. */
static void read_events(struct reader *reader) {
    int64_t delivered = 0, heard_ns = steady_ns();
    while (account_lost(&reader->account) && reader->broken < reader->connections) {
        look(reader, LOOK_EVERY_MS);
        if (reader->account.delivered != delivered || !delivered) {
            delivered = reader->account.delivered;
            heard_ns = steady_ns();
        } else if (steady_ns() - heard_ns > QUIET_NS) {
            return;
        }
    }
}

static void say_report(const struct reader *reader, struct usage idle, struct usage opened, struct usage ended) {
    double delivered = reader->account.delivered ? (double)reader->account.delivered : 1;
    printf("{\"report\": {");
    account_say(&reader->account);
    say_number("cpu_us", (double)(ended.cpu_ns - opened.cpu_ns) / 1e3 / delivered);
    say_number("waited", (double)(ended.waited_ns - opened.waited_ns) / (double)(ended.at_ns - opened.at_ns));
    say_number("memory_mib", ended.resident_kib / 1024);
    say_number("connection_kib", (opened.resident_kib - idle.resident_kib) / reader->connections);
    say_number("open_s", (double)(opened.at_ns - idle.at_ns) / 1e9);
    printf("\"broken\": %d}}\n", reader->broken);
    fflush(stdout);
}

static void run(struct reader *reader, const struct target *target) {
    struct usage idle = usage_now();
    open_streams(reader, target);
    struct usage opened = usage_now();
    printf("{\"open\": %d}\n", reader->open);
    fflush(stdout);
    read_events(reader);
    say_report(reader, idle, opened, usage_now());
}

static const struct option OPTIONS[] = {
    {"url", required_argument, NULL, 'u'},    {"connections", required_argument, NULL, 'n'},
    {"events", required_argument, NULL, 'e'}, {"core", required_argument, NULL, 'c'},
    {"stamps", required_argument, NULL, 's'}, {NULL, 0, NULL, 0},
};

int main(int argc, char **argv) {
    int option, connections = 0, events = -1, core = -1;
    const char *url = NULL, *stamps = NULL;
    while ((option = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1) {
        switch (option) {
        case 'u': url = optarg; break;
        case 'n': connections = (int)whole_number("connections", optarg, 1, MOST_CONNECTIONS); break;
        case 'e': events = (int)whole_number("events", optarg, 0, MOST_EVENTS); break;
        case 'c': core = (int)whole_number("core", optarg, 0, MOST_CORES); break;
        case 's': stamps = optarg; break;
        default: url = NULL;
        }
    }
    if (!url || !connections || events < 0 || optind < argc) {
        fputs(USAGE, stderr);
        return 2;
    }
    pin(core);
    allow_files(connections);
    struct target target = target_of(url);
    static struct reader reader;
    reader.connections = connections;
    reader.account = account_new(connections, events, stamps);
    reader.streams = calloc((size_t)connections, sizeof *reader.streams);
    reader.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!reader.streams || reader.epoll < 0) die_of_errno("epoll");
    watch(reader.epoll, STDIN_FILENO, EPOLLIN, &input_mark);
    run(&reader, &target);
    while (!events) look(&reader, -1);
    return 0;
}
