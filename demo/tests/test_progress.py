"""The board tells every stage, once it is over too, on a terminal and off it."""

import io

import pytest
from rich.console import Console

from demo.progress import Board


def test_plain_lines_come_when_something_changed(capsys: pytest.CaptureFixture[str]) -> None:
    with Board() as board:
        stage = board.stage("人社匹卡")
        for done in (0, 0, 1, 2, 3, 3):
            stage.show(done, 3, "拦截 1")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and "0/3" in lines[0] and "3/3  拦截 1" in lines[1]


def test_finished_stages_leave_the_moving_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(
        "demo.progress.Console", lambda **_: Console(file=screen, force_terminal=True, width=90)
    )
    with Board() as board:
        assert board.moving
        for name in ("申报", "资格校验", "补贴清单"):
            stage = board.stage(name)
            stage.show(1, 2)
            stage.show(2, 2)
            stage.show(2, 2)
        assert board.bars.tasks == []
    assert screen.getvalue().count("✓ 资格校验") == 1
