"""Can a reader with one Avro schema read all that a writer with another may have written?

The rules are Avro's schema resolution as the registry applies it, with the Java library's SchemaCompatibility: names
compare without their namespaces, a reader's aliases with it; logical types are not compared; a default need not fit
its type. Differences have Java's types and places, but for a field that is missing and whose enum has a default: Java
then tells that an enum reads no record, and here it is the field that lacks a default.
"""

from streamproof.compat.avro_schema import Field, Path, Schema, pointer
from streamproof.compat.difference import Mismatch
from streamproof.errors import SchemaError

Found = tuple[Mismatch, ...]

# what a reader of the key may also be given
PROMOTIONS = {
    "long": {"int"},
    "float": {"int", "long"},
    "double": {"int", "long", "float"},
    "string": {"bytes"},
    "bytes": {"string"},
}


def mismatches(reader: Schema, writer: Schema) -> Found:
    """Every reason why `reader` cannot read data of `writer`; empty when it can."""
    comparison = _Comparison()
    try:
        found = comparison.of(reader, writer, ())
    except RecursionError as error:
        raise SchemaError(f"{reader} is nested too deeply to be compared") from error
    return tuple(dict.fromkeys((*found, *comparison.ambiguous)))


class _Comparison:
    """Compares one pair of schemas. A pair met again within itself counts as readable: what it lacks shows elsewhere.

    `ambiguous`: fields that match several of the writer's. Java gives up at the first, even where it tries a branch.
    """

    def __init__(self) -> None:
        self.ambiguous: list[Mismatch] = []
        self._known: dict[tuple[int, int], Found] = {}

    def of(self, reader: Schema, writer: Schema, path: Path) -> Found:
        reader, writer = reader.resolved, writer.resolved
        pair = id(reader), id(writer)
        if pair not in self._known:
            self._known[pair] = ()
            self._known[pair] = self._compare(reader, writer, path)
        return self._known[pair]

    def _compare(self, reader: Schema, writer: Schema, path: Path) -> Found:
        kind, written = reader.kind, writer.kind
        if written == "union":
            return self._each_branch(reader, writer, path)
        if kind == "union":
            if any(not self.of(branch, writer, path) for branch in reader.inner):
                return ()
            return (_mismatch("missing-union-branch", path, f"no branch of its union reads {writer}"),)
        if kind != written:
            if written in PROMOTIONS.get(kind, ()):
                return ()
            return (_mismatch("type-mismatch", path, f"it expects {reader} and finds {writer}"),)
        return self._same_kind(reader, writer, path)

    def _same_kind(self, reader: Schema, writer: Schema, path: Path) -> Found:
        if reader.kind in {"array", "map"}:
            word = "items" if reader.kind == "array" else "values"
            return self.of(reader.inner[0], writer.inner[0], (*path, word))
        own = {"fixed": _sizes, "enum": _symbols, "record": self._fields}.get(reader.kind)
        return _names(reader, writer, path) + own(reader, writer, path) if own else ()

    def _each_branch(self, reader: Schema, writer: Schema, path: Path) -> Found:
        """Whatever the writer chose must be readable."""
        found: list[Mismatch] = []
        for number, branch in enumerate(writer.inner):
            place = (*path, str(number))
            inner = self.of(reader, branch, place)
            if inner and reader.kind == "union":
                found.append(
                    _mismatch("missing-union-branch", place, f"no branch of its union reads {branch.resolved}")
                )
            else:
                found += inner
        return tuple(found)

    def _fields(self, reader: Schema, writer: Schema, path: Path) -> Found:
        found: list[Mismatch] = []
        for number, field in enumerate(reader.fields):
            place = (*path, "fields", str(number))
            sources = _sources(field, writer)
            if len(sources) > 1:
                names = " and ".join(f'"{source.name}"' for source in sources)
                found.append(_mismatch("ambiguous-alias", place, f"it matches {names} of what was written", field.name))
                self.ambiguous.append(found[-1])
            elif sources:
                found += self.of(field.type, sources[0].type, (*place, "type"))
            elif not field.has_default:
                detail = "the writer lacks it, and it has no default"
                found.append(_mismatch("reader-field-missing-default", place, detail, field.name))
        return tuple(found)


def _sources(field: Field, writer: Schema) -> list[Field]:
    """The writer's fields that `field` matches, by its name and by each alias; an alias may repeat the name."""
    written = {source.name: source for source in writer.fields}
    return [written[name] for name in (field.name, *field.aliases) if name in written]


def _names(reader: Schema, writer: Schema, path: Path) -> Found:
    if reader.local_name == writer.local_name or writer.name in reader.aliases:
        return ()
    return (
        _mismatch(
            "name-mismatch",
            (*path, "name"),
            f'it expects the name "{reader.name}" and finds "{writer.name}"',
            reader.name,
        ),
    )


def _sizes(reader: Schema, writer: Schema, path: Path) -> Found:
    if reader.size == writer.size:
        return ()
    detail = f"it expects {reader.size} bytes and finds {writer.size}"
    return (_mismatch("fixed-size-mismatch", (*path, "size"), detail, reader.name),)


def _symbols(reader: Schema, writer: Schema, path: Path) -> Found:
    unknown = [symbol for symbol in writer.symbols if symbol not in reader.symbols]
    if not unknown or reader.default is not None:
        return ()
    symbols = ", ".join(f'"{symbol}"' for symbol in unknown)
    detail = f"its enum has no {symbols}, and no default"
    return (_mismatch("missing-enum-symbols", (*path, "symbols"), detail, reader.name),)


def _mismatch(kind: str, path: Path, detail: str, name: str = "") -> Mismatch:
    return Mismatch(kind, pointer(path), detail, name)
