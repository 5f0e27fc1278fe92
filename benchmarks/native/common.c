/* See common.h. */
#define _GNU_SOURCE
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* since Linux 5.14; the C library's headers may be older */
#endif

enum { SPARE_FILES = 64, SMALLEST_ROOM = 1024 };

void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", program_invocation_short_name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

void die_of_errno(const char *what) { die("%s: %s", what, strerror(errno)); }

static int64_t read_clock(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t real_ns(void) { return read_clock(CLOCK_REALTIME); }

int64_t steady_ns(void) { return read_clock(CLOCK_MONOTONIC); }

void pin(int core) {
    if (core < 0) return;
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET((size_t)core, &cores);
    if (sched_setaffinity(0, sizeof cores, &cores)) die("core %d: %s", core, strerror(errno));
}

void allow_files(int connections) {
    struct rlimit limit;
    rlim_t needed = (rlim_t)connections + SPARE_FILES;
    if (getrlimit(RLIMIT_NOFILE, &limit)) die_of_errno("the limit on open files");
    if (limit.rlim_cur >= needed) return;
    if (limit.rlim_max < needed) die("%d connections need %lu open files: raise `ulimit -Hn`", connections, needed);
    limit.rlim_cur = needed;
    if (setrlimit(RLIMIT_NOFILE, &limit)) die_of_errno("the limit on open files");
}

long whole_number(const char *option, const char *text, long low, long high) {
    char *rest;
    errno = 0;
    long number = strtol(text, &rest, 10);
    if (errno || rest == text || *rest || number < low || number > high)
        die("--%s takes a whole number from %ld to %ld, not '%s'", option, low, high, text);
    return number;
}

/* The number at `index` (from 0) in a file of /proc; 0 where there is none. */
static long long proc_number(const char *path, int index) {
    long long number = 0;
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    for (int at = 0; at <= index; at++)
        if (fscanf(file, "%lld", &number) != 1) number = 0;
    fclose(file);
    return number;
}

struct usage usage_now(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    int64_t seconds = used.ru_utime.tv_sec + used.ru_stime.tv_sec;
    int64_t micros = used.ru_utime.tv_usec + used.ru_stime.tv_usec;
    return (struct usage){
        .cpu_ns = seconds * NS_PER_S + micros * 1000,
        .waited_ns = proc_number("/proc/self/schedstat", 1),
        .at_ns = steady_ns(),
        .resident_kib = (double)proc_number("/proc/self/statm", 1) * (double)sysconf(_SC_PAGESIZE) / 1024,
    };
}

int64_t thread_cpu_ns(void) { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

void watch(int epoll, int fd, uint32_t events, void *what) {
    struct epoll_event event = {.events = events, .data.ptr = what};
    if (epoll_ctl(epoll, events ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, fd, &event)) die_of_errno("epoll_ctl");
}

void read_standard_input(char *line, size_t room) {
    ssize_t length = read(STDIN_FILENO, line, room - 1);
    if (length <= 0) exit(0);
    line[length] = '\0';
}

int64_t *numbers_kept(const char *path, size_t count) {
    size_t size = (count ? count : 1) * sizeof(int64_t);
    int fd = path ? open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;
    if (path && (fd < 0 || ftruncate(fd, (off_t)(count * sizeof(int64_t))))) die_of_errno(path);
    int flags = path ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
    int64_t *numbers = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (numbers == MAP_FAILED) die_of_errno(path ? path : "memory");
    /* Where the kernel is older, the first number on each page costs a page fault. */
    madvise(numbers, count * sizeof(int64_t), MADV_POPULATE_WRITE);
    if (path) close(fd);
    return numbers;
}

void bytes_add(struct bytes *bytes, const char *data, size_t length) {
    if (!length) return;
    if (bytes->start && bytes->end + length > bytes->room) {
        memmove(bytes->data, bytes_front(bytes), bytes_length(bytes));
        bytes->end -= bytes->start;
        bytes->start = 0;
    }
    if (bytes->end + length > bytes->room) {
        bytes->room = (bytes->end + length) * 2;
        if (bytes->room < SMALLEST_ROOM) bytes->room = SMALLEST_ROOM;
        bytes->data = realloc(bytes->data, bytes->room);
        if (!bytes->data) die("no memory for %zu bytes", bytes->room);
    }
    memcpy(bytes->data + bytes->end, data, length);
    bytes->end += length;
}

void bytes_take(struct bytes *bytes, size_t length) {
    bytes->start += length;
    if (bytes->start == bytes->end) bytes->start = bytes->end = 0;
}

void bytes_free(struct bytes *bytes) {
    free(bytes->data);
    *bytes = (struct bytes){0};
}
