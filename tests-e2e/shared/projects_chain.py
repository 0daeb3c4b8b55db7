"""One of the six projects: its folder and people, what its desks do otherwise, and what has come of it."""

import tomllib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from projects_people import Someone

from stack.paths import CHECKOUT

if TYPE_CHECKING:
    from projects import Six

LIBRARY = CHECKOUT / "bpmn" / "library" / "nodes.toml"
PROJECTS = CHECKOUT / "bpmn" / "projects"
Item = dict[str, Any]
Turn = Callable[["Six", Item], Awaitable[tuple[str, dict[str, Any]] | None]]


@dataclass
class Chain:
    """One project: its folder, its people, and what has come of them."""

    slug: str
    period: str
    people: list[Someone]
    prices: dict[str, str] = field(default_factory=dict)
    turns: dict[str, Turn] = field(default_factory=dict)
    """Element → what its desk does otherwise, where it does anything else than approve."""
    manifest: dict[str, Any] = field(default_factory=dict)
    batch: str = ""
    applications: dict[str, str] = field(default_factory=dict)
    """ID number → application, of those who applied one by one."""
    rosters: list[dict[str, Any]] = field(default_factory=list)
    returned: dict[str, str] = field(default_factory=dict)
    """Line → the desk that returned it."""
    measured: dict[str, str] = field(default_factory=dict)
    """Quantity as typed → as found, of the line that is returned for it."""
    corrected: dict[str, dict[str, str]] = field(default_factory=dict)
    """Line → what was corrected in it."""
    visited: set[str] = field(default_factory=set)
    """Elements whose desk had something to do."""

    def __post_init__(self) -> None:
        folder = PROJECTS / self.slug
        self.manifest = tomllib.loads((folder / "project.toml").read_text(encoding="utf-8"))
        shared = tomllib.loads(LIBRARY.read_text(encoding="utf-8"))["nodes"]
        own = self.manifest.get("nodes", {})
        self.nodes = {name: shared.get(name, {}) | own.get(name, {}) for name in {*shared, *own}}

    @property
    def code(self) -> str:
        return str(self.manifest["code"])

    @property
    def by_county(self) -> bool:
        """Whether the county's handler sends the lists."""
        return not self.manifest["signatures"]["slice"]

    @property
    def counts(self) -> bool:
        return not self.manifest["payment"]["unit"].endswith("月") or self.code == "31010"

    def refused(self) -> Someone:
        """The one who gets nothing."""
        (one,) = (one for one in self.people if "refused" in one.marks)
        return one


async def returns(six: "Six", item: Item) -> tuple[str, dict[str, Any]] | None:
    """A desk that sends one line back, once, and approves from then on."""
    chain = six.chains[item["project"]]
    if chain.returned or "return_lines" not in item["decisions"]:
        return None
    lines = await six.lines(item)
    line = min(lines, key=lambda one: (one["quantity"] not in chain.measured, str(one["line_id"])))
    chain.returned[line["line_id"]] = str(item["node"])
    return "return_lines", {"line_ids": [line["line_id"]], "return_reason": "请核对村组"}


def refuses(reason: str) -> Turn:
    """A desk of intake that refuses the one who is to be refused, with a reason."""

    async def turn(six: "Six", item: Item) -> tuple[str, dict[str, Any]] | None:
        chain = six.chains[item["project"]]
        if chain.applications[chain.refused().id_no] != item["business_key"]:
            return None
        return "refuse", {"reasons": [reason]}

    return turn


def at_price(price: Decimal, area: str) -> int:
    """What an area is paid, in fen: halves go up."""
    return int((price * Decimal(area) * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def divided(pool_fen: int, areas: Iterable[str], reserved: str) -> Decimal:
    """Pool ÷ area by the rule, the slow way: floored at four decimals, lower while the rounded sums exceed it."""
    pieces = [*areas, reserved]
    total = sum(map(Decimal, pieces))
    price = (Decimal(pool_fen) / 100 / total).quantize(Decimal("0.0001"), rounding=ROUND_FLOOR)
    while sum(at_price(price, one) for one in pieces) > pool_fen:
        price -= Decimal("0.0001")
    return price
