"""The compiled poller: a thread that reads sockets without Python's interpreter lock (C, bound by Cython).

`body.c` cuts event streams into blocks, `poller.c` waits and reads, `records.c` is what it tells, `fields.pyx` decodes
blocks and `binding.pyx` makes arrivals of them. It is built by ``python setup.py build_ext --inplace``, or with the
package. Where that was not possible, and with ``LOCUST_EVENTSOURCE_READER=python`` in the environment,
`transport.watched` reads instead and gives the same.
"""
