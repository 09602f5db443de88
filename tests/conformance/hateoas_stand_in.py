"""A relay for what no healthy master answers over HATEOAS.

The steps at which it may answer otherwise are `url` (getHateoasUrl), `root`, `search`, `traverse`
and `token`.
"""

import json
import urllib.parse

from relay import Relay, status

__all__ = ["NOT_JSON", "StandIn", "status"]

NOT_JSON = (200, "text/html", b"<html>It works!</html>")


def step_of(path):
    parts = urllib.parse.urlsplit(path)
    if parts.path.endswith("/getHateoasUrl"):
        return "url"
    if parts.path.endswith("/Base_getComputerToken"):
        return "token"
    if "/hateoas" in parts.path:
        return urllib.parse.parse_qs(parts.query).get("mode", ["root"])[0]
    return "other"


def of_the_document(change):
    """An answer whose document is made of the true one."""

    def answer(told):
        _code, _kind, body = told
        return (200, "application/hal+json", json.dumps(change(json.loads(body))).encode("utf-8"))

    return answer


class StandIn(Relay):
    """Serves until it is closed. `answers` maps steps to answers, or to functions that make one of the true document."""

    def __init__(self, master, **answers):
        of_documents = {
            step: of_the_document(answer) if callable(answer) else answer for step, answer in answers.items()
        }
        super().__init__(master, name_of=step_of, **of_documents)
