"""`streamproof compat`: what it says, and how it ends."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streamproof.cli.main import app
from streamproof.errors import SchemaError, UsageError
from tests.compat.test_history import AB, AB0, A

HISTORY = Path(__file__).parents[2] / "contracts/schemas/order_event"
run = CliRunner().invoke


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name, text in {"v1": A, "v2": AB0, "v9": AB0, "v10": AB}.items():
        (tmp_path / f"{name}.avsc").write_text(text)
    return tmp_path


def test_the_reference_history_may_be_upgraded_in_any_order() -> None:
    """As its contract promises."""
    told = run(app, ["compat", str(HISTORY), "--level", "FULL_TRANSITIVE"])
    assert told.exit_code == 0
    assert told.stdout.splitlines() == [
        "v1  COMPATIBLE  FULL_TRANSITIVE  (the first: nothing to compare with)",
        "v2  COMPATIBLE  FULL_TRANSITIVE",
        "v3  COMPATIBLE  FULL_TRANSITIVE",
    ]


def test_a_directory_is_a_history_in_the_order_of_its_numbers(files: Path) -> None:
    """v10 comes after v9, and is what breaks it."""
    told = run(app, ["compat", str(files), "--level", "BACKWARD_TRANSITIVE"])
    assert told.exit_code == 1
    assert [line.split()[0] for line in told.stdout.splitlines() if "COMPATIBLE" in line] == ["v1", "v2", "v9", "v10"]
    assert "v10 → v1  INCOMPATIBLE  BACKWARD" in told.stdout


def test_a_history_may_begin(tmp_path: Path) -> None:
    """With a single version; the output says that nothing was compared, and counts it."""
    (tmp_path / "v1.avsc").write_text(A)
    told = run(app, ["compat", str(tmp_path)])
    assert (told.exit_code, told.stdout) == (0, "v1  COMPATIBLE  BACKWARD  (the first: nothing to compare with)\n")
    (result,) = json.loads(run(app, ["compat", str(tmp_path), "--json"]).stdout)
    assert (result["compatible"], result["before"]) == (True, 0)


def test_a_refusal_says_who_cannot_read_what_and_what_would_mend_it(files: Path) -> None:
    """Kind, place, sentence, the levels that accept it, and a way out."""
    told = run(app, ["compat", str(files / "v1.avsc"), str(files / "v10.avsc"), "--level", "FULL"])
    assert told.exit_code == 1
    assert told.stdout == (
        "v1 → v10  INCOMPATIBLE  FORWARD\n"
        "  reader-field-missing-default  /fields/1 (b)\n"
        "  Consumers still on v10 cannot read what producers on v1 write: "
        '"b" is gone, and v10 has no default for it.\n'
        "  To mend: keep the field, or give it a default in an earlier version.\n"
        "  Accepted by: BACKWARD, BACKWARD_TRANSITIVE.\n"
    )


def test_files_are_given_newest_first(files: Path) -> None:
    """NEW, then those before it: only the first of them counts where the level is not transitive."""
    names = [str(files / f"{name}.avsc") for name in ("v10", "v9", "v1")]
    assert run(app, ["compat", *names, "--level", "BACKWARD"]).exit_code == 0
    assert run(app, ["compat", *names, "--level", "BACKWARD_TRANSITIVE"]).exit_code == 1


def test_json_is_one_document(files: Path) -> None:
    """All that the words say."""
    told = run(app, ["compat", str(files / "v10.avsc"), str(files / "v1.avsc"), "--json"])
    (result,) = json.loads(told.stdout)
    assert (result["compatible"], result["differences"][0]["path"]) == (False, "/fields/1")
    assert result["accepted_by"] == ["NONE", "FORWARD", "FORWARD_TRANSITIVE"]


def test_a_reference_is_a_file_under_a_name(tmp_path: Path) -> None:
    """The name may be left out. Without the reference, the error names the file, the place and the missing type."""
    money, order = tmp_path / "money.avsc", tmp_path / "order.avsc"
    money.write_text('{"type": "fixed", "name": "Money", "size": 8}')
    order.write_text(A.replace('"int"', '"Money"'))
    for reference in (f"Money={money}", str(money)):
        assert run(app, ["compat", str(order), str(order), "--reference", reference]).exit_code == 0
    told = run(app, ["compat", str(order), str(order)])
    assert str(told.exception).startswith(f'{order}: /fields/0/type: no Avro schema: there is no type "Money"')


def test_files_of_the_same_name_are_told_apart_by_their_paths(tmp_path: Path) -> None:
    """As they are in two checkouts; brackets in them are no markup."""
    names = []
    for folder, text in (("[new]", AB), ("old", A)):
        (tmp_path / folder).mkdir()
        names.append(tmp_path / folder / "order.avsc")
        names[-1].write_text(text)
    told = run(app, ["compat", *map(str, names)])
    assert told.stdout.startswith(f"{names[0]} → {names[1]}  INCOMPATIBLE  BACKWARD\n")
    assert f"Consumers on {names[0]} cannot read what was written with {names[1]}: " in told.stdout


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        (["nowhere.avsc"], SchemaError, "nowhere.avsc cannot be read"),
        (["empty"], UsageError, "has no .avsc files"),
        (["broken.avsc"], SchemaError, "broken.avsc:2:"),
        (["binary.avsc"], SchemaError, "binary.avsc cannot be read (it is no UTF-8 text)"),
        (
            ["order.avsc", "--level", "BACKWARDS"],
            UsageError,
            'level "BACKWARDS" is not known (did you mean "BACKWARD"?',
        ),
        (
            ["order.avsc"],
            UsageError,
            "order.avsc: nothing to compare with; give the versions before it too, the latest",
        ),
        (["order.avsc", "--type", "JSON"], UsageError, "JSON schemas cannot be compared yet; only AVRO can"),
        (["order.proto"], UsageError, "order.proto is a Protobuf schema; compat knows Avro so far"),
        (["mute.txt"], UsageError, "mute.txt is a Protobuf schema; compat knows Avro so far"),
        (["protobuf"], UsageError, "protobuf/v1.proto is a Protobuf schema; compat knows Avro so far"),
        (["order.json"], UsageError, "order.json is a JSON Schema; compat knows Avro so far"),
        (["order.avsc", "."], UsageError, "a directory is a whole history"),
        ([".", "a.avsc"], UsageError, "a directory is a whole history"),
    ],
)
def test_a_mistake_is_one_sentence(
    arguments: list[str], error: type[Exception], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which file, and what is wrong with it."""
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("order.avsc").write_text(A)
    Path("broken.avsc").write_text("{\n")
    Path("binary.avsc").write_bytes(b"\xff")
    Path("protobuf").mkdir()
    for proto in ("order.proto", "mute.txt", "protobuf/v1.proto"):
        Path(proto).write_text('// orders\nsyntax = "proto3";\nmessage Order { string id = 1; }\n')
    Path("order.json").write_text('{"type": "object", "properties": {"id": {"type": "string"}}}')
    told = run(app, ["compat", *arguments])
    assert isinstance(told.exception, error)
    assert sentence in str(told.exception)
