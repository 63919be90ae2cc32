"""What may stand in braces in a subject's command, environment and addresses, and is filled in when it starts."""

import re
from collections.abc import Mapping

from streamproof.errors import did_you_mean

PLACEHOLDERS = (
    "bootstrap_servers", "registry_url", "instance", "run", "directory",
    "security_protocol", "ca_file", "certificate_file", "key_file", "kafka_username", "kafka_password",
)  # fmt: skip
_IN_BRACES = re.compile(r"(?<!\$)\{([A-Za-z_][A-Za-z0-9_]*)\}")  # not a shell's ${NAME}


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with each placeholder's value in its place; other braces stay (a command may hold JSON)."""
    return _IN_BRACES.sub(lambda match: values.get(match[1], match[0]), text)


def checked(text: str) -> str:
    """`text` itself; ValueError when it holds a placeholder that nothing fills."""
    for match in _IN_BRACES.finditer(text):
        if match[1] not in PLACEHOLDERS:
            known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            raise ValueError(
                f"the placeholder {match[0]} is not known{did_you_mean(match[1], PLACEHOLDERS) or f': {known}'}"
            )
    return text


def names(text: str, placeholder: str) -> bool:
    """Whether `text` holds this placeholder."""
    return any(match[1] == placeholder for match in _IN_BRACES.finditer(text))
