"""Another agency with a webhook: what it is sent while the system runs, beside what it finds when it asks."""

from typing import Any

import httpx
from standardwebhooks.webhooks import Webhook

from services.exchange.tests.endpoint import Endpoint

TYPES = ["enrolment_started", "enrolment_stopped", "payment_made", "payment_returned", "batch_closed"]
API = "/api/exchange/v1"
PAGE = 1000


class Subscriber:
    """Of all the county's facts of one project, by an agreement of its own."""

    def __init__(self, http: httpx.AsyncClient, endpoint: Endpoint, project: str, region: str) -> None:
        self._http, self._endpoint = http, endpoint
        self._filter: dict[str, Any] = {"types": TYPES, "projects": [project], "regions": [region]}
        self._secret = ""

    async def subscribe(self) -> None:
        """From nothing to an open webhook."""
        who = {"code": "civil", "name": "民政局", "legal_basis": "社会救助暂行办法", "contact": "数据科"}
        await self._call("operator@5399", "POST", "/agencies", who)
        terms = self._filter | {"purpose": "低保对象核对", "valid_from": "2023-01-01"}
        terms |= {"page_size": PAGE, "requests_per_minute": 6000}
        one = await self._call("operator@5399", "POST", "/agencies/civil/agreements", terms)
        await self._call("operator.2@5399", "POST", f"/agreements/{one['agreement_id']}:approve")
        wanted = self._filter | {"endpoint": self._endpoint.url}
        opened = await self._call("civil", "POST", "/public/subscriptions/webhooks", wanted)
        self._secret = opened["secret"]

    async def pulled(self) -> list[str]:
        """The ids of all events, in order, as the agency gets them when it asks."""
        page = await self._call("civil", "GET", f"/public/events?limit={PAGE}")
        assert not page["more"]
        return [one["id"] for one in page["events"]]

    def received(self) -> list[str]:
        """The `webhook-id` of each call, in order; each is signed, and a repeated one has the same content."""
        bodies: dict[str, bytes] = {}
        for headers, body in self._endpoint.got:
            Webhook(self._secret).verify(body, headers)
            assert bodies.setdefault(headers["webhook-id"], body) == body
        return [headers["webhook-id"] for headers, _ in self._endpoint.got]

    async def _call(self, who: str, method: str, path: str, body: object = None) -> Any:
        """As a demo login, or as the agency."""
        door, key = ("token", "username") if "@" in who else ("agency", "agency")
        token = (await self._http.post(f"/auth/dev/{door}", json={key: who})).json()["access_token"]
        headers = {"authorization": f"Bearer {token}"}
        answer = await self._http.request(method, API + path, json=body, headers=headers)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()
