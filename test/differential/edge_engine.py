"""Qdrant's in-process engine, asked by lines of JSON.

Reads {"collection", "action", "body"} from standard input, where the body is that of the REST request, and writes
{"result"} or {"error"} to standard output. The action "drop" removes a collection. What the engine leaves to the
server around it is done here: ids as examples, the average of examples, groups and batches.
"""

import json
import shutil
import sys
import tempfile

import edge_requests as requests
import qdrant_edge as edge

ALL = 100_000
shards = {}
aliases = {}


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


def collection_of(name):
    return shards[aliases.get(name, name)]


def shard_of(name):
    return collection_of(name).read()


def dumped_vector(value):
    if isinstance(value, edge.SparseVector):
        return {"indices": value.indices, "values": value.values}
    if isinstance(value, dict):
        return {name: dumped_vector(each) for name, each in value.items()}
    return value


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


class Examples:
    """Vectors in the place of ids, out of one vector of one collection; and the ids that were named."""

    def __init__(self, shard, using):
        self.shard = shard
        self.using = using
        self.named = []

    def one(self, example):
        if not isinstance(example, (int, str)):
            return example
        self.named.append(example)
        [found] = self.shard.retrieve([example], False, True)
        stored = found.vector[self.using] if isinstance(found.vector, dict) else found.vector
        return dumped_vector(stored)

    def all_of(self, examples):
        return [self.one(each) for each in requests.listed(examples or [])]

    def pairs(self, pairs):
        return [{side: self.one(pair[side]) for side in pair} for pair in requests.listed(pairs)]

    def query(self, body):
        if not isinstance(body, dict):
            return self.one(body)
        if "nearest" in body:
            return {**body, "nearest": self.one(body["nearest"])}
        if "recommend" in body:
            return self.recommend(body["recommend"])
        if "context" in body:
            return {"context": self.pairs(body["context"])}
        if "discover" in body:
            asked = body["discover"]
            target, context = self.one(asked["target"]), self.pairs(asked["context"])
            return {"discover": {"target": target, "context": context}}
        if "relevance_feedback" in body:
            asked = body["relevance_feedback"]
            items = [{**x, "example": self.one(x["example"])} for x in asked["feedback"]]
            target = self.one(asked["target"])
            return {"relevance_feedback": {**asked, "target": target, "feedback": items}}
        return body

    def recommend(self, body):
        positive, negative = self.all_of(body.get("positive")), self.all_of(body.get("negative"))
        if (body.get("strategy") or "average_vector") != "average_vector":
            return {"recommend": {**body, "positive": positive, "negative": negative}}
        towards = mean(positive)
        if negative == []:
            return towards
        return combined([(2, towards), (-1, mean(negative))])


def mean(vectors):
    return combined([(1 / len(vectors), each) for each in vectors])


def combined(weighted):
    """A weighted sum of vectors of one kind."""
    [(_, first), *_rest] = weighted
    if isinstance(first, dict):
        sums = {}
        for weight, each in weighted:
            for index, value in zip(each["indices"], each["values"]):
                sums[index] = sums.get(index, 0) + weight * value
        return {"indices": list(sums), "values": list(sums.values())}
    return [sum(weight * each[i] for weight, each in weighted) for i in range(len(first))]


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
