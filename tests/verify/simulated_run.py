"""A random run with known faults, and the account of it worked out pair by pair, without any of the judge's means."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from random import Random

from studio.contract import Envelope, EventKey
from studio.verify.actions import Action
from studio.verify.capture import Capture
from studio.verify.judge import Judge
from studio.verify.tally import Tally
from tests.verify.verify_world import MS, envelope, over_the_wire

SETTLE, GRACE, END = 5_000 * MS, 1_000 * MS, 40_000 * MS
# An event cannot be told apart from that of a later attempt at the same change: only changes that come once may fail.
WALK = ["todo>planning", "planning>planning_review", "planning_review>planning", "planning>planning_review"]


@dataclass
class Stream:
    number: int
    tasks: frozenset[str] | None
    spans: list[tuple[int, int]] = field(default_factory=list)

    def open_at(self, at: int) -> bool:
        return any(start <= at < end for start, end in self.spans)

    def open_over(self, low: int, high: int) -> bool:
        return any(start <= low and high < end for start, end in self.spans)

    def passes(self, task: str) -> bool:
        return self.tasks is None or not task or task in self.tasks


@dataclass
class Happening:
    """An event at the server, or what should have been one; ``call`` is the call that owes it."""

    event: Envelope
    own: bool
    call: Action | None
    since_ns: int
    unexpected: bool = False
    arrivals: dict[int, int] = field(default_factory=dict)


class SimulatedRun:
    def __init__(self, seed: int, streams: int, tasks: int, faults: int) -> None:
        self.random = Random(seed)
        self.happenings: list[Happening] = []
        self.calls: list[Action] = []
        self.held_back = 0
        self.repeats: list[tuple[int, int, Envelope]] = []
        self.streams = [self._stream(number, tasks) for number in range(streams)]
        for number in range(tasks):
            self._task(f"t{number}")
        for number in range(3):
            self._foreign(number)
        self._deliver()
        for _ in range(faults):
            self._fault()

    def _stream(self, number: int, tasks: int) -> Stream:
        names = [f"t{n}" for n in range(tasks)]
        filtered = self.random.random() < 0.3
        stream = Stream(number, frozenset(self.random.sample(names, (tasks + 1) // 2)) if filtered else None)
        at = self.random.choice([0, 0, 0, self.random.randrange(15_000) * MS])
        while at < END:
            until = END + SETTLE if self.random.random() < 0.7 else at + self.random.randrange(1_000, 12_000) * MS
            stream.spans.append((at, until))
            at = until + self.random.randrange(1, 5_000) * MS
        return stream

    def _task(self, task: str) -> None:
        sent = self.random.randrange(1_000, 15_000) * MS + self.random.randrange(MS)
        since = sent
        key = EventKey(task, "task.created", "")
        created = self._envelope("task.created", task, sent, title="")
        self._owed("create", key, created, sent, since)
        for change in WALK[: self.random.randrange(len(WALK) + 1)]:
            sent += self.random.randrange(300, 3_000) * MS + self.random.randrange(MS)
            before, _, after = change.partition(">")
            event = self._envelope("task.status_changed", task, sent, from_status=before, to_status=after)
            key = EventKey(task, "task.status_changed", change)
            self._owed("transition", key, event, sent, since)
        if self.random.random() < 0.3:
            sent += self.random.randrange(300, 3_000) * MS
            uncaused = self._envelope("workspace.created", task, sent, path="/w")
            self.happenings.append(Happening(uncaused, True, None, since, unexpected=True))

    def _owed(self, kind: str, key: EventKey, event: Envelope, sent: int, since: int) -> None:
        answered = sent + self.random.randrange(1, 4_000) * MS
        told_once = key.detail in ("todo>planning", "planning_review>planning")
        acknowledged = not told_once or self.random.random() < 0.8
        call = Action(
            "create" if kind == "create" else "transition", key.task_id, "", sent, answered, acknowledged, key, ""
        )
        self.calls.append(call)
        self.happenings.append(Happening(event, True, call, since))

    def _foreign(self, number: int) -> None:
        at = self.random.randrange(1_000, 20_000) * MS
        task = f"foreign{number}" if number else ""
        event = self._envelope("task.created" if task else "project.opened", task, at, title="")
        self.happenings.append(Happening(event, False, None, 0))

    def _envelope(self, event_type: str, task: str, sent: int, **fields: object) -> Envelope:
        event = envelope(f"e{len(self.happenings)}", event_type, task, 0, **fields)
        return event._replace(timestamp_ns=sent + self.random.randrange(1, MS))

    def _deliver(self) -> None:
        for happening in self.happenings:
            for stream in self.streams:
                at = happening.event.timestamp_ns
                if stream.passes(happening.event.task_id) and stream.open_at(at):
                    happening.arrivals[stream.number] = at + MS

    def _fault(self) -> None:
        happening = self.random.choice(self.happenings)
        if not happening.arrivals:
            return
        stream = self.random.choice(list(happening.arrivals))
        kind = self.random.choice(["drop", "drop everywhere", "duplicate", "overtake"])
        if kind == "drop":
            del happening.arrivals[stream]
        elif kind == "drop everywhere" and happening.call is not None and happening.call.acknowledged:
            happening.arrivals.clear()
        elif kind == "duplicate":
            at = happening.arrivals[stream] + self.random.randrange(1, 3_000) * MS
            self.repeats.append((stream, at, happening.event))
        else:
            self._overtake(happening, stream)
        self.repeats = [
            (number, at, event)
            for number, at, event in self.repeats
            if any(number in h.arrivals and h.arrivals[number] < at for h in self.happenings if h.event is event)
        ]

    def _overtake(self, happening: Happening, stream: int) -> None:
        """Hold the event back until the next one on this stream has come."""
        mine = happening.arrivals[stream]
        later = [h.arrivals[stream] for h in self.happenings if h.arrivals.get(stream, 0) > mine]
        if later and min(later) < happening.event.timestamp_ns + 3_000 * MS:
            self.held_back += 1
            happening.arrivals[stream] = min(later) + self.held_back

    def truth(self) -> Tally:
        """The account, worked out from what was done to each pair."""
        tally = Tally(duplicated=len(self.repeats), reordered=len(self._out_of_turn()))
        tally.arrivals = sum(len(h.arrivals) for h in self.happenings) + len(self.repeats)
        for happening in self.happenings:
            if happening.own:
                self._account(happening, tally)
            else:
                self._account_foreign(happening, tally)
        return tally

    def _account_foreign(self, happening: Happening, tally: Tally) -> None:
        task, came = happening.event.task_id, happening.arrivals
        if task:
            tally.foreign += len(came)
        else:
            tally.other += len(came)
        if came:
            first = min(came.values())
            must = {s.number for s in self.streams if s.passes(task) and s.open_over(first - SETTLE, first + SETTLE)}
            tally.foreign_expected += len(must)
            tally.foreign_missed += len(must - set(came))

    def _account(self, happening: Happening, tally: Tally) -> None:
        call, came = happening.call, happening.arrivals
        if not came and (call is None or not call.acknowledged):
            return
        first = min(came.values(), default=0)
        last = min(max(came.values(), default=0), first + SETTLE)
        if call is not None:
            low, high = call.sent_ns, max(last, call.answered_ns) if call.acknowledged else last
        else:
            attempts = [c.sent_ns for c in self.calls if c.task_id == happening.event.task_id and not c.acknowledged]
            low = max([first - SETTLE, happening.since_ns, *(at for at in attempts if at <= first)])
            high = last
        must = {s.number for s in self.streams if s.passes(happening.event.task_id) and s.open_over(low, high + GRACE)}
        tally.expected += len(must)
        tally.delivered += len(must & set(came))
        tally.lost += len(must - set(came))
        tally.optional += len(set(came) - must)
        tally.unexpected += bool(came) and happening.unexpected

    def _out_of_turn(self) -> set[tuple[int, str]]:
        found: set[tuple[int, str]] = set()
        for a, b in combinations(sorted(self.happenings, key=lambda h: (h.event.timestamp_ns, h.event.id)), 2):
            both = [s for s in a.arrivals if s in b.arrivals]
            against = [s for s in both if a.arrivals[s] > b.arrivals[s]]
            same_task = a.event.task_id == b.event.task_id != ""
            if len(against) == len(both) and not (len(both) == 1 and same_task):
                continue
            if 2 * len(against) > len(both) > 1:
                found |= {(s, b.event.id) for s in both if s not in against}
            else:
                found |= {(s, a.event.id) for s in against}
        return found

    def verdict(self, workers: int, *, hasty: bool = False) -> Judge:
        """Run it through captures and judge; deltas are taken and delivered at random times, or nearly at once."""
        judge = Judge(settle_ns=SETTLE, grace_ns=GRACE)
        captures = [Capture(settle_ns=SETTLE) for _ in range(workers)]
        inputs = self._inputs(workers, hasty)
        deltas: list[tuple[int, int, int, dict[str, object]]] = []
        reached = [0] * workers
        for index, (at, worker, what, facts) in enumerate(inputs):
            capture = captures[worker]
            if what == "take":
                held_back = 0 if hasty or at == END else self.random.randrange(3_000) * MS
                reached[worker] = max(reached[worker], at + held_back)
                deltas.append((reached[worker], index, worker, over_the_wire(capture.take(at))))
            elif what == "open":
                capture.stream_opened(facts[0].number, at, facts[0].tasks)
            elif what == "close":
                capture.stream_closed(facts[0].number, at)
            elif what == "call":
                capture.acted(facts[0])
            else:
                assert capture.arrived(facts[0], facts[1], at, replayed=False) is (what == "event")
        for at, _, worker, delta in sorted(deltas, key=lambda d: d[:2]):
            judge.add(f"w{worker}", delta)
            judge.settle(at)
        judge.finish()
        return judge

    def _inputs(self, workers: int, hasty: bool) -> list[tuple[int, int, str, tuple]]:  # type: ignore[type-arg]
        inputs: list[tuple[int, int, str, tuple]] = []  # type: ignore[type-arg]
        for stream in self.streams:
            worker = stream.number % workers
            for start, end in stream.spans:
                inputs += [(start, worker, "open", (stream,)), (end, worker, "close", (stream,))]
        for happening in self.happenings:
            for number, at in happening.arrivals.items():
                inputs.append((at, number % workers, "event", (number, happening.event)))
        inputs += [(at, number % workers, "repeat", (number, event)) for number, at, event in self.repeats]
        inputs += [(call.answered_ns, self.random.randrange(workers), "call", (call,)) for call in self.calls]
        for worker in range(workers):
            at = 0
            while at < END:
                at = min(END, at + (500 if hasty else self.random.randrange(200, 9_000)) * MS)
                inputs.append((at, worker, "take", ()))
        inputs = [i for i in inputs if i[0] <= END]
        return sorted(inputs, key=lambda i: (i[0], i[2] == "take"))
