"""What the Python client 1.20 asks of texts: documents that the server embeds, and ranking by a text index.

Usage: text_checks.py GOLDEN HTTP_PORT GRPC_PORT {rest|grpc} COLLECTION

GOLDEN is a JSON file of texts, options and the vectors that Qdrant's engine makes of them. Prints the name of each check
that passed; the first that fails ends the process with a traceback.
"""

import json
import struct
import sys

from qdrant_client import QdrantClient, models

TEXTS = ["a cat sat on a mat", "the cat", "dogs", "cat cat dog"]


def float32(value: float) -> float:
    return struct.unpack("f", struct.pack("f", value))[0]


def main() -> None:
    golden, http_port, grpc_port, protocol, name = sys.argv[1:]
    with open(golden, encoding="utf-8") as file:
        cases = json.load(file)
    client = QdrantClient(
        host="127.0.0.1",
        port=int(http_port),
        grpc_port=int(grpc_port),
        prefer_grpc=protocol == "grpc",
        timeout=30,
    )
    sparse = {"terms": models.SparseVectorParams(modifier=models.Modifier.IDF)}
    assert client.create_collection(name, vectors_config={}, sparse_vectors_config=sparse)
    for check in [documents, queries, ranking]:
        check(client, name, cases)
        print(check.__name__, flush=True)
    client.close()


def document(case: dict) -> models.Document:
    return models.Document(text=case["text"], model="Qdrant/bm25", options=case["options"])


def documents(client: QdrantClient, name: str, cases: list[dict]) -> None:
    points = [
        models.PointStruct(id=i, vector={"terms": document(case)}) for i, case in enumerate(cases)
    ]
    client.upsert(name, points, wait=True)
    stored = client.retrieve(name, range(len(cases)), with_vectors=True)
    assert len(stored) == len(cases)
    for point in stored:
        case, vector = cases[point.id], point.vector["terms"]
        made = dict(zip(vector.indices, map(float32, vector.values)))
        assert made == dict(zip(case["indices"], map(float32, case["values"]))), case


def queries(client: QdrantClient, name: str, cases: list[dict]) -> None:
    for case in cases:
        if not case["queried"]:
            continue
        indices = sorted(case["queried"])
        plain = models.SparseVector(indices=indices, values=[1.0] * len(indices))
        ask = lambda query: client.query_points(name, query=query, using="terms", limit=5).points
        assert ask(document(case)) == ask(plain) != [], case


def ranking(client: QdrantClient, name: str, _: list[dict]) -> None:
    params = models.TextIndexParams(type=models.TextIndexType.TEXT, scoring=True)
    client.create_payload_index(name, "text", params, wait=True)
    points = [
        models.PointStruct(id=1000 + i, vector={}, payload={"text": text})
        for i, text in enumerate(TEXTS)
    ]
    client.upsert(name, points, wait=True)
    query = models.TextQuery(text="cat")
    found = client.query_points(name, query=query, using="text").points
    assert [point.id for point in found] == [1003, 1001, 1000], found
    scoring = models.Bm25Scoring(bm25=models.Bm25Params(k=0.0))
    flat = models.TextQuery(text=models.TextQueryInput(query="cat", scoring=scoring))
    scores = {point.score for point in client.query_points(name, query=flat, using="text").points}
    assert len(scores) == 1, scores
    schema = client.get_collection(name).payload_schema["text"]
    assert schema.params.scoring.type == models.TextScoringType.BM25, schema


main()
