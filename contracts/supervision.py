"""Door of `supervision`: it only subscribes; its one act is the 督办 order."""

from contracts.base import Message, event


@event("subsidy.supervision.order_issued.v1", key="business_key", crosses=True)
class OrderIssued(Message):
    """督办 of an overdue work item or case: one-key (`named` null: whoever may act) or to a named official."""

    order_id: str
    business_key: str
    subject_kind: str
    subject_ref: str
    project: str | None = None
    region: str
    node: str
    overdue_since: str
    named: str | None = None
    actor: str


@event("subsidy.supervision.order_answered.v1", key="business_key", crosses=True)
class OrderAnswered(Message):
    """被督办记录: the official answered, or the overdue item was done; `state` answered | done."""

    order_id: str
    business_key: str
    state: str
    actor: str
