"""A key store in a file, for commands that are processes of their own: THECAL_TEST_KEYS says which file."""

import json
import os
from pathlib import Path

from host.memory_keyring import MemoryKeyring


class FileKeyring(MemoryKeyring):
    """Reads what is kept when it is made, and writes it with every change."""

    def __init__(self) -> None:
        super().__init__()
        self._path = Path(os.environ["THECAL_TEST_KEYS"])
        if self._path.exists():
            self.entries = {(one[0], one[1]): one[2] for one in json.loads(self._path.read_text("utf-8"))}

    def set_password(self, service: str, username: str, password: str) -> None:
        super().set_password(service, username, password)
        self._write()

    def delete_password(self, service: str, username: str) -> None:
        super().delete_password(service, username)
        self._write()

    def _write(self) -> None:
        entries = [[*name, password] for name, password in self.entries.items()]
        self._path.write_text(json.dumps(entries), encoding="utf-8")
