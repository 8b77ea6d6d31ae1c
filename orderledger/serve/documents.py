"""JSON bodies as documents."""

from typing import Any

from starlette.requests import Request

from orderledger.extend.messages import read_document
from orderledger.serve.bodies import JSON, body_of, content_type
from orderledger.serve.problems import Problem, invalid
from orderledger.serve.settings import ServerLimits


async def posted_document(request: Request, limits: ServerLimits) -> tuple[bytes, dict[str, Any]]:
    """The body of a POST, and the JSON object in it. Raises InvalidMessage or Problem with the
    field at fault.
    """
    headers = request.scope["head"]
    content_type(headers, JSON)
    body = await body_of(request.receive, headers, limits)
    document = read_document(body)
    if not isinstance(document, dict):
        raise invalid("", "the body is not a JSON object")
    return body, document


def refuse_parameters(request: Request) -> None:
    """Raise Problem if the query has any parameter."""
    if request.scope["query_string"]:
        raise Problem(
            "invalid_request", "takes no parameters", field="query", fault="takes no parameters"
        )
