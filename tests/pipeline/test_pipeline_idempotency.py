"""Idempotency-Key: a single answer for each key, and nothing remembered that would keep an event from the log."""

import asyncio

import pytest

from pipeline.errors import RetriableError
from pipeline.idempotency import KeyInUseError, KeyReusedError, Keys
from pipeline.producer import Answer

OK = Answer("ok", "event-1", 0, 7)
UNKNOWN = Answer("unknown", "event-1")
FAILED = Answer("fail", "event-1")


class Sender:
    """Answers what it is given to answer, and counts."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self._answers = iter(answers)
        self.calls = 0

    async def __call__(self) -> Answer:
        self.calls += 1
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize("answer", [OK, UNKNOWN])
def test_what_may_be_in_the_log_is_sent_once(answer: Answer) -> None:
    """The same key and body get the first answer, an unknown outcome too: to send again could double the event."""
    keys, sender = Keys(10, 60), Sender(answer)

    async def twice() -> list[Answer]:
        return [await keys.once("key", b"body", sender) for _ in range(2)]

    assert asyncio.run(twice()) == [answer, answer]
    assert sender.calls == 1


def test_what_failed_may_be_sent_again() -> None:
    """It is not in the log: to remember that would keep it out."""
    keys, sender = Keys(10, 60), Sender(FAILED, RetriableError("full"), OK)

    async def thrice() -> list[Answer]:
        first = await keys.once("key", b"body", sender)
        with pytest.raises(RetriableError):
            await keys.once("key", b"body", sender)
        return [first, await keys.once("key", b"body", sender)]

    assert asyncio.run(thrice()) == [FAILED, OK]


def test_a_key_is_of_one_body() -> None:
    """Another body under a key is refused, whether the first is answered or not, and is not sent."""
    keys, sender = Keys(10, 60), Sender(OK)

    async def other() -> None:
        held = asyncio.Event()

        async def slow() -> Answer:
            await held.wait()
            return await sender()

        first = asyncio.create_task(keys.once("key", b"body", slow))
        await asyncio.sleep(0)
        for _ in range(2):
            with pytest.raises(KeyReusedError):
                await keys.once("key", b"other", sender)
            held.set()
            await first

    asyncio.run(other())
    assert sender.calls == 1


def test_a_key_whose_first_request_has_no_answer_is_in_use() -> None:
    """Neither sent again nor answered by a guess; when the first is answered, it gets that answer."""
    keys, sender = Keys(10, 60), Sender(OK)

    async def meanwhile() -> Answer:
        held = asyncio.Event()

        async def slow() -> Answer:
            await held.wait()
            return await sender()

        first = asyncio.create_task(keys.once("key", b"body", slow))
        await asyncio.sleep(0)
        with pytest.raises(KeyInUseError):
            await keys.once("key", b"body", sender)
        held.set()
        await first
        return await keys.once("key", b"body", sender)

    assert asyncio.run(meanwhile()) == OK
    assert sender.calls == 1


def test_keys_are_forgotten_after_their_window_and_beyond_their_number() -> None:
    """The limits that the document tells: so many keys, each for so long."""
    now = [0.0]
    keys, sender = Keys(2, 60, lambda: now[0]), Sender(OK, OK, OK, OK, OK)

    async def send(*names: str) -> int:
        for name in names:
            await keys.once(name, b"body", sender)
        return sender.calls

    assert asyncio.run(send("a", "a")) == 1
    now[0] = 61
    assert asyncio.run(send("a")) == 2
    assert asyncio.run(send("b", "c", "a")) == 5
