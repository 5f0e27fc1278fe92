// A reader for k6 with the xk6-sse extension (k6/x/sse): a virtual user for each connection. It is run by
// benchmarks/readers/k6.py, which reads the lines that it logs and the figures that handleSummary prints.
//
// A script has no finer clock than Date.now(), so its latencies are whole milliseconds.

import sse from 'k6/x/sse';
import { Counter, Trend } from 'k6/metrics';

const CONNECTIONS = Number(__ENV.CONNECTIONS);
const EVENTS = Number(__ENV.EVENTS);

const latency = new Trend('bench_latency');
const counters = {
  delivered: new Counter('bench_delivered'),
  duplicated: new Counter('bench_duplicated'),
  reordered: new Counter('bench_reordered'),
  broken: new Counter('bench_broken'),
};

export const options = {
  scenarios: { read: { executor: 'per-vu-iterations', vus: CONNECTIONS, iterations: 1, maxDuration: '24h' } },
  summaryTrendStats: ['p(50)', 'p(99)', 'max'],
};

// Accounts for one connection's events and tells when the last has come.
class Account {
  constructor() {
    this.seen = new Set();
    this.next = 0;
    this.told = false;
  }

  take(event) {
    const now = Date.now();
    const [sent, connection, number] = event.data.split(' ', 3);
    const sequence = Number(number);
    if (connection !== '-') latency.add(now - Number(sent) / 1e6);
    if (this.seen.has(sequence)) {
      counters.duplicated.add(1);
      return;
    }
    this.seen.add(sequence);
    counters.delivered.add(1);
    if (sequence < this.next) counters.reordered.add(1);
    else this.next = sequence + 1;
    if (this.seen.size === EVENTS) this.done();
  }

  done() {
    if (!this.told) console.log('bench done');
    this.told = true;
  }
}

export default function () {
  const account = new Account();
  sse.open(`${__ENV.URL}?c=${__VU - 1}`, {}, (client) => {
    client.on('open', () => console.log('bench open'));
    client.on('event', (event) => event.data && account.take(event));
  });
  if (!account.told) counters.broken.add(1);
  account.done();
}

export function handleSummary(data) {
  const value = (metric, name) => (data.metrics[metric] ? data.metrics[metric].values[name] : null);
  const figures = {
    p50_ms: value('bench_latency', 'p(50)'),
    p99_ms: value('bench_latency', 'p(99)'),
    max_ms: value('bench_latency', 'max'),
  };
  for (const name of Object.keys(counters)) figures[name] = value(`bench_${name}`, 'count') || 0;
  return { stdout: JSON.stringify(figures) + '\n' };
}
