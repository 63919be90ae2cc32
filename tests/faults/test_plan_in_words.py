"""Plans and faults that are said in words, as after --faults."""

from streamproof.faults import During, Fault, InFlight, Instance, Kill, Progress, plan_in_words


def test_faults_in_words_are_spread_over_the_run() -> None:
    """In the order in which they are said."""
    plan = plan_in_words("pause-broker@broker:leader, kill@instance:1,kill@instance:2")
    assert [(str(fault), fault.when.mark) for fault in plan.faults] == [
        ("pause-broker broker:leader", 0.25),
        ("kill instance:1", 0.5),
        ("kill instance:2", 0.75),
    ]


def test_a_fault_in_words_may_say_when() -> None:
    """By its mark."""
    (fault,) = plan_in_words("kill-in-flight@instance:2@0.4").faults
    assert fault == Fault(Kill(), Instance(2), InFlight(Progress(0.4)))


def test_a_fault_in_words_of_python_says_when_once() -> None:
    """Half-way, unless another trigger is named."""
    assert Fault.of("kill", "instance:1").when == Progress(0.5)
    assert Fault.of("kill", "instance:1", during="loss").when == During("loss")
