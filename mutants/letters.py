"""Forwarders whose dead letters are wrong: what goes wrong with every letter."""

import json
from collections.abc import Iterable
from dataclasses import replace

from mutants.forwarders import Results
from mutants.values import Spoils
from pipeline.events import Header, Result

TOO_OFTEN = 5


class _SpoilsLetters(Spoils):
    """Every dead letter is another, or others."""

    def _spoil(self, results: Results) -> Iterable[tuple[str, Result]]:
        for topic, result in results:
            if topic == self.topics.dlq_topic:
                self._note(result)
                yield from self._others(result)
            else:
                yield topic, result

    def _others(self, letter: Result) -> Iterable[tuple[str, Result]]:
        raise NotImplementedError


class WithoutLetter(_SpoilsLetters):
    """The bug, of many a tutorial: what cannot be processed is logged, and committed past."""

    def _others(self, letter: Result) -> Iterable[tuple[str, Result]]:  # noqa: ARG002 - that is the bug
        return ()


class LetterAndEffect(_SpoilsLetters):
    """The bug: a customer is told of an event that goes to the dead letters."""

    def _others(self, letter: Result) -> Iterable[tuple[str, Result]]:
        yield self.topics.dlq_topic, letter
        value = json.dumps({"order_id": (letter.key or b"").decode(), "text": "We could not read your order."})
        yield self.topics.notifications_topic, Result(letter.key, value.encode(), letter.headers[:1])


class LetterWithoutReason(_SpoilsLetters):
    """The bug: nobody is told why a letter is there."""

    def _others(self, letter: Result) -> Iterable[tuple[str, Result]]:
        headers = [header for header in letter.headers if header[0] != "dlq-reason"]
        yield self.topics.dlq_topic, replace(letter, headers=headers)


class LetterAltered(_SpoilsLetters):
    """The bug: a letter's value was read as text, and written again, with a mark for each byte that is none."""

    def _others(self, letter: Result) -> Iterable[tuple[str, Result]]:
        value = json.dumps({"payload": (letter.value or b"").decode(errors="replace")})
        yield self.topics.dlq_topic, replace(letter, value=value.encode())


class TriesTooOften(_SpoilsLetters):
    """The bug: what can never succeed is tried as often as what may, and oftener than the contract allows."""

    def _others(self, letter: Result) -> Iterable[tuple[str, Result]]:
        headers: list[Header] = [header for header in letter.headers if header[0] != "dlq-attempts"]
        headers.append(("dlq-attempts", str(TOO_OFTEN).encode()))
        yield self.topics.dlq_topic, replace(letter, headers=headers)
