"""project.toml as a schema: every key, what it means, and what it may hold. `python -m` check prints it in words."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from engine.suggest import did_you_mean
from kit.auth import Role

OFFICIALS = tuple(str(role) for role in Role if role not in (Role.CITIZEN, Role.SERVICE))
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=60)]


class Part(BaseModel):
    """A table of the manifest: a key that is not described here is refused, not ignored."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Form(Part):
    schema_file: str = Field("form.schema.json", alias="schema", description="申请表的 JSON Schema 文件")
    materials: list[str] = Field([], description="申请时须提交的材料名称")


class Signatures(Part):
    slice: list[Code] = Field(
        ["township_review"], description="清册送区县前必须有的签署节点；路线 T 默认乡镇审核，路线 C 默认无"
    )


class Batch(Part):
    opens_by: Literal["carry_over", "roster"] = Field(
        "carry_over", description="批次来源：carry_over 由上期结转，roster 每期导入名单（路线 C 默认）"
    )


class Round(Part):
    round: int = Field(description="第几次公示：1 乡镇受理公示，2 带金额公示", ge=1, le=9)
    days: int = Field(7, description="本次公示天数", ge=1, le=365)
    kind_of_days: Literal["natural", "working"] = Field(
        "natural", description="natural 自然日，working 工作日"
    )


class Publicity(Part):
    days: int = Field(7, description="公示天数（各次默认）", ge=1, le=365)
    kind_of_days: Literal["natural", "working"] = Field(
        "natural", description="natural 自然日，working 工作日"
    )
    scope: Literal["all", "changed"] = Field(
        "all", description="公示范围：all 全部人员，changed 新增和变化的人员"
    )
    rounds: list[Round] = Field([], description="规定的公示次数；空表示不公示，流程不得绕过这里写明的公示")


class Payment(Part):
    mode: Literal["fixed", "standard", "pool_by_area"] = Field(
        "fixed", description="测算方式：fixed 按标准×数量，pool_by_area 资金总额÷总面积"
    )
    unit: str = Field("人·月", description="数量的单位：人·月、户·月、亩、台", max_length=10)
    scale: int = Field(4, description="pool_by_area 单价保留的小数位", ge=0, le=8)
    voucher: Literal["internal", "external"] = Field(
        "internal", description="拨款凭证由本系统还是外部系统生成"
    )
    payer_account: str = Field("", description="付款账户（本项目另有账户时）")
    bank: str = Field("", description="代发银行文件格式（本项目另有代发行时）")


class CardMatching(Part):
    fresh_days: int = Field(0, description="卡状态多少天内视为有效", ge=0)
    most_asks: int = Field(20, description="人社接口最多询问次数", ge=1)


class NodeFacts(Part):
    name: Name | None = Field(None, description="环节名称")
    role: Literal[OFFICIALS] | None = Field(None, description="办理角色")  # type: ignore[valid-type]  # made of Role
    level: Literal["township", "county"] = Field("township", description="township 乡镇办理，county 区县办理")
    due_working_days: int | None = Field(None, description="办理期限（工作日）", ge=1, le=250)
    decisions: list[Code] = Field(
        ["approve"], description="可选的决定；多于一个时流程图须有网关区分", min_length=1
    )
    not_same_as: list[str] = Field([], description="不得与这些环节的办理人为同一人")
    form: list[Code] = Field([], description="办理时可填的表单项；不填即为空，不沿用以前的值")
    requires: dict[str, list[Code]] = Field({}, description="某一决定必填的表单项")


class Rules(Part):
    file: str = Field("rules.dmn", description="规则表文件")
    decision: str = Field("verification", description="规则表中的决策 id")
    stages: dict[Literal["application", "alert_verification", "before_file"], list[str]] = Field(
        {},
        description="各环节运行哪些规则：application 资格校验，alert_verification 预警核实，before_file 发放前",
    )
    parameters: dict[str, str | int | bool] = Field(
        {},
        description="项目参数：age_at、death_within_period、household_level、survey_months，及规则表自用的名称",
    )


class Manifest(Part):
    code: str = Field(
        description="项目编码，5–6 位数字；同一编码的文件夹是同一项目的版本", pattern=r"^\d{5,6}$"
    )
    name: Name = Field(description="项目名称")
    name_en: str = Field("", description="英文名称")
    short_name4: str = Field("", description="四字简称，用于银行附言", max_length=4)
    department: str = Field("", description="主管部门")
    legal_basis: str = Field("", description="政策依据")
    route: Literal["T", "C"] = Field("T", description="T 乡镇收集，C 区县导入")
    cycle: Literal["month", "quarter", "year", "once"] = Field("month", description="发放周期")
    beneficiary_kind: Literal["person", "household"] = Field(
        "person", description="person 个人，household 家庭"
    )
    processes: dict[Code, str] = Field(
        description='流程名 = 流程图文件，或 "library:共享流程"（如 library:township_t）', min_length=1
    )
    categories: dict[Code, Name] = Field({}, description="补贴对象类别：代码 = 名称")
    form: Form = Field(default_factory=Form, description="申请表")
    signatures: Signatures = Field(default_factory=Signatures, description="签署")
    batch: Batch = Field(default_factory=Batch, description="批次")
    publicity: Publicity = Field(default_factory=Publicity, description="公示")
    payment: Payment = Field(default_factory=Payment, description="测算与支付")
    card_matching: CardMatching = Field(default_factory=CardMatching, description="人社匹卡")
    nodes: dict[str, NodeFacts] = Field({}, description="各环节由谁办理，按流程图元素 id")
    rules: Rules = Field(default_factory=Rules, description="核实规则")


WORDS = {
    "missing": "缺少，{what} (missing)",
    "literal_error": "只能是 {expected} (must be one of these)",
    "string_pattern_mismatch": "格式不对，{what} (wrong form)",
    "too_short": "不能为空，{what} (must not be empty)",
    "greater_than_equal": "太小，至少 {ge} (too small)",
    "less_than_equal": "太大，至多 {le} (too large)",
    "string_too_long": "太长，至多 {max_length} 字 (too long)",
}


def problems(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Key and text of everything the manifest says in no known way."""
    try:
        Manifest.model_validate(manifest)
    except ValidationError as wrong:
        for error in wrong.errors():
            place = [str(one) for one in error["loc"] if one != "[key]"]
            fields = fields_at(place[:-1])
            if error["type"] == "extra_forbidden":
                near = did_you_mean(place[-1], fields)
                yield ".".join(place), f"未知的键 {place[-1]}{near} (unknown key)"
                continue
            told = WORDS.get(error["type"], "{what}：{msg} (not valid)")
            given = error.get("input")
            expected = str((error.get("ctx") or {}).get("expected", ""))
            near = (
                did_you_mean(given, expected.replace("'", "").replace(" or ", ", ").split(", "))
                if (error["type"] == "literal_error" and isinstance(given, str))
                else ""
            )
            words = {
                "what": fields.get(place[-1], place[-1]),
                "msg": error["msg"],
                **(error.get("ctx") or {}),
            }
            yield ".".join(place), told.format(**words) + near


def fields_at(place: list[str]) -> dict[str, str]:
    """Key → description of the table at a place of the manifest."""
    model: Any = Manifest
    for one in place:
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            break
        inner = next(
            (field.annotation for name, field in model.model_fields.items() if one in (name, field.alias)),
            None,
        )
        model = {"nodes": NodeFacts, "rounds": Round}.get(one, inner)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return {}
    return {field.alias or name: field.description or name for name, field in model.model_fields.items()}
