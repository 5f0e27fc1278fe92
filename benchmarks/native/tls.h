/* The server's side of TLS over memory: what comes and goes on the socket is the caller's to read and to write, so that
 * the stamps lie right around the write of the ciphertext. Without OpenSSL's headers tls_server dies and says so. */
#ifndef BENCH_TLS_H
#define BENCH_TLS_H

#include <stddef.h>

#include "common.h"

struct tls_server;
struct tls;

/* Files in PEM form. */
struct tls_server *tls_server(const char *certificate, const char *key);
struct tls *tls_new(struct tls_server *server);

/* Take `length` bytes that came: what they say is added to `plain`, what has to be sent in answer to `sealed`. */
void tls_take(struct tls *tls, const char *data, size_t length, struct bytes *plain, struct bytes *sealed);
/* Add `length` bytes to `sealed` as ciphertext. */
void tls_seal(struct tls *tls, const char *plain, size_t length, struct bytes *sealed);

#endif
