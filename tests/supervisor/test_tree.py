import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from reminders.supervisor import Child, EventKind, Supervisor, read_state
from tests.supervisor.trees import SHORT, Tree, is_running, kill, python, wait_until

SLEEP = python("import time; time.sleep(600)")


def test_a_killed_child_comes_back(tree: Tree) -> None:
    tree.run(Child("worker", SLEEP))
    tree.wait_for(EventKind.READY, "worker")
    first = tree.pid("worker")
    kill(first)
    tree.wait_for(EventKind.READY, "worker", times=2)
    assert tree.pid("worker") != first
    assert any("killed by SIGKILL" in event.message for event in tree.events)
    assert tree.stop() == 0
    assert not is_running(tree.pid("worker"))


def test_a_child_that_keeps_ending_is_started_ever_more_slowly(tree: Tree) -> None:
    tree.run(Child("worker", ("true",)))
    tree.wait_for(EventKind.ENDED, "worker", times=5)
    assert tree.stop() == 0
    waits = [event.message.rpartition(" in ")[2] for event in tree.events if event.kind is EventKind.ENDED][:5]
    assert waits == ["0.1 s", "0.1 s", "0.2 s", "0.4 s", "0.4 s"]


def test_children_start_in_order_and_stop_in_reverse(tree: Tree, tmp_path: Path) -> None:
    note = tmp_path / "note"
    note.touch()
    code = """
        import signal, sys, time
        name, note = sys.argv[1:]
        def tell(word):
            with open(note, "a") as stream:
                stream.write(f"{name} {word}\\n")
        def stop(*_):
            time.sleep(0.1)
            tell("down")
            sys.exit(0)
        signal.signal(signal.SIGTERM, stop)
        tell("up")
        time.sleep(600)
    """

    def child(name: str, *after: str) -> Child:
        return Child(
            name, (*python(code), name, str(note)), ready=lambda: f"{name} up" in note.read_text(), after=after
        )

    tree.run(child("web", "worker"), child("worker", "valkey"), child("valkey"))
    tree.wait_for(EventKind.READY, "web")
    assert tree.stop() == 0
    assert note.read_text().splitlines() == [
        "valkey up", "worker up", "web up", "web down", "worker down", "valkey down",
    ]  # fmt: skip


def test_a_child_that_never_becomes_ready_ends_the_tree_and_is_quoted(tree: Tree) -> None:
    noisy = python("import time; [print('line', n) for n in range(30)]; print('no database'); time.sleep(600)")
    tree.run(Child("valkey", SLEEP), Child("web", noisy, ready=lambda: False, ready_seconds=0.5, after=("valkey",)))
    assert tree.wait_for_end() == 1
    [failure] = [event.line for event in tree.events if event.kind is EventKind.FAILED]
    assert failure.startswith("web: never became ready")
    assert "  no database\n" in failure
    assert "line 11\n" in failure
    assert "line 10\n" not in failure
    assert not is_running(tree.pid("web"))
    assert not is_running(tree.pid("valkey"))


def test_a_child_that_ends_again_and_again_before_it_is_ready_ends_the_tree(tree: Tree) -> None:
    tree.run(Child("web", python("raise SystemExit('bad settings')"), ready=lambda: False))
    assert tree.wait_for_end() == 1
    assert tree.count(EventKind.STARTED, "web") == SHORT.start_tries
    assert any("exit status 1" in event.message and "bad settings" in event.message for event in tree.events)


def test_a_program_that_does_not_exist_is_named(tree: Tree) -> None:
    tree.run(Child("web", ("no-such-program",), ready=lambda: False))
    assert tree.wait_for_end() == 1
    assert any("cannot start no-such-program: No such file" in event.message for event in tree.events)


def test_a_child_that_stops_answering_is_killed_and_started_again(tree: Tree) -> None:
    answers = itertools.chain(["yes", "no", "no", "yes", "no", "no", "no"], itertools.repeat("yes"))
    tree.run(Child("worker", SLEEP, alive=lambda: next(answers) == "yes"))
    tree.wait_for(EventKind.READY, "worker", times=2)
    assert tree.count(EventKind.HUNG, "worker") == 1
    assert tree.stop() == 0


def test_a_probe_that_raises_is_an_answer_that_fails(tree: Tree) -> None:
    def broken() -> bool:
        raise ConnectionError

    tree.run(Child("worker", SLEEP, alive=broken))
    tree.wait_for(EventKind.HUNG, "worker")
    assert tree.stop() == 0


def test_what_a_dead_child_left_behind_is_killed_before_it_starts_again(tree: Tree) -> None:
    code = """
        import subprocess, sys, time
        print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid)
        time.sleep(600)
    """
    tree.run(Child("worker", python(code)))
    wait_until(lambda: bool(tree.lines))
    grandchild = int(tree.lines[0][1])
    assert is_running(grandchild)
    kill(tree.pid("worker"))
    wait_until(lambda: not is_running(grandchild))
    assert tree.stop() == 0


def test_a_child_deaf_to_its_stop_signal_is_killed_after_its_grace(tree: Tree) -> None:
    deaf = python("import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(600)")
    tree.run(Child("worker", deaf, stop_seconds=0.3))
    wait_until(lambda: ("worker", "deaf") in tree.lines)
    started = time.monotonic()
    assert tree.stop() == 0
    assert 0.3 <= time.monotonic() - started < 2.0
    assert tree.count(EventKind.KILLED, "worker") == 1
    assert not is_running(tree.pid("worker"))


def test_status_shows_each_child_and_nothing_once_the_tree_is_gone(tree: Tree) -> None:
    tree.run(Child("worker", SLEEP))
    tree.wait_for(EventKind.READY, "worker")
    kill(tree.pid("worker"))
    tree.wait_for(EventKind.READY, "worker", times=2)

    def shown() -> bool:
        state = read_state(tree.data_dir)
        return state is not None and state.children[0].restarts == 1 and state.children[0].phase == "ready"

    wait_until(shown)
    state = read_state(tree.data_dir)
    assert state
    [worker] = state.children
    assert worker.pid == tree.pid("worker")
    assert worker.since
    assert worker.since.endswith("+00:00")
    assert tree.stop() == 0
    assert read_state(tree.data_dir) is None
    assert [path.name for path in (tree.data_dir / "run").iterdir()] == ["lock"]


def test_a_child_gets_the_environment_its_parent_has_and_its_own_on_top(tree: Tree) -> None:
    code = "import os, time; print('PATH' in os.environ, os.environ['COLOUR']); time.sleep(600)"
    tree.run(Child("web", python(code), env={"COLOUR": "green"}))
    wait_until(lambda: ("web", "True green") in tree.lines)
    assert tree.stop() == 0
    assert (tree.data_dir / "logs/web.log").read_text() == "True green\n"


def test_a_terminal_that_went_away_ends_nothing(tmp_path: Path) -> None:
    def gone(*_: object) -> None:
        raise BrokenPipeError

    lines = Child("web", python("print('hello'); import time; time.sleep(600)"))
    supervisor = Supervisor([lines], data_dir=tmp_path, on_event=gone, on_line=gone, timing=SHORT)
    with ThreadPoolExecutor() as pool:
        ended = pool.submit(supervisor.run)
        wait_until(lambda: (tmp_path / "logs/web.log").exists() and read_state(tmp_path) is not None)
        supervisor.request_stop()
        assert ended.result(timeout=8) == 0
