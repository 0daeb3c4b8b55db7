"""What two people may decide about, and what they may choose."""

CHOICES: dict[str, dict[str, str]] = {
    "conflict": {
        "paid": "经查已入账 (it was paid)",
        "not_paid": "经查未入账 (it was not paid)",
    },
    "unknown": {
        "paid": "经查已入账 (it was paid)",
        "not_paid": "经查未入账 (it was not paid)",
    },
    "file": {
        "rebuild": "更正后以原编号重制 (build again under the same ids)",
        "abandon": "放弃，明细按失败退回 (give up: its lines have failed)",
        "query": "银行已收，逐笔查询 (the bank has it: ask line by line)",
    },
    "suspense": {
        "recovery": "认作追回退缴 (repays a recovery)",
        "return": "认作付款退回 (a payment came back)",
        "refund": "退还来款人 (given back to its sender)",
        "corrected": "银行已冲正 (the bank corrected it)",
    },
    "open_recovery": {"open": "立案追回 (open a recovery)"},
    "end_recovery": {
        "written_off": "核销 (write off)",
        "withdrawn": "撤销 (withdraw)",
    },
}

BANK_HAS_IT = frozenset({"receipt_differs", "file_id_reused"})
"""Refusals by which the bank shows that it has booked something under the file's id: nothing may go out again."""


def choices_for_file(refusal: str) -> frozenset[str]:
    """What may be done with a file that the bank refused for this reason."""
    return frozenset({"query"}) if refusal in BANK_HAS_IT else frozenset(CHOICES["file"])
