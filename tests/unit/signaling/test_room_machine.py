"""The room against a plain model of it, driven by hypothesis: order is kept, and nobody else is disturbed."""

from __future__ import annotations

from collections import deque

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from classroom.signaling.queue import Notice, RelayedMessage
from classroom.signaling.room import Occupied, Replaced, Room, UnknownMember, clean_name

LIMIT = 6
PATIENCE = 30.0


class RoomMachine(RuleBasedStateMachine):
    """Students and a hub in a room with small queues; the model holds what each should read."""

    visibility = "all"
    members = Bundle("members")
    waits = Bundle("waits")

    def __init__(self) -> None:
        super().__init__()
        self.room = Room(visibility="hub" if self.visibility == "hub" else "all", queue_limit=LIMIT)
        self.now = 0.0
        self.names: dict[int, bytes] = {}
        self.expected: dict[int, deque[Notice | RelayedMessage]] = {}
        self.since: dict[int, float] = {}
        self.current: dict[int, int] = {}
        self.asleep: set[int] = set()
        self.turns: dict[int, int | None] = {}
        self.unconfirmed: dict[int, Notice | RelayedMessage | None] = {}
        self.hub = self.room.sign_in(b"hub", 0.0, hub=True).id
        self.names[self.hub] = b"hub"
        self.expected[self.hub] = deque()

    def sees(self, viewer: int, other: int) -> bool:
        return viewer != other and (self.visibility == "all" or self.hub in (viewer, other))

    def tell(self, subject: int, connected: bool) -> None:
        notice = Notice(subject, self.names[subject], connected)
        for member, queue in self.expected.items():
            if not self.sees(member, subject):
                continue
            wrote = any(isinstance(e, RelayedMessage) and e.sender == subject for e in queue)
            unread = Notice(subject, self.names[subject], True) in queue
            if not connected and unread and (member == self.hub or not wrote):
                kept = [e for e in queue if (e.sender if isinstance(e, RelayedMessage) else e.id) != subject]
                queue.clear()
                queue.extend(kept)
            else:
                queue.append(notice)

    def forget(self, member: int) -> None:
        del self.expected[member]
        self.current.pop(member, None)
        self.since.pop(member, None)
        self.tell(member, False)

    def fits(self, sender: int, target: int) -> bool:
        waiting = [e for e in self.expected[target] if isinstance(e, RelayedMessage)]
        if target == self.hub:
            waiting = [e for e in waiting if e.sender == sender]
        return len(waiting) < LIMIT

    @rule(target=members, name=st.binary(max_size=20))
    def sign_in(self, name: bytes) -> int:
        admission = self.room.sign_in(name, self.now)
        new = admission.id
        assert new not in self.names
        self.names[new] = clean_name(name) or b"peer_%d" % new
        known = [new, *(m for m in self.expected if self.sees(new, m))]
        assert list(admission.entries) == [Notice(m, self.names[m], True) for m in known]
        self.tell(new, True)
        self.expected[new] = deque()
        self.since[new] = self.now
        return new

    @rule(member=consumes(members))
    def sign_out(self, member: int) -> None:
        if member not in self.expected:
            try:
                self.room.sign_out(member)
            except UnknownMember:
                return
            raise AssertionError("somebody who is gone signed out")
        self.room.sign_out(member)
        self.forget(member)

    @rule(sender=members, to=members, to_hub=st.booleans(), from_hub=st.booleans(), body=st.binary(max_size=5))
    def post(self, sender: int, to: int, to_hub: bool, from_hub: bool, body: bytes) -> None:
        sender = self.hub if from_hub else sender
        target = self.hub if to_hub else to
        known = sender in self.expected and target in self.expected
        victim = None
        if not known or (sender != target and not self.sees(sender, target)):
            fits = False
        elif sender == target:
            fits = True
        else:
            fits = self.fits(sender, target)
            victim = sender if target == self.hub else target
        try:
            back = self.room.post(sender, target, body, "text/plain")
        except UnknownMember:
            assert not fits
            if victim is not None:
                self.forget(victim)
            return
        assert fits
        relay = RelayedMessage(sender, body, "text/plain")
        if sender == target:
            assert back == relay
        else:
            assert back is None
            self.expected[target].append(relay)

    @rule(target=waits, member=members, hub=st.booleans(), step=st.sampled_from([None, 0, 1, 2, -1]))
    def begin_wait(self, member: int, hub: bool, step: int | None) -> object:
        member = self.hub if hub else member
        last = self.turns.get(member)
        turn = None if step is None else (last or 0) + step
        try:
            ticket = self.room.begin_wait(member, turn=turn)
        except Occupied:
            assert step in (2, -1)
            assert last is not None
            return multiple()
        except UnknownMember:
            assert member not in self.expected
            return multiple()
        assert member in self.expected
        assert last is None or step not in (2, -1)
        if turn is None or turn != last:
            self.unconfirmed[member] = None
        self.turns[member] = turn
        self.current[member] = ticket
        return (member, ticket)

    @rule(wait=waits)
    def collect(self, wait: tuple[int, int]) -> None:
        member, ticket = wait
        try:
            event = self.room.collect(member, ticket, self.now)
        except UnknownMember:
            assert member not in self.expected
        except Replaced:
            assert self.current.get(member) != ticket
        else:
            assert self.current[member] == ticket
            queue = self.expected[member]
            expected = self.unconfirmed.get(member) or (queue.popleft() if queue else None)
            assert event == expected
            if self.turns[member] is not None:
                self.unconfirmed[member] = event
            if event is None:
                self.asleep.add(ticket)
            else:
                del self.current[member]
                self.since[member] = self.now

    @rule(wait=consumes(waits))
    def lose_wait(self, wait: tuple[int, int]) -> None:
        member, ticket = wait
        self.room.end_wait(member, ticket, self.now)
        self.asleep.discard(ticket)
        if self.current.get(member) == ticket:
            del self.current[member]
            self.since[member] = self.now

    @rule(seconds=st.sampled_from([1.0, 15.0, 31.0]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        late = [
            m for m in self.expected if m != self.hub and m not in self.current and self.now - self.since[m] > PATIENCE
        ]
        assert list(self.room.expire(self.now)) == late
        for member in late:
            self.forget(member)

    @invariant()
    def same_members(self) -> None:
        assert self.room.size == len(self.expected)
        assert all(member in self.room for member in self.expected)

    @invariant()
    def nobody_sleeps_through_news(self) -> None:
        self.asleep -= self.room.take_ready()
        current = {ticket: member for member, ticket in self.current.items()}
        for ticket in self.asleep:
            assert ticket in current, "a wait sleeps on although it was replaced or its member is gone"
            assert not self.unconfirmed.get(current[ticket]), "a wait sleeps on although its answer was lost"
            assert not self.expected[current[ticket]], "a wait sleeps on although there is news for it"


class HubRoomMachine(RoomMachine):
    """The same with hub visibility."""

    visibility = "hub"


TestRoomForAll = RoomMachine.TestCase
TestRoomWithHub = HubRoomMachine.TestCase
TestRoomForAll.settings = TestRoomWithHub.settings = settings(
    max_examples=max(80, settings().max_examples // 100), stateful_step_count=40, deadline=None
)
