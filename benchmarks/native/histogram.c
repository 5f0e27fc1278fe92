/* See histogram.h. */
#include "histogram.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common.h"

enum { STEP_BITS = 10 };

struct histogram *histogram_new(void) {
    struct histogram *histogram = calloc(1, sizeof *histogram);
    if (!histogram) die("no memory for a histogram");
    return histogram;
}

/* How far a value is shifted so that its first eleven bits remain. */
static int shift_of(uint64_t value) {
    int highest_bit = 63 - __builtin_clzll(value | 1);
    return highest_bit > STEP_BITS ? highest_bit - STEP_BITS : 0;
}

void histogram_add(struct histogram *histogram, int64_t value_ns) {
    uint64_t value = value_ns > 0 ? (uint64_t)value_ns : 0;
    int shift = shift_of(value);
    histogram->counts[(uint64_t)shift * HISTOGRAM_STEPS + (value >> shift)]++;
    histogram->total++;
    if (value_ns > histogram->max_ns) histogram->max_ns = value_ns;
}

/* The greatest value that is counted at `index`. */
static double highest_at(uint64_t index) {
    if (index < 2 * HISTOGRAM_STEPS) return (double)index;
    uint64_t shift = index / HISTOGRAM_STEPS - 1;
    uint64_t step = index % HISTOGRAM_STEPS + HISTOGRAM_STEPS;
    return (double)(((step + 1) << shift) - 1);
}

double histogram_percentile_ms(const struct histogram *histogram, double percent, uint64_t lost) {
    uint64_t rank = (uint64_t)ceil(percent / 100 * (double)(histogram->total + lost));
    uint64_t counted = 0;
    if (!rank) return NAN;
    for (uint64_t index = 0; index < HISTOGRAM_BUCKETS; index++) {
        counted += histogram->counts[index];
        if (counted >= rank) return fmin(highest_at(index), (double)histogram->max_ns) / 1e6;
    }
    return INFINITY;
}

double histogram_max_ms(const struct histogram *histogram) {
    return histogram->total ? (double)histogram->max_ns / 1e6 : NAN;
}

void say_number(const char *key, double number) {
    if (isnan(number))
        printf("\"%s\": null, ", key);
    else if (isinf(number))
        printf("\"%s\": Infinity, ", key);
    else
        printf("\"%s\": %.6f, ", key, number);
}
