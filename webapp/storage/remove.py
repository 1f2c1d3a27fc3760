"""The use case of deleting: rows first, then the files that nobody needs any more."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from webapp.exceptions import StorageError
from webapp.results import Result
from webapp.storage.originals import Originals
from webapp.storage.store import ResultStore

_log = logging.getLogger("webapp.audit")


@dataclass(frozen=True, slots=True)
class Removal:
    """What was deleted.

    Attributes:
        results: The results that are gone.
        originals_left: How many files should be gone too and could not be removed yet; they are
            tried again at the next deletion and at the next start.
    """

    results: tuple[Result, ...]
    originals_left: int


class Remover:
    """Deletes results, and originals with the last result that is about them.

    Args:
        results: Where rows are.
        originals: Where files are.
    """

    def __init__(self, results: ResultStore, originals: Originals) -> None:
        self._results = results
        self._originals = originals

    def remove(self, result_ids: Sequence[str], *, actor: str = "") -> Removal:
        """Delete results; unknown ids are passed over.

        Args:
            result_ids: Those that are meant.
            actor: Who asked for it, as text for the audit log.

        Raises:
            StorageError: The database refused; nothing was deleted.
        """
        deleted = self._results.delete(result_ids, actor=actor)
        for result in deleted:
            _log.info(
                "deleted result %s (original %s) for %s",
                result.id,
                result.original_name,
                ascii(actor or "somebody"),
            )
        return Removal(deleted, self.sweep())

    def sweep(self) -> int:
        """Remove the files whose rows are gone, and return how many could not be."""
        try:
            doomed = self._results.doomed()
            gone = [name for name in doomed if self._discard(name)]
            if gone:
                self._results.forget_doomed(gone)
        except StorageError as error:
            _log.warning("files of deleted results are still there: %s", error)
            return 0
        return len(doomed) - len(gone)

    def _discard(self, name: str) -> bool:
        try:
            self._originals.discard(name)
        except OSError as error:
            _log.warning("the deleted file %s is still there: %s", name, error)
            return False
        return True
