"""The facts of verification that a decision table may ask about, in words; a test keeps them equal to that room's."""

FACTS: dict[str, str] = {
    "stage": "环节：application、alert_verification、before_file",
    "category": "补贴对象类别的代码",
    "person_known": "人员已登记（true、false）",
    "period_known": "享受期可识别（true、false）",
    "age": "周岁年龄（数字，按参数 age_at 的日期）",
    "gender": "性别：male、female",
    "death": "死亡时间与享受期比较：none、before、within、after",
    "duplicate": "本项目已有在先的有效申领（true、false）",
    "exclusive_subsidy": "领取互斥补贴（true、false，按地区的互斥表）",
    "membership": "名册登记：claimed 与申报类别一致、other 在别的类别、none 不在名册、unknown 名册未加载",
    "household": "户籍：inside、outside、unknown（范围按参数 household_level）",
    "fiscal_payroll": "财政供养（true、false）",
    "prisoner": "服刑（true、false）",
    "payee_death": "领取人死亡时间：none、before、within、after",
    "member_death": "家庭成员死亡时间（最早一人）：none、before、within、after",
    "members": "家庭人数（数字；个人为 0）",
    "higher_subsidy": "已领就高不就低的补贴（true、false）",
    "company": "名下登记企业（true、false）",
    "vehicle": "名下登记车辆（true、false）",
    "property": "名下登记房产（true、false）",
    "village_cadre": "村干部名册（true、false）",
    "shared_payee": "同一领取人领取的对象数（数字）",
    "survey": "入户调查结论：none、eligible、not_eligible、unreachable、refused",
    "quantity": "数量（数字：人·月、亩、台）",
    "amount_fen": "金额（分；测算前为 0）",
    "unit_fen": "单价（分，金额÷数量向上取整；测算前为 0）",
    "stop_list": "在人工停发名单上（true、false；命中由核实直接拦截）",
}
NOT_AT_APPLICATION = {
    "payee_death": "申请时还没有领取人", "shared_payee": "申请时还没有领取人",
    "amount_fen": "申请时还没有金额", "unit_fen": "申请时还没有金额",
}  # fmt: skip
"""Facts without meaning for an application (R12, R13 of domain.md)."""
EVIDENCE = frozenset(FACTS) | {"identity", "period"}
EFFECTS = ("block", "hold", "warn", "pass")
