package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

// jsonNumber writes a number as Python's json reads it: Infinity, and null for NaN.
func jsonNumber(value float64) string {
	switch {
	case math.IsNaN(value):
		return "null"
	case math.IsInf(value, 1):
		return "Infinity"
	}
	return strconv.FormatFloat(value, 'f', 6, 64)
}

// percentileMs is the percentile of sorted latencies (ns), with so many more that are infinitely late; NaN without any.
func percentileMs(sorted []int64, percent float64, lost int64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	rank := int64(math.Ceil(percent / 100 * float64(int64(len(sorted))+lost)))
	if rank > int64(len(sorted)) {
		return math.Inf(1)
	}
	return float64(sorted[rank-1]) / 1e6
}

// totals adds up what all connections got.
func totals(accounts []*account) account {
	var all account
	for _, one := range accounts {
		all.delivered += one.delivered
		all.duplicated += one.duplicated
		all.reordered += one.reordered
		all.latencies = append(all.latencies, one.latencies...)
	}
	slices.Sort(all.latencies)
	return all
}

// report writes the stamps where they were asked for, and prints the report.
func report(run *run, idle, opened, ended usage) {
	all := totals(run.accounts)
	lost := int64(run.options.connections)*int64(run.options.events) - all.delivered
	var parts []string
	tell := func(key string, value float64) {
		parts = append(parts, fmt.Sprintf("%q: %s", key, jsonNumber(value)))
	}
	count := func(key string, value int64) { parts = append(parts, fmt.Sprintf("%q: %d", key, value)) }
	tell("p50_ms", percentileMs(all.latencies, 50, lost))
	tell("p99_ms", percentileMs(all.latencies, 99, lost))
	tell("max_ms", percentileMs(all.latencies, 100, 0))
	count("delivered", all.delivered)
	count("lost", lost)
	count("duplicated", all.duplicated)
	count("reordered", all.reordered)
	count("broken", run.broken.Load())
	tell("cpu_us", float64(ended.cpuNs-opened.cpuNs)/1e3/math.Max(float64(all.delivered), 1))
	tell("waited", float64(ended.waitedNs-opened.waitedNs)/math.Max(float64(ended.at.Sub(opened.at)), 1))
	tell("memory_mib", ended.residentKib/1024)
	tell("connection_kib", (opened.residentKib-idle.residentKib)/float64(run.options.connections))
	tell("open_s", opened.at.Sub(idle.at).Seconds())
	if err := writeStamps(run); err != nil {
		fail(err)
	}
	fmt.Printf("{\"report\": {%s}}\n", strings.Join(parts, ", "))
}

// writeStamps writes int64[connection][sequence] in the machine's byte order.
func writeStamps(run *run) error {
	if run.options.stamps == "" {
		return nil
	}
	file, err := os.Create(run.options.stamps)
	if err != nil {
		return err
	}
	defer file.Close()
	buffered := bufio.NewWriter(file)
	for _, account := range run.accounts {
		if err := binary.Write(buffered, binary.NativeEndian, account.stamps); err != nil {
			return err
		}
	}
	return buffered.Flush()
}
