"""Make a release ready, and say what is left to do; nothing is published.

    make release

The version of the package must be the newest in CHANGELOG.md, with a date, and that in
CITATION.cff, and everything must be committed. Then come all checks and tests, the source archive
and the wheel, and the README's tour with the wheel.
"""

import re
import subprocess
import sys
from pathlib import Path

import yaml

from mnist_nn import __version__

ROOT = Path(__file__).parents[1]
NEXT = """\
mnist-nn {version} is ready in dist/, and nothing is published. To publish it:
  git tag --annotate v{version} --message "mnist-nn {version}"
  git push origin main v{version}
  python -m pip install twine && python -m twine upload dist/mnist_nn-{version}*
"""


def complaints(version: str, changelog: str, citation: str) -> list[str]:
    """Say what is not as a release of this version wants it, from the texts of both files."""
    newest = re.search(r"^## \[(\S+)\] - (\d{4}-\d\d-\d\d)$", changelog, re.MULTILINE)
    cited = yaml.safe_load(citation)
    found = []
    if newest is None or newest[1] != version:
        heading = newest[0] if newest else "none"
        found.append(f"CHANGELOG.md: the newest version is '{heading}', the package's {version}")
    elif (cited["version"], cited["date-released"]) != newest.groups():
        found.append(f"CITATION.cff: version and date differ from '{newest[0]}' in CHANGELOG.md")
    unreleased = re.search(
        r"^## \[Unreleased\]\n(.*?)(?=^## )", changelog, re.MULTILINE | re.DOTALL
    )
    if unreleased and unreleased[1].strip():
        found.append("CHANGELOG.md: there are changes under Unreleased; move them to the version")
    return found


def main() -> None:
    """Check, test and build."""
    found = complaints(
        __version__,
        (ROOT / "CHANGELOG.md").read_text("utf-8"),
        (ROOT / "CITATION.cff").read_text("utf-8"),
    )
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    if status.stdout:
        found.append(f"not committed:\n{status.stdout}")
    if found:
        sys.exit("\n".join(found))
    tasks = [sys.executable, "scripts/tasks.py", "check", "test", "dist"]
    if code := subprocess.run(tasks, cwd=ROOT).returncode:
        sys.exit(code)
    print(NEXT.format(version=__version__))


if __name__ == "__main__":
    main()
