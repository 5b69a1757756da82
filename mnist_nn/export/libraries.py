"""Libraries of the extra ``export``, loaded when they are needed."""

from ..extras import required

__all__ = ["required"]
