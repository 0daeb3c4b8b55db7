"""Signed after Standard Webhooks (checked by its own library), in order, tried again, set aside, disabled."""

from typing import Any

import orjson
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from kit.testing import RoomHarness
from services.exchange.domain import DISABLE_AFTER, RETRY_SECONDS
from services.exchange.handlers.hooking import send_webhooks
from services.exchange.ports.hooks import EndpointRefused, allowed, resolve, signature
from services.exchange.tests.conftest import FILTER, agency, agreed, call, everything_happened
from services.exchange.tests.endpoint import Endpoint, passed


async def state(room: RoomHarness, hook: dict[str, Any]) -> dict[str, Any]:
    rows = await call(room, agency(), "GET", "/public/subscriptions")
    return next(one for one in rows if one["subscription_id"] == hook["subscription_id"])


async def test_the_standards_own_library_accepts_what_arrives(
    room: RoomHarness, hook: dict[str, Any], endpoint: Endpoint
) -> None:
    await room.work(send_webhooks)
    types = []
    for headers, body in endpoint.got:
        types.append(Webhook(hook["secret"]).verify(body, headers)["type"].split(".")[2])
        with pytest.raises(WebhookVerificationError):
            Webhook(hook["secret"]).verify(body + b" ", headers)
        assert headers["content-type"] == "application/cloudevents+json"
    assert types == ["enrolment_started", "payment_made", "payment_returned"]
    pulled = (await call(room, agency(), "GET", "/public/events"))["events"][:3]
    assert [orjson.loads(body) for _, body in endpoint.got] == pulled
    assert [headers["webhook-id"] for headers, _ in endpoint.got] == [one["id"] for one in pulled]
    await room.work(send_webhooks)
    assert len(endpoint.got) == 3, "what was taken is not sent again"
    assert (await state(room, hook))["secret"] is None


async def test_a_failure_is_tried_again_in_order_with_growing_pauses(
    room: RoomHarness, hook: dict[str, Any], endpoint: Endpoint
) -> None:
    endpoint.statuses = [500, 302, 404]
    for tries in (1, 2, 3):
        await room.work(send_webhooks)
        assert len(endpoint.got) == tries, "a redirect is not followed, and nothing overtakes"
        assert (await state(room, hook))["attempts"] == tries
        await room.work(send_webhooks)
        assert len(endpoint.got) == tries, "not before the pause is over"
        await passed(room)
    await room.work(send_webhooks)
    ids = [headers["webhook-id"] for headers, _ in endpoint.got]
    assert len(set(ids[:4])) == 1
    assert len(set(ids)) == 3


async def test_what_is_never_taken_is_a_dead_letter_and_then_the_webhook_is_disabled(
    room: RoomHarness, hook: dict[str, Any], endpoint: Endpoint
) -> None:
    endpoint.default = 503
    tries = len(RETRY_SECONDS) + 1
    for _ in range(tries * DISABLE_AFTER):
        await room.work(send_webhooks)
        await passed(room)
    assert len(endpoint.got) == tries * DISABLE_AFTER
    assert (await state(room, hook))["state"] == "disabled"
    path = f"/public/subscriptions/webhooks/{hook['subscription_id']}"
    letters = await call(room, agency(), "GET", f"{path}/dead-letters")
    assert [(one["position"], one["attempts"], one["reason"]) for one in letters] == [
        (number, tries, "http_503") for number in (1, 2, 3)
    ]
    await call(room, agency(), "POST", f"{path}/dead-letters/1:retry", status=502)
    endpoint.default = 204
    assert (await call(room, agency(), "POST", f"{path}/dead-letters/1:retry"))["delivered_at"]
    assert (await call(room, agency(), "POST", f"{path}:enable"))["state"] == "active"
    await agreed(room, "other")
    await call(room, agency("other"), "POST", f"{path}:enable", status=404)


async def test_a_rotated_secret_signs_beside_the_former_one_for_a_day(
    room: RoomHarness, hook: dict[str, Any], endpoint: Endpoint
) -> None:
    path = f"/public/subscriptions/webhooks/{hook['subscription_id']}"
    fresh = await call(room, agency(), "POST", f"{path}:rotate")
    await room.work(send_webhooks)
    headers, body = endpoint.got[0]
    assert fresh["secret"] != hook["secret"]
    for secret in (fresh["secret"], hook["secret"]):
        Webhook(secret).verify(body, headers)
    async with room.room.tx() as tx:
        await tx.execute("UPDATE subscription SET former_until = $1, position = 0", tx.wall)
        stored = await tx.fetchval("SELECT secret_sealed FROM subscription WHERE channel = 'webhook'")
    assert fresh["secret"].encode() not in stored
    await room.work(send_webhooks)
    headers, body = endpoint.got[3]
    Webhook(fresh["secret"]).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(hook["secret"]).verify(body, headers)


async def test_a_revoked_agreement_ends_the_webhook(room: RoomHarness, endpoint: Endpoint) -> None:
    from services.exchange.tests.conftest import OPENER

    agreement = await agreed(room)
    await call(
        room, agency(), "POST", "/public/subscriptions/webhooks", FILTER | {"endpoint": endpoint.url}, 201
    )
    await everything_happened(room)
    await call(room, OPENER, "POST", f"/agreements/{agreement}:revoke", {"reason": "期满"})
    await room.work(send_webhooks)
    assert endpoint.got == []


async def test_only_who_repeats_the_challenge_gets_anything(room: RoomHarness, endpoint: Endpoint) -> None:
    await agreed(room)
    endpoint.default = 200
    body = FILTER | {"endpoint": endpoint.url}
    answer = await call(room, agency(), "POST", "/public/subscriptions/webhooks", body, 422)
    assert answer["code"] == "challenge_not_repeated"
    wide = FILTER | {"regions": ["5399"], "endpoint": endpoint.url}
    await call(room, agency(), "POST", "/public/subscriptions/webhooks", wide, 422)
    assert [one["channel"] for one in await call(room, agency(), "GET", "/public/subscriptions")] == ["topic"]


@pytest.mark.parametrize(
    ("address", "development", "production"),
    [
        ("127.0.0.1", True, False),
        ("::1", True, False),
        ("::ffff:127.0.0.1", True, False),
        ("10.0.0.8", False, False),
        ("192.168.1.1", False, False),
        ("169.254.169.254", False, False),
        ("100.64.0.1", False, False),
        ("0.0.0.0", False, False),  # noqa: S104 - an address to refuse
        ("224.0.0.1", False, False),
        ("fe80::1%eth0", False, False),
        ("fd00::1", False, False),
        ("::ffff:10.0.0.8", False, False),
        ("2002:0a00:0008::", False, False),
        ("64:ff9b::a00:8", False, False),
        ("8.8.8.8", True, True),
        ("2400:3200::1", True, True),
    ],
)
def test_addresses_that_are_never_called(address: str, development: bool, production: bool) -> None:
    assert allowed(address, development=True) is development
    assert allowed(address, development=False) is production


@pytest.mark.parametrize(
    ("endpoint_url", "code"),
    [
        ("http://8.8.8.8/hook", "not_https"),
        ("ftp://8.8.8.8/hook", "not_https"),
        ("https://user:word@8.8.8.8/hook", "malformed"),
        ("https:///hook", "malformed"),
        ("https://8.8.8.8:99999/", "malformed"),
        ("https://[::1", "malformed"),
        ("https://127.0.0.1/hook", "address_not_allowed"),
        ("https://localhost/hook", "address_not_allowed"),
        ("https://2130706433/hook", "address_not_allowed"),
        ("https://no-such-host.invalid/hook", "unknown_host"),
    ],
)
async def test_endpoints_refused_in_production(endpoint_url: str, code: str) -> None:
    with pytest.raises(EndpointRefused) as refused:
        await resolve(endpoint_url, development=False)
    assert refused.value.code == code


async def test_the_address_is_the_one_that_was_judged() -> None:
    target = await resolve("https://8.8.8.8/hook?a=1", development=False)
    assert (target.address, target.port, target.path) == ("8.8.8.8", 443, "/hook?a=1")


def test_the_example_of_the_standard() -> None:
    """From the specification's own test vectors."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    made = signature([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
