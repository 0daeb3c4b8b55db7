"""What the seeded rows, and the requests about them, must hold beyond their type."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from seeding import COUNTY, MARK, TOWNSHIP, VILLAGE

ROWS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "registry": {"subject": {"wrapped_key": b"wrapped"}},
    "orchestrator": {
        "instance": {"id": f"{MARK}instance_id"},
        "work_item": {
            "id": f"{MARK}item_id",
            "state": "open",
            "kind": "act",
            "role": "township_handler",
            "decisions": ["approve"],
        },
    },
    "exchange": {
        "agency": {"code": "agency"},
        "agreement": {
            "agency": "agency",
            "state": "active",
            "valid_to": date(2099, 1, 1),
            "types": ["payment_made"],
        },
        "subscription": {"agency": "agency", "channel": "webhook"},
    },
}
"""Values by room, table and column."""

REQUESTS: Mapping[str, Mapping[str, Any]] = {
    "POST /api/registry/v1/changes": {
        "subject_id": f"{MARK}subject_id",
        "reason": "request",
        "basis": "self",
        "valid_from": "2023-05-01",
        "evidence": {"digest": "sha256:" + "a" * 64},
    },
    "POST /api/application/v1/enrolments/{enrolment_id}/changes": {"reason": "request"},
    "GET /api/batch/v1/lines": {"application_id": f"{MARK}application_id"},
    "POST /api/batch/v1/lines/{line_id}:correct": {"village": VILLAGE},
    "POST /api/batch/v1/batches/{batch_id}/slices": {"township": TOWNSHIP},
    "POST /api/exchange/v1/agencies/{code}/agreements": {
        "types": ["payment_made"],
        "regions": [COUNTY],
        "valid_to": "2023-12-31",
    },
    "POST /api/orchestrator/v1/work-items/{item_id}:complete": {"decision": "approve"},
    "PUT /api/exchange/v1/public/subscriptions/topic": {"types": ["payment_made"]},
    "POST /api/exchange/v1/public/subscriptions/webhooks": {"types": ["payment_made"]},
    "GET /api/payment/v1/payments": {"subject_id": f"{MARK}subject_id"},
    "POST /api/payment/v1/standards": {"unit_price": "50"},
    "POST /api/payment/v1/pools/{pool_id}/reservations": {"area": "1.5"},
    "POST /api/payment/v1/orders/{order_id}/voucher": {"list_hash": "a" * 64},
    "POST /api/verification/v1/surveys": {"application_id": f"{MARK}application_id"},
    "POST /api/verification/v1/stops": {"subject_id": f"{MARK}subject_id", "region": TOWNSHIP},
}
"""What a request must hold beyond what its schema requires: fields of the body, or the query's."""
