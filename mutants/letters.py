"""Forwarders whose dead letters are wrong: what goes wrong with every letter."""

import json
from collections.abc import Iterable

from mutants.forwarders import Results
from mutants.journal import event_id
from mutants.values import Spoils, spoils
from pipeline.events import Header, PoisonError, Result
from pipeline.forwarder import Forwarder
from pipeline.group_member import Batch, Partition, headers_of, place, record
from pipeline.letters import dead_letter

TOO_OFTEN = 5


class _SpoilsLetters(Spoils):
    """Every dead letter is another, or others."""

    def _spoil(self, results: Results) -> Iterable[tuple[str, Result]]:
        for topic, result in results:
            if topic == self.topics.dlq_topic:
                self._note(result.headers)
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
        yield self.topics.dlq_topic, letter._replace(headers=headers)


class LetterAltered(_SpoilsLetters):
    """The bug: a letter's value was read as text, and written again, with a mark for each byte that is none."""

    def _others(self, letter: Result) -> Iterable[tuple[str, Result]]:
        value = json.dumps({"payload": (letter.value or b"").decode(errors="replace")})
        yield self.topics.dlq_topic, letter._replace(value=value.encode())


class TriesTooOften(_SpoilsLetters):
    """The bug: what can never succeed is tried as often as what may, and oftener than the contract allows."""

    def _others(self, letter: Result) -> Iterable[tuple[str, Result]]:
        headers: list[Header] = [header for header in letter.headers if header[0] != "dlq-attempts"]
        headers.append(("dlq-attempts", str(TOO_OFTEN).encode()))
        yield self.topics.dlq_topic, letter._replace(headers=headers)


class LetterWithoutKey(_SpoilsLetters):
    """The bug: a letter has no key, so that it cannot be sent back to where it came from."""

    def _others(self, letter: Result) -> Iterable[tuple[str, Result]]:
        yield self.topics.dlq_topic, letter._replace(key=None)


class LetterTwice(_SpoilsLetters):
    """The bug: who fails writes a letter, and so does who called it."""

    def _others(self, letter: Result) -> Iterable[tuple[str, Result]]:
        yield self.topics.dlq_topic, letter
        yield self.topics.dlq_topic, letter


class WholeBatch(Spoils):
    """The bug: one record that cannot be processed takes its whole batch to the dead letters."""

    def results(self, batch: Batch) -> Results:
        results = super().results(batch)
        poison = {event_id(result.headers) for topic, result in results if topic == self.topics.dlq_topic}
        if not poison:
            return results
        letters = [
            dead_letter(PoisonError("batch-failed", "of its batch"), record(message), self.topics.group_id)
            for message in batch.messages
        ]
        for letter in letters:
            if event_id(letter.headers) not in poison:
                self._note(letter.headers)
        return [(self.topics.dlq_topic, letter) for letter in letters]

    def _spoil(self, results: Results) -> Iterable[tuple[str, Result]]:
        return results


class SkipsRest(Spoils):
    """The bug: a record that cannot be processed ends the loop over its partition's records, and all are committed."""

    def results(self, batch: Batch) -> Results:
        results, ended = [], set[Partition]()
        self._spoilt.clear()
        for message in batch.messages:
            partition = place(message)[:2]
            if partition in ended:
                self._note(headers_of(message))
                continue
            found = Forwarder.results(self, Batch([message]))
            results += found
            if any(topic == self.topics.dlq_topic for topic, _ in found):
                ended.add(partition)
        return results


MUTANTS = (
    spoils(
        "without-letter",
        "commits past what cannot be processed, and writes no dead letter",
        WithoutLetter,
        "unaccounted",
    ),
    spoils("letter-and-effect", "has an effect of what it dead-letters", LetterAndEffect, "both"),
    spoils("silent-letter", "does not say why a dead letter is there", LetterWithoutReason, "unexplained"),
    spoils("letter-altered", "writes a dead letter's value in another form than it came in", LetterAltered, "altered"),
    spoils("tries-too-often", "tries what can never succeed oftener than is allowed", TriesTooOften, "overtried"),
    spoils("letter-without-key", "leaves out the key of a dead letter", LetterWithoutKey, "altered"),
    spoils("letter-twice", "writes each dead letter twice", LetterTwice, "duplicated"),
    spoils(
        "whole-batch",
        "dead-letters all records of a batch of which one cannot be processed",
        WholeBatch,
        "lost",
        "duplicated",
    ),  # a letter is an effect that the contract does not have for them
    spoils("skips-rest", "passes by what follows a record that cannot be processed", SkipsRest, "lost"),
)
