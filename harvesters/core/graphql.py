"""GraphQL through the `gql` package, with a transport that posts through the engine's port.

The package is imported where it is used: it costs a quarter of a second, and `--help` needs none of it.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec

from harvesters.core.answers import Answer, Api, Request, Verdict

if TYPE_CHECKING:
    from gql.transport import Transport
    from graphql import DocumentNode

PLACEHOLDER = "project"


@lru_cache
def operations(package: str, file: str, project: str) -> "Mapping[str, DocumentNode]":
    """The operations of a `.graphql` file by name, each alone with the fragments that it uses.

    The variable `$project` is replaced by a literal, digits bare and anything else quoted: the vendor
    changed the variable's type once, and a literal is valid under both (reference, section 3).
    """
    from graphql import parse, separate_operations, visit

    text = files(package).joinpath(file).read_text("utf-8")
    document = visit(parse(text), _literal(project))
    return {name: only for name, only in separate_operations(document).items() if name}


def _literal(project: str) -> Any:  # noqa: ANN401 - graphql-core's visitors are classes made at run time
    from graphql import IntValueNode, OperationDefinitionNode, StringValueNode, VariableNode, Visitor

    value = IntValueNode(value=project) if project.isdigit() else StringValueNode(value=project)

    class Literal(Visitor):
        """Leaves the declaration of `$project` out and puts the literal where it was used."""

        def enter_operation_definition(self, node: OperationDefinitionNode, *_: object) -> object:
            declared = tuple(each for each in node.variable_definitions or () if not _is_project(each.variable))
            return replace(node, variable_definitions=declared)

        def enter_variable(self, node: VariableNode, *_: object) -> object:
            return value if _is_project(node) else None

    def _is_project(node: VariableNode) -> bool:
        return node.name.value == PLACEHOLDER

    return Literal()


class GraphQL:
    """Posts named operations to one endpoint and hands the answers' bytes on; safe for several threads."""

    def __init__(self, api: Api, url: str, operations: "Mapping[str, DocumentNode]") -> None:
        """`url`: the full endpoint; `operations` by name."""
        from gql import Client
        from gql.client import SyncClientSession

        self._operations = operations
        self._session = SyncClientSession(Client(transport=_transport(api, url)))

    def ask(
        self,
        operation: str,
        variables: Mapping[str, Any],
        takes: frozenset[Verdict] = frozenset(),
        *,
        once: bool = False,
    ) -> Answer:
        """The answer of one operation, judged; see `Request` for `once`, `Api.send` for what it raises."""
        from gql import GraphQLRequest

        request = GraphQLRequest(self._operations[operation], variable_values=dict(variables))
        answer: Answer = self._session.execute(request, takes=takes, once=once)["answer"]
        return answer


def _transport(api: Api, url: str) -> "Transport":
    from gql.transport import Transport
    from graphql import ExecutionResult

    class ThroughApi(Transport):
        """gql's extension point: the request goes through the port, the answer's bytes are handed on."""

        def execute(
            self,
            request: Any,  # noqa: ANN401 - gql's signature
            *_: Any,
            takes: frozenset[Verdict] = frozenset(),
            once: bool = False,
            **__: Any,
        ) -> ExecutionResult:
            headers = {"content-type": "application/json", "accept": "application/json"}
            body = msgspec.json.encode(request.payload)
            return ExecutionResult({"answer": api.send(Request("POST", url, body, headers, takes, once=once))})

    return ThroughApi()
