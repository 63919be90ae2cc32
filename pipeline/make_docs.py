"""The tables of settings in docs/pipeline.md, made from the settings: `python -m pipeline.make_docs`.

A table stands between `<!-- settings: … -->`, which names a member or the classes that several members share, and
`<!-- end -->`; a shared table says which members have it. What a setting becomes is found by changing it.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline import settings as all_settings
from pipeline.__main__ import MEMBERS
from pipeline.settings import GroupSettings, KafkaSettings, Settings, TransactionalSettings, ValueSettings

PAGE = Path("docs/pipeline.md")
TABLE = re.compile(r"(<!-- settings: (.*?) -->\n).*?(<!-- end -->)", re.DOTALL)
CONFIGS = ("connection", "client_config", "consumer_config", "producer_config", "keys_config")
SHARED = (Settings, KafkaSettings, ValueSettings, GroupSettings, TransactionalSettings)
SECURE = {"security_protocol": "SASL_SSL", "sasl_username": "u", "sasl_password": "p",
          "ssl_certificate_location": "c", "ssl_key_location": "k"}  # fmt: skip


def page(before: str) -> str:
    """The page, whose tables are those of today."""
    return TABLE.sub(lambda found: f"{found[1]}{_table(found[2])}\n{found[3]}", before)


def _table(named: str) -> str:
    kinds = [MEMBERS[name].settings if name in MEMBERS else getattr(all_settings, name) for name in named.split()]
    rows = [row for kind in kinds for row in _rows(kind)]
    whose = [f"`{name}`" for name, member in MEMBERS.items() if issubclass(member.settings, kinds[0])]
    told = [f"Of {', '.join(whose)}.", ""] if kinds[0] in SHARED else []
    return "\n".join((*told, "| setting | default | what it is | becomes |", "|---|---|---|---|", *rows))


def _rows(kind: type[Settings]) -> Iterator[str]:
    """Of the settings that it declares, itself or by a class that has no table of its own."""
    own = [base for base in kind.__mro__ if base is kind or (base not in SHARED and kind not in SHARED)]
    declared = {name for base in own for name in vars(base).get("__annotations__", {})}
    for name, field in kind.model_fields.items():
        if name in declared:
            default = "required" if field.is_required() else "" if field.default is None else f"`{field.default}`"
            options = ", ".join(f"`{option}`" for option in becomes(kind, name))
            yield f"| `{name.upper()}` | {default} | {field.description} | {options} |"


def becomes(kind: type[Settings], name: str) -> list[str]:
    """The options of librdkafka that change with a setting; `client.id` only where nothing else does."""
    given: dict[str, Any] = {field: "x" for field, info in kind.model_fields.items() if info.is_required()}
    given |= SECURE if issubclass(kind, KafkaSettings) else {}
    before = _options(kind(**given))
    for value in _others(kind, name):
        try:
            after = _options(kind(**{**given, name: value}))
        except ValidationError:  # this value does not go with the others
            continue
        changed = {option for of, option in before | after if before.get((of, option)) != after.get((of, option))}
        return sorted(changed - {"client.id"} or changed)
    return []


def _options(settings: Settings) -> dict[tuple[str, str], Any]:
    """All options of all its clients, by the client's method and the option's name."""
    return {
        (of, option): value
        for of in CONFIGS
        if (make := getattr(settings, of, None)) is not None
        for option, value in make().items()
    }


def _others(kind: type[Settings], name: str) -> Iterator[Any]:
    """Values that are not its default."""
    schema, default = kind.model_json_schema()["properties"][name], kind.model_fields[name].default
    for one_of in schema.get("anyOf", [schema]):
        match one_of.get("type"):
            case "integer":
                yield from (default * 2, default // 2) if default else (1,)
            case "boolean":
                yield from (False, True)
            case "string":
                yield from (value for value in one_of.get("enum", ["another"]) if value != default)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
