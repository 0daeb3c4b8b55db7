"""What the seeded rows, and the requests about them, must hold beyond their type."""

from collections.abc import Mapping
from typing import Any

from seeding import MARK, TOWNSHIP, VILLAGE

ROWS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "registry": {"subject": {"wrapped_key": b"wrapped"}},
    "orchestrator": {
        "instance": {"id": f"{MARK}instance_id"},
        "work_item": {"id": f"{MARK}item_id", "state": "open"},
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
    "POST /api/payment/v1/standards": {"unit_price": "50"},
    "POST /api/payment/v1/pools/{pool_id}/reservations": {"area": "1.5"},
    "POST /api/payment/v1/orders/{order_id}/voucher": {"list_hash": "a" * 64},
    "POST /api/verification/v1/surveys": {"application_id": f"{MARK}application_id"},
    "POST /api/verification/v1/stops": {"subject_id": f"{MARK}subject_id", "region": TOWNSHIP},
}
"""What a request must hold beyond what its schema requires: fields of the body, or the query's."""
