import signal
import sys
import time

import pytest

from tests.supervisor.trees import Outside, are_running, wait_until

GRANDCHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_wished_stop_leaves_nothing_running(outside: Outside, number: signal.Signals) -> None:
    outside.run(f"[sleeper('valkey'), sleeper('worker', {GRANDCHILD!r}, after=('valkey',))]")
    family = outside.wait_for_descendants(3)
    outside.signal(number)
    status, said = outside.wait()
    assert status == 0
    assert said.endswith("supervisor: everything has stopped\n")
    assert not are_running(family)


def test_a_second_interrupt_kills_a_child_that_would_not_stop(outside: Outside) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(600)"
    outside.run(f"[sleeper('worker', {deaf!r}, stop_seconds=60.0)]")
    family = outside.wait_for_descendants(1)
    wait_until(lambda: outside.log("worker") == "deaf\n")
    outside.signal(signal.SIGINT)
    wait_until(lambda: '"stopping"' in (outside.data_dir / "run/state.json").read_text())
    assert are_running(family)
    outside.signal(signal.SIGINT)
    assert outside.wait()[0] == 0
    assert not are_running(family)


def test_a_second_supervisor_on_the_folder_is_refused_and_told_who_has_it(outside: Outside, second: Outside) -> None:
    outside.run("[sleeper('worker')]")
    family = outside.wait_for_descendants(1)
    second.run("[sleeper('worker')]")
    status, said = second.wait()
    assert status == 1
    assert f"{outside.data_dir} is already in use by process {outside.process.pid};" in said
    assert are_running(family)


def test_an_interrupt_counts_even_where_a_script_started_it_in_the_background(outside: Outside) -> None:
    outside.run("[sleeper('worker')]", ignoring=(signal.SIGINT,))
    family = outside.wait_for_descendants(1)
    outside.signal(signal.SIGINT)
    assert outside.wait()[0] == 0
    assert not are_running(family)


def test_a_tree_under_nohup_outlives_its_terminal(outside: Outside) -> None:
    outside.run("[sleeper('worker')]", ignoring=(signal.SIGHUP,))
    family = outside.wait_for_descendants(1)
    outside.signal(signal.SIGHUP)
    time.sleep(0.2)  # ten looks
    assert are_running(family)
    outside.signal(signal.SIGTERM)
    status, said = outside.wait()
    assert status == 0
    assert said.count("worker: started") == 1


if sys.platform == "linux":  # elsewhere nobody tells a child of its parent's death, and the next start ends them

    def test_children_die_with_a_killed_supervisor(outside: Outside) -> None:
        outside.run("[sleeper('valkey'), sleeper('worker')]")
        family = outside.wait_for_descendants(2)
        outside.signal(signal.SIGKILL)
        outside.wait()
        wait_until(lambda: not are_running(family))


def test_the_next_start_ends_what_a_killed_supervisor_left_behind(outside: Outside, second: Outside) -> None:
    outside.run(f"[sleeper('worker', {GRANDCHILD!r})]")
    family = outside.wait_for_descendants(2)
    outside.signal(signal.SIGKILL)
    outside.wait()
    assert are_running(family)
    second.run("[sleeper('worker')]")
    wait_until(lambda: not are_running(family))
    second.wait_for_descendants(1)
    second.signal(signal.SIGINT)
    status, said = second.wait()
    assert status == 0
    assert "left behind by a killed supervisor" in said
