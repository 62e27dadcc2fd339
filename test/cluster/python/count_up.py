"""Counts counters up with the official Python client, as counting.ts does.

Usage: count_up.py HTTP_PORT GRPC_PORT {rest|grpc} COLLECTION NAME TIMES ID...

Prints how many writes came too late.
"""

import sys

from qdrant_client import QdrantClient, models

TOKEN = "x-tributary-min-sequence"


def main() -> None:
    http_port, grpc_port, protocol, collection, name, times, *ids = sys.argv[1:]

    def connected(token: int | None) -> QdrantClient:
        return QdrantClient(
            host="127.0.0.1",
            port=int(http_port),
            grpc_port=int(grpc_port),
            prefer_grpc=protocol == "grpc",
            timeout=60,
            check_compatibility=False,
            headers=None if token is None else {TOKEN: str(token)},
        )

    client = connected(None)
    lost = 0
    for point_id in map(int, ids):
        token = None
        done = 0
        while done < int(times):
            version, by = read(connected(token), collection, point_id)
            assert by.get(name, 0) == done, (by, done)
            token = write(client, collection, point_id, version, {**by, name: done + 1})
            version, by = read(connected(token), collection, point_id)
            is_done = by.get(name) == done + 1
            assert version > token or is_done == (version == token), (version, token, by)
            done += is_done
            lost += not is_done
    client.close()
    print(lost)


def read(client: QdrantClient, collection: str, point_id: int) -> tuple[int, dict]:
    chosen = models.Filter(must=[models.HasIdCondition(has_id=[point_id])])
    [point] = client.query_points(collection, query_filter=chosen, limit=1).points
    client.close()
    return point.version, point.payload["by"]


def write(client: QdrantClient, collection: str, point_id: int, version: int, by: dict) -> int:
    unchanged = models.FieldCondition(key="$version", match=models.MatchValue(value=version))
    result = client.upsert(
        collection,
        [models.PointStruct(id=point_id, vector=[1.0, 2.0], payload={"by": by})],
        update_filter=models.Filter(must=[unchanged]),
        update_mode=models.UpdateMode.UPDATE_ONLY,
        wait=True,
    )
    return result.operation_id


main()
