"""The exact witnesses that the journal and the history of a mutant imply: of each, a function of both.

They are reckoned from the journal, and from the recorded tables only where a kill leaves open what the journal cannot
know: whether the last deed before it was done. Knows nothing of the checks.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa

from mutants.journal import Row
from mutants.ownership import done_again, done_by_two, taken_from_others
from streamproof.serde.partitioners import PARTITIONERS

Tables = Mapping[str, pa.Table]
Witnesses = Mapping[str, frozenset[str]]
Effects = Mapping[str, Counter[str]]  # id -> visible effects per channel


def with_poison_apart(found: Witnesses, tables: Tables) -> Witnesses:
    """The same, but that what is lost of poison is its letter: unaccounted."""
    inputs = tables["input"].select(["id", "fate"]).to_pylist()
    poison = {row["id"] for row in inputs if row["fate"] == "poison"} & found.get("lost", frozenset())
    if not poison:
        return found
    return {**found, "lost": found["lost"] - poison, "unaccounted": found.get("unaccounted", frozenset()) | poison}


def visible_effects(tables: Tables) -> Effects:
    """How often each input's effect is visible on each channel."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    columns = tables["effect"].select(["source_id", "channel", "visible"]).to_pydict()
    for source_id, channel, visible in zip(*columns.values(), strict=True):
        if visible and source_id is not None:
            found[source_id][channel] += 1
    return found


def fewer_than_expected(tables: Tables) -> frozenset[str]:
    seen = visible_effects(tables)
    expected = tables["expected"].select(["id", "channel", "at_least"]).to_pylist()
    return frozenset(row["id"] for row in expected if seen.get(row["id"], Counter())[row["channel"]] < row["at_least"])


def more_than_expected(tables: Tables) -> frozenset[str]:
    seen = visible_effects(tables)
    expected = tables["expected"].select(["id", "channel", "at_most"]).to_pylist()
    return frozenset(
        row["id"]
        for row in expected
        if row["at_most"] is not None and seen.get(row["id"], Counter())[row["channel"]] > row["at_most"]
    )


def last_act(rows: Sequence[Row]) -> dict[str, str]:
    """For each id, the last act that it had a part in."""
    return {found: row.act for row in rows for found in row.ids}


def commit_first(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """Every input was committed before its effects. Lost are inputs whose last act is that commit."""
    committed = frozenset(found for row in rows if row.act == "commit" for found in row.ids)
    unfinished = frozenset(found for found, act in last_act(rows).items() if act != "produced")
    lost = unfinished & fewer_than_expected(tables)
    return {"commit-ahead": committed - lost, "lost": lost}


def no_rewind(rows: Sequence[Row], _tables: Tables) -> Witnesses:
    """An aborted input is lost, unless a kill came before the next commit: then the successor reads it again."""
    lost = frozenset(found for found, act in last_act(rows).items() if act in {"aborting", "passed-over"})
    return {"lost": lost}


def no_transaction(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """Inputs that were produced again, because the first attempt was cut short before its commit."""
    times = Counter(found for row in rows if row.act == "produce" for found in row.ids)
    again = frozenset(found for found, count in times.items() if count > 1)
    return {"duplicated": again & more_than_expected(tables)}


def no_generation(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """Inputs that were produced again, also by a zombie; a zombie's commits, and the places that they went back to."""
    return {
        **no_transaction(rows, tables),
        "commit-regression": gone_back_to(tables),
        "dual-ownership": done_by_two(tables),
        "foreign-commit": taken_from_others(tables),
    }


def gone_back_to(tables: Tables) -> frozenset[str]:
    """Where a commit is below the one before it, in the broker's order."""
    topics = set(tables["input"]["topic"].to_pylist())
    last: dict[str, int] = {}
    found = set()
    for row in sorted(tables["offset_commit"].to_pylist(), key=lambda row: row["n"]):
        place, offset = f"{row['topic']}[{row['part']}]", row["off"]
        if row["topic"] in topics and row["visible"] and offset is not None:
            if offset < last.get(place, 0):
                found.add(f"{place}@{offset}")
            last[place] = offset
    return frozenset(found)


def read_uncommitted(_rows: Sequence[Row], tables: Tables) -> Witnesses:
    """Every input that was aborted upstream was read, and passed on."""
    inputs = tables["input"].select(["id", "fate"]).to_pylist()
    return {"aborted-read": frozenset(row["id"] for row in inputs if row["fate"] == "abort")}


def latest(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """Lost is what lay before the first input of its partition that anybody took; the first of it tells of the skip."""
    first: dict[str, int] = {}
    for row in rows:
        for place, offset in row.offsets.items():
            first[place] = min(offset, first.get(place, offset))
    fewer, lost, skipped = fewer_than_expected(tables), set(), dict[str, str]()
    for row in sorted(tables["input"].select(["id", "topic", "part", "off"]).to_pylist(), key=lambda row: row["off"]):
        place = f"{row['topic']}[{row['part']}]"
        if row["id"] in fewer and row["off"] < first.get(place, 0):
            lost.add(row["id"])
            skipped.setdefault(place, row["id"])
    return {"lost": frozenset(lost), "skip": frozenset(skipped.values())}


def unread(_rows: Sequence[Row], tables: Tables) -> Witnesses:
    """Late is what lies in partitions that nobody ever had."""
    owned = {(row["topic"], row["part"]) for row in tables["owner"].to_pylist()}
    rows = tables["input"].select(["id", "topic", "part", "visible"]).to_pylist()
    return {"late": frozenset(row["id"] for row in rows if row["visible"] and (row["topic"], row["part"]) not in owned)}


def replays(_rows: Sequence[Row], tables: Tables) -> Witnesses:
    """All that is there twice was done again by an owner, who is told where it had not had the partition before."""
    return {"excess-replay": done_again(tables), "duplicated": more_than_expected(tables)}


def out_of_order(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """In batches that were not done again: inputs that stand before another input of their key."""
    inputs = {row["id"]: row for row in tables["input"].select(["id", "key", "part", "off", "fate"]).to_pylist()}
    last = {found: row for row in rows for found in row.ids}
    overtaken = set()
    for row in rows:
        latest: dict[tuple[str, int, str], int] = {}
        alike = [(inputs[found], inputs[found]["off"]) for found in row.ids if last[found] is row]
        if row.act == "reversed":
            alike.sort(key=lambda pair: -pair[1])
        for event, offset in alike:
            # poison goes to the dead letters, where an order of its own is kept
            key = event["key"], event["part"], event["fate"]
            latest[key] = max(offset, latest.get(key, offset))
            if offset < latest[key]:
                overtaken.add(event["id"])
    return {"reordered": frozenset(overtaken)}


def renamed(found: str) -> str:
    """The id that the forwarder gives instead."""
    return f"{found}-processed"


def renames(rows: Sequence[Row], _tables: Tables) -> Witnesses:
    """A renamed input that was not done again is lost; its new name is a phantom, since nothing of it was sent."""
    lost = frozenset(found for found, act in last_act(rows).items() if act == "renamed")
    return {"phantom": frozenset(map(renamed, lost)), "lost": lost}


def spoilt(*anomalies: str) -> Callable[[Sequence[Row], Tables], Witnesses]:
    """A spoilt input that was not done again."""

    def witnesses(rows: Sequence[Row], _tables: Tables) -> Witnesses:
        found = frozenset(found for found, act in last_act(rows).items() if act == "spoilt")
        return dict.fromkeys(anomalies, found)

    return witnesses


def spoilt_there(anomaly: str) -> Callable[[Sequence[Row], Tables], Witnesses]:
    """A spoilt effect that is in the log: what a producer had in its queue may die with it."""

    def witnesses(rows: Sequence[Row], tables: Tables) -> Witnesses:
        return {anomaly: spoilt(anomaly)(rows, tables)[anomaly] & set(tables["effect"]["source_id"].to_pylist())}

    return witnesses


def last_act_was(act: str, anomaly: str) -> Callable[[Sequence[Row], Tables], Witnesses]:
    """An input whose last act was this."""

    def witnesses(rows: Sequence[Row], _tables: Tables) -> Witnesses:
        return {anomaly: frozenset(found for found, last in last_act(rows).items() if last == act)}

    return witnesses


def from_the_start(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """All that is there twice was done again by an owner, who then committed what it had done."""
    return {**replays(rows, tables), "commit-regression": gone_back_to(tables)}


def ahead_and_lost(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """Read when the batch before it was committed, with its offset; lost are those that nobody did after that."""
    ahead = frozenset(found for row in rows if row.act == "ahead" for found in row.ids)
    lost = ahead & fewer_than_expected(tables)
    return {"lost": lost, "commit-ahead": ahead & committed_before_seen(tables) - lost}


def one_too_near(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """The last of each partition is never committed past; the last before a new owner came is done again."""
    last: dict[int, tuple[int, str]] = {}
    for row in tables["input"].select(["id", "part", "off", "fate"]).to_pylist():
        if row["fate"] != "abort":
            last[row["part"]] = max(last.get(row["part"], (-1, "")), (row["off"], row["id"]))
    return {**no_transaction(rows, tables), "late": frozenset(found for _, found in last.values())}


def held_letters(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """Letters that were held to the end of their process, and letters that came long after their commit."""
    held = frozenset(found for found, act in last_act(rows).items() if act == "held")
    lost = held & fewer_than_expected(tables)
    return {"unaccounted": lost, "commit-ahead": committed_before_seen(tables) - lost}


def goes_back(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """The places that a commit went back to; and the inputs that were read again from there before the next commit."""
    commits = tables["offset_commit"].to_pylist()
    made = {f"{row['topic']}[{row['part']}]@{row['off']}" for row in commits if not row["transactional"]}
    back = [row for row in rows if row.act == "going-back"]
    places = frozenset(f"{place}@{offset}" for row in back for place, offset in row.offsets.items())
    repeated = frozenset(found for row in back for found in row.ids) & more_than_expected(tables)
    return {"commit-regression": places & made, "duplicated": repeated}


def skip_failed(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """An input that failed is lost, unless another instance wrote it, or read it again after an early kill."""
    skipped = frozenset(found for found, act in last_act(rows).items() if act == "skipped")
    return {"lost": skipped & fewer_than_expected(tables)}


def auto_commit(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """Lost are inputs that a killed process took last; ahead are inputs committed before their effects were seen.

    No journal knows what was committed while a record was in hand, so ahead is reckoned from the tables, though not by
    the query.
    """
    unwritten = frozenset(found for found, act in last_act(rows).items() if act == "taken")
    lost = unwritten & fewer_than_expected(tables)
    return {"lost": lost, "commit-ahead": committed_before_seen(tables) - lost}


def commits_on_stop(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """An input that was left undone is lost; unless it had been written before, and was read again after a kill."""
    left = frozenset(found for found, act in last_act(rows).items() if act == "left")
    return {"lost": left & fewer_than_expected(tables)}


def last_finished(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """As with commits by the clock; lost are also inputs that waited behind others of their key, and were not taken."""
    done = {found for found, act in last_act(rows).items() if act == "done"}
    lost = fewer_than_expected(tables) - done
    return {"lost": lost, "commit-ahead": committed_before_seen(tables) - lost}


def committed_before_seen(tables: Tables) -> frozenset[str]:
    """The inputs that a commit had passed, in the broker's time, before their effect was there.

    A transaction's offsets lie in the log before it is committed, and perhaps before its records: its marker counts.
    """
    markers = [(row["pid"], row["t_append"]) for row in tables["batch"].to_pylist() if row["control"] == "commit"]
    seen = dict(zip(*tables["effect"].select(["source_id", "t_append"]).to_pydict().values(), strict=True))
    commits: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    for row in tables["offset_commit"].to_pylist():
        if row["off"] is not None and row.get("visible", True):
            written = row["t_append"]
            marked = min((t for pid, t in markers if pid == row["pid"] and t > written), default=written)
            commits[row["topic"], row["part"]].append((row["off"], marked))
    found = set()
    for row in tables["input"].select(["id", "topic", "part", "off"]).to_pylist():
        beyond = [t for off, t in commits[row["topic"], row["part"]] if off > row["off"]]
        if row["id"] in seen and beyond and min(beyond) < seen[row["id"]]:
            found.add(row["id"])
    return frozenset(found)


def last_act_was_and_is_missing(act: str) -> Callable[[Sequence[Row], Tables], Witnesses]:
    """An input whose last act was this, and which is not there: a kill leaves open how far the client had got."""

    def witnesses(rows: Sequence[Row], tables: Tables) -> Witnesses:
        found = frozenset(found for found, last in last_act(rows).items() if last == act)
        return {"lost": found & fewer_than_expected(tables)}

    return witnesses


def told_too_soon(act: str) -> Callable[[Sequence[Row], Tables], Witnesses]:
    """The same; and what came after its answer, or might have come."""
    missing = last_act_was_and_is_missing(act)

    def witnesses(rows: Sequence[Row], tables: Tables) -> Witnesses:
        lost = missing(rows, tables)["lost"]
        return {"lost": lost, "commit-ahead": committed_before_seen(tables) - lost}

    return witnesses


def renamed_again(found: str) -> str:
    """The id under which a producer sends an event again."""
    return f"{found}-again"


def again_and_again(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """What was sent again, and is there again: as itself, or under another id."""
    again = frozenset(found for row in rows if row.act == "again" for found in row.ids)
    return {"duplicated": again & more_than_expected(tables)}


def again_renamed(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """What was sent again under another id, and is there."""
    again = frozenset(renamed_again(found) for row in rows if row.act == "again" for found in row.ids)
    return {"phantom": again & visible_effects(tables).keys()}


def elsewhere(_rows: Sequence[Row], tables: Tables) -> Witnesses:
    """Records in another partition than murmur2 gives for their key."""
    keys = dict(zip(*tables["input"].select(["id", "key"]).to_pydict().values(), strict=True))
    effects = tables["effect"].select(["source_id", "part"]).to_pylist()
    partitions = max((row["part"] for row in effects), default=0) + 1
    home = PARTITIONERS["murmur2"]
    return {
        "misrouted": frozenset(
            row["source_id"]
            for row in effects
            if (key := keys.get(row["source_id"])) and home(key.encode(), partitions) != row["part"]
        )
    }


def overtaken(_rows: Sequence[Row], tables: Tables) -> Witnesses:
    """Inputs whose record lies behind that of a later input of their key, in the same partition."""
    inputs = {row["id"]: row for row in tables["input"].select(["id", "key", "part", "off"]).to_pylist()}
    furthest: dict[tuple[str, int, int], int] = {}
    found = set()
    columns = ["source_id", "part", "off"]
    for effect in sorted(tables["effect"].select(columns).to_pylist(), key=lambda row: row["off"]):
        given = inputs.get(effect["source_id"])
        if given is None:
            continue
        way = given["key"], given["part"], effect["part"]
        if given["off"] < furthest.get(way, -1):
            found.add(given["id"])
        furthest[way] = max(given["off"], furthest.get(way, -1))
    return {"reordered": frozenset(found)}
