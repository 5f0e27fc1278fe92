package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"
)

// account is what one connection got, as benchmarks/accounting.py counts it. Only its goroutine writes to it.
type account struct {
	index                            int
	stamps                           []int64 // ns of CLOCK_REALTIME, 0 for an event that has not come
	latencies                        []int64 // ns, of the events that say when they were written
	next                             int
	delivered, duplicated, reordered int64
}

func newAccount(index, events int) *account {
	return &account{index: index, stamps: make([]int64, events)}
}

var dataField = []byte("data: ")

var errForeign = errors.New("an event is not the benchmark's")

// readEvents accounts for every event until the body ends: a line at a time, an event at each blank line.
func readEvents(lines *bufio.Reader, to *account, delivered *atomic.Int64) error {
	var data []byte
	for {
		line, err := lines.ReadSlice('\n')
		if err != nil {
			return nil // the connection ended; its events are missed elsewhere
		}
		line = bytes.TrimRight(line, "\r\n")
		if rest, found := bytes.CutPrefix(line, dataField); found {
			data = append(data[:0], rest...)
		} else if len(line) == 0 && len(data) > 0 {
			if err := to.take(data, time.Now().UnixNano(), delivered); err != nil {
				return err
			}
			data = data[:0]
		}
	}
}

// take accounts for the event with this data, which came at stamp (ns).
func (to *account) take(data []byte, stamp int64, delivered *atomic.Int64) error {
	fields := bytes.SplitN(data, []byte(" "), 4)
	if len(fields) != 4 {
		return errForeign
	}
	sequence, err := strconv.Atoi(string(fields[2]))
	if err != nil || sequence < 0 || sequence >= len(to.stamps) {
		return errForeign
	}
	if connection := string(fields[1]); connection != "-" {
		if connection != strconv.Itoa(to.index) {
			return fmt.Errorf("an event of connection %s came on %d", connection, to.index)
		}
		sent, err := strconv.ParseInt(string(fields[0]), 10, 64)
		if err != nil {
			return errForeign
		}
		to.latencies = append(to.latencies, stamp-sent)
	}
	to.count(sequence, stamp, delivered)
	return nil
}

func (to *account) count(sequence int, stamp int64, delivered *atomic.Int64) {
	if to.stamps[sequence] != 0 {
		to.duplicated++
		return
	}
	to.stamps[sequence] = stamp
	to.delivered++
	if sequence < to.next {
		to.reordered++
	} else {
		to.next = sequence + 1
	}
	delivered.Add(1)
}
