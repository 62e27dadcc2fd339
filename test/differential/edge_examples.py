"""Points as examples: their vectors in the place of their ids, and the mean of several."""

import edge_requests as requests
import qdrant_edge as edge


def dumped_vector(value):
    if isinstance(value, edge.SparseVector):
        return {"indices": value.indices, "values": value.values}
    if isinstance(value, dict):
        return {name: dumped_vector(each) for name, each in value.items()}
    return value


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
