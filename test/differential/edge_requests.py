"""The bodies of REST requests as requests of Qdrant's in-process engine.

Whatever names a point by its id is resolved before: the engine takes vectors only.
"""

import qdrant_edge as edge

DEFAULT_LIMIT = 10
DECAYS = {
    "lin_decay": edge.DecayKind.Lin,
    "exp_decay": edge.DecayKind.Exp,
    "gauss_decay": edge.DecayKind.Gauss,
}
UNARY = {
    "neg": edge.Expression.Neg,
    "abs": edge.Expression.Abs,
    "sqrt": edge.Expression.Sqrt,
    "exp": edge.Expression.Exp,
    "log10": edge.Expression.Log10,
    "ln": edge.Expression.Ln,
    "acosh": edge.Expression.Acosh,
}
LISTS = {
    "sum": edge.Expression.Sum,
    "mult": edge.Expression.Mult,
    "min": edge.Expression.Min,
    "max": edge.Expression.Max,
}
INDEXES = {
    "keyword": edge.KeywordIndexParams,
    "integer": edge.IntegerIndexParams,
    "float": edge.FloatIndexParams,
    "bool": edge.BoolIndexParams,
    "geo": edge.GeoIndexParams,
    "datetime": edge.DatetimeIndexParams,
    "uuid": edge.UuidIndexParams,
    "text": edge.TextIndexParams,
}


def listed(value):
    return value if isinstance(value, list) else [value]


def optional(body, key, make):
    return make(body[key]) if body.get(key) is not None else None


def filter_of(body):
    return edge.Filter(
        must=optional(body, "must", conditions),
        should=optional(body, "should", conditions),
        must_not=optional(body, "must_not", conditions),
        min_should=optional(
            body,
            "min_should",
            lambda each: edge.MinShould(conditions(each["conditions"]), each["min_count"]),
        ),
    )


def conditions(value):
    return [condition(each) for each in listed(value)]


def condition(body):
    if "key" in body:
        return field_condition(body)
    if "is_empty" in body:
        return edge.IsEmptyCondition(body["is_empty"]["key"])
    if "is_null" in body:
        return edge.IsNullCondition(body["is_null"]["key"])
    if "has_id" in body:
        return edge.HasIdCondition(set(body["has_id"]))
    if "has_vector" in body:
        return edge.HasVectorCondition(body["has_vector"])
    if "slice" in body:
        return edge.SliceCondition(**body["slice"])
    if "nested" in body:
        return edge.NestedCondition(body["nested"]["key"], filter_of(body["nested"]["filter"]))
    return filter_of(body)


def field_condition(body):
    return edge.FieldCondition(
        body["key"],
        match=optional(body, "match", match),
        range=optional(body, "range", range_of),
        geo_bounding_box=optional(
            body,
            "geo_bounding_box",
            lambda box: edge.GeoBoundingBox(place(box["top_left"]), place(box["bottom_right"])),
        ),
        geo_radius=optional(
            body, "geo_radius", lambda each: edge.GeoRadius(place(each["center"]), each["radius"])
        ),
        geo_polygon=optional(body, "geo_polygon", polygon),
        values_count=optional(body, "values_count", lambda each: edge.ValuesCount(**each)),
        is_empty=body.get("is_empty"),
        is_null=body.get("is_null"),
    )


def match(body):
    makers = {
        "value": edge.MatchValue,
        "text": edge.MatchText,
        "text_any": edge.MatchTextAny,
        "phrase": edge.MatchPhrase,
        "prefix": edge.MatchPrefix,
        "substring": edge.MatchSubstring,
        "any": edge.MatchAny,
        "except": edge.MatchExcept,
    }
    [(kind, value)] = body.items()
    return makers[kind](value)


def range_of(bounds):
    is_moment = any(isinstance(each, str) for each in bounds.values())
    return (edge.RangeDateTime if is_moment else edge.RangeFloat)(**bounds)


def place(body):
    return edge.GeoPoint(body["lon"], body["lat"])


def polygon(body):
    def ring(each):
        return [place(point) for point in each["points"]]

    return edge.GeoPolygon(ring(body["exterior"]), [ring(x) for x in body.get("interiors") or []])


def vector(value):
    """One vector, or all of a point by their names."""
    if not isinstance(value, dict):
        return value
    if "indices" in value:
        return edge.SparseVector(value["indices"], value["values"])
    return {name: vector(each) for name, each in value.items()}


def point(body):
    return edge.Point(body["id"], vector(body["vector"]), body.get("payload"))


def expression(body):
    if isinstance(body, str):
        return edge.Expression.Variable(body)
    if not isinstance(body, dict):
        return edge.Expression.Constant(body)
    [kind, *others] = body
    inner = body[kind]
    if others == []:
        if kind in UNARY:
            return UNARY[kind](expression(inner))
        if kind in LISTS:
            return LISTS[kind]([expression(each) for each in inner])
        if kind in DECAYS:
            return edge.Expression.Decay(
                DECAYS[kind],
                expression(inner["x"]),
                optional(inner, "target", expression),
                inner.get("midpoint"),
                inner.get("scale"),
            )
        if kind == "div":
            sides = expression(inner["left"]), expression(inner["right"])
            return edge.Expression.Div(*sides, inner.get("by_zero_default"))
        if kind == "pow":
            return edge.Expression.Pow(expression(inner["base"]), expression(inner["exponent"]))
        if kind == "geo_distance":
            return edge.Expression.GeoDistance(place(inner["origin"]), inner["to"])
        if kind == "datetime":
            return edge.Expression.Datetime(inner)
        if kind == "datetime_key":
            return edge.Expression.DatetimeKey(inner)
    return edge.Expression.Condition(condition(body))


def query(body, using):
    """A query without ids: see Collection.resolved."""
    if not isinstance(body, dict) or "indices" in body:
        return edge.Query.Nearest(vector(body), using)
    if "nearest" in body:
        nearest = vector(body["nearest"])
        if body.get("mmr") is None:
            return edge.Query.Nearest(nearest, using)
        mmr = body["mmr"]
        return edge.Mmr(nearest, 1 - mmr["diversity"], mmr["candidates_limit"], using)
    if "recommend" in body:
        examples = body["recommend"]
        make = {
            "best_score": edge.Query.RecommendBestScore,
            "sum_scores": edge.Query.RecommendSumScores,
        }[examples["strategy"]]
        positive, negative = (
            [vector(each) for each in examples.get(side) or []] for side in ("positive", "negative")
        )
        return make(edge.RecommendQuery(positive, negative), using)
    if "discover" in body:
        target = vector(body["discover"]["target"])
        pairs = context(body["discover"]["context"])
        return edge.Query.Discover(edge.DiscoverQuery(target, pairs), using)
    if "context" in body:
        return edge.Query.Context(edge.ContextQuery(context(body["context"])), using)
    if "relevance_feedback" in body:
        return feedback(body["relevance_feedback"], using)
    if "text" in body:
        return text_query(body["text"], using)
    return unvectored_query(body)


def unvectored_query(body):
    if "fusion" in body:
        return edge.Fusion.Dbsf() if body["fusion"] == "dbsf" else edge.Fusion.Rrf(2)
    if "rrf" in body:
        return edge.Fusion.Rrf(body["rrf"].get("k", 2), body["rrf"].get("weights"))
    if "order_by" in body:
        return order_by(body["order_by"])
    if "sample" in body:
        return edge.Sample.Random
    return edge.Formula(expression(body["formula"]), body.get("defaults") or {})


def context(pairs):
    return [
        edge.ContextPair(vector(pair["positive"]), vector(pair["negative"])) for pair in listed(pairs)
    ]


def feedback(body, using):
    items = [edge.FeedbackItem(vector(x["example"]), x["score"]) for x in body["feedback"]]
    strategy = edge.NaiveFeedbackStrategy(**body["strategy"]["naive"])
    asked = edge.FeedbackNaiveQuery(vector(body["target"]), items, strategy)
    return edge.Query.FeedbackNaive(asked, using)


def text_query(body, using):
    asked = {"query": body} if isinstance(body, str) else body
    scoring = optional(asked, "scoring", lambda each: edge.Bm25Params(**each["bm25"]))
    return edge.TextQuery(using, asked["query"], scoring)


def order_by(body):
    if isinstance(body, str):
        return edge.OrderBy(body)
    directions = {"asc": edge.Direction.Asc, "desc": edge.Direction.Desc}
    direction = optional(body, "direction", directions.get)
    return edge.OrderBy(body["key"], direction, body.get("start_from"))


def params(body):
    return edge.SearchParams(
        hnsw_ef=body.get("hnsw_ef"),
        exact=body.get("exact") or False,
        indexed_only=body.get("indexed_only") or False,
        quantization=optional(
            body, "quantization", lambda each: edge.QuantizationSearchParams(**each)
        ),
        acorn=optional(body, "acorn", lambda each: edge.AcornSearchParams(**each)),
        idf=optional(body, "idf", idf),
    )


def idf(body):
    return edge.IdfParams(None if body == "global" else filter_of(body["corpus"]))


def stage(body):
    """What a query and a prefetch have in common."""
    return {
        "limit": body.get("limit") or DEFAULT_LIMIT,
        "query": optional(body, "query", lambda each: query(each, body.get("using"))),
        "prefetches": [edge.Prefetch(**stage(each)) for each in listed(body.get("prefetch") or [])],
        "params": optional(body, "params", params),
        "filter": optional(body, "filter", filter_of),
        "score_threshold": body.get("score_threshold"),
    }


def selected(value):
    """Which parts of a payload are shown."""
    if isinstance(value, dict):
        make = edge.PayloadSelector.Include if "include" in value else edge.PayloadSelector.Exclude
        return make(value.get("include") or value.get("exclude"))
    return value


def request(body):
    return edge.QueryRequest(
        **stage(body),
        offset=body.get("offset"),
        with_payload=selected(body.get("with_payload") or False),
        with_vector=body.get("with_vector") or False,
    )


def index_schema(body):
    if isinstance(body, str):
        return getattr(edge.PayloadSchemaType, body.capitalize())
    options = {key: value for key, value in body.items() if key != "type"}
    if "tokenizer" in options:
        options["tokenizer"] = getattr(edge.TokenizerType, options["tokenizer"].capitalize())
    if isinstance(options.get("scoring"), dict):
        options["scoring"] = True
    if "stopwords" in options:
        options["stopwords"] = stopwords(options["stopwords"])
    if "stemmer" in options:
        language = getattr(edge.SnowballLanguage, options["stemmer"]["language"].capitalize())
        options["stemmer"] = edge.SnowballParams(language)
    return INDEXES[body["type"]](**options)


def stopwords(body):
    if isinstance(body, str):
        return getattr(edge.Language, body.capitalize())
    languages = {getattr(edge.Language, each.capitalize()) for each in body.get("languages") or []}
    return edge.StopwordsSet(languages, set(body.get("custom") or []))


def config(body):
    def dense(each):
        multi = each.get("multivector_config") and edge.MultiVectorConfig(
            edge.MultiVectorComparator.MaxSim
        )
        distance = getattr(edge.Distance, each["distance"])
        return edge.EdgeVectorParams(each["size"], distance, multivector_config=multi)

    def sparse(each):
        return edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf if each.get("modifier") else None)

    vectors = body.get("vectors") or {}
    return edge.EdgeConfig(
        dense(vectors) if "size" in vectors else {name: dense(x) for name, x in vectors.items()},
        {name: sparse(x) for name, x in (body.get("sparse_vectors") or {}).items()},
        wal_enabled=False,
        max_search_threads=1,
    )
