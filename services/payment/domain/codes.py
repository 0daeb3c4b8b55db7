"""Failure codes F01 … F99 (domain §4) with our own texts: a bank's free text may hold a person's name."""

MISSING_ACCOUNT = "F02"
DUPLICATE = "F08"
BAD_FORMAT = "F10"
OTHER = "F99"

REASONS: dict[str, str] = {
    "F01": "户名不符 (name differs)",
    "F02": "账号不存在或错误 (no such account)",
    "F03": "账户已销户 (account closed)",
    "F04": "账户冻结或止付 (account frozen)",
    "F05": "卡未激活或账户类型不许入账 (card not activated)",
    "F06": "卡已挂失 (card reported lost)",
    "F07": "超过账户限额 (over the account's limit)",
    "F08": "重复 (duplicate)",
    "F09": "行号错误 (wrong bank code)",
    "F10": "格式错误 (bad format)",
    "F99": "其他原因 (other)",
}


def known_code(code: str) -> str:
    """The code itself, or F99 for one the table does not know."""
    return code if code in REASONS else OTHER
