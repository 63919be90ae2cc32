"""Idempotency-Key: no two requests with a key are under way, and what is kept of a key answers its repetition."""

import asyncio

import pytest

from pipeline.errors import RetriableError
from pipeline.idempotency import First, Keyed, KeyInUseError, KeyReusedError, OpenKeys
from pipeline.producer import Answer

OK = Answer("ok", "event-1", 0, 7)
ASKED, OTHER = Keyed.of("key", b"body"), Keyed.of("key", b"other")


@pytest.mark.parametrize(("again", "error"), [(ASKED, KeyInUseError), (OTHER, KeyReusedError)])
def test_a_key_is_of_one_request_at_a_time(again: Keyed, error: type[Exception]) -> None:
    """Neither sent again nor answered by a guess; another body is told as such."""
    keys, calls = OpenKeys(), []

    async def meanwhile() -> Answer:
        held = asyncio.Event()

        async def slow(asked: Keyed) -> Answer:
            calls.append(asked)
            await held.wait()
            return OK

        first = asyncio.create_task(keys.once(ASKED, slow))
        await asyncio.sleep(0)
        with pytest.raises(error):
            await keys.once(again, slow)
        held.set()
        return await first

    assert asyncio.run(meanwhile()) == OK
    assert calls == [ASKED]


@pytest.mark.parametrize("first", [OK, Answer("unknown", "event-1"), RetriableError("full")])
def test_a_key_is_free_when_its_request_is_answered(first: Answer | Exception) -> None:
    """However that went: what is known of the key then is the producer's to say."""
    keys, answers = OpenKeys(), iter([first, OK])

    async def send(_asked: Keyed) -> Answer:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def twice() -> Answer:
        if isinstance(first, Exception):
            with pytest.raises(RetriableError):
                await keys.once(ASKED, send)
        else:
            assert await keys.once(ASKED, send) == first
        return await keys.once(OTHER, send)

    assert asyncio.run(twice()) == OK


def test_what_is_kept_of_a_key_answers_its_request_alone() -> None:
    """Through the topic and back: the first answer for the same body, and a refusal for another."""
    first = First(ASKED.digest, "event-1", 0, 7)
    record = first.record("key")
    assert record.key == b"key"
    read = First.read(record.value or b"")
    assert read.answer_to(ASKED) == OK
    assert isinstance(read.answer_to(OTHER), KeyReusedError)
