"""Runs ``batchmgmt ARGUMENTS`` and dies as by SIGKILL before the N-th change to a file below a folder.

    python dying.py N FOLDER ARGUMENTS...

A change is whatever the interpreter tells its audit hooks: opening for writing, chmod, rename, unlink. Exit code 9 says
that it died.
"""

from __future__ import annotations

import os
import sys

CHANGES = {"os.chmod", "os.rename", "os.remove"}


def main() -> int:
    number, folder = int(sys.argv[1]), sys.argv[2]
    names: set[object] = set()
    seen = 0

    def watch(event: str, details: tuple[object, ...]) -> None:
        nonlocal seen
        opened = event == "open" and isinstance(details[2], int) and details[2] & os.O_WRONLY
        if not opened and event not in CHANGES:
            return
        if event != "os.chmod" and not str(details[0]).startswith(folder):  # fchmod names a descriptor, no path
            return
        seen += 1
        names.add(event)
        if seen == number:
            os._exit(9)

    from batchmgmt.__main__ import main as batchmgmt

    sys.argv = ["batchmgmt", *sys.argv[3:]]
    sys.addaudithook(watch)
    return batchmgmt()


if __name__ == "__main__":
    sys.exit(main())
