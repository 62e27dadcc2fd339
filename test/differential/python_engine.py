"""Qdrant's client, asked by lines of JSON: in its local mode, or connected to a server over gRPC.

Usage: python_engine.py [HTTP_PORT GRPC_PORT]

Reads {"collection", "action", "body"} from standard input, where the body is that of the REST request, and writes
{"result"} or {"error"} to standard output. The action "drop" removes a collection.
"""

import json
import sys
import warnings

from pydantic import TypeAdapter
from qdrant_client import QdrantClient, models

warnings.simplefilter("ignore")
if len(sys.argv) > 1:
    http_port, grpc_port = map(int, sys.argv[1:])
    client = QdrantClient(
        host="127.0.0.1", port=http_port, grpc_port=grpc_port, prefer_grpc=True, timeout=30
    )
else:
    client = QdrantClient(":memory:")


def dumped(value):
    if isinstance(value, list):
        return [dumped(each) for each in value]
    return value.model_dump(mode="json", exclude_none=True)


def selector(body):
    if "filter" in body:
        return models.FilterSelector(filter=body["filter"])
    return models.PointIdsList(points=body["points"])


def create(name, body):
    request = models.CreateCollection(**body)
    client.create_collection(
        name,
        vectors_config=request.vectors,
        sparse_vectors_config=request.sparse_vectors,
        shard_number=request.shard_number,
        quantization_config=request.quantization_config,
    )
    return True


def upsert(name, body):
    points = [models.PointStruct(**point) for point in body["points"]]
    client.upsert(name, points, update_filter=filter_of(body, "update_filter"), **mode(body))
    return True


def mode(body):
    return {"update_mode": models.UpdateMode(body["update_mode"])} if "update_mode" in body else {}


def filter_of(body, key="filter"):
    return models.Filter(**body[key]) if key in body else None


def set_payload(name, body):
    client.set_payload(name, body["payload"], points=selector(body), key=body.get("key"))
    return True


def overwrite_payload(name, body):
    client.overwrite_payload(name, body["payload"], points=selector(body))
    return True


def delete_payload(name, body):
    client.delete_payload(name, body["keys"], points=selector(body))
    return True


def clear_payload(name, body):
    client.clear_payload(name, points_selector=selector(body))
    return True


def delete(name, body):
    client.delete(name, points_selector=selector(body))
    return True


def update_vectors(name, body):
    client.update_vectors(name, [models.PointVectors(**point) for point in body["points"]])
    return True


def delete_vectors(name, body):
    client.delete_vectors(name, body["vector"], points=selector(body))
    return True


def batch(name, body):
    operation = TypeAdapter(models.UpdateOperation)
    client.batch_update_points(name, [operation.validate_python(x) for x in body["operations"]])
    return True


def retrieve(name, body):
    request = models.PointRequest(**body)
    return dumped(
        client.retrieve(
            name, request.ids, with_payload=request.with_payload, with_vectors=request.with_vector
        )
    )


def scroll(name, body):
    request = models.ScrollRequest(**body)
    points, following = client.scroll(
        name,
        scroll_filter=request.filter,
        limit=request.limit,
        offset=request.offset,
        order_by=request.order_by,
        with_payload=True if request.with_payload is None else request.with_payload,
        with_vectors=request.with_vector or False,
    )
    return {"points": dumped(points), "next_page_offset": following}


def count(name, body):
    return {"count": client.count(name, count_filter=filter_of(body)).count}


def facet(name, body):
    found = client.facet(name, body["key"], facet_filter=filter_of(body), limit=body["limit"], exact=True)
    return dumped(found)


def question(request):
    return {
        "query": request.query,
        "using": request.using,
        "prefetch": request.prefetch,
        "query_filter": request.filter,
        "limit": request.limit,
        "with_payload": bool(request.with_payload) and request.with_payload,
        "with_vectors": getattr(request, "with_vector", None) or False,
        "score_threshold": request.score_threshold,
        "search_params": request.params,
        "lookup_from": getattr(request, "lookup_from", None),
    }


def query(name, body):
    request = models.QueryRequest(**body)
    return dumped(client.query_points(name, offset=request.offset, **question(request)))


def query_groups(name, body):
    request = models.QueryGroupsRequest(**body)
    return dumped(
        client.query_points_groups(
            name,
            group_by=request.group_by,
            group_size=request.group_size,
            with_lookup=request.with_lookup,
            **question(request),
        )
    )


def query_batch(name, body):
    return dumped(
        client.query_batch_points(name, [models.QueryRequest(**each) for each in body["searches"]])
    )


def asked_as_query(name, body, **question):
    common = ["filter", "limit", "offset", "with_payload", "with_vector", "params", "using"]
    common.append("score_threshold")
    kept = {key: body[key] for key in common if key in body}
    return query(name, {**kept, **question})["points"]


def search(name, body):
    vector = body["vector"]
    if isinstance(vector, dict):
        return asked_as_query(name, body, query=vector["vector"], using=vector["name"])
    return asked_as_query(name, body, query=vector)


def search_batch(name, body):
    return [search(name, each) for each in body["searches"]]


def grouped_as_query(name, body, **question):
    common = ["filter", "limit", "with_payload", "params", "using", "group_by", "group_size"]
    kept = {key: body[key] for key in common if key in body}
    return query_groups(name, {**kept, **question})


def search_groups(name, body):
    vector = body["vector"]
    if isinstance(vector, dict):
        return grouped_as_query(name, body, query=vector["vector"], using=vector["name"])
    return grouped_as_query(name, body, query=vector)


def recommend_groups(name, body):
    examples = {key: body[key] for key in ["positive", "negative", "strategy"]}
    return grouped_as_query(name, body, query={"recommend": examples})


def recommend(name, body):
    examples = {key: body[key] for key in ["positive", "negative", "strategy"]}
    return asked_as_query(name, body, query={"recommend": examples})


def discover(name, body):
    target = {key: body[key] for key in ["target", "context"]}
    return asked_as_query(name, body, query={"discover": target})


def matrix_pairs(name, body):
    return dumped(
        client.search_matrix_pairs(
            name,
            query_filter=filter_of(body),
            limit=body["limit"],
            sample=body["sample"],
            using=body.get("using"),
        )
    )


def matrix_offsets(name, body):
    return dumped(
        client.search_matrix_offsets(
            name,
            query_filter=filter_of(body),
            limit=body["limit"],
            sample=body["sample"],
            using=body.get("using"),
        )
    )


def alias(name, body):
    """An alias of the collection, in one list of changes with the removal of another."""
    changes = TypeAdapter(list[models.AliasOperations]).validate_python(body["actions"])
    return client.update_collection_aliases(changes)


def drop(name, _body):
    client.delete_collection(name)
    return True


def index(name, body):
    client.create_payload_index(name, body["field_name"], body["field_schema"], wait=True)
    return True


ACTIONS = {
    each.__name__: each
    for each in [create, index, upsert, delete, set_payload, overwrite_payload, delete_payload]
    + [clear_payload, update_vectors, delete_vectors, batch, retrieve, scroll, count, facet]
    + [query, query_batch, query_groups, search, search_batch, search_groups, recommend]
    + [recommend_groups, discover, matrix_pairs, matrix_offsets, alias, drop]
}

for line in sys.stdin:
    asked = json.loads(line)
    try:
        answer = {"result": ACTIONS[asked["action"]](asked["collection"], asked["body"])}
    except Exception as error:  # What it refuses is an answer as well.
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
