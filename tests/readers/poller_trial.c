/* Opens, feeds, cuts off and closes connections at random while the poller's thread reads, for the sanitizers to watch. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "poller.h"

#define CONNECTIONS 50
#define STEPS 60000

static const char *const PIECES[] = {
    "1d\r\nid: 1\nevent: kind\ndata: one\n\n\r\n", "data: x\n\n", "id: 3\r\n", "\r\n", "\n", "\r", "5\r\nhello\r\n",
    "0\r\n\r\n", "a", "fffff\r\n", "data: a longer line that makes the block grow beyond its limit", "1", "c\r\n", ": keep\n\n",
};

static struct {
    struct connection *connection;
    int mine, peer;
} pairs[CONNECTIONS];

static long opened, gone, blocks;
static unsigned sum;

static void open_pair(struct poller *poller, int i)
{
    int ends[2];
    int failed = socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends);
    assert(!failed);
    pairs[i].mine = ends[0];
    pairs[i].peer = ends[1];
    pairs[i].connection = poller_add(poller, ends[0], ONCE, 1, NULL);
    assert(pairs[i].connection);
    if (rand() % 4) {
        body_init(&pairs[i].connection->body, rand() % 2, 100);
        poller_read(pairs[i].connection, BLOCKS);
    }
    opened++;
}

static void close_pair(int i)
{
    poller_close(pairs[i].connection);
    close(pairs[i].mine);
    close(pairs[i].peer);
}

static void drain(struct poller *poller, struct batch *batch)
{
    size_t offset = 0;
    struct record *record;
    poller_take(poller, batch);
    while ((record = batch_next(batch, &offset))) {
        for (uint32_t i = 0; i < record->length; i++)
            sum += (unsigned char)record_bytes(record)[i];
        blocks += record->kind == BLOCK;
        if (record->kind == GONE) {
            gone++;
            poller_free(record->connection);
        } else {
            assert(record->earliest_ns <= record->at_ns && record->at_ns <= record->read_ns);
        }
    }
}

static void step(struct poller *poller, struct batch *batch)
{
    int i = rand() % CONNECTIONS, what = rand() % 500;
    if (what < 3) {
        close_pair(i);
        open_pair(poller, i);
    } else if (what == 3) {
        shutdown(pairs[i].peer, SHUT_WR);
    } else {
        const char *piece = PIECES[(size_t)rand() % (sizeof PIECES / sizeof *PIECES)];
        ssize_t sent = send(pairs[i].peer, piece, strlen(piece), MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)sent;
    }
    if (what % 50 == 0)
        drain(poller, batch);
    if (what % 97 == 0)
        poller_wake_me(poller);
}

int main(int count, char **arguments)
{
    srand(count > 1 ? (unsigned)atoi(arguments[1]) : 1);
    struct poller *poller = poller_start();
    struct batch batch = {0};
    assert(poller);
    for (int i = 0; i < CONNECTIONS; i++)
        open_pair(poller, i);
    for (long k = 0; k < STEPS; k++)
        step(poller, &batch);
    for (int i = 0; i < CONNECTIONS; i++)
        close_pair(i);
    while (gone < opened)
        drain(poller, &batch);
    poller_stop(poller);
    free(batch.bytes);
    printf("%ld blocks, %ld connections\n", blocks, gone);
    return blocks > 0 ? 0 : 1;
}
