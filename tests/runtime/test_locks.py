import subprocess
import sys
from pathlib import Path

from integrationhub.runtime.locks import SharedUse, alone

HOLD = """
import sys
from pathlib import Path
from integrationhub.runtime.locks import SharedUse
use = SharedUse(Path(sys.argv[1])); use.join()
print("joined", flush=True)
sys.stdin.read()
"""


def test_the_last_user_knows_that_it_is_the_last(tmp_path: Path) -> None:
    one, two = SharedUse(tmp_path / "x.use"), SharedUse(tmp_path / "x.use")
    one.join()
    two.join()
    one.leave()
    assert one.others()
    two.leave()
    assert not two.others()


def test_a_user_that_was_killed_is_gone(tmp_path: Path) -> None:
    words = [sys.executable, "-c", HOLD, str(tmp_path / "x.use")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "joined\n"
        assert SharedUse(tmp_path / "x.use").others()
        holder.kill()
        holder.wait()
    assert not SharedUse(tmp_path / "x.use").others()


def test_a_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    try:
        with alone(tmp_path / "lock"):
            raise ValueError
    except ValueError:
        pass
    with alone(tmp_path / "lock"):
        pass
