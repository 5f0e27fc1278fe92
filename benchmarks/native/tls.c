/* See tls.h. */
#include "tls.h"

#include <stdlib.h>

#ifdef WITH_TLS

#include <openssl/err.h>
#include <openssl/ssl.h>

struct tls_server {
    SSL_CTX *context;
};

struct tls {
    SSL *ssl;
    BIO *came, *goes;
};

static _Noreturn void die_of_tls(const char *what) {
    char reason[256];
    ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
    die("%s: %s", what, reason);
}

struct tls_server *tls_server(const char *certificate, const char *key) {
    static struct tls_server server;
    server.context = SSL_CTX_new(TLS_server_method());
    if (!server.context) die_of_tls("TLS");
    /* A ticket after the handshake would come between the answer's head and the first event. */
    SSL_CTX_set_num_tickets(server.context, 0);
    /* The record buffers of idle connections would be most of the source's memory. */
    SSL_CTX_set_mode(server.context, SSL_MODE_RELEASE_BUFFERS);
    if (SSL_CTX_use_certificate_chain_file(server.context, certificate) != 1) die_of_tls(certificate);
    if (SSL_CTX_use_PrivateKey_file(server.context, key, SSL_FILETYPE_PEM) != 1) die_of_tls(key);
    return &server;
}

struct tls *tls_new(struct tls_server *server) {
    struct tls *tls = malloc(sizeof *tls);
    if (!tls) die("no memory for a TLS connection");
    *tls = (struct tls){.ssl = SSL_new(server->context), .came = BIO_new(BIO_s_mem()), .goes = BIO_new(BIO_s_mem())};
    if (!tls->ssl || !tls->came || !tls->goes) die_of_tls("TLS");
    SSL_set_bio(tls->ssl, tls->came, tls->goes);
    SSL_set_accept_state(tls->ssl);
    return tls;
}

static void add_ciphertext(struct tls *tls, struct bytes *sealed) {
    char *data;
    long length = BIO_get_mem_data(tls->goes, &data);
    bytes_add(sealed, data, (size_t)length);
    (void)BIO_reset(tls->goes);
}

void tls_take(struct tls *tls, const char *data, size_t length, struct bytes *plain, struct bytes *sealed) {
    char piece[4096];
    int got;
    if (BIO_write(tls->came, data, (int)length) != (int)length) die_of_tls("TLS");
    while ((got = SSL_read(tls->ssl, piece, sizeof piece)) > 0) bytes_add(plain, piece, (size_t)got);
    if (SSL_get_error(tls->ssl, got) != SSL_ERROR_WANT_READ) die_of_tls("TLS with a reader");
    add_ciphertext(tls, sealed);
}

void tls_seal(struct tls *tls, const char *plain, size_t length, struct bytes *sealed) {
    if (SSL_write(tls->ssl, plain, (int)length) != (int)length) die_of_tls("TLS");
    add_ciphertext(tls, sealed);
}

#else

struct tls_server *tls_server(const char *certificate, const char *key) {
    (void)key;
    die("%s: compiled without OpenSSL's headers, so --tls is not there", certificate);
}

struct tls *tls_new(struct tls_server *server) {
    (void)server;
    return NULL;
}

void tls_take(struct tls *tls, const char *data, size_t length, struct bytes *plain, struct bytes *sealed) {
    (void)tls, (void)sealed;
    bytes_add(plain, data, length);
}

void tls_seal(struct tls *tls, const char *plain, size_t length, struct bytes *sealed) {
    (void)tls;
    bytes_add(sealed, plain, length);
}

#endif
