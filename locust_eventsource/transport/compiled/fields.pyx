# cython: language_level=3
"""The fields of one block (WHATWG HTML 9.2.6), for payloads that differ from stream to stream and are decoded each time.

Gives what `protocol.fields.decode_small_block` gives, and leaves to it what is rare: NUL and ``retry``.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdlib cimport free, malloc
from libc.string cimport memchr, memcmp, memcpy

from locust_eventsource.protocol.event import Event
from locust_eventsource.protocol.fields import Block, decode_small_block

cdef object new_tuple = tuple.__new__


cdef struct text:
    const char *start
    Py_ssize_t length


cdef struct fields:
    text type
    text id
    text data      # the one data line, or all of them joined
    char *joined   # where they are joined; NULL while there is one
    Py_ssize_t comments
    bint rare


def decode_block(bytes block):
    """The block of the LF-ended lines in ``block``; blank only at its edges."""
    cdef fields found = read_fields(PyBytes_AS_STRING(block), PyBytes_GET_SIZE(block))
    try:
        return decode_small_block(block) if found.rare else block_of(&found)
    finally:
        free(found.joined)


cdef object block_of(fields *found):
    event_id = None if found.id.start is NULL else str_of(found.id)
    event = None
    if found.data.start is not NULL:
        type_ = str_of(found.type) if found.type.length else "message"
        event = new_tuple(Event, (type_, str_of(found.data), event_id or ""))
    return new_tuple(Block, (event, event_id, None, found.comments))


cdef str str_of(text words):
    return PyUnicode_DecodeUTF8(words.start, words.length, "replace")


cdef fields read_fields(const char *at, Py_ssize_t length) noexcept:
    cdef fields found
    cdef const char *end = at + length
    cdef const char *lf
    found.type = found.id = found.data = text(NULL, 0)
    found.joined, found.comments = NULL, 0
    found.rare = memchr(at, 0, length) is not NULL
    while at < end and not found.rare:
        lf = <const char *>memchr(at, c"\n", end - at)
        if lf is NULL:
            lf = end
        if lf > at:
            read_line(&found, at, lf, length)
        at = lf + 1
    return found


cdef void read_line(fields *found, const char *line, const char *end, Py_ssize_t block_length) noexcept:
    cdef const char *colon = <const char *>memchr(line, c":", end - line)
    cdef text value
    if colon is line:
        found.comments += 1
        return
    if colon is NULL:
        value, colon = text(end, 0), end
    else:
        value.start = colon + 2 if colon + 1 < end and colon[1] == c" " else colon + 1
        value.length = end - value.start
    if is_named(line, colon, b"data", 4):
        add_data(found, value, block_length)
    elif is_named(line, colon, b"event", 5):
        found.type = value
    elif is_named(line, colon, b"id", 2):
        found.id = value
    elif is_named(line, colon, b"retry", 5):
        found.rare = True


cdef bint is_named(const char *line, const char *colon, const char *name, Py_ssize_t length) noexcept:
    return colon - line == length and not memcmp(line, name, length)


cdef void add_data(fields *found, text value, Py_ssize_t block_length) noexcept:
    if found.data.start is NULL:
        found.data = value
        return
    if found.joined is NULL:
        # Without their names the data lines are shorter than the block.
        found.joined = <char *>malloc(block_length)
        if found.joined is NULL:
            found.rare = True
            return
        memcpy(found.joined, found.data.start, found.data.length)
        found.data.start = found.joined
    found.joined[found.data.length] = c"\n"
    memcpy(found.joined + found.data.length + 1, value.start, value.length)
    found.data.length += 1 + value.length
