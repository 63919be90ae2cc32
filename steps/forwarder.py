"""The forwarder's words: orders instead of records, forwarders instead of instances."""

from pytest_bdd import given, parsers, then, when

from streamproof.pytest import steps as gherkin
from streamproof.pytest.steps import Story


@given(parsers.re(r'(?P<count>\d+) forwarders? in group "(?P<group>[\w-]+)"'))
def forwarders(story: Story, count: str, group: str) -> None:
    story.subject, story.instances = "orders", int(count)
    story.env["GROUP_ID"] = group + "{run}"


@given(parsers.re(r'the "(?P<protocol>classic|consumer)" group protocol'))
def group_protocol(story: Story, protocol: str) -> None:
    story.env["GROUP_PROTOCOL"] = protocol


@given(parsers.re(r"(?P<count>[\d,]+) orders?"))
def orders(story: Story, count: str) -> None:
    story.records = gherkin.number(count)


@when(parsers.parse("forwarder {which:d} is killed with its transaction open"))
def killed(story: Story, which: int) -> None:
    gherkin.killed_inside(story, which)


@when(parsers.parse("forwarder {which:d} is paused beyond its session"))
def paused(story: Story, which: int) -> None:
    gherkin.paused(story, which)


@when("another forwarder joins")
def joins(story: Story) -> None:
    gherkin.joins(story)


@then("every order is processed exactly once")
def exactly_once(story: Story) -> None:
    gherkin.exactly_once(story)


@then("orders with the same key keep their order")
def ordered(story: Story) -> None:
    gherkin.ordered(story)
