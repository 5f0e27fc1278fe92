from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t

cdef extern from "<stdbool.h>":
    ctypedef bint c_bool "bool"

cdef extern from "body.h":
    cdef struct body:
        pass
    void body_init(body *, c_bool chunked, size_t limit)

cdef extern from "records.h":
    cdef enum record_kind:
        BLOCK
        RAW
        HAND_OVER
        END
        BROKEN
        GONE

    cdef struct record:
        connection *connection
        int64_t at_ns
        int64_t earliest_ns
        int64_t read_ns
        uint64_t hash
        uint64_t remaining
        uint32_t length
        uint32_t held
        uint32_t fresh
        int32_t detail
        uint8_t kind
        c_bool kernel
        c_bool last_in_read

    cdef struct batch:
        char *bytes
        size_t used
        size_t room

    record *batch_next(const batch *, size_t *offset)
    const char *record_bytes(const record *)

cdef extern from "poller.h":
    cdef enum reading:
        ONCE
        ALWAYS
        BLOCKS

    cdef struct poller:
        pass

    cdef struct connection:
        void *owner
        body body

    poller *poller_start()
    void poller_stop(poller *)
    int poller_wakeup_fd(const poller *)
    connection *poller_add(poller *, int fd, reading, int64_t since_ns, void *owner)
    int poller_read(connection *, reading)
    void poller_close(connection *)
    void poller_free(connection *)
    void poller_take(poller *, batch *)
    c_bool poller_wake_me(poller *)
    int64_t poller_heard_ns(connection *)
