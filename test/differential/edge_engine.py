"""Qdrant's in-process engine, asked by lines of JSON.

Reads {"collection", "action", "body"} from standard input, where the body is that of the REST request, and writes
{"result"} or {"error"} to standard output. The action "drop" removes a collection. What the engine leaves to the
server around it is done here: ids as examples, the average of examples, groups and batches.
"""

import json
import sys

import edge_requests as requests
import qdrant_edge as edge
from edge_examples import Examples, dumped_vector
from edge_shards import ALL, Collection

shards = {}
aliases = {}


def collection_of(name):
    return shards[aliases.get(name, name)]


def shard_of(name):
    return collection_of(name).read()


def dumped_id(value):
    return value if isinstance(value, int) else str(value)


def dumped(point):
    fields = {
        "id": dumped_id(point.id),
        "score": getattr(point, "score", None),
        "payload": point.payload,
        "vector": point.vector and dumped_vector(point.vector),
        "order_value": point.order_value,
    }
    return {key: value for key, value in fields.items() if value is not None}


def resolved(name, body):
    """The query without ids. The points that it names are not found themselves."""
    body = dict(body)
    source = body.pop("lookup_from", None) or {}
    origin = source.get("collection", name)
    examples = Examples(shard_of(origin), source.get("vector", body.get("using") or ""))
    if body.get("query") is not None:
        body["query"] = examples.query(body["query"])
    if examples.named and collection_of(origin) is collection_of(name):
        others = [body["filter"]] if body.get("filter") else []
        body["filter"] = {"must": others, "must_not": [{"has_id": examples.named}]}
    if body.get("prefetch"):
        narrowed = [narrow(each, body.get("filter")) for each in requests.listed(body["prefetch"])]
        body["prefetch"] = [resolved(name, each) for each in narrowed]
    return body


def narrow(prefetch, condition):
    """The filter above a prefetch holds in it as well."""
    if not condition:
        return prefetch
    own = [prefetch["filter"]] if prefetch.get("filter") else []
    return {**prefetch, "filter": {"must": [*own, condition]}}


def create(name, body):
    shards[name] = Collection(body)
    return True


def drop(name, _body):
    if name in shards:
        shards.pop(name).drop()
    return True


def alias(_name, body):
    for change in body["actions"]:
        if "create_alias" in change:
            asked = change["create_alias"]
            aliases[asked["alias_name"]] = asked["collection_name"]
        elif "rename_alias" in change:
            asked = change["rename_alias"]
            aliases[asked["new_alias_name"]] = aliases.pop(asked["old_alias_name"])
        else:
            del aliases[change["delete_alias"]["alias_name"]]
    return True


def update(name, operation):
    collection_of(name).update(operation)
    return True


def index(name, body):
    schema = requests.index_schema(body["field_schema"])
    operation = edge.UpdateOperation.create_field_index(body["field_name"], schema)
    collection_of(name).indexes.append(operation)
    return update(name, operation)


def upsert(name, body):
    modes = {
        "upsert": edge.UpdateMode.Upsert,
        "insert_only": edge.UpdateMode.InsertOnly,
        "update_only": edge.UpdateMode.UpdateOnly,
    }
    points = [requests.point(each) for each in body["points"]]
    condition = requests.optional(body, "update_filter", requests.filter_of)
    mode = requests.optional(body, "update_mode", modes.get)
    return update(name, edge.UpdateOperation.upsert_points(points, condition, mode))


def selecting(by_ids, by_filter):
    """One of two operations, by whether points are named or described."""

    def change(name, body, *details):
        if "filter" in body:
            return update(name, by_filter(requests.filter_of(body["filter"]), *details))
        return update(name, by_ids(body["points"], *details))

    return change


OPERATIONS = edge.UpdateOperation
delete = selecting(OPERATIONS.delete_points, OPERATIONS.delete_points_by_filter)
clear_payload = selecting(OPERATIONS.clear_payload, OPERATIONS.clear_payload_by_filter)
change_payload = selecting(OPERATIONS.set_payload, OPERATIONS.set_payload_by_filter)
replace_payload = selecting(OPERATIONS.overwrite_payload, OPERATIONS.overwrite_payload_by_filter)
remove_keys = selecting(OPERATIONS.delete_payload, OPERATIONS.delete_payload_by_filter)
remove_vectors = selecting(OPERATIONS.delete_vectors, OPERATIONS.delete_vectors_by_filter)


def set_payload(name, body):
    return change_payload(name, body, body["payload"], body.get("key"))


def overwrite_payload(name, body):
    return replace_payload(name, body, body["payload"], body.get("key"))


def delete_payload(name, body):
    return remove_keys(name, body, body["keys"])


def delete_vectors(name, body):
    return remove_vectors(name, body, body["vector"])


def update_vectors(name, body):
    points = [edge.PointVectors(x["id"], requests.vector(x["vector"])) for x in body["points"]]
    condition = requests.optional(body, "update_filter", requests.filter_of)
    return update(name, edge.UpdateOperation.update_vectors(points, condition))


def batch(name, body):
    for operation in body["operations"]:
        [(action, inner)] = operation.items()
        ACTIONS[action](name, inner)
    return True


def retrieve(name, body):
    shown = body.get("with_payload", True), body.get("with_vector", False)
    found = shard_of(name).retrieve(body["ids"], requests.selected(shown[0]), shown[1])
    return [dumped(each) for each in found]


def scroll(name, body):
    request = edge.ScrollRequest(
        offset=body.get("offset"),
        limit=body.get("limit") or requests.DEFAULT_LIMIT,
        filter=requests.optional(body, "filter", requests.filter_of),
        with_payload=requests.selected(body.get("with_payload", True)),
        with_vector=body.get("with_vector") or False,
        order_by=requests.optional(body, "order_by", requests.order_by),
    )
    points, following = shard_of(name).scroll(request)
    page = {"points": [dumped(each) for each in points]}
    return page if following is None else {**page, "next_page_offset": dumped_id(following)}


def count(name, body):
    found = requests.optional(body, "filter", requests.filter_of)
    return {"count": shard_of(name).count(edge.CountRequest(True, found))}


def facet(name, body):
    found = requests.optional(body, "filter", requests.filter_of)
    request = edge.FacetRequest(body["key"], body["limit"], True, found)
    hits = shard_of(name).facet(request).hits
    # A value that its last point has lost is still listed, with no points.
    return {"hits": [{"value": x.value, "count": x.count} for x in hits if x.count > 0]}


def query(name, body):
    request = requests.request(resolved(name, body))
    points = [dumped(each) for each in shard_of(name).query(request)]
    if not body.get("with_vector"):
        for point in points:  # Of an mmr query they come unasked.
            point.pop("vector", None)
    return {"points": points}


def query_batch(name, body):
    return [query(name, each) for each in body["searches"]]


def query_groups(name, body):
    """Out of the flat answer, which has all that there may be."""
    shown, group_by = body.get("with_payload"), body["group_by"]
    flat = {key: value for key, value in body.items() if not key.startswith("group_")}
    found = query(name, {**flat, "limit": ALL, "with_payload": shown or False})["points"]
    keyed = shard_of(name).retrieve([hit["id"] for hit in found], True, False)
    keys = {dumped_id(each.id): group_values(each.payload, group_by) for each in keyed}
    groups = {}
    for hit in found:
        for value in keys[hit["id"]]:
            hits = groups.setdefault((type(value), value), [])
            if len(hits) < body["group_size"]:
                hits.append(hit)
    listed = [{"id": value, "hits": hits} for (_, value), hits in groups.items()]
    return {"groups": listed[: body["limit"]]}


def group_values(payload, path):
    """The words and integers at a path through objects, each once."""
    value = payload
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    values = requests.listed(value)
    is_key = [isinstance(x, (str, int)) and not isinstance(x, bool) for x in values]
    return dict.fromkeys(x for x, known in zip(values, is_key) if known)


def asked_as_query(name, body, **question):
    return query(name, {**body, **question})["points"]


def vector_question(body):
    vector = body["vector"]
    named = isinstance(vector, dict) and "name" in vector
    return {"query": vector["vector"], "using": vector["name"]} if named else {"query": vector}


def examples_question(body):
    return {"query": {"recommend": {key: body[key] for key in ["positive", "negative", "strategy"]}}}


def search(name, body):
    return asked_as_query(name, body, **vector_question(body))


def search_batch(name, body):
    return [search(name, each) for each in body["searches"]]


def recommend(name, body):
    return asked_as_query(name, body, **examples_question(body))


def discover(name, body):
    asked = {"discover": {key: body[key] for key in ["target", "context"]}}
    return asked_as_query(name, body, query=asked)


def search_groups(name, body):
    return query_groups(name, {**body, **vector_question(body)})


def recommend_groups(name, body):
    return query_groups(name, {**body, **examples_question(body)})


ACTIONS = {
    each.__name__: each
    for each in [create, index, upsert, set_payload, overwrite_payload, delete_payload]
    + [update_vectors, delete_vectors, batch, retrieve, scroll, count, facet]
    + [query, query_batch, query_groups, search, search_batch, search_groups, recommend]
    + [recommend_groups, discover, alias, drop]
} | {"delete": delete, "clear_payload": clear_payload}

for line in sys.stdin:
    asked = json.loads(line)
    try:
        answer = {"result": ACTIONS[asked["action"]](asked["collection"], asked["body"])}
    except Exception as error:  # What it refuses is an answer as well.
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
