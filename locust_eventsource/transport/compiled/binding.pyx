# cython: language_level=3
"""The poller for Python: channels to read on, and records made into arrivals. One gevent loop owns it."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.ref cimport Py_INCREF, PyObject
from cpython.tuple cimport PyTuple_SET_ITEM
from libc.stdint cimport int64_t
from libc.errno cimport errno
from libc.stdlib cimport free
from libc.string cimport memcmp, memset

from locust_eventsource.transport.compiled.poller cimport *

cdef enum:
    REMEMBERED = 1024  # distinct blocks; a power of two
    HANDED_OUT = 256  # arrivals at once: few enough to be gone before the garbage collector has seen them

cdef extern from *:
    """
    /* An empty tuple of a class derived from it, as `tuple.__new__` makes it, without first making one of the items. */
    static PyObject *new_tuple_of(PyTypeObject *type, Py_ssize_t size)
    {
        PyObject *made = type->tp_alloc(type, size);
    #if PY_VERSION_HEX >= 0x030E0000
        if (made)
            ((PyTupleObject *)made)->ob_hash = -1;
    #endif
        return made;
    }
    """
    object new_tuple_of(type, Py_ssize_t)

cdef object new_tuple = tuple.__new__


cdef class Poller


cdef class CompiledCounts:
    """What came on a stream (`transport.counts.Counts`)."""

    cdef public int64_t bytes
    cdef public int64_t events
    cdef public int64_t last_activity_ns


cdef class Channel:
    """One connection that the poller reads. ``receiver`` hears of it, see `transport.polled.PolledConnection`."""

    cdef connection *_connection
    cdef Poller poller
    cdef object receiver
    cdef object stream
    cdef CompiledCounts counts
    cdef object decoder
    cdef object number
    cdef size_t small

    def read_once(self):
        """Read once more; what was read by the last `read_once` has been dealt with."""
        self._read(ONCE)

    def read_always(self):
        """Read whenever there is something, and hand out the bytes of each read."""
        self._read(ALWAYS)

    def read_blocks(self, stream, decoder, number, bint chunked, size_t limit, size_t small):
        """Cut the body into blocks from now on; it must be at the start of a chunk and of a block.

        The events go to the listener of ``stream`` as arrivals on its connection ``number``. ``decoder`` is the stream's,
        at a block's start too; blocks up to ``small`` bytes are decoded once for all streams, up to ``limit`` cut here.
        """
        if self._connection is NULL:
            return
        self.stream, self.decoder, self.number, self.small = stream, decoder, number, small
        self.counts = stream.counts
        body_init(&self._connection.body, chunked, limit)
        self._read(BLOCKS)

    def close(self):
        """Tell nothing more. The socket may be closed when this returns."""
        if self._connection is not NULL:
            if not self.poller.abandoned:
                poller_close(self._connection)
            self._connection = NULL
            self.receiver = self.stream = self.decoder = self.counts = None

    @property
    def heard_ns(self):
        """When bytes came last, in ns of the monotonic clock; 0 once closed."""
        if self._connection is NULL or self.poller.abandoned:
            return 0
        return poller_heard_ns(self._connection)

    cdef _read(self, reading how):
        if self._connection is not NULL and not self.poller.abandoned and poller_read(self._connection, how):
            raise OSError(errno, "epoll refused a socket that it had taken")


cdef struct remembered:
    uint64_t hash
    PyObject *block
    PyObject *decoded


cdef class Poller:
    """Reads on a thread of its own until it is deleted.

    ``arrival``: the tuple class of arrivals; ``event``: that of events; ``decode_block``: block to
    (event, event id, retry, comments); ``deliver``: called with a listener and the arrivals for it.
    """

    cdef poller *_poller
    cdef bint abandoned
    cdef batch _batch
    cdef size_t _offset
    cdef type _arrival
    cdef type _event
    cdef object _decode_block
    cdef object _deliver
    cdef list _arrivals
    cdef object _listener
    cdef bint _draining
    cdef list _memory
    cdef remembered _remembered[REMEMBERED]

    def __cinit__(self, type arrival, type event, decode_block, deliver):
        self._arrival, self._event = arrival, event
        self._decode_block, self._deliver = decode_block, deliver
        self._arrivals = []
        self._memory = [None] * (2 * REMEMBERED)
        memset(&self._batch, 0, sizeof(batch))
        memset(self._remembered, 0, sizeof(self._remembered))
        self._poller = poller_start()
        if self._poller is NULL:
            raise OSError(errno, "the poller's thread cannot be started")

    def __dealloc__(self):
        if self._poller is not NULL:
            poller_stop(self._poller)
        free(self._batch.bytes)

    def fileno(self):
        """Readable when `drain` should be called."""
        return poller_wakeup_fd(self._poller)

    def add(self, int fd, bint always, int64_t since_ns, receiver):
        """A channel that reads ``fd`` once, or ``always``. ``fd`` brings nothing older than ``since_ns``.

        Raises OSError when the system has no room for another.
        """
        cdef Channel channel = Channel.__new__(Channel)
        channel.receiver, channel.poller = receiver, self
        channel._connection = poller_add(self._poller, fd, ALWAYS if always else ONCE, since_ns, <void *>channel)
        if channel._connection is NULL:
            raise OSError(errno, "the poller cannot watch another socket")
        Py_INCREF(channel)  # the connection's; given back with GONE
        return channel

    def abandon(self):
        """Never touch the thread again: it is that of the process from which this one was forked."""
        self.abandoned = True

    def wake_me(self):
        """Ask that `fileno` becomes readable with the next record; False when some wait already."""
        return poller_wake_me(self._poller)

    def drain(self):
        """Deal with everything that has been read; False when nothing had been.

        Whatever a receiver or decoder raises comes out here; the next call goes on behind it.
        """
        cdef record *told
        if self._draining or self.abandoned:
            return False  # called by a listener: what has come meanwhile is its turn after the delivery
        self._draining = True
        try:
            if self._offset >= self._batch.used:
                self._offset = 0
                poller_take(self._poller, &self._batch)
            told = batch_next(&self._batch, &self._offset)
            while told is not NULL:
                self._take(told)
                told = batch_next(&self._batch, &self._offset)
            self._hand_out()
        finally:
            self._draining = False
        return self._batch.used > 0

    cdef _take(self, record *told):
        cdef Channel channel = <Channel>told.connection.owner
        if told.kind == GONE:
            poller_free(told.connection)
            channel_gone(channel)
        elif channel._connection is NULL:
            return
        elif told.kind == BLOCK:
            self._take_block(told, channel)
        else:
            self._hand_out()
            if channel._connection is not NULL:
                tell(told, channel)

    cdef _take_block(self, record *told, Channel channel):
        cdef object stream = channel.stream
        cdef object event
        channel.counts.bytes += told.fresh
        channel.counts.last_activity_ns = told.at_ns
        try:
            event = self._event_of(told, channel)
        except Exception as error:
            self._hand_out()
            if channel.receiver is not None:
                channel.receiver.failed(error)
            return
        if event is None:
            return
        channel.counts.events += 1
        arrival = self._new_arrival(told, channel, event)
        if stream.inbox_open:
            stream.put([arrival])
        listener = stream.listener
        if listener is not self._listener or len(self._arrivals) >= HANDED_OUT:
            self._hand_out()
            self._listener = listener
        self._arrivals.append(arrival)

    cdef _event_of(self, record *told, Channel channel):
        cdef object decoder = channel.decoder
        if told.length > channel.small:
            return decoder.feed_block(PyBytes_FromStringAndSize(record_bytes(told), told.length))
        event, event_id, retry_ms, comments = self._decoded(told)
        if event_id is not None:
            decoder.last_event_id = event_id
        if retry_ms is not None:
            decoder.retry_ms = retry_ms
        if comments:
            decoder.comments += comments
        if event is not None and event_id is None and decoder.last_event_id:
            return new_tuple(self._event, (event[0], event[1], decoder.last_event_id))
        return event

    cdef _decoded(self, record *told):
        """The block's meaning, from memory where the same bytes came lately on any stream."""
        cdef size_t place = told.hash & (REMEMBERED - 1)
        cdef remembered *entry = &self._remembered[place]
        cdef bytes block
        if entry.block is not NULL and entry.hash == told.hash:
            block = <bytes>entry.block
            if PyBytes_GET_SIZE(block) == told.length and not memcmp(
                PyBytes_AS_STRING(block), record_bytes(told), told.length
            ):
                return <object>entry.decoded
        block = PyBytes_FromStringAndSize(record_bytes(told), told.length)
        decoded = self._decode_block(block)
        # The list keeps alive what the table points at.
        self._memory[2 * place], self._memory[2 * place + 1] = block, decoded
        entry.hash, entry.block, entry.decoded = told.hash, <PyObject *>block, <PyObject *>decoded
        return decoded

    cdef _new_arrival(self, record *told, Channel channel, event):
        cdef object arrival = new_tuple_of(self._arrival, 8)
        cdef object at_ns = told.at_ns
        set_item(arrival, 0, channel.stream)
        set_item(arrival, 1, event)
        set_item(arrival, 2, at_ns)
        set_item(arrival, 3, at_ns if told.last_in_read and told.kernel else told.earliest_ns)
        set_item(arrival, 4, "kernel" if told.kernel else "user")
        set_item(arrival, 5, told.read_ns)
        set_item(arrival, 6, True if told.last_in_read else False)
        set_item(arrival, 7, channel.number)
        return arrival

    cdef _hand_out(self):
        if self._arrivals:
            arrivals, self._arrivals = self._arrivals, []
            if self._listener is not None:
                self._deliver(self._listener, arrivals)


cdef inline set_item(object into, Py_ssize_t place, object item):
    Py_INCREF(item)
    PyTuple_SET_ITEM(into, place, item)


cdef extern from "Python.h":
    void Py_DECREF(PyObject *)


cdef channel_gone(Channel channel):
    Py_DECREF(<PyObject *>channel)


cdef tell(record *told, Channel channel):
    cdef object receiver = channel.receiver
    cdef const char *told_bytes = record_bytes(told)
    cdef str source = "kernel" if told.kernel else "user"
    if told.kind == RAW:
        data = PyBytes_FromStringAndSize(told_bytes, told.length)
        receiver.read(data, told.at_ns, told.earliest_ns, source, told.read_ns, bool(told.last_in_read))
    elif told.kind == HAND_OVER:
        held = PyBytes_FromStringAndSize(told_bytes, told.held)
        rest = PyBytes_FromStringAndSize(told_bytes + told.held, told.length - told.held)
        state = None if told.detail < 0 else (told.detail, told.remaining)
        stamp = told.at_ns, told.earliest_ns, source, told.read_ns, bool(told.last_in_read)
        receiver.handed_over(held, state, rest, told.fresh, stamp)
    elif told.kind == END:
        receiver.peer_closed()
    else:
        receiver.socket_failed(told.detail)
