"""`python -m contracts check | generate`: are the committed schemas what the classes say, and still compatible?"""

import argparse
import sys

from contracts import golden


def main() -> int:
    """0 when all is well; every problem is printed, not only the first."""
    parser = argparse.ArgumentParser(prog="contracts", description=__doc__)
    parser.add_argument("what", choices=["check", "generate"])
    parser.add_argument(
        "--break", dest="breaking", action="store_true",
        help="generate although a version changes incompatibly: only while no message of it was ever kept",
    )  # fmt: skip
    options = parser.parse_args()
    broken = golden.problems(golden.committed(), golden.schemas())
    broken += golden.problems(golden.committed(golden.PUBLIC_SCHEMAS), golden.public_schemas())
    if broken and not options.breaking:
        print("不兼容的变更，请另立新版本 (incompatible: make a new version of the type):", file=sys.stderr)
        print(*broken, sep="\n", file=sys.stderr)
        return 1
    if options.what == "generate":
        golden.generate()
    elif old := golden.stale():
        print("请运行 python -m contracts generate (not what the classes say):", *old, file=sys.stderr)
        return 1
    print(f"{len(golden.schemas())} message types, AsyncAPI 3.0: ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
