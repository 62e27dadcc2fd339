"""Payload numbers of the kinds Python has, there and back with the official client.

Usage: number_kinds.py HTTP_PORT GRPC_PORT {rest|grpc} COLLECTION
"""

import sys

from qdrant_client import QdrantClient, models

NUMBERS = [5, 5.0, 2.5, 0.0, -3, 1e300, 2**53 + 1, -(2**63), 2.0**60, [1, 1.0], {"x": 7.0}]


def main() -> None:
    http_port, grpc_port, protocol, collection = sys.argv[1:]
    client = QdrantClient(
        host="127.0.0.1",
        port=int(http_port),
        grpc_port=int(grpc_port),
        prefer_grpc=protocol == "grpc",
        timeout=60,
        check_compatibility=False,
    )
    payload = {"numbers": NUMBERS}
    point = models.PointStruct(id=1, vector=[1.0, 0.0], payload=payload)
    client.upsert(collection, [point], wait=True)
    client.set_payload(collection, {"more": 9.0}, points=[1], wait=True)
    [record] = client.retrieve(collection, [1])
    expected = {**payload, "more": 9.0}
    # Their texts, because 5 == 5.0; sorted, because a map of protobuf has no order.
    assert text_of(record.payload) == text_of(expected), (record.payload, expected)
    client.close()
    print("kept")


def text_of(payload: dict) -> str:
    return repr(sorted(payload.items()))


main()
