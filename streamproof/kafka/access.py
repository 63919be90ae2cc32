"""Who may come in to a cluster with access control, and what they may do there."""

import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from kio.schema.alter_user_scram_credentials.v0.request import (
    AlterUserScramCredentialsRequest,
    ScramCredentialUpsertion,
)
from kio.schema.alter_user_scram_credentials.v0.response import AlterUserScramCredentialsResponse
from kio.schema.create_acls.v3.request import AclCreation, CreateAclsRequest
from kio.schema.create_acls.v3.response import CreateAclsResponse
from kio.schema.delete_acls.v3.request import DeleteAclsFilter, DeleteAclsRequest
from kio.schema.delete_acls.v3.response import DeleteAclsResponse
from kio.schema.describe_acls.v3.request import DescribeAclsRequest
from kio.schema.describe_acls.v3.response import DescribeAclsResponse
from kio.schema.describe_user_scram_credentials.v0.request import DescribeUserScramCredentialsRequest, UserName
from kio.schema.describe_user_scram_credentials.v0.response import DescribeUserScramCredentialsResponse
from kio.schema.errors import ErrorCode
from kio.static.primitive import i8, i32

from streamproof.kafka import requests

SCRAM_SHA_256 = i8(1)
ITERATIONS = i32(4096)  # the least that Kafka takes: the password is random
TOPIC, GROUP, TRANSACTIONAL_ID = i8(2), i8(3), i8(5)  # kinds of things
READ, WRITE, DESCRIBE = i8(3), i8(4), i8(8)  # kinds of access
ANY, ALLOW, LITERAL = i8(1), i8(3), i8(3)
ALL_NAMES = "*"
_ALL: Mapping[str, Any] = {  # of a principal's rights
    "resource_type_filter": ANY,
    "resource_name_filter": None,
    "pattern_type_filter": ANY,
    "host_filter": None,
    "operation": ANY,
    "permission_type": ANY,
}


@dataclass(frozen=True)
class Right:
    """To do something with one thing, by its name."""

    kind: i8
    name: str
    operation: i8


def admit(bootstrap: str, user: str, password: str) -> None:
    """Let a user in by a password (SCRAM-SHA-256); returns when every broker knows."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    credential = ScramCredentialUpsertion(
        name=user, mechanism=SCRAM_SHA_256, iterations=ITERATIONS, salt=salt, salted_password=salted
    )
    request = AlterUserScramCredentialsRequest(deletions=(), upsertions=(credential,))

    def alter() -> None:
        answer = requests.ask_any(bootstrap, request, AlterUserScramCredentialsResponse)
        requests.check(answer.results[0].error_code, f'the password of "{user}"')

    requests.patiently(alter)
    asked = DescribeUserScramCredentialsRequest(users=(UserName(name=user),))

    def known(address: str) -> None:
        answer = requests.ask(address, asked, DescribeUserScramCredentialsResponse)
        if answer.results[0].error_code is not ErrorCode.none:
            raise requests.NotYet(f'the broker at {address} does not know "{user}"')

    _by_all(bootstrap, known)


def grant(bootstrap: str, principal: str, rights: Iterable[Right]) -> None:
    """Let `principal`, such as `User:subject`, do this, and nothing else; returns when every broker knows."""
    wanted = frozenset(rights)
    _take_back(bootstrap, principal)
    creations = tuple(
        AclCreation(
            resource_type=right.kind,
            resource_name=right.name,
            resource_pattern_type=LITERAL,
            principal=principal,
            host=ALL_NAMES,
            operation=right.operation,
            permission_type=ALLOW,
        )
        for right in sorted(wanted, key=lambda right: (right.kind, right.name, right.operation))
    )

    def create() -> None:
        answer = requests.ask_any(bootstrap, CreateAclsRequest(creations=creations), CreateAclsResponse)
        for result in answer.results:
            requests.check(result.error_code, f"what {principal} may do")

    requests.patiently(create)
    asked = DescribeAclsRequest(principal_filter=principal, **_ALL)

    def known(address: str) -> None:
        answer = requests.ask(address, asked, DescribeAclsResponse)
        found = {
            Right(resource.resource_type, resource.resource_name, acl.operation)
            for resource in answer.resources
            for acl in resource.acls
        }
        if found != wanted:
            raise requests.NotYet(f"the broker at {address} does not know what {principal} may do")

    _by_all(bootstrap, known)


def _take_back(bootstrap: str, principal: str) -> None:
    """All that it may do."""
    everything = DeleteAclsFilter(principal_filter=principal, **_ALL)

    def delete() -> None:
        answer = requests.ask_any(bootstrap, DeleteAclsRequest(filters=(everything,)), DeleteAclsResponse)
        requests.check(answer.filter_results[0].error_code, f"what {principal} might do")

    requests.patiently(delete)


def _by_all(bootstrap: str, known: Callable[[str], None]) -> None:
    """Ask every broker that is up until it knows."""
    for broker in requests.find_metadata(bootstrap).brokers:
        address = f"{broker.host}:{broker.port}"
        requests.patiently(partial(known, address))
