"""The year's figures as tables, and as the last line."""

from collections.abc import Mapping
from typing import Any


def figures(found: Mapping[str, Any]) -> dict[str, Any]:
    """For the last line: rates of the small batches and of the huge one, and the ratio to the floor."""
    seconds = found["seconds"] + found["huge_seconds"]
    lines = found["lines"] + found["huge_lines"]
    return {
        "scale": found["scale"], "load": found["load"][0], "batches": found["batches"], "lines": found["lines"],
        "seconds": round(found["seconds"], 1), "batches_per_h": round(found["batches"] / found["seconds"] * 3600),
        "per_s": round(found["lines"] / found["seconds"], 1), "huge_lines": found["huge_lines"],
        "huge_seconds": round(found["huge_seconds"], 1),
        "huge_per_s": round(found["huge_lines"] / found["huge_seconds"], 1),
        "floor_per_s": round(lines / found["floor_s"], 1), "ratio": round(seconds / found["floor_s"], 1),
    }  # fmt: skip


def show(found: Mapping[str, Any]) -> None:
    """All tables."""
    told = figures(found)
    print(
        f"\n小批次 (small batches) {told['batches']}, {told['lines']:,} 行 (lines): {told['seconds']} s",
        end="",
    )
    print(f", {told['per_s']} 行/秒 (lines/s), {told['batches_per_h']} 批/时 (batches/h)")
    print(
        f"大批次 (huge batch) {told['huge_lines']:,} 行: {told['huge_seconds']} s, {told['huge_per_s']} 行/秒"
    )
    print(f"底线 (floor) {found['floor_s']:.1f} s, {found['rows']:,} 表行 (rows): {told['ratio']} 倍 (times)")
    print("\n各环节 (stages), 秒 (s): 小批次, 大批次")
    for name, seconds in found["stages"].items():
        print(f"  {seconds:>9.1f}{found['huge_stages'].get(name, 0.0):>9.1f}  {name}")
    print("\n自动节点 (automatic nodes), 次数 (times), p50, p95, 最长 (most) 秒 (s)")
    for one in found["nodes"]:
        print(f"  {one['times']:>7}{one['p50']:>9.2f}{one['p95']:>9.2f}{one['most']:>9.2f}  {one['element']}")
    print(
        "\n进程 (processes): CPU 秒 (s), 内存峰值 MiB (peak), 数据库 MiB (database), 会话 CPU 秒 (its sessions)"
    )
    for name in sorted(found["peak_mib"], key=lambda name: -found["peak_mib"][name]):
        print(
            f"  {found['cpu_s'].get(name, 0.0):>9.1f}{found['peak_mib'][name]:>8.0f}"
            f"{found['database_mib'].get(name, 0.0):>9.1f}{found['sessions_s'].get(name, 0.0):>9.1f}  {name}"
        )
