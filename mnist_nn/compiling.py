"""Compile functions with Numba, and keep the machine code on disk for the next process.

Numba's own cache does not check its files: one that is empty or cut (a killed process, a full disk)
fails every process after it, and one left from an older source can be taken for a new one. Here
each file is checked before it is used. A wrong one is deleted, and its function compiled again;
where no file can be kept, functions are compiled in memory.
"""

import contextlib
import hashlib
import logging
import os
import pickle
from collections.abc import Callable
from glob import escape
from pathlib import Path
from typing import Any

from numba import config, njit, types
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.serialize import dumps

from .errors import warn

log = logging.getLogger(__name__)  # of a record whenever a function has to be compiled


def cached_njit(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a function for Numba (`njit` options): its first call compiles it, or loads it."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        kernel: Callable[..., Any] = njit(**options)(function)
        try:
            kernel._cache = _CheckedCache(function)  # type: ignore[attr-defined]
        except RuntimeError as error:  # there is no folder that it could be kept in
            _warn(error)
        return kernel

    return decorate


def part(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a function that only compiled functions call, and that is compiled with them.

    Numba would compile it again for each constant that it is called with; here a constant is a
    number like others, and LLVM optimizes it. The options are those of `numba.njit`.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        dispatcher: Any = njit(**options, pipeline_class=PartCompiler)(function)
        by_types = dispatcher.get_call_template
        dispatcher.get_call_template = lambda args, kws: by_types(
            [types.unliteral(arg) for arg in args], kws
        )
        return dispatcher  # type: ignore[no-any-return]

    return decorate


class PartCompiler(Compiler):
    """Compiler, for ``njit(pipeline_class=…)``, of functions that only compiled functions call.

    Numba optimizes each function together with all that it calls, and makes machine code of it,
    before it does the same for the function's caller. Here a function stays LLVM code until the
    kernel that it is part of is optimized as a whole, once.
    """

    def compile_extra(self, func: Callable[..., Any]) -> Any:
        """Compile a function to LLVM code."""
        state = self.state
        state.flags.no_compile = True
        state.library = _Part(state.targetctx.codegen(), func.__qualname__)
        key = [func].copy  # any builtin of its own, by which Numba finds the code again
        result = super().compile_extra(func)._replace(entry_point=key)
        state.targetctx.insert_user_function(key, result.fndesc, [result.library])
        return result


class _Part(JITCodeLibrary):
    """Code of a function that is linked into its callers, and not optimized before that."""

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalized = True


class _CheckedFile(IndexDataCacheFile):
    """Files of a function's cache, in which each entry has a checksum of itself and its key."""

    def save(self, key: Any, data: Any) -> None:
        """Write an entry."""
        content = dumps(data)
        super().save(key, (self._checksum(key, content), content))

    def load(self, key: Any) -> Any:
        """Read an entry, None if there is none; any exception means that the files are damaged."""
        entry = super().load(key)
        if entry is None:
            return None
        checksum, content = entry
        if checksum != self._checksum(key, content):
            raise ValueError("the entry is damaged, or another function's")
        return pickle.loads(content)

    def _checksum(self, key: Any, content: bytes) -> bytes:
        """Return the SHA-256 of an entry: of its source, key and machine code."""
        return hashlib.sha256(repr((self._source_stamp, key)).encode() + content).digest()


class _CheckedCache(FunctionCache):
    """Cache of a compiled function that never fails a run."""

    def __init__(self, function: Callable[..., Any]) -> None:
        _check_home(function)
        super().__init__(function)
        stamp = self._impl.locator.get_source_stamp()
        self._cache_file = _CheckedFile(self._cache_path, self._impl.filename_base, stamp)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Load the machine code for a signature; delete the files if they are damaged."""
        found = None
        try:
            found = super().load_overload(sig, target_context)
        except Exception:  # a damaged pickle raises anything
            name = escape(self._impl.filename_base)
            for path in Path(self._cache_path).glob(f"{name}.*nb[ic]"):
                with contextlib.suppress(OSError):
                    path.unlink()
        if found is None:
            log.info("compiling %s", self._name)
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        """Save the machine code for a signature, if it can be."""
        try:
            super().save_overload(sig, data)
        except Exception as error:
            _warn(error)


def _check_home(function: Callable[..., Any]) -> None:
    """Raise RuntimeError instead of making a folder named ``~``, as Numba does without a home."""
    beside = Path(function.__code__.co_filename).parent / "__pycache__"
    if not (config.CACHE_DIR or os.access(beside, os.W_OK)):
        try:
            Path.home()
        except RuntimeError:
            raise RuntimeError("this user has no home folder") from None


def _warn(error: Exception) -> None:
    """Warn that the next process has to compile again."""
    reason = error.strerror if isinstance(error, OSError) else error
    warn(
        f"compiled code cannot be kept ({reason}), so every run compiles it again\n"
        "set NUMBA_CACHE_DIR to a folder that can be written and has room"
    )
