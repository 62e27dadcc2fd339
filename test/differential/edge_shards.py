"""Collections of Qdrant's in-process engine: one shard each, in a folder of its own."""

import shutil
import tempfile

import edge_requests as requests
import qdrant_edge as edge

ALL = 100_000


class Collection:
    """One shard, and what it was made of."""

    def __init__(self, body):
        self.body = body
        self.indexes = []
        self.has_idf = any(x.get("modifier") for x in (body.get("sparse_vectors") or {}).values())
        self.is_stale = False
        self.open()

    def open(self):
        self.folder = tempfile.mkdtemp(prefix="tributary-edge-")
        self.shard = edge.EdgeShard.create(self.folder, requests.config(self.body))

    def update(self, operation):
        self.shard.update(operation)
        self.is_stale = self.has_idf

    def read(self):
        """The shard to be asked. Its idf counts documents that are gone, so it is made from those there are."""
        if self.is_stale:
            self.is_stale = False
            points, _ = self.shard.scroll(edge.ScrollRequest(None, ALL, None, True, True))
            self.drop()
            self.open()
            for operation in self.indexes:
                self.shard.update(operation)
            copies = [edge.Point(x.id, x.vector or {}, x.payload) for x in points]
            self.shard.update(edge.UpdateOperation.upsert_points(copies))
        return self.shard

    def drop(self):
        self.shard.close()
        shutil.rmtree(self.folder, ignore_errors=True)
