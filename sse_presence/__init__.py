"""User presence over plain HTTP and Server-Sent Events."""
