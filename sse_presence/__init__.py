"""User presence over plain HTTP and Server-Sent Events."""

from sse_presence.app import create_app, lifespan
from sse_presence.settings import Settings

__all__ = ["Settings", "create_app", "lifespan"]
