package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// pinnedMark tells a process that it was started anew on its core.
const pinnedMark = "GO_READER_PINNED"

// pin keeps the whole process on one core; a negative one means any. Go's runtime has threads already, which would stay
// where they are, so the program is started anew by a thread that is pinned: all its threads inherit that.
func pin(core int) {
	if core < 0 || os.Getenv(pinnedMark) != "" {
		return
	}
	runtime.LockOSThread()
	var cores [16]uint64
	if core >= len(cores)*64 {
		fail(fmt.Errorf("there is no core %d", core))
	}
	cores[core/64] = 1 << (core % 64)
	_, _, failed := syscall.RawSyscall(
		syscall.SYS_SCHED_SETAFFINITY, 0, unsafe.Sizeof(cores), uintptr(unsafe.Pointer(&cores)))
	if failed != 0 {
		fail(fmt.Errorf("core %d: %w", core, failed))
	}
	program, err := os.Executable()
	if err == nil {
		err = syscall.Exec(program, os.Args, append(os.Environ(), pinnedMark+"=1"))
	}
	fail(err)
}

// usage is what this process has used so far, all threads together.
type usage struct {
	cpuNs, waitedNs int64
	residentKib     float64
	at              time.Time
}

func usageNow() usage {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		fail(err)
	}
	return usage{
		cpuNs:       used.Utime.Nano() + used.Stime.Nano(),
		waitedNs:    waitedNs(),
		residentKib: float64(numberIn("/proc/self/statm", 1)) * float64(os.Getpagesize()) / 1024,
		at:          time.Now(),
	}
}

// waitedNs is how long this process's threads were ready to run and had no core.
func waitedNs() int64 {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return 0
	}
	total := int64(0)
	for _, thread := range threads {
		total += numberIn("/proc/self/task/"+thread.Name()+"/schedstat", 1)
	}
	return total
}

// numberIn is one of the numbers in a file of /proc; 0 where there is none.
func numberIn(path string, index int) int64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text))
	if index >= len(fields) {
		return 0
	}
	number, err := strconv.ParseInt(fields[index], 10, 64)
	if err != nil {
		return 0
	}
	return number
}

// exitWithStandardInput ends this process when its standard input is closed.
func exitWithStandardInput() {
	some := make([]byte, 64)
	for {
		if length, err := os.Stdin.Read(some); length == 0 || err != nil {
			os.Exit(0)
		}
	}
}
