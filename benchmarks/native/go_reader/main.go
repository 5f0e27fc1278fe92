// A reader as one writes it in Go: net/http, a goroutine for each connection, each event stamped with time.Now when its
// blank line has been read. It takes the options of epoll_reader.c and reports the same figures.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// More answers owed than this would not fit the source's queue of connections.
const answersOwed = 1000

// A reader that fell behind is given time as long as events come; after this much silence the rest is lost.
const (
	quiet     = 3 * time.Second
	lookEvery = 100 * time.Millisecond
)

type options struct {
	url                       string
	connections, events, core int
	stamps                    string
}

func readOptions() options {
	var given options
	flag.StringVar(&given.url, "url", "", "of the source; connection INDEX is opened as URL?c=INDEX")
	flag.IntVar(&given.connections, "connections", 0, "how many")
	flag.IntVar(&given.events, "events", -1, "events for each connection; 0: only hold them")
	flag.StringVar(&given.stamps, "stamps", "", "file for the stamps of all events")
	flag.IntVar(&given.core, "core", -1, "the core to run on")
	flag.Parse()
	if given.url == "" || given.connections < 1 || given.events < 0 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	return given
}

// run is what the connections' goroutines share.
type run struct {
	options   options
	client    *http.Client
	accounts  []*account
	delivered atomic.Int64
	broken    atomic.Int64
}

// read opens one connection, says so, and accounts for its events until it ends.
func (run *run) read(index int, opened func()) {
	answer, err := run.client.Get(fmt.Sprintf("%s?c=%d", run.options.url, index))
	if err != nil {
		fail(err)
	}
	if answer.StatusCode != http.StatusOK {
		fail(fmt.Errorf("the source's answer is %s", answer.Status))
	}
	defer answer.Body.Close()
	opened()
	if err := readEvents(bufio.NewReader(answer.Body), run.accounts[index], &run.delivered); err != nil {
		fail(err)
	}
	run.broken.Add(1)
}

func (run *run) openAll() {
	var open sync.WaitGroup
	owed := make(chan struct{}, answersOwed)
	open.Add(run.options.connections)
	for index := range run.accounts {
		run.accounts[index] = newAccount(index, run.options.events)
		owed <- struct{}{}
		go run.read(index, func() { <-owed; open.Done() })
	}
	open.Wait()
}

// wait returns when all events have come, no connection is left, or events have stopped coming.
func (run *run) wait() {
	expected := int64(run.options.connections) * int64(run.options.events)
	before, heard := int64(0), time.Now()
	for {
		delivered := run.delivered.Load()
		if delivered == expected || run.broken.Load() == int64(run.options.connections) {
			return
		}
		if delivered != before || delivered == 0 {
			before, heard = delivered, time.Now()
		} else if time.Since(heard) > quiet {
			return
		}
		time.Sleep(lookEvery)
	}
}

func fail(err error) {
	fmt.Fprintf(os.Stderr, "go_reader: %v\n", err)
	os.Exit(1)
}

func main() {
	given := readOptions()
	pin(given.core)
	go exitWithStandardInput()
	run := &run{options: given, client: &http.Client{}, accounts: make([]*account, given.connections)}
	idle := usageNow()
	run.openAll()
	opened := usageNow()
	fmt.Printf("{\"open\": %d}\n", given.connections)
	run.wait()
	report(run, idle, opened, usageNow())
	if given.events == 0 {
		select {}
	}
}
