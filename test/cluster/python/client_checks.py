"""What the official Python client does all day, held against answers worked out beforehand.

Usage: client_checks.py EXAMINATION HTTP_PORT GRPC_PORT {rest|grpc} COLLECTION

EXAMINATION is a JSON file: the points, filters with the ids they hold, and searches with their hits. Prints the name of
each check that passed; the first that fails ends the process with a traceback.
"""

import json
import math
import sys

from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

TOLERANCE = 1e-5
FIRST_PAGE = 7


def main() -> None:
    examination, http_port, grpc_port, protocol, name = sys.argv[1:]
    with open(examination, encoding="utf-8") as file:
        exam = json.load(file)
    client = QdrantClient(
        host="127.0.0.1",
        port=int(http_port),
        grpc_port=int(grpc_port),
        prefer_grpc=protocol == "grpc",
        timeout=30,
    )
    checks = [collections, upsert_and_retrieve, scroll, filters, named_vectors, queries]
    checks += [selectors, payloads, deletes, vector_names, errors]
    for check in checks:
        check(client, name, exam)
        print(check.__name__, flush=True)
    client.close()


def struct(point: dict, names: list[str] | None = None) -> models.PointStruct:
    vector = point["vector"]
    if names is not None:
        vector = {each: vector for each in names}
    return models.PointStruct(id=point["id"], vector=vector, payload=point["payload"])


def assert_hits(points, expected: list[dict]) -> None:
    assert [point.id for point in points] == [hit["id"] for hit in expected]
    for point, hit in zip(points, expected):
        near = TOLERANCE * max(1, abs(hit["score"]))
        assert abs(point.score - hit["score"]) <= near, (point, hit)


def assert_vector(actual, expected: list[float]) -> None:
    assert len(actual) == len(expected)
    assert all(abs(a - b) < TOLERANCE for a, b in zip(actual, expected)), (actual, expected)


def normalised(vector: list[float]) -> list[float]:
    length = math.hypot(*vector)
    return [x / length for x in vector]


def cosine(size: int) -> models.VectorParams:
    return models.VectorParams(size=size, distance=models.Distance.COSINE)


def collections(client: QdrantClient, name: str, exam: dict) -> None:
    made = f"{name}-made"
    assert client.info().version.startswith("1.19.")
    assert not client.collection_exists(made)
    params = models.VectorParams(size=4, distance=models.Distance.EUCLID)
    assert client.create_collection(made, vectors_config=params, shard_number=2)
    assert client.collection_exists(made)
    assert made in [each.name for each in client.get_collections().collections]
    info = client.get_collection(made)
    assert info.status == models.CollectionStatus.GREEN
    assert info.points_count == 0
    assert info.config.params.vectors.size == 4
    assert info.config.params.vectors.distance == models.Distance.EUCLID
    assert info.config.params.shard_number == 2
    assert client.update_collection(made, hnsw_config=models.HnswConfigDiff(m=24))
    assert client.get_collection(made).config.hnsw_config.m == 24
    assert client.delete_collection(made)
    assert not client.collection_exists(made)


def upsert_and_retrieve(client: QdrantClient, name: str, exam: dict) -> None:
    client.create_collection(name, vectors_config=cosine(len(exam["query"])), shard_number=3)
    half = len(exam["points"]) // 2
    rows, columns = exam["points"][:half], exam["points"][half:]
    result = client.upsert(name, points=[struct(point) for point in rows], wait=True)
    assert result.status == models.UpdateStatus.COMPLETED
    batch = models.Batch(
        ids=[point["id"] for point in columns],
        vectors=[point["vector"] for point in columns],
        payloads=[point["payload"] for point in columns],
    )
    client.upsert(name, points=batch, wait=True)
    asked = exam["points"][::-1]
    ids = [point["id"] for point in asked]
    records = client.retrieve(name, ids=ids, with_payload=True, with_vectors=True)
    assert [record.id for record in records] == ids
    for record, point in zip(records, asked):
        assert record.payload == point["payload"]
        assert_vector(record.vector, normalised(point["vector"]))


def scroll(client: QdrantClient, name: str, exam: dict) -> None:
    seen, offset = [], None
    while True:
        points, offset = client.scroll(name, limit=FIRST_PAGE, offset=offset)
        seen += [point.id for point in points]
        if offset is None:
            break
        assert len(points) == FIRST_PAGE
    assert seen == exam["idsInOrder"]


def filters(client: QdrantClient, name: str, exam: dict) -> None:
    for each in exam["filters"]:
        condition = models.Filter(**each["filter"])
        points, _ = client.scroll(name, scroll_filter=condition, limit=1_000)
        assert [point.id for point in points] == each["ids"], each["name"]
        assert client.count(name, count_filter=condition, exact=True).count == len(each["ids"])
        found = client.query_points(
            name, query=exam["query"], query_filter=condition, limit=1_000
        )
        assert_hits(found.points, each["hits"])


def named_vectors(client: QdrantClient, name: str, exam: dict) -> None:
    params = {
        each: models.VectorParams(size=len(exam["query"]), distance=models.Distance(distance))
        for each, distance in exam["namedDistances"].items()
    }
    client.create_collection(f"{name}-named", vectors_config=params)
    points = [struct(point, list(params)) for point in exam["points"]]
    client.upload_points(f"{name}-named", points, batch_size=64, wait=True)
    assert client.count(f"{name}-named").count == len(points)


def queries(client: QdrantClient, name: str, exam: dict) -> None:
    for using, hits in exam["hitsByName"].items():
        found = client.query_points(
            f"{name}-named", query=exam["query"], using=using, limit=10, offset=10
        )
        assert_hits(found.points, hits[10:20])
        threshold = (hits[4]["score"] + hits[5]["score"]) / 2
        near = client.query_points(
            f"{name}-named",
            query=exam["query"],
            using=using,
            limit=1_000,
            score_threshold=threshold,
        )
        assert_hits(near.points, hits[:5])
    requests = [models.QueryRequest(query=each["id"], limit=4) for each in exam["byId"]]
    answers = client.query_batch_points(name, requests=requests)
    for each, answer in zip(exam["byId"], answers, strict=True):
        assert_hits(answer.points, each["hits"])
        alone = client.query_points(name, query=each["id"], limit=4)
        assert_hits(alone.points, each["hits"])


def selectors(client: QdrantClient, name: str, exam: dict) -> None:
    point = exam["points"][13]
    ids = [point["id"]]
    payload = point["payload"]

    def chosen(selector):
        return client.retrieve(name, ids=ids, with_payload=selector)[0].payload or {}

    assert chosen(True) == payload
    assert chosen(False) == {}
    assert chosen(["city", "nothing"]) == {"city": payload["city"]}
    assert chosen(models.PayloadSelectorInclude(include=["meta"])) == {"meta": payload["meta"]}
    rest = {key: value for key, value in payload.items() if key != "meta"}
    assert chosen(models.PayloadSelectorExclude(exclude=["meta"])) == rest
    assert client.retrieve(name, ids=ids)[0].vector is None
    some = client.retrieve(f"{name}-named", ids=ids, with_vectors=["product"])[0].vector
    assert list(some) == ["product"]
    assert_vector(some["product"], point["vector"])


def payloads(client: QdrantClient, name: str, exam: dict) -> None:
    name = f"{name}-payload"
    client.create_collection(name, vectors_config=cosine(1))
    points = [
        models.PointStruct(id=each, vector=[1.0], payload={"n": each, "deep": {"a": 1}})
        for each in (1, 2, 3, 4)
    ]
    client.upsert(name, points=points)

    def expect(*expected):
        records = client.retrieve(name, ids=[1, 2, 3, 4])
        assert [record.payload or {} for record in records] == list(expected)

    deep = {"a": 1}
    over_2 = models.Filter(must=[models.FieldCondition(key="n", range=models.Range(gt=2))])
    client.set_payload(name, payload={"b": [1, None]}, points=[1])
    client.set_payload(name, payload={"big": True}, points=over_2)
    client.set_payload(name, payload={"c": 2}, points=[2], key="deep")
    expect(
        {"n": 1, "deep": deep, "b": [1, None]},
        {"n": 2, "deep": {"a": 1, "c": 2}},
        {"n": 3, "deep": deep, "big": True},
        {"n": 4, "deep": deep, "big": True},
    )
    client.overwrite_payload(name, payload={"only": "x"}, points=[1])
    client.delete_payload(name, keys=["deep.c", "n"], points=[2])
    client.delete_payload(name, keys=["big"], points=over_2)
    client.clear_payload(name, points_selector=[4])
    expect({"only": "x"}, {"deep": deep}, {"n": 3, "deep": deep}, {})


def deletes(client: QdrantClient, name: str, exam: dict) -> None:
    gone = [point["id"] for point in exam["points"][::3]]
    client.delete(name, points_selector=gone)
    first = exam["filters"][0]
    client.delete(name, points_selector=models.Filter(**first["filter"]))
    left = [each for each in exam["idsInOrder"] if each not in gone + first["ids"]]
    points, _ = client.scroll(name, limit=1_000)
    assert [point.id for point in points] == left
    assert client.count(name).count == len(left)
    assert client.retrieve(name, ids=gone) == []


def vector_names(client: QdrantClient, name: str, exam: dict) -> None:
    late = f"{name}-late"
    client.create_collection(late, vectors_config={})
    params = models.DenseVectorConfig(size=2, distance=models.Distance.DOT)
    made = client.create_vector_name(late, "late", models.DenseVectorNameConfig(dense=params))
    assert made.status == models.UpdateStatus.COMPLETED
    words = models.SparseVectorConfig(modifier=models.Modifier.IDF)
    client.create_vector_name(late, "words", models.SparseVectorNameConfig(sparse=words))
    vector = {"late": [1.0, 2.0], "words": models.SparseVector(indices=[3], values=[1.0])}
    client.upsert(late, points=[models.PointStruct(id=1, vector=vector)])
    found = client.query_points(late, query=[1.0, 1.0], using="late", with_vectors=True).points
    assert [(each.id, each.score, each.vector) for each in found] == [(1, 3.0, vector)]
    config = client.get_collection(late).config.params
    assert config.vectors["late"].size == 2
    assert config.sparse_vectors["words"].modifier == models.Modifier.IDF
    client.delete_vector_name(late, "late")
    [left] = client.retrieve(late, ids=[1], with_vectors=True)
    assert left.vector == {"words": vector["words"]}


def errors(client: QdrantClient, name: str, exam: dict) -> None:
    point = models.PointStruct(id=1, vector=[1.0, 2.0, 3.0])
    size = len(exam["query"])
    refused(
        lambda: client.get_collection("none"),
        404,
        "NOT_FOUND",
        "Not found: Collection `none` doesn't exist!",
    )
    refused(
        lambda: client.create_collection(name, vectors_config=cosine(1)),
        409,
        "ALREADY_EXISTS",
        f"Wrong input: Collection `{name}` already exists!",
    )
    refused(
        lambda: client.upsert(name, points=[point]),
        400,
        "INVALID_ARGUMENT",
        f"Wrong input: Vector dimension error: expected dim: {size}, got 3",
    )
    refused(
        lambda: client.query_points(name, query=424_242),
        404,
        "NOT_FOUND",
        "Not found: No point with id 424242 found",
    )


def refused(call, status: int, code: str, text: str) -> None:
    try:
        call()
    except UnexpectedResponse as error:
        assert error.status_code == status, error
        assert json.loads(error.content)["status"]["error"] == text, error
    except Exception as error:  # The client lets errors of gRPC through as they are.
        assert error.code().name == code, error
        assert error.details() == text, error
    else:
        raise AssertionError(f"not refused: {text}")


main()
