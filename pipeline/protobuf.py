"""Records in Protobuf: fields go by number, so that what an older or a newer producer wrote is read by its own schema.

A message follows the indexes that lead to it within its schema: one zero stands for the first, which is all that
this pipeline writes.
"""

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from pipeline.errors import RegistryAway
from pipeline.events import OrderEvent
from pipeline.framed import Read, Write

FIRST = b"\x00"
PROTOC_S = 60.0


class Protobuf:
    kind = "PROTOBUF"
    suffix = ".proto"
    model = OrderEvent

    def reader(self, schema: str) -> Read:
        message = _first_message(schema)

        def read(body: bytes) -> Any:
            if not body.startswith(FIRST):
                raise ValueError("not the first message of its schema")
            found = message.FromString(body[1:])
            # a field that was not sent has its default, as Protobuf has it; numbers of 64 bits are text in its JSON
            record = MessageToDict(found, always_print_fields_with_no_presence=True, preserving_proto_field_name=True)
            numbers = ((name, known) for name, known in found.DESCRIPTOR.fields_by_name.items() if name in record)
            return record | {name: int(record[name]) for name, known in numbers if known.type == known.TYPE_INT64}

        return read

    def writer(self, schema: str) -> Write:
        message = _first_message(schema)

        def write(record: Mapping[str, Any]) -> bytes:
            return FIRST + ParseDict(dict(record), message()).SerializeToString()

        return write


def _first_message(schema: str) -> type[Message]:
    """ValueError for a schema that protoc refuses, such as a schema that refers to others."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "schema.proto").write_text(schema, encoding="utf-8")
        flags = ["-I.", "--include_imports", "--descriptor_set_out=out", "schema.proto"]
        try:
            done = subprocess.run(
                [sys.executable, "-m", "grpc_tools.protoc", *flags],
                capture_output=True, text=True, cwd=folder, timeout=PROTOC_S, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:  # of the machine, not of the record
            raise RegistryAway(f"protoc has not ended within {PROTOC_S:.0f} s") from error
        if done.returncode:
            raise ValueError(done.stderr.strip())
        files = FileDescriptorSet.FromString((Path(folder) / "out").read_bytes()).file
    pool = DescriptorPool()
    for file in files:
        pool.Add(file)
    own = files[-1]
    if not own.message_type:
        raise ValueError("it has no message")
    return GetMessageClass(pool.FindMessageTypeByName(f"{own.package}.{own.message_type[0].name}".lstrip(".")))
