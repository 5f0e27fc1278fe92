/* See truth.h. */
#define _GNU_SOURCE
#include "truth.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* since Linux 5.14; the C library's headers may be older */
#endif

struct truth truth_open(const char *path, int connections, int events) {
    struct truth truth = {.stamps = NULL, .events = events};
    size_t size = (size_t)connections * (size_t)events * 2 * sizeof(int64_t);
    if (!path) return truth;
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
    if (fd < 0 || ftruncate(fd, (off_t)size)) die_of_errno(path);
    if (size) {
        truth.stamps = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (truth.stamps == MAP_FAILED) die_of_errno(path);
        /* Where the kernel is older, the first stamp on each page costs a page fault. */
        madvise(truth.stamps, size, MADV_POPULATE_WRITE);
    }
    close(fd);
    return truth;
}
