from pathlib import Path

from reminders.supervisor.logs import Tail, last_lines, rotate


def test_a_log_over_its_limit_moves_on_and_three_old_ones_are_kept(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    for number in range(6):
        log.write_text(f"log {number}\n")
        assert rotate(log, limit=3)
    assert sorted((path.name, path.read_text()) for path in tmp_path.iterdir()) == [
        ("web.log.1", "log 5\n"),
        ("web.log.2", "log 4\n"),
        ("web.log.3", "log 3\n"),
    ]


def test_a_log_within_its_limit_stays(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    assert not rotate(log)
    log.write_text("short")
    assert not rotate(log, limit=5)


def test_a_writer_goes_on_in_a_log_that_was_moved_under_it(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    with log.open("a") as stream:
        stream.write("before\n")
        stream.flush()
        assert rotate(log, limit=3, is_open=True)
        stream.write("after\n")
    assert (tmp_path / "web.log.1").read_text() == "before\n"
    assert log.read_text() == "after\n"


def test_a_tail_gives_whole_lines_and_follows_a_rotation(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("from an earlier run\n")
    tail = Tail(log)
    with log.open("a") as stream:
        stream.write("one\ntw")
        stream.flush()
        assert tail.lines() == ["one"]
        stream.write("o\n")
        stream.flush()
        assert tail.lines() == ["two"]
    log.write_text("three")
    assert tail.lines() == []
    assert tail.lines(is_final=True) == ["three"]


def test_the_last_lines_are_those_of_this_run(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    assert last_lines(log, start=0) == []
    log.write_text("old\n")
    start = log.stat().st_size
    with log.open("a") as stream:
        stream.writelines(f"line {number}\n" for number in range(5))
    assert last_lines(log, start=start, count=2) == ["line 3", "line 4"]
    assert last_lines(log, start=start)[0] == "line 0"
