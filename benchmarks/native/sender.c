/* See sender.h. */
#define _GNU_SOURCE
#include "sender.h"

#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "wire.h"

/* Sleeping overshoots by a tenth of a millisecond and more, so the last stretch is spent looking at the clock. */
#define SLEEPABLE_NS 2000000LL
/* How often readiness is looked at while sending; sooner when a connection waits for room. */
#define LOOK_EVERY_NS 50000000LL
#define LOOK_WHILE_WAITING_NS 500000LL

/* The bytes of one write. */
struct payload {
    char *plain;
    size_t length;
    struct bytes sealed; /* the same as ciphertext, with TLS */
};

struct sender {
    struct server *server;
    const struct plan *plan;
    struct payload payload;
    struct outcome outcome;
    int64_t started_ns, looked_ns;
};

static void sleep_ns(int64_t length_ns) {
    struct timespec length = {.tv_sec = length_ns / NS_PER_S, .tv_nsec = length_ns % NS_PER_S};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &length, NULL);
}

static int64_t wait_until(struct sender *sender, int64_t due_ns) {
    int64_t now_ns, cpu_ns = thread_cpu_ns();
    while ((now_ns = steady_ns()) < due_ns) {
        if (due_ns - now_ns > SLEEPABLE_NS)
            sleep_ns(due_ns - now_ns - SLEEPABLE_NS);
        else
            sched_yield();
    }
    sender->outcome.busy_cpu_ns -= thread_cpu_ns() - cpu_ns;
    return now_ns;
}

/* Wait for the place of the event with this number (over all connections) in the schedule; returns the time. */
static int64_t wait_for_place(struct sender *sender, int64_t number) {
    int64_t now_ns = steady_ns();
    if (sender->plan->rate <= 0) return now_ns;
    int64_t due_ns = sender->started_ns + (int64_t)((double)number * 1e9 / sender->plan->rate);
    if (now_ns < due_ns) now_ns = wait_until(sender, due_ns);
    histogram_add(sender->outcome.behind, now_ns - due_ns);
    return now_ns;
}

/* Put the events from `sequence` on in the payload, stamped with the time of now. */
static void make_payload(struct sender *sender, int connection, int sequence) {
    const struct plan *plan = sender->plan;
    char *at = sender->payload.plain;
    int64_t sent_ns = real_ns();
    for (int event = 0; event < plan->burst; event++)
        at += wire_event(at, plan->chunked, sent_ns, plan->broadcast ? -1 : connection, sequence + event);
    sender->payload.length = (size_t)(at - sender->payload.plain);
}

static void write_to(struct sender *sender, struct peer *peer) {
    struct payload *payload = &sender->payload;
    if (!peer->tls) {
        server_write(sender->server, peer, payload->plain, payload->length);
        return;
    }
    payload->sealed.start = payload->sealed.end = 0;
    tls_seal(peer->tls, payload->plain, payload->length, &payload->sealed);
    sender->server->unit = (struct unit){.size = bytes_length(&payload->sealed), .events = sender->plan->burst};
    server_write(sender->server, peer, bytes_front(&payload->sealed), bytes_length(&payload->sealed));
}

static void look_now_and_then(struct sender *sender, int64_t now_ns) {
    int64_t every_ns = sender->server->waiting ? LOOK_WHILE_WAITING_NS : LOOK_EVERY_NS;
    if (now_ns - sender->looked_ns < every_ns) return;
    server_look(sender->server, 0);
    sender->looked_ns = now_ns;
}

static void send_round(struct sender *sender, int sequence) {
    const struct plan *plan = sender->plan;
    int connections = sender->server->connections;
    int64_t now_ns = sender->looked_ns;
    for (int connection = 0; connection < connections; connection++) {
        struct peer *peer = sender->server->peers[connection];
        if (plan->even || !connection)
            now_ns = wait_for_place(sender, (int64_t)sequence * connections + (int64_t)connection * plan->burst);
        if (!plan->broadcast || !connection) make_payload(sender, connection, sequence);
        write_to(sender, peer);
        while (plan->rate <= 0 && bytes_length(&peer->pending)) server_look(sender->server, -1);
        look_now_and_then(sender, now_ns);
    }
}

struct outcome send_all_events(struct server *server, const struct plan *plan) {
    struct sender sender = {.server = server, .plan = plan, .outcome.behind = histogram_new()};
    sender.payload.plain = malloc((size_t)plan->burst * LONGEST_ON_WIRE);
    if (!sender.payload.plain) die("no memory for %d events", plan->burst);
    int64_t cpu_ns = thread_cpu_ns();
    sender.started_ns = sender.looked_ns = steady_ns();
    for (int sequence = 0; sequence < plan->events; sequence += plan->burst) send_round(&sender, sequence);
    sender.outcome.busy_cpu_ns += thread_cpu_ns() - cpu_ns;
    sender.outcome.took_ns = steady_ns() - sender.started_ns;
    free(sender.payload.plain);
    bytes_free(&sender.payload.sealed);
    server_drain(server);
    return sender.outcome;
}
