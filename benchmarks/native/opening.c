/* See opening.h. */
#define _GNU_SOURCE
#include "opening.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct target target_of(const char *url) {
    struct target target = {.path = ""};
    if (sscanf(url, "http://%63[0-9.]:%d/%255s", target.host, &target.port, target.path) < 2)
        die("'%s' is not http://ADDRESS:PORT/PATH with an IPv4 address", url);
    return target;
}

static struct sockaddr_in address_of(const struct target *target) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)target->port)};
    if (inet_pton(AF_INET, target->host, &address.sin_addr) != 1) die("%s is no IPv4 address", target->host);
    return address;
}

void stream_open(struct stream *stream, int index, const struct target *target) {
    char request[512];
    int yes = 1;
    struct sockaddr_in address = address_of(target);
    int length = snprintf(request, sizeof request,
                          "GET /%s?c=%d HTTP/1.1\r\nHost: %s:%d\r\nAccept: text/event-stream\r\n\r\n", target->path,
                          index, target->host, target->port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) die_of_errno("socket");
    /* Before the connection is made, so that no byte can come unstamped. */
    if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes)) die_of_errno("SO_TIMESTAMPNS");
    if (connect(fd, (struct sockaddr *)&address, sizeof address)) die_of_errno("connect");
    if (send(fd, request, (size_t)length, MSG_NOSIGNAL) != length) die_of_errno("send");
    if (fcntl(fd, F_SETFL, O_NONBLOCK)) die_of_errno("fcntl");
    *stream = (struct stream){.fd = fd, .index = index};
}
