"""What can be had, for everybody to read: schemas, AsyncAPI and a page made of them. Nobody's data are in there."""

import html
from functools import cache
from typing import Any

from fastapi import Depends
from fastapi.responses import HTMLResponse

from contracts import golden
from contracts.public import FACTS
from kit.auth import Operation, guarded_router, public
from services.exchange.api.operations import PREFIX

SCHEMAS = Operation("exchange.schemas", public=True)
_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}

router = guarded_router(prefix=f"{PREFIX}/public", tags=["documents"])


@router.get("/schemas", dependencies=[Depends(public(SCHEMAS))])
async def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of every public fact, by wire type."""
    return golden.public_schemas()


@router.get("/asyncapi.json", dependencies=[Depends(public(SCHEMAS))])
async def asyncapi() -> dict[str, Any]:
    """The agencies' channel in AsyncAPI 3.0."""
    return _document()


@router.get("/page", response_class=HTMLResponse, dependencies=[Depends(public(SCHEMAS))])
async def page() -> HTMLResponse:
    """The same for people: no script, nothing from elsewhere."""
    return HTMLResponse(_page(), headers=_HEADERS)


@cache
def _document() -> dict[str, Any]:
    return golden.public_asyncapi()


@cache
def _page() -> str:
    document = _document()
    messages = document["components"]["messages"]
    parts = []
    for one in FACTS.values():
        message = messages[one.TYPE]
        fields = "".join(
            f"<tr><td><code>{html.escape(name)}</code></td><td>{html.escape(_type(part))}</td>"
            f"<td>{html.escape(str(message['examples'][0]['payload'].get(name, '')))}</td></tr>"
            for name, part in message["payload"]["properties"].items()
        )
        whom = "subject: 成对假名 (pairwise pseudonym)" if one.PERSONAL else "无个人 (nobody in particular)"
        parts.append(
            f"<h2><code>{one.TYPE}</code></h2><p>{html.escape(message['summary'])}</p><p>{whom}</p>"
            f"<table><tr><th>字段 field</th><th>类型 type</th><th>示例 example</th></tr>{fields}</table>"
        )
    headers = "".join(
        f"<tr><td><code>{name}</code></td><td>{html.escape(part.get('description', part.get('const', '')))}</td></tr>"
        for name, part in document["components"]["schemas"]["headers"]["properties"].items()
    )
    return (
        "<!doctype html><html lang=zh-CN><meta charset=utf-8><title>到户 · 对外交换</title>"
        "<style>body{font:16px/1.6 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
        "table{border-collapse:collapse;width:100%}td,th{border:1px solid #ccc;padding:.3rem .6rem;text-align:left}"
        "</style><h1>对外交换 · what other agencies get</h1>"
        f"<p>{html.escape(document['info']['description'])}</p><p><code>subsidy.public.{{agency}}</code></p>"
        f"{''.join(parts)}<h2>消息头 headers</h2><table>{headers}</table></html>"
    )


def _type(part: dict[str, Any]) -> str:
    if "anyOf" in part:
        return " | ".join(str(one.get("type")) for one in part["anyOf"])
    return str(part.get("type", ""))
