/* The benchmark's event source: sockets and epoll, one thread, the time before and after each write kept in a file.
 *
 * It prints its port, waits for all connections, prints that they are open, sends when it reads "start", prints how
 * that went, and ends when its standard input is closed. It is compiled so that the source is not what a reader waits
 * for. */
#define _GNU_SOURCE
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sender.h"
#include "wire.h"

/* A burst of so many events is still one record of TLS (16 KiB). */
enum { MOST_IN_A_BURST = 50, MOST_CONNECTIONS = 100000, MOST_EVENTS = 100000000, MOST_CORES = 1023 };

#define USAGE                                                                                                    \
    "usage: source --connections N --events N_OF_EACH --rate EVENTS_A_SECOND --body chunked|identity\n"          \
    "              --pattern fan-out|even --mode distinct|broadcast [--truth FILE] [--core C] [--burst EVENTS]\n" \
    "              [--tls CERTIFICATE KEY]\n"

struct options {
    struct plan plan;
    int connections, core;
    const char *truth, *certificate, *key;
};

static const struct option OPTIONS[] = {
    {"connections", required_argument, NULL, 'n'}, {"events", required_argument, NULL, 'e'},
    {"rate", required_argument, NULL, 'r'},        {"body", required_argument, NULL, 'b'},
    {"pattern", required_argument, NULL, 'p'},     {"mode", required_argument, NULL, 'm'},
    {"truth", required_argument, NULL, 't'},       {"core", required_argument, NULL, 'c'},
    {"burst", required_argument, NULL, 'k'},       {"tls", required_argument, NULL, 's'},
    {NULL, 0, NULL, 0},
};

/* Whether `text` is `yes`; dies when it is neither that nor `no`. */
static bool is_first(const char *option, const char *text, const char *yes, const char *no) {
    if (!strcmp(text, yes)) return true;
    if (strcmp(text, no)) die("--%s takes %s or %s, not '%s'", option, yes, no, text);
    return false;
}

static double rate_of(const char *text) {
    char *rest;
    double rate = strtod(text, &rest);
    if (rest == text || *rest || !(rate >= 0) || rate > 1e9) die("--rate takes events a second, not '%s'", text);
    return rate;
}

static void take_option(struct options *options, int option, int argc, char **argv) {
    struct plan *plan = &options->plan;
    switch (option) {
    case 'n': options->connections = (int)whole_number("connections", optarg, 1, MOST_CONNECTIONS); break;
    case 'e': plan->events = (int)whole_number("events", optarg, 0, MOST_EVENTS); break;
    case 'r': plan->rate = rate_of(optarg); break;
    case 'b': plan->chunked = is_first("body", optarg, "chunked", "identity"); break;
    case 'p': plan->even = is_first("pattern", optarg, "even", "fan-out"); break;
    case 'm': plan->broadcast = is_first("mode", optarg, "broadcast", "distinct"); break;
    case 't': options->truth = optarg; break;
    case 'c': options->core = (int)whole_number("core", optarg, 0, MOST_CORES); break;
    case 'k': plan->burst = (int)whole_number("burst", optarg, 1, MOST_IN_A_BURST); break;
    case 's':
        if (optind >= argc) die("--tls takes two files");
        options->certificate = optarg;
        options->key = argv[optind++];
        break;
    default: fputs(USAGE, stderr); exit(2);
    }
}

static struct options read_options(int argc, char **argv) {
    struct options options = {.core = -1, .plan = {.burst = 1, .rate = -1, .events = -1, .chunked = true}};
    int option;
    while ((option = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1) take_option(&options, option, argc, argv);
    if (optind < argc || !options.connections || options.plan.rate < 0 || options.plan.events < 0) {
        fputs(USAGE, stderr);
        exit(2);
    }
    if (options.plan.events % options.plan.burst) die("--events must be a multiple of --burst");
    return options;
}

static void say(const char *key, int value) {
    printf("{\"%s\": %d}\n", key, value);
    fflush(stdout);
}

/* Events that the kernel took whole: of all connections, and of those that got the fewest and the most. `held`: writes
 * that TCP held back; `retransmits`: segments that it sent again. */
struct written {
    int64_t all, held, retransmits;
    int least, most;
};

static struct written count_written(const struct server *server) {
    struct written written = {.least = server->peers[0]->written};
    for (int connection = 0; connection < server->connections; connection++) {
        int count = server->peers[connection]->written;
        written.all += count;
        written.held += server->peers[connection]->held;
        written.retransmits += peer_retransmits(server->peers[connection]);
        if (count < written.least) written.least = count;
        if (count > written.most) written.most = count;
    }
    return written;
}

/* cpu_us is CPU time per event without the waiting for the schedule, so that it tells how near the source was to its
 * own limit. */
static void say_report(const struct server *server, const struct plan *plan, const struct outcome *outcome) {
    double events = (double)plan->events * server->connections;
    bool scheduled = outcome->behind->total > 0;
    struct written written = count_written(server);
    printf("{\"report\": {\"written\": %ld, \"written_min\": %d, ", written.all, written.least);
    printf("\"written_max\": %d, \"blocked\": %ld, ", written.most, server->blocked);
    printf("\"held\": %ld, \"retransmits\": %ld, ", written.held, written.retransmits);
    say_number("behind_p99_ms", scheduled ? histogram_percentile_ms(outcome->behind, 99, 0) : 0);
    say_number("behind_max_ms", scheduled ? histogram_max_ms(outcome->behind) : 0);
    say_number("cpu_us", events > 0 ? (double)outcome->busy_cpu_ns / 1e3 / events : 0);
    printf("\"seconds\": %.6f}}\n", (double)outcome->took_ns / 1e9);
    fflush(stdout);
}

int main(int argc, char **argv) {
    struct options options = read_options(argc, argv);
    struct plan *plan = &options.plan;
    pin(options.core);
    allow_files(options.connections);
    struct truth truth = truth_open(options.truth, options.connections, plan->events);
    struct server server = {
        .connections = options.connections,
        .head = wire_head(plan->chunked),
        .unit = {.size = wire_length(plan->chunked), .events = 1},
        .truth = &truth,
        .tls = options.certificate ? tls_server(options.certificate, options.key) : NULL,
    };
    say("port", server_listen(&server));
    server_accept_all(&server);
    say("open", server.open);
    server_wait_for_start(&server);
    struct outcome outcome = send_all_events(&server, plan);
    say_report(&server, plan, &outcome);
    for (;;) server_look(&server, -1);
}
