/* What the benchmark's C programs share: clocks, cores, process figures, growing buffers, and how they fail. */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NS_PER_S 1000000000LL

/* Say on standard error what is wrong and exit with 1. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* As `die`, with the meaning of errno behind it. */
_Noreturn void die_of_errno(const char *what);

int64_t real_ns(void);   /* CLOCK_REALTIME: the clock of every stamp */
int64_t steady_ns(void); /* CLOCK_MONOTONIC: for lengths of time */

/* Stay on `core`; a negative one means any. */
void pin(int core);
/* Raise the soft limit on open files so that `connections` fit, or die. */
void allow_files(int connections);

/* A whole number of an option's text within [low, high], or die naming the option. */
long whole_number(const char *option, const char *text, long low, long high);

/* What this process has used so far. `waited_ns`: ready to run without a core. */
struct usage {
    int64_t cpu_ns, waited_ns, at_ns;
    double resident_kib;
};
struct usage usage_now(void);

/* The CPU time of this thread. Reading it is a system call. */
int64_t thread_cpu_ns(void);

/* Watch `fd` for `events` (0 ends the watching); what epoll_wait hands back is `what`. */
void watch(int epoll, int fd, uint32_t events, void *what);
/* What standard input says, in `line` (at most `room` bytes with the closing zero). Its end ends this process. */
void read_standard_input(char *line, size_t room);

/* `count` numbers, all 0, that are kept in a file, made anew; with a NULL `path` in memory. The pages are made
 * beforehand, so that to write one is a plain store. */
int64_t *numbers_kept(const char *path, size_t count);

/* Bytes that grow at the end and are taken from the front. */
struct bytes {
    char *data;
    size_t start, end, room;
};
void bytes_add(struct bytes *bytes, const char *data, size_t length);
void bytes_take(struct bytes *bytes, size_t length);
void bytes_free(struct bytes *bytes);
static inline size_t bytes_length(const struct bytes *bytes) { return bytes->end - bytes->start; }
static inline char *bytes_front(const struct bytes *bytes) { return bytes->data + bytes->start; }

#endif
