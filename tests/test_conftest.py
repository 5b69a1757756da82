"""What stands around the tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.skipif(shutil.which("unshare") is None, reason="no disk can be mounted here")
def test_a_disk_too_small_for_temporary_files_is_named_with_the_remedy(tmp_path: Path) -> None:
    script = 'mount -t tmpfs -o size=20m none "$0" || exit 99; exec "$@"'
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", str(ROOT / "tests/nn")]
    done = subprocess.run(
        ["unshare", "-rm", "bash", "-c", script, str(tmp_path), *command],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    if done.returncode == 99 or done.stderr.startswith("unshare:"):
        pytest.skip("this user may not mount a disk")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"the tests need 400 MB for temporary files, {tmp_path} has 20 MB free" in done.stderr
    assert "TMPDIR" in done.stderr
