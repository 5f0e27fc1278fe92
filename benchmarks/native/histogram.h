/* Latencies in ns, counted to three digits: 1024 buckets for every power of two, as HdrHistogram counts them. */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_STEPS = 1024, HISTOGRAM_BUCKETS = 55 * HISTOGRAM_STEPS };

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total;
    int64_t max_ns;
};

/* A new one, empty. */
struct histogram *histogram_new(void);
/* Count one value; a negative one counts as 0. */
void histogram_add(struct histogram *histogram, int64_t value_ns);
/* The percentile in ms. `lost` further samples rank as infinitely late; NaN when there is no sample at all. */
double histogram_percentile_ms(const struct histogram *histogram, double percent, uint64_t lost);
/* The greatest value in ms, exactly; NaN when there is none. */
double histogram_max_ms(const struct histogram *histogram);
/* Print `"key": number, ` as Python's json reads it: Infinity, and null for NaN. */
void say_number(const char *key, double number);

#endif
