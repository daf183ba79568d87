"""Web pages for people: what stands in this server, read only, at ``/portal/`` (docs/portal.md)."""
