"""The repository of what is known of jobs on nodes: preparation and release."""

from __future__ import annotations

import sqlite3

import orjson

from batchlocal.domain.job_node import JobNode, Run

__all__ = ["JobNodes"]


class JobNodes:
    """Records by the keys of job and node; they go with the job (``Jobs.remove``) and outlive the node (REST reference,
    Job - List Preparation And Release Task Status)."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute

    def find(self, job: str, node: str) -> JobNode | None:
        row = self._run("SELECT doc FROM job_node WHERE job = ? AND node = ?", (job, node)).fetchone()
        return _record(row[0]) if row else None

    def put(self, record: JobNode) -> None:
        self._run(
            "INSERT OR REPLACE INTO job_node (job, node, doc) VALUES (?,?,?)",
            (record.job, record.node, orjson.dumps(record).decode()),
        )

    def of_job(self, job: str) -> list[JobNode]:
        """A job's records, by node."""
        rows = self._run("SELECT doc FROM job_node WHERE job = ? ORDER BY node", (job,)).fetchall()
        return [_record(doc) for (doc,) in rows]


def _record(doc: str) -> JobNode:
    known = orjson.loads(doc)
    release = Run(**known["release"]) if known["release"] else None
    return JobNode(known["job"], known["node"], Run(**known["preparation"]), release)
