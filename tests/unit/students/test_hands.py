"""The queue of raised hands, whatever happens in whatever order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from classroom.students.hands import KEPT_FOR, Hands, Place

STUDENTS = st.sampled_from(["1", "2", "3", "4"])


def test_hands_stand_in_the_order_in_which_they_went_up_and_keep_their_place() -> None:
    hands = Hands()
    assert [hands.put_up(student, f"at {student}") for student in ("3", "1", "3", "2")] == [True, True, False, True]
    assert [hands.place(each) for each in "312"] == [Place(1, 3), Place(2, 3), Place(3, 3)]
    assert hands.raised("3") == "at 3"
    assert (hands.take_down("3"), hands.take_down("3")) == (True, False)
    assert [hands.place(each) for each in "312"] == [None, Place(1, 2), Place(2, 2)]
    hands.put_up("3", "again")
    assert hands.queue == ["1", "2", "3"]
    assert (hands.take_all_down(), hands.take_all_down()) == (True, False)
    assert hands.raised("1") is None


@given(st.floats(0, KEPT_FOR), st.floats(0.001, 1000))
def test_who_is_back_in_time_has_kept_the_place_and_who_is_not_has_lost_it(away: float, more: float) -> None:
    hands = Hands()
    hands.put_up("1", "first")
    hands.put_up("2", "second")
    assert not hands.look({"2"}, 0.0)
    assert not hands.look({"2"}, away)
    assert hands.queue == ["1", "2"]
    hands.look({"1", "2"}, away)
    # Each loss has its own time.
    assert not hands.look({"2"}, 100.0)
    assert not hands.look({"2"}, 100.0 + KEPT_FOR)
    assert hands.look({"2"}, 100.0 + KEPT_FOR + more)
    assert (hands.queue, hands.place("2")) == (["2"], Place(1, 1))


class AnyOrder(RuleBasedStateMachine):
    """The queue beside a list that is kept with plain means."""

    def __init__(self) -> None:
        super().__init__()
        self.hands = Hands()
        self.expected: list[str] = []
        self.gone: dict[str, float] = {}
        self.now = 0.0

    @rule(student=STUDENTS)
    def put_up(self, student: str) -> None:
        assert self.hands.put_up(student, "now") is (student not in self.expected)
        if student not in self.expected:
            self.expected.append(student)
            self.gone.pop(student, None)

    @rule(student=STUDENTS)
    def take_down(self, student: str) -> None:
        assert self.hands.take_down(student) is (student in self.expected)
        self.expected = [each for each in self.expected if each != student]

    @rule()
    def take_all_down(self) -> None:
        assert self.hands.take_all_down() is bool(self.expected)
        self.expected = []

    @rule(present=st.sets(STUDENTS), later=st.integers(0, 40))
    def look(self, present: set[str], later: int) -> None:
        self.now += later
        self.gone = {each: self.gone.get(each, self.now) for each in self.expected if each not in present}
        lost = [each for each, since in self.gone.items() if self.now - since > KEPT_FOR]
        assert self.hands.look(present, self.now) is bool(lost)
        self.expected = [each for each in self.expected if each not in lost]

    @invariant()
    def the_queue_is_as_expected(self) -> None:
        assert self.hands.queue == self.expected


TestAnyOrder = AnyOrder.TestCase
